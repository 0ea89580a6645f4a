"""Prodigy's `db-out`: JSON lines of answers; the answers of one annotator to one text become one record."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marsad.data.importers.mapping import ImportMap
from marsad.data.importers.record import Name, Record, Span
from marsad.data.rows import json_rows, read_text

log = logging.getLogger(__name__)


def read_prodigy(path: Path, _: ImportMap) -> Iterator[Record]:
    """Yield a record for each text and annotator, from choices, yes-or-no labels and spans together.

    Ignored answers are left out, and so are rejected choices and spans: they tell that something is wrong, not what is
    right. A rejected yes-or-no label is an answer: the text has it not.
    """
    groups: dict[tuple[str, str | None], list[tuple[str, dict[str, Any]]]] = {}
    unused = 0
    for place, row in json_rows(read_text(path), str(path)):
        if not _answered(row):
            unused += 1
            continue
        key = str(row.get("_input_hash", row.get("text"))), _annotator(row)
        groups.setdefault(key, []).append((place, row))
    for (id, annotator), rows in groups.items():
        place, first = rows[0]
        names = dict.fromkeys(name for _, row in rows for name in _names(row))
        spans = dict.fromkeys(span for _, row in rows for span in _spans(row))
        fields = {"id": id, **first, **(first.get("meta") or {})}
        yield Record(place, str(fields["id"]), fields, tuple(names), tuple(spans), annotator)
    if unused:
        log.warning("%s: %d ignored or rejected answers were left out", path, unused)


def _answered(row: dict[str, Any]) -> bool:
    answer = row.get("answer", "accept")
    return answer == "accept" or (answer == "reject" and _is_binary(row))


def _is_binary(row: dict[str, Any]) -> bool:
    return "label" in row and "options" not in row and not row.get("spans")


def _names(row: dict[str, Any]) -> list[Name]:
    if _is_binary(row):
        return [Name(str(row["label"]))] if row.get("answer", "accept") == "accept" else []
    return [Name(str(label)) for label in row.get("accept") or []]


def _spans(row: dict[str, Any]) -> list[Span]:
    found = row.get("spans") or []
    return [Span(int(one["start"]), int(one["end"]), Name(str(one["label"])), one.get("text")) for one in found]


def _annotator(row: dict[str, Any]) -> str | None:
    person = row.get("_annotator_id") or row.get("_session_id")
    return None if person is None else str(person)
