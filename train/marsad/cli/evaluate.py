"""`marsad evaluate`: a model's scores on annotated reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marsad.cli.console import errors, headline_table, output, score_table, set_up_logging, span_table, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marsad.data.reports import Report
    from marsad.evaluation.examination import Examination
    from marsad.inference.tagger import FactionTagger


def evaluate(
    model: Annotated[str, typer.Argument(help="Folder of a model, a hub id, or `default`.")],
    reports: Annotated[Path, typer.Argument(help="Annotated reports, JSONL or CSV.")],
    out: Annotated[Path | None, typer.Option(help="Folder for metrics.json and report.html (with texts of the reports).")] = None,
    train: Annotated[
        Path | None, typer.Option(help="Training reports: baselines learn from them and stand beside the model.")
    ] = None,
    skip_bad: Annotated[Path | None, typer.Option(help="Write bad lines there and go on without them.")] = None,
    taxonomy_name: Annotated[str | None, typer.Option("--taxonomy", help="Refuse a model whose labels are not these.")] = None,
) -> None:
    """Score a model on annotated reports, through `predict`, with the thresholds it ships with.

    For a tagger (MODEL/factions): mentions and camps, on names not in training apart, beside the gazetteer alone.
    Every headline figure has its 95 % interval. `report.html` adds calibration, parts of the data, counts and the worst errors.

    Example: `marsad evaluate models/quickstart models/quickstart/held-out.jsonl --out results/`
    """
    set_up_logging()
    with errors.status("reading"):
        from marsad.data.reports import read_reports
        from marsad.data.validation import read_reports_for
        from marsad.evaluation.examination import examine
        from marsad.inference.predictor import load

        predictor = load(model, taxonomy=taxonomy_name)
        alone = predictor.tagger if predictor.settings.task == "factions" else None
        taxonomy = alone.settings.taxonomy if alone else predictor.settings.taxonomy
        found = read_reports_for(model, reports, taxonomy, skip_bad)
        seen = read_reports(train, taxonomy) if train is not None else None
    if skip_bad is not None and (bad := len(skip_bad.read_text(encoding="utf-8").splitlines())):
        warn(f"{bad} bad lines left out; they are in {skip_bad}")
    if alone:
        _evaluate_factions(alone, found, str(reports), out)
        return
    with errors.status(f"predicting {len(found):,} reports" + (", training baselines" if seen else "")):
        result = examine(predictor, found, seen)
    for name, scores in result.evaluation.tasks.items():
        output.print(score_table(f"{name} on {reports}", scores, taxonomy, name))
    output.print(headline_table(f"{reports}", {model: result.headlines} | dict(result.baselines)))
    evaluation = result.evaluation
    output.print(f"{evaluation.n:,} reports, read: {evaluation.tokens_read:,} of {evaluation.tokens_total:,} word pieces")
    if out is not None:
        _write(out, result, f"{model} on {reports}")


def _evaluate_factions(tagger: FactionTagger, reports: Sequence[Report], title: str, out: Path | None) -> None:
    from marsad.evaluation.spans import evaluate_factions
    from marsad.files import write_atomically

    with errors.status(f"tagging {len(reports):,} reports"):
        result = evaluate_factions(tagger, reports)
    output.print(span_table(f"factions on {title}", result, tagger.settings.taxonomy.tasks[0]))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / "metrics.json", json.dumps(result.to_dict(), ensure_ascii=False, indent=2) + "\n")
        output.print(f"written: {out / 'metrics.json'}", soft_wrap=True)


def _write(folder: Path, result: Examination, title: str) -> None:
    from marsad.evaluation.report import render
    from marsad.files import write_atomically

    with errors.status("drawing the report"):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "metrics.json", json.dumps(result.to_dict(), ensure_ascii=False, indent=2) + "\n")
        write_atomically(folder / "report.html", render(result, title))
    output.print(f"written: {folder / 'metrics.json'}, {folder / 'report.html'}", soft_wrap=True)
