"""Reports from files, predictions as rows: one row out for each row in, in order, with its id."""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from marsad.data.reports import LIST_SEPARATOR, SURROGATE
from marsad.data.rows import csv_rows, jsonl_rows
from marsad.errors import DataError
from marsad.inference.prediction import Prediction
from marsad.inference.predictor import FACTIONS, Predictor, Text
from marsad.taxonomy import SEPARATOR

NO_TEXT = "empty text. Give the report's text."
NOT_UTF8 = "not UTF-8. Save it as UTF-8."
BROKEN = re.compile("[\udc80-\udcff]")
"""A byte that is not UTF-8, as `ESCAPED` reads it."""
ESCAPED = "surrogateescape"
"""How files are decoded, so that one broken line does not stop a file of many."""


@dataclass(frozen=True)
class Input:
    """A report to predict; `error` tells why it cannot be."""

    id: str
    text: str = ""
    date: str | None = None
    error: str | None = None
    source: str | None = None
    file: str = ""
    """The file that it is from, where a folder is read."""


def read_inputs(file: TextIO, name: str) -> Iterator[Input]:
    """Yield the reports of an open file called `name`, decoded with errors=`ESCAPED`.

    `.csv` has a header with `text`; `.jsonl`, and what begins with `{`, one JSON object a line with `text`; anything else
    is one report. Rows without an id get their line number. Raises `DataError` where a single report is not UTF-8; of rows, those
    that are not have an error.
    """
    suffix = Path(name).suffix.lower()
    if suffix == ".csv":
        yield from (read_input(line, row, content) for line, content, row in csv_rows(file))
        return
    opening = _opening(file)
    if suffix in (".jsonl", ".ndjson") or "".join(opening).lstrip("\ufeff \t\r\n").startswith("{"):
        lines = (line.lstrip("\ufeff") if number == 0 else line for number, line in enumerate(_chain(opening, file)))
        yield from (read_input(line, row, content) for line, content, row in jsonl_rows(lines))
        return
    text = ("".join(opening) + file.read()).lstrip("\ufeff")
    if BROKEN.search(text):
        raise DataError(f"{name}: {NOT_UTF8}")
    yield Input(Path(name).stem or name, text, error=None if text.strip() else NO_TEXT)


def _opening(file: TextIO) -> list[str]:
    """Return the lines up to the first that is not blank."""
    lines = []
    for line in file:
        lines.append(line)
        if line.strip():
            break
    return lines


def _chain(opening: Iterable[str], file: TextIO) -> Iterator[str]:
    yield from opening
    yield from file


def read_input(line: int, row: dict[str, Any] | str, content: str) -> Input:
    """Return the report of a row, or of the reason why there is none; half characters in it are replaced."""
    if BROKEN.search(content):
        row = NOT_UTF8
    if isinstance(row, str):
        return Input(_id(_mapping(content), line), error=f"line {line}: {row}")
    id = _id(row, line)
    text, date, source = row.get("text"), row.get("date"), row.get("source")
    if not isinstance(text, str) or not text.strip():
        return Input(id, error=f"line {line}: {NO_TEXT}")
    return Input(
        id, _whole(text), None if date is None else _whole(str(date)), source=None if source is None else _whole(str(source))
    )


def _whole(text: str) -> str:
    return SURROGATE.sub("\ufffd", text)


def _id(row: dict[str, Any], line: int) -> str:
    return _whole(str(row["id"])) if row.get("id") not in (None, "") else str(line)


def _mapping(content: str) -> dict[str, Any]:
    """Return what can be read of a bad row, for its id."""
    try:
        row = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def predict_inputs(
    predictor: Predictor, inputs: Iterable[Input], batch_size: int = 16, evidence: bool = False
) -> Iterator[tuple[Input, Prediction | None]]:
    """Yield each input in order with its prediction, None where it cannot be read."""
    waiting: deque[Input] = deque()

    def readable() -> Iterator[Text]:
        for one in inputs:
            waiting.append(one)
            if one.error is None:
                yield {"text": one.text, "date": one.date}

    for found in predictor.stream(readable(), batch_size, evidence=evidence):
        while waiting[0].error is not None:
            yield waiting.popleft(), None
        yield waiting.popleft(), found
    yield from ((one, None) for one in waiting)


def names(one: Input) -> dict[str, str]:
    """Return what an input's row begins with: its id, and its file where a folder is read."""
    return {"id": one.id, "file": one.file} if one.file else {"id": one.id}


def predict_rows(
    predictor: Predictor, inputs: Iterable[Input], all_scores: bool = False, batch_size: int = 16, evidence: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield a row for each input: its id and labels; where it cannot be read, empty labels and the reason under `error`."""
    empty: dict[str, list[Any]] = {task: [] for task in predictor.tasks}
    for one, found in predict_inputs(predictor, inputs, batch_size, evidence):
        yield {**names(one), **(empty | {"error": one.error} if found is None else found.to_dict(all_scores))}


def write_jsonl(rows: Iterable[dict[str, Any]], file: TextIO) -> None:
    """Write rows as JSON lines, readable Arabic."""
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_csv(rows: Iterable[dict[str, Any]], file: TextIO) -> None:
    """Write rows as CSV: labels joined by `|`, best first, factions as CAMP:NAME; with all scores a column for each label."""
    writer: csv.DictWriter[str] | None = None
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(_cells(row))
        if writer is None and "error" in row:
            continue
        if writer is None:
            writer = csv.DictWriter(file, [*waiting[-1], "error"])
            writer.writeheader()
        writer.writerows(waiting)
        waiting.clear()
    if writer is None and waiting:
        writer = csv.DictWriter(file, list(waiting[0]))
        writer.writeheader()
        writer.writerows(waiting)


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    scores = row.get("scores", {})
    cells = {key: _cell(key, value) for key, value in row.items() if key != "scores"}
    return cells | {f"{task}:{label}": round(score, 6) for task, found in scores.items() for label, score in found.items()}


def _cell(key: str, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    names = [one["affiliation"] + SEPARATOR + one["name"] if key == FACTIONS else one["label"] for one in value]
    return LIST_SEPARATOR.join(names)


def open_text(path: Path) -> TextIO:
    """Open a file of reports. Raises `DataError` where it is missing."""
    try:
        return path.open(encoding="utf-8-sig", errors=ESCAPED, newline="" if path.suffix.lower() == ".csv" else None)
    except OSError as error:
        raise DataError(f"{path}: cannot read it ({error.strerror}). Name an existing JSONL, CSV or text file.") from error
