"""doccano's exports: JSON lines, a JSON list, or a ZIP with the lines of each annotator.

Classification holds `label: [NAME]` (`cats` beside `entities` in intent detection), sequence labelling
`label: [[START, END, NAME]]`, and with relations `entities: [{start_offset, end_offset, label}]`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marsad.data.importers.mapping import ImportMap
from marsad.data.importers.record import Name, Record, Span
from marsad.data.rows import json_rows, read_text
from marsad.errors import DataError

LABEL_KEYS = ("label", "labels", "cats", "entities")
SHARED = "all"
"""The file of a project whose annotators work on one common copy."""


def read_doccano(path: Path, _: ImportMap) -> Iterator[Record]:
    """Yield a record for each text of each annotator."""
    for name, content, annotator in _files(path):
        for number, (place, row) in enumerate(json_rows(content, name), start=1):
            if "annotations" in row:
                raise DataError(f"{place}: 'annotations' holds numbers, not names. Export as JSONL (text label) instead.")
            values = [value for key in LABEL_KEYS for value in row.get(key) or []]
            names = tuple(Name(str(value)) for value in values if not isinstance(value, list | dict))
            spans = tuple(_span(value, place) for value in values if isinstance(value, list | dict))
            yield Record(place, str(row.get("id", number)), row, names, spans, annotator)


def _files(path: Path) -> Iterator[tuple[str, str, str | None]]:
    """Yield (name, content, annotator) of the file, or of the files in the ZIP."""
    if not zipfile.is_zipfile(path):
        yield str(path), read_text(path), None
        return
    with zipfile.ZipFile(path) as archive:
        for member in sorted(archive.namelist()):
            annotator = Path(member).stem
            content = archive.read(member).decode("utf-8-sig")
            yield f"{path}/{member}", content, None if annotator == SHARED else annotator


def _span(value: list[Any] | dict[str, Any], place: str) -> Span:
    try:
        start, end, name = (value["start_offset"], value["end_offset"], value["label"]) if isinstance(value, dict) else value[:3]
        return Span(int(start), int(end), Name(str(name)))
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{place}: found the span {value!r}, expected START, END and LABEL.") from error
