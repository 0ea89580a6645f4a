"""`marsad predict`: labels for reports."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from marsad.cli.answers import Format, format_of, write
from marsad.cli.console import errors, rows_progress, set_up_logging, warn

if TYPE_CHECKING:
    from marsad.inference.files import Input
    from marsad.inference.outcomes import Options
    from marsad.inference.parts import Engine, Rows
    from marsad.inference.predictor import Predictor
    from marsad.inference.sources import Source


class Machines(StrEnum):
    """Where a file is read."""

    local = "local"
    ray = "ray"


def predict(
    input: Annotated[
        str | None,
        typer.Argument(help="JSONL, CSV, Parquet, a folder of these, or a text file (one report); `-` reads standard input."),
    ] = None,
    text: Annotated[str | None, typer.Option(help="One report, given here.")] = None,
    date: Annotated[str | None, typer.Option(help="Date of the --text, as 2025-03-01.")] = None,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="File (or folder) to write; appears whole or not at all. A run that broke off goes on."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Folder, hub id or shipped name; without it, the shipped default.")] = None,
    format: Annotated[
        Format | None,
        typer.Option(help="Without it: by the output's ending, a table for --text, else jsonl. acled: CSV in ACLED's columns."),
    ] = None,
    all_scores: Annotated[bool, typer.Option("--all-scores", help="Give the score of every label too.")] = False,
    evidence: Annotated[bool, typer.Option("--evidence", help="Give the sentence that carries each label (slower).")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Full windows a forward pass.")] = 16,
    engine: Annotated[
        Machines, typer.Option(help="ray: on the machines of a Ray cluster (marsad\\[ray]); needs INPUT and -o.")
    ] = Machines.local,
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster; without it, one on this machine.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Most models that Ray runs at once; without it, Ray decides.")] = None,
) -> None:
    """Label reports: one row out for each row in, in order, with its id.

    Example: `marsad predict reports.jsonl -o labels.jsonl`   or   `marsad predict --text "قصفت المدفعية بلدة كنصفرة"`

    With -o, rows that cannot be read go to OUT.rejects.jsonl with the reason.
    """
    set_up_logging()
    if (input is None) == (text is None):
        raise typer.BadParameter("give either INPUT or --text (INPUT may be - for standard input)")
    chosen = format or format_of(output_file, text)
    if chosen is Format.parquet and output_file is None:
        raise typer.BadParameter("parquet needs a file: name one with -o")
    if engine is Machines.ray and (output_file is None or input in (None, "-")):
        raise typer.BadParameter("--engine ray reads a file or a folder and writes a file: give INPUT and -o")
    with errors.status("loading the model"):
        from marsad.inference.outcomes import Local, Options, job_of, open_predictor
        from marsad.inference.sources import find_source, place_output

        source = None if input in (None, "-") else find_source(Path(str(input)))
        if output_file is not None:
            output_file = place_output(output_file, chosen.ending, source)
        predictor = open_predictor(model)
    options = Options(all_scores or chosen is Format.table, evidence, chosen is Format.acled, batch_size)
    inputs = source.inputs() if source else _given(text, date)
    if output_file is None:
        _print(predictor, inputs, chosen, options)
        return
    found: Engine = Local(predictor, inputs, options)
    if engine is Machines.ray and source:
        from marsad.inference.cluster import Cluster

        found = Cluster(source, model, options, address, workers)
    _write(
        found,
        None if source is None else job_of(predictor, source, options),
        output_file,
        _writer(predictor, source, chosen, options),
    )


def _given(text: str | None, date: str | None) -> Iterator[Input]:
    """Yield the report of the command line, or those of standard input."""
    from marsad.inference.files import ESCAPED, NO_TEXT, Input, read_inputs

    if text is not None:
        yield Input("text", text, date, None if text.strip() else NO_TEXT)
    else:
        yield from read_inputs(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors=ESCAPED), "stdin")


def _print(predictor: Predictor, inputs: Iterator[Input], format: Format, options: Options) -> None:
    """Stream the answer to standard output; a bad row keeps its place."""
    from marsad.inference.acled import acled_rows
    from marsad.inference.files import predict_inputs, predict_rows

    taxonomy, counts = predictor.settings.taxonomy, Counter[str]()
    rows: Iterable[dict[str, Any]]
    with rows_progress(errors) as show:
        counted = _counted(inputs, counts, show)
        if options.acled:
            rows = acled_rows(predict_inputs(predictor, counted, options.batch_size, evidence=True), taxonomy)
        else:
            rows = predict_rows(predictor, counted, options.all_scores, options.batch_size, options.evidence)
        write(rows, sys.stdout, format, taxonomy)
    if counts["unread"]:
        why = "they gave no events" if options.acled else "each says why under 'error'"
        warn(f"{counts['unread']:,} of {counts['rows']:,} rows could not be read; {why}.")


def _counted(inputs: Iterable[Input], counts: Counter[str], show: Callable[[int, int], None]) -> Iterator[Input]:
    for one in inputs:
        counts.update(rows=1, unread=one.error is not None)
        show(counts["rows"], 0)
        yield one


def _writer(predictor: Predictor, source: Source | None, format: Format, options: Options) -> Callable[[Rows, Path], None]:
    """Return what writes rows to a file in the form asked for."""
    taxonomy = predictor.settings.taxonomy
    if format is Format.parquet:
        from marsad.inference.parquet import prediction_schema, write_parquet

        folder = source is not None and source.folder
        schema = prediction_schema(taxonomy, predictor.tasks, options.all_scores, options.evidence, folder)
        return lambda rows, path: write_parquet(rows, path, schema)

    def as_text(rows: Rows, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            write(rows, file, format, taxonomy)

    return as_text


def _write(engine: Engine, job: dict[str, Any] | None, output_file: Path, writer: Callable[[Rows, Path], None]) -> None:
    """Write the answer to a file by way of parts, behind those of an earlier run."""
    from marsad.inference.parts import rejects_of, write_in_parts

    with rows_progress(errors) as show:
        totals = write_in_parts(output_file, job, engine, writer, show)
    resumed = f" ({totals.resumed:,} of them by an earlier run)" if totals.resumed else ""
    errors.print(f"{totals.read:,} rows read{resumed}; written: {output_file}", soft_wrap=True)
    if totals.rejected:
        warn(f"{totals.rejected:,} of {totals.read:,} rows could not be read; {rejects_of(output_file)} says which and why.")
