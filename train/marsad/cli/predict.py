"""`marsad predict`: labels for reports."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.markup import escape
from rich.table import Table

from marsad.cli.console import arabic, errors, output, set_up_logging, warn

if TYPE_CHECKING:
    from marsad.inference.files import Input
    from marsad.taxonomy import Taxonomy


class Format(StrEnum):
    """Forms of the answer."""

    jsonl = "jsonl"
    csv = "csv"
    table = "table"


def predict(
    input: Annotated[str | None, typer.Argument(help="JSONL, CSV, or a text file (one report); `-` reads standard input.")] = None,
    text: Annotated[str | None, typer.Option(help="One report, given here.")] = None,
    date: Annotated[str | None, typer.Option(help="Date of the --text, as 2025-03-01.")] = None,
    output_file: Annotated[Path | None, typer.Option("-o", "--output", help="File to write; appears whole or not at all.")] = None,
    model: Annotated[str | None, typer.Option(help="Folder, hub id or shipped name; without it, the shipped default.")] = None,
    format: Annotated[
        Format | None, typer.Option(help="Without it: csv for a .csv output, a table for --text, else jsonl.")
    ] = None,
    all_scores: Annotated[bool, typer.Option("--all-scores", help="Give the score of every label too.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Full windows a forward pass.")] = 16,
) -> None:
    """Label reports: one row out for each row in, in order, with its id.

    Example: `marsad predict reports.jsonl -o labels.jsonl`   or   `marsad predict --text "قصفت المدفعية بلدة كنصفرة"`
    """
    set_up_logging()
    if (input is None) == (text is None):
        raise typer.BadParameter("give either INPUT or --text (INPUT may be - for standard input)")
    with errors.status("loading the model"):
        from marsad.inference.files import predict_rows
        from marsad.inference.predictor import load

        predictor = load(model)
    chosen = format or _format(output_file, text)
    counts = {"rows": 0, "unread": 0}
    with errors.status("predicting") as status:
        rows = _counted(
            predict_rows(predictor, _inputs(input, text, date), all_scores or chosen is Format.table, batch_size),
            counts,
            status.update,
        )
        if output_file is None:
            _write(rows, sys.stdout, chosen, predictor.settings.taxonomy)
        else:
            from marsad.files import atomic

            with atomic(output_file) as file:
                _write(rows, file, chosen, predictor.settings.taxonomy)
    if output_file is not None:
        errors.print(f"{counts['rows']:,} rows written to {output_file}")
    if counts["unread"]:
        warn(f"{counts['unread']:,} of {counts['rows']:,} rows could not be read; each says why under 'error'.")


def _format(output_file: Path | None, text: str | None) -> Format:
    if output_file is not None:
        return Format.csv if output_file.suffix.lower() == ".csv" else Format.jsonl
    return Format.table if text is not None else Format.jsonl


def _inputs(input: str | None, text: str | None, date: str | None) -> Iterator[Input]:
    from marsad.inference.files import NO_TEXT, Input, open_text, read_inputs

    if text is not None:
        yield Input("text", text, date, None if text.strip() else NO_TEXT)
    elif input == "-":
        yield from read_inputs(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig"), "stdin")
    else:
        path = Path(str(input))
        with open_text(path) as file:
            yield from read_inputs(file, path.name)


def _counted(rows: Iterable[dict[str, Any]], counts: dict[str, int], show: Any) -> Iterator[dict[str, Any]]:
    for row in rows:
        counts["rows"] += 1
        counts["unread"] += "error" in row
        if counts["rows"] % 100 == 0:
            show(f"predicting: {counts['rows']:,} rows")
        yield row


def _write(rows: Iterable[dict[str, Any]], file: TextIO, format: Format, taxonomy: Taxonomy) -> None:
    from marsad.inference.files import write_csv, write_jsonl

    if format is Format.jsonl:
        write_jsonl(rows, file)
    elif format is Format.csv:
        write_csv(rows, file)
    else:
        from rich.console import Console

        console = output if file is sys.stdout else Console(file=file, highlight=False, width=100)
        for row in rows:
            console.print(_table(row, taxonomy))


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
