"""`marsad compare`: which model is better on the same reports, and whether that can be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from marsad.cli.console import errors, headline_table, output, set_up_logging, warn


def compare(
    models: Annotated[list[str], typer.Argument(help="Two or more: folders, hub ids, `default`. Each is set against the first.")],
    data: Annotated[Path, typer.Option(help="Annotated reports, JSONL or CSV.")],
    out: Annotated[Path | None, typer.Option(help="JSON file for the differences and their intervals.")] = None,
) -> None:
    """Set models against the first of them, with a paired bootstrap by story, and say in a sentence what can be told.

    Warns of runs that are far under another run of the same config: seeds that collapsed.

    Example: `marsad compare models/old models/new --data my/test.jsonl`
    """
    set_up_logging()
    if len(set(models)) < 2:
        raise typer.BadParameter("give two different models or more")
    with errors.status("reading") as status:
        from marsad.data.validation import read_reports_for
        from marsad.evaluation.compare import collapsed, enter, shared_taxonomy
        from marsad.evaluation.compare import compare as set_against
        from marsad.files import write_atomically
        from marsad.inference.predictor import load

        predictors = {name: load(name) for name in models}
        taxonomy = shared_taxonomy({name: predictor.settings.taxonomy for name, predictor in predictors.items()})
        reports = read_reports_for(models[0], data, taxonomy)
        contestants = []
        for name, predictor in predictors.items():
            status.update(f"predicting {len(reports):,} reports with {name}")
            contestants.append(enter(name, predictor, reports, taxonomy))
    stories = len({report.story for report in reports})
    title = f"{len(reports):,} reports of {stories:,} stories, {data}"
    output.print(headline_table(title, {one.name: one.headlines for one in contestants}))
    comparisons = [set_against(contestants[0], other) for other in contestants[1:]]
    for comparison in comparisons:
        for sentence in comparison.verdict():
            output.print(sentence, soft_wrap=True, markup=False)
    warnings = collapsed(contestants)
    for warning in warnings:
        warn(warning)
    if out is not None:
        content = {"comparisons": [comparison.to_dict() for comparison in comparisons], "warnings": warnings}
        write_atomically(out, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
        output.print(f"written: {out}")
