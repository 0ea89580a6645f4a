"""`marsad evaluate`: a model's scores on annotated reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from marsad.cli.console import errors, output, score_table, set_up_logging, warn


def evaluate(
    model: Annotated[str, typer.Argument(help="Folder of a model, a hub id, or `default`.")],
    reports: Annotated[Path, typer.Argument(help="Annotated reports, JSONL or CSV.")],
    out: Annotated[Path | None, typer.Option(help="Folder for metrics.json.")] = None,
    skip_bad: Annotated[Path | None, typer.Option(help="Write bad lines there and go on without them.")] = None,
) -> None:
    """Score a model on annotated reports, through `predict`, with the thresholds it ships with.

    Example: `marsad evaluate models/quickstart models/quickstart/held-out.jsonl --out results/`
    """
    set_up_logging()
    with errors.status("reading"):
        from marsad.data.reports import read_reports
        from marsad.evaluation.evaluate import evaluate as measure
        from marsad.files import write_atomically
        from marsad.inference.predictor import load

        predictor = load(model)
        taxonomy = predictor.settings.taxonomy
        found = read_reports(reports, taxonomy, skip_bad)
    if skip_bad is not None and (bad := len(skip_bad.read_text(encoding="utf-8").splitlines())):
        warn(f"{bad} bad lines left out; they are in {skip_bad}")
    with errors.status(f"predicting {len(found):,} reports"):
        result = measure(predictor, found)
    for name, scores in result.tasks.items():
        output.print(score_table(f"{name} on {reports}", scores, taxonomy, name))
    output.print(f"{result.n:,} reports, read: {result.tokens_read:,} of {result.tokens_total:,} word pieces")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / "metrics.json", json.dumps(result.to_dict(), ensure_ascii=False, indent=2) + "\n")
        output.print(f"written: {out / 'metrics.json'}")
