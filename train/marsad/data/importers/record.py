"""What every importer yields: an annotation as the other tool tells it, in that tool's own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Name:
    """A label in the other tool's words, and the question that it answers (a control, a column) where the tool has several."""

    label: str
    question: str = ""

    def __str__(self) -> str:
        """Return the name as a map may write it: `QUESTION / LABEL`."""
        return f"{self.question} / {self.label}" if self.question else self.label


@dataclass(frozen=True)
class Span:
    """A marked part of the text, in the tool's own count of characters, and the text that the tool quotes for it."""

    start: int
    end: int
    name: Name
    quote: str | None = None


@dataclass(frozen=True)
class Record:
    """One annotation of one text."""

    place: str
    """Where it stands in the export, for messages."""
    id: str
    fields: Mapping[str, Any]
    """The export's own fields, the text among them."""
    names: tuple[Name, ...] = ()
    """Labels of the whole text."""
    spans: tuple[Span, ...] = ()
    annotator: str | None = None
    unread: tuple[str, ...] = field(default=())
    """What stands in the export and has no place in a report, such as a span in two pieces."""
