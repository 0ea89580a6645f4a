"""`marsad data export`: reports as tasks for an annotation tool."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from marsad.cli.console import errors, set_up_logging
from marsad.cli.data.arguments import OutputFile, ReportsFile, TaxonomyName

if TYPE_CHECKING:
    from marsad.data.reports import Report
    from marsad.taxonomy import Taxonomy


class Tool(StrEnum):
    """Tools that reports can be exported to."""

    label_studio = "label-studio"


def export(
    reports: ReportsFile,
    output_file: OutputFile,
    to: Annotated[Tool, typer.Option("--to", help="Tool that will read it.")] = Tool.label_studio,  # one so far
    model: Annotated[str | None, typer.Option(help="Model whose labels are shown; without it, the reports' own.")] = None,
    taxonomy: TaxonomyName = "syria",
) -> None:
    """Write reports as tasks with labels as pre-annotations, and beside them the labelling interface (.xml).

    Example: `marsad data export pool.jsonl --to label-studio --model default -o tasks.json`
    """
    set_up_logging()
    assert to is Tool.label_studio
    import json

    from marsad.data.label_studio_tasks import labelling_interface
    from marsad.data.reports import read_reports
    from marsad.files import write_atomically
    from marsad.taxonomy import find_taxonomy, read_taxonomy

    known = read_taxonomy(find_taxonomy(taxonomy))
    found = read_reports(reports, known)
    tasks, known = _predicted(found, model) if model is not None else (_annotated(found, known), known)
    write_atomically(output_file, json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")
    interface = output_file.with_suffix(".xml")
    write_atomically(interface, labelling_interface(known))
    errors.print(f"{len(tasks):,} tasks written to {output_file}; labelling interface: {interface}", markup=False)


def _annotated(reports: list[Report], taxonomy: Taxonomy) -> list[dict[str, Any]]:
    from marsad.data.label_studio_tasks import label_studio_task

    return [label_studio_task(report, report.labels, "annotated", taxonomy) for report in reports]


def _predicted(reports: list[Report], model: str) -> tuple[list[dict[str, Any]], Taxonomy]:
    """Return tasks with the model's labels, scored by its surest, and the model's taxonomy."""
    with errors.status("loading the model"):
        from marsad.data.label_studio_tasks import label_studio_task
        from marsad.inference.predictor import load

        predictor = load(model)
    taxonomy = predictor.settings.taxonomy
    with errors.status("predicting"):
        predictions = predictor.predict([{"text": report.text, "date": report.date} for report in reports])
    tasks = []
    for report, prediction in zip(reports, predictions, strict=True):
        labels = {task: [one.label for one in found] for task, found in prediction.labels.items()}
        score = max((one.score for found in prediction.labels.values() for one in found), default=None)
        tasks.append(label_studio_task(report, labels, f"marsad {model}", taxonomy, score))
    return tasks, taxonomy
