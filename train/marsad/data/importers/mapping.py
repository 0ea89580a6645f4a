"""MAP.yaml: which of another tool's names is which label, camp or key of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from marsad.config.loading import load_config
from marsad.config.schema import Section
from marsad.data.importers.record import Name
from marsad.errors import ConfigError
from marsad.taxonomy import CAMPS, SEPARATOR, Label, Taxonomy

FACTIONS = "factions"
REST = "*"
"""At the end of a map's key: every name that begins so."""
Target = TypeVar("Target")


class ImportMap(Section):
    """How the names of an export become those of the taxonomy. Names that the taxonomy itself knows need no entry."""

    fields: dict[str, str] = Field(default_factory=dict)
    """Key of the report (`id`, `text`, `date`, `source`, `group`; any other goes to `meta`): field of the export."""
    labels: dict[str, str | list[str] | None] = Field(default_factory=dict)
    """Label of the export, as `NAME` or `QUESTION / NAME`: `task:label`, several of them, or null for nothing."""
    spans: dict[str, str | None] = Field(default_factory=dict)
    """Label of a span: camp, or null for nothing."""
    answered: list[str] = Field(default_factory=list)
    """Tasks (and `factions`) that every annotation answers: no label of them means none, not unknown."""
    label_columns: list[str] = Field(default_factory=list)
    """Columns of a table whose cells name labels."""
    separator: str = Field(";", min_length=1)
    """Between the labels of one cell."""
    flag_columns: list[str] = Field(default_factory=list)
    """Columns of a table that are labels themselves: yes or no, 1 or 0."""
    date_format: str | None = None
    """How the export writes dates, as in `%d/%m/%Y`; ISO dates need none."""
    offsets: Literal["characters", "utf-16"] = "characters"
    """What the tool counts where it quotes no text: characters, or the code units of JavaScript (an emoji is two)."""


def read_map(path: Path | None, taxonomy: Taxonomy) -> ImportMap:
    """Read a map (None: the empty one) and check its targets. Raises `ConfigError` with all mistakes."""
    if path is None:
        return ImportMap.model_validate({})
    found = load_config(path, ImportMap)
    mistakes = list(_mistakes(found, taxonomy))
    if mistakes:
        raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return found


def _mistakes(found: ImportMap, taxonomy: Taxonomy) -> Iterator[str]:
    for name, target in found.labels.items():
        for label in _targets(target):
            if label not in taxonomy.flat:
                yield f"labels.{name}: unknown {label!r}; expected TASK:LABEL, one of {', '.join(taxonomy.flat)}, or null."
    camps = _camps(taxonomy)
    for name, camp in found.spans.items():
        if camp is not None and camp not in camps:
            yield f"spans.{name}: unknown camp {camp!r}; known: {', '.join(camps)}."
    for task in found.answered:
        if task not in (*taxonomy.names, FACTIONS):
            yield f"answered: unknown {task!r}; known: {', '.join((*taxonomy.names, FACTIONS))}."


class Lookup:
    """Finds what a name of the export means: by the map first, then by the taxonomy's ids, names and places in ACLED."""

    def __init__(self, mapping: ImportMap, taxonomy: Taxonomy) -> None:
        self.mapping = mapping
        self.known: dict[str, list[str]] = {}
        for task in taxonomy.tasks:
            for label in task.labels:
                full = task.name + SEPARATOR + label.id
                for name in dict.fromkeys((label.id, full, label.en, label.ar, *acled_names(label))):
                    self.known.setdefault(name, []).append(full)

    def labels(self, name: Name) -> tuple[str, ...] | None:
        """Return the `task:label` names that a name stands for, none where the map says null, None where nobody knows."""
        found, target = _find(name, self.mapping.labels)
        if found:
            return tuple(_targets(target))
        meant = self.candidates(name)
        return tuple(meant) if len(meant) == 1 else None

    def camp(self, name: Name) -> tuple[str, ...] | None:
        """Return the camp of a span's name in a tuple, none where the map says null, None where nobody knows."""
        found, camp = _find(name, self.mapping.spans)
        if found:
            return (camp,) if camp else ()
        meant = [full.removeprefix(CAMPS + SEPARATOR) for full in self.candidates(name) if full.startswith(CAMPS + SEPARATOR)]
        return tuple(meant) if len(meant) == 1 and not _find(name, self.mapping.labels)[0] else None

    def candidates(self, name: Name) -> list[str]:
        """Return all that the taxonomy offers for a name."""
        keys = (str(name), name.label, f"{name.question} / {REST}")
        return next((self.known[key] for key in keys if key in self.known), [])


def acled_names(label: Label) -> Iterator[str]:
    """Yield ACLED's `EVENT TYPE / SUB-EVENT TYPE` for each place that a label has there.

    A sub-event type alone belongs to the event type before it, an event type alone stands for all of its sub-event types.
    """
    event = ""
    for part in filter(None, label.acled.split("; ")):
        if " / " in part:
            event = part.rpartition(" / ")[0]
            yield part
        elif not part.startswith("("):
            yield f"{event} / {part}" if event else f"{part} / {REST}"


def _find(name: Name, entries: Mapping[str, Target]) -> tuple[bool, Target | None]:
    """Return whether a map has an entry for a name, and the entry: exact keys first, then the longest that ends in `*`."""
    keys = (str(name), name.label)
    for key in keys:
        if key in entries:
            return True, entries[key]
    open_ended = sorted((key for key in entries if key.endswith(REST)), key=len, reverse=True)
    match = next((entry for entry in open_ended if any(key.startswith(entry[: -len(REST)]) for key in keys)), None)
    return match is not None, None if match is None else entries[match]


def _targets(target: str | list[str] | None) -> list[str]:
    return target if isinstance(target, list) else [target] if target else []


def _camps(taxonomy: Taxonomy) -> tuple[str, ...]:
    return next((task.ids for task in taxonomy.tasks if task.name == CAMPS), ())
