"""Label Studio's JSON export: tasks with annotations made of regions.

The format is told at https://labelstud.io/guide/task_format.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marsad.data.importers.mapping import ImportMap
from marsad.data.importers.record import Name, Record, Span
from marsad.data.rows import json_rows, read_text
from marsad.errors import DataError

log = logging.getLogger(__name__)
NAMING = ("choices", "labels", "hypertextlabels", "taxonomy")
"""Types of regions that name labels; a rating, a number or a comment becomes a field called like its control."""


def read_label_studio(path: Path, _: ImportMap) -> Iterator[Record]:
    """Yield a record for each annotation; skipped tasks, cancelled annotations and predictions are left out."""
    empty = 0
    for place, task in json_rows(read_text(path), str(path)):
        if not isinstance(task.get("data"), dict) or "annotations" not in task:
            raise DataError(f"{place}: no 'data' and 'annotations'. Export the project as JSON, not JSON-MIN or CSV.")
        done = [one for one in task["annotations"] if not one.get("was_cancelled")]
        empty += not done
        for annotation in done:
            yield _record(place, task, annotation)
    if empty:
        log.warning("%s: %d tasks without an annotation were left out", path, empty)


def _record(place: str, task: dict[str, Any], annotation: dict[str, Any]) -> Record:
    fields = {**task["data"]}
    names: list[Name] = []
    spans: list[Span] = []
    for region in annotation.get("result", []):
        type, value, question = region.get("type"), region.get("value", {}), region.get("from_name", "")
        if type not in NAMING:
            fields |= _answer(question, value, type)
            continue
        found = [Name(label, question) for label in _labels(value.get(type) or [])]
        if "start" in value:
            start, end = _extent(value)
            spans += [Span(start, end, name, value.get("text")) for name in found]
        else:
            names += found
    id = str(fields.get("id", task.get("id")))
    return Record(place, id, fields, tuple(names), tuple(spans), _annotator(annotation.get("completed_by")))


def _labels(values: list[Any]) -> list[str]:
    """Return labels as strings; a choice of a tree is told by its way from the root."""
    return [" / ".join(map(str, value)) if isinstance(value, list) else str(value) for value in values]


def _extent(value: dict[str, Any]) -> tuple[int, int]:
    """Return start and end; marks in HTML hold XPaths there and the count beside them."""
    counted = value.get("globalOffsets") or value
    return int(counted["start"]), int(counted["end"])


def _answer(question: str, value: dict[str, Any], type: str) -> dict[str, Any]:
    """Return what a control that names no label holds: a rating, a number, or the comment of a text area under `text`."""
    answer = value.get(type, value.get("text"))
    return {question: answer[0] if isinstance(answer, list) and len(answer) == 1 else answer} if question else {}


def _annotator(person: Any) -> str | None:
    if isinstance(person, dict):
        person = person.get("email") or person.get("id")
    return None if person is None else str(person)
