"""The forms of an answer: rows as JSON lines, CSV, Parquet, ACLED's columns, or tables to look at."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.markup import escape
from rich.table import Table

from marsad.cli.console import arabic, output

if TYPE_CHECKING:
    from marsad.taxonomy import Taxonomy


class Format(StrEnum):
    """Forms of the answer."""

    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    table = "table"
    acled = "acled"

    @property
    def ending(self) -> str:
        """The ending of a file in it."""
        return {"acled": ".csv", "table": ".txt"}.get(self.value, f".{self.value}")


def format_of(file: Path | None, text: str | None) -> Format:
    """Return the form that goes without saying: by the ending of the output, for a `--text` without one a table."""
    if file is None:
        return Format.jsonl if text is None else Format.table
    return {".csv": Format.csv, ".parquet": Format.parquet}.get(file.suffix.lower(), Format.jsonl)


def write(rows: Iterable[dict[str, Any]], file: TextIO, format: Format, taxonomy: Taxonomy) -> None:
    """Write rows to an open file in a form that is text."""
    from marsad.inference.acled import COLUMNS
    from marsad.inference.files import write_csv, write_jsonl

    if format is Format.jsonl:
        write_jsonl(rows, file)
    elif format is Format.csv:
        write_csv(rows, file)
    elif format is Format.acled:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    else:
        from rich.console import Console

        console = output if file is sys.stdout else Console(file=file, highlight=False, width=100)
        for row in rows:
            console.print(_table(row, taxonomy))
            if row.get("factions"):
                console.print(_factions(row["factions"]))


def _table(row: dict[str, Any], taxonomy: Taxonomy) -> Table:
    table = Table(title=escape(str(row["id"])), caption=escape(row.get("error", "")) or None)
    for heading in ("task", "label", "", "English", "score"):
        table.add_column(heading, justify="right" if heading in ("", "score") else "left")
    for task in taxonomy.tasks:
        for found in row[task.name]:
            label = task.label(found["label"])
            table.add_row(task.name, label.id, arabic(label.ar), label.en, f"{found['score']:.2f}")
        if not row[task.name]:
            table.add_row(task.name, "—", "", "none over its threshold", "")
        table.add_section()
    return table


def _factions(factions: list[dict[str, Any]]) -> Table:
    table = Table(title="factions", caption="? = not in the gazetteer")
    for heading in ("force", "camp", "score", "mentions", "change"):
        table.add_column(heading, justify="left" if heading in ("camp", "change") else "right")
    for one in factions:
        change = "" if one["change"] is None else f"{one['change']['before']} → {one['change']['after']}"
        name = arabic(escape(one["name"])) + ("" if one["known"] else " ?")
        table.add_row(name, one["affiliation"], f"{one['score']:.2f}", str(len(one["mentions"])), change)
    return table
