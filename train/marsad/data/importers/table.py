"""Spreadsheets saved as CSV: labels in the cells of `label_columns`, or a yes-or-no column each in `flag_columns`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from marsad.data.importers.mapping import ImportMap
from marsad.data.importers.record import Name, Record
from marsad.data.rows import read_text
from marsad.errors import ConfigError, DataError

DELIMITERS = ",;\t"
"""What spreadsheets put between cells; European ones write semicolons."""
YES = {"1", "1.0", "true", "yes", "y", "x", "✓", "\u0646\u0639\u0645"}
"""Cells of a flag that mean yes; the last is na'am."""
NO = {"0", "0.0", "false", "no", "n", "", "\u0644\u0627"}
"""Cells of a flag that mean no; the last is la."""


def read_table(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Yield a record for each row. Raises `ConfigError` where the map names no such column."""
    rows = list(table_rows(path))
    columns = set(rows[0][1]) if rows else set()
    wanted = {*mapping.fields.values(), *mapping.label_columns, *mapping.flag_columns}
    if missing := sorted(wanted - columns):
        raise ConfigError(f"{path}: no column {', '.join(missing)}; there are: {', '.join(sorted(columns))}. Mend the map.")
    for number, (place, cells) in enumerate(rows, start=1):
        names = [
            Name(part.strip(), column)
            for column in mapping.label_columns
            for part in cells[column].split(mapping.separator)
            if part.strip()
        ]
        flags = [(column, cells[column].strip().lower()) for column in mapping.flag_columns]
        unread = tuple(f"the cell {cell!r} of the yes-or-no column {column!r}" for column, cell in flags if cell not in YES | NO)
        names += [Name(column) for column, cell in flags if cell in YES]
        yield Record(place, cells.get("id") or str(number), cells, tuple(names), unread=unread)


def table_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (place, cells by column) for each row of a CSV file, whatever stands between its cells."""
    lines = read_text(path).splitlines(keepends=True)
    csv.field_size_limit(2**31 - 1)
    header = lines[0] if lines else ""
    reader = csv.DictReader(lines, delimiter=max(DELIMITERS, key=header.count), restval="")
    for cells in reader:
        if None in cells:
            raise DataError(f"{path}:{reader.line_num}: more cells than the header names. Put texts with commas in quotes.")
        yield f"{path}:{reader.line_num}", dict(cells)
