"""Lines of JSONL and rows of CSV as mappings, each with its line number; a bad one is told, not raised."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from marsad.errors import DataError


def read_rows(path: Path) -> Iterator[tuple[int, str, dict[str, Any] | str]]:
    """Yield (line number, raw line, mapping or the reason why there is none) for each filled line of a file."""
    try:
        with path.open(encoding="utf-8-sig", errors="strict", newline="") as file:
            yield from csv_rows(file) if path.suffix.lower() == ".csv" else jsonl_rows(file)
    except OSError as error:
        raise DataError(f"{path}: cannot read the reports ({error.strerror}). Name an existing JSONL or CSV file.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}:{_broken_line(path)}: not UTF-8. Save the file as UTF-8.") from error


def _broken_line(path: Path) -> int:
    """Return the number of the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 0


def jsonl_rows(lines: Iterable[str]) -> Iterator[tuple[int, str, dict[str, Any] | str]]:
    """Yield the rows of JSON lines; see `read_rows`."""
    for number, line in enumerate(lines, start=1):
        content = line.strip()
        if not content:
            continue
        try:
            row = json.loads(content)
        except (ValueError, RecursionError) as error:
            yield number, content, f"not valid JSON ({error}). Write one JSON object a line."
            continue
        yield number, content, row if isinstance(row, dict) else f"found {type(row).__name__}, expected a JSON object."


def csv_rows(lines: Iterable[str]) -> Iterator[tuple[int, str, dict[str, Any] | str]]:
    """Yield the rows of CSV lines with a header; empty cells are missing keys; see `read_rows`."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(lines)
    for cells in reader:
        row = {key: value for key, value in cells.items() if key and value}
        surplus = cells.get(None)
        content = json.dumps(row, ensure_ascii=False)
        yield reader.line_num, content, f"more cells than the header names: {surplus!r}" if surplus else row


def read_text(path: Path) -> str:
    """Return a file's text, line ends as they are. Raises `DataError` where it is missing or not UTF-8."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return file.read()
    except OSError as error:
        raise DataError(f"{path}: cannot read it ({error.strerror}). Name an existing file.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}:{_broken_line(path)}: not UTF-8. Save the file as UTF-8.") from error


def json_rows(content: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (place, mapping) for each object of a JSON list or of JSON lines.

    Raises `DataError` with all bad rows at once.
    """
    try:
        whole = json.loads(content) if content.lstrip().startswith("[") else None
    except ValueError as error:
        raise DataError(f"{name}: not valid JSON ({error}). Export the file again.") from error
    if whole is not None:
        rows = [(f"{name}, item {number}", row) for number, row in enumerate(whole, start=1)]
        bad = [f"{place}: found {type(row).__name__}, expected a JSON object." for place, row in rows if not isinstance(row, dict)]
    else:
        found = list(jsonl_rows(content.split("\n")))
        rows = [(f"{name}:{line}", row) for line, _, row in found]
        bad = [f"{place}: {row}" for place, row in rows if isinstance(row, str)]
    if bad:
        raise DataError("\n".join(bad))
    yield from rows
