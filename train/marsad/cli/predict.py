"""`marsad predict`: labels for reports."""

from __future__ import annotations

import csv
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
    from marsad.inference.predictor import Predictor
    from marsad.taxonomy import Taxonomy


class Format(StrEnum):
    """Forms of the answer."""

    jsonl = "jsonl"
    csv = "csv"
    table = "table"
    acled = "acled"


def predict(
    input: Annotated[str | None, typer.Argument(help="JSONL, CSV, or a text file (one report); `-` reads standard input.")] = None,
    text: Annotated[str | None, typer.Option(help="One report, given here.")] = None,
    date: Annotated[str | None, typer.Option(help="Date of the --text, as 2025-03-01.")] = None,
    output_file: Annotated[Path | None, typer.Option("-o", "--output", help="File to write; appears whole or not at all.")] = None,
    model: Annotated[str | None, typer.Option(help="Folder, hub id or shipped name; without it, the shipped default.")] = None,
    format: Annotated[
        Format | None,
        typer.Option(help="Without it: csv for a .csv output, a table for --text, else jsonl. acled: CSV in ACLED's columns."),
    ] = None,
    all_scores: Annotated[bool, typer.Option("--all-scores", help="Give the score of every label too.")] = False,
    evidence: Annotated[bool, typer.Option("--evidence", help="Give the sentence that carries each label (slower).")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Full windows a forward pass.")] = 16,
) -> None:
    """Label reports: one row out for each row in, in order, with its id.

    Example: `marsad predict reports.jsonl -o labels.jsonl`   or   `marsad predict --text "قصفت المدفعية بلدة كنصفرة"`
    """
    set_up_logging()
    if (input is None) == (text is None):
        raise typer.BadParameter("give either INPUT or --text (INPUT may be - for standard input)")
    with errors.status("loading the model"):
        from marsad.inference.predictor import load

        predictor = load(model)
    chosen = format or _format(output_file, text)
    counts = {"rows": 0, "unread": 0}
    with errors.status("predicting") as status:
        inputs = _counted(_inputs(input, text, date), counts, status.update)
        rows = _rows(predictor, inputs, chosen, all_scores, batch_size, evidence)
        if output_file is None:
            _write(rows, sys.stdout, chosen, predictor)
        else:
            from marsad.files import atomic

            with atomic(output_file) as file:
                _write(rows, file, chosen, predictor)
    if output_file is not None:
        errors.print(f"{counts['rows']:,} rows read; written: {output_file}", soft_wrap=True)
    if counts["unread"]:
        why = "they gave no events" if chosen is Format.acled else "each says why under 'error'"
        warn(f"{counts['unread']:,} of {counts['rows']:,} rows could not be read; {why}.")


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


def _counted(inputs: Iterable[Input], counts: dict[str, int], show: Any) -> Iterator[Input]:
    for one in inputs:
        counts["rows"] += 1
        counts["unread"] += one.error is not None
        if counts["rows"] % 100 == 0:
            show(f"predicting: {counts['rows']:,} rows")
        yield one


def _rows(
    predictor: Predictor, inputs: Iterable[Input], format: Format, all_scores: bool, batch_size: int, evidence: bool
) -> Iterator[dict[str, Any]]:
    from marsad.inference.acled import acled_rows
    from marsad.inference.files import predict_inputs, predict_rows

    if format is Format.acled:
        return acled_rows(predict_inputs(predictor, inputs, batch_size, evidence=True), predictor.settings.taxonomy)
    return predict_rows(predictor, inputs, all_scores or format is Format.table, batch_size, evidence)


def _write(rows: Iterable[dict[str, Any]], file: TextIO, format: Format, predictor: Predictor) -> None:
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
            console.print(_table(row, predictor.settings.taxonomy))
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
