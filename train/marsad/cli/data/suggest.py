"""`marsad data suggest`: what to annotate next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marsad.cli.console import errors, output, set_up_logging
from marsad.cli.data.arguments import OutputFile


def suggest(
    pool: Annotated[Path, typer.Argument(help="Reports to choose from, JSONL or CSV; labels that are there are not looked at.")],
    output_file: OutputFile,
    model: Annotated[str, typer.Option(help="Folder of a model, a hub id, or `default`.")] = "default",
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Reports to suggest.")] = 100,
) -> None:
    """Choose the reports that a model would learn most from: where it is unsure, rare labels first, no two alike.

    Example: `marsad data suggest pool.jsonl --model models/syria-joint -n 100 -o next.jsonl`
    """
    set_up_logging()
    with errors.status("reading the pool"):
        from marsad.data.reports import read_reports
        from marsad.evaluation.suggestion import suggest as choose
        from marsad.files import write_rows
        from marsad.inference.predictor import load

        predictor = load(model)
        reports = read_reports(pool, predictor.settings.taxonomy)
    with errors.status(f"predicting {len(reports):,} reports"):
        found = choose(predictor, reports, count)
        write_rows(output_file, (suggestion.to_dict() for suggestion in found))
    output.print(f"{len(found):,} of {len(reports):,} reports, best first, the reason under meta.suggested; written: {output_file}")
