"""`marsad data agreement`: how far annotators agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from marsad.cli.console import arabic, errors, output
from marsad.cli.data.arguments import AnnotatorFiles, OptionalOutputFile, TaxonomyName
from marsad.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marsad.data.agreement import TaskAgreement
    from marsad.data.reports import Report
    from marsad.taxonomy import Task, Taxonomy


def agreement(files: AnnotatorFiles, output_file: OptionalOutputFile = None, taxonomy: TaxonomyName = "syria") -> None:
    """Compare annotators of the same reports: Krippendorff's alpha, Cohen's kappa a label, F1 of the spans; -o writes what differs.

    Example: `marsad data agreement anna.jsonl badr.jsonl -o to-adjudicate.jsonl`
    """
    with errors.status("comparing"):
        from marsad.data.agreement import disagreements, measure_agreement
        from marsad.files import write_rows
        from marsad.taxonomy import find_taxonomy, read_taxonomy

        labels = read_taxonomy(find_taxonomy(taxonomy))
        annotations = read_annotations(files, labels)
        found = measure_agreement(annotations, labels)
        if output_file is not None:
            write_rows(output_file, disagreements(annotations, labels))
    for task in labels.tasks:
        output.print(_table(task, found.tasks[task.name]))
    spans = "" if found.span_f1 is None else f"; spans of factions F1 {found.span_f1:.3f}"
    output.print(f"{found.reports:,} reports in two files or more, annotators differ on {len(found.differing):,}{spans}")
    if output_file is not None:
        output.print(f"written: {output_file}")


def read_annotations(files: Sequence[Path], taxonomy: Taxonomy) -> dict[str, list[Report]]:
    """Return the reports of each file, by its name without ending. Raises `ConfigError` for one file, or two of one name."""
    from marsad.data.reports import read_reports

    names = [path.stem for path in files]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigError(f"found {', '.join(map(str, files))}; expected two files or more, each named after its annotator.")
    return {name: read_reports(path, taxonomy) for name, path in zip(names, files, strict=True)}


def _table(task: Task, found: TaskAgreement) -> Table:
    kind = "nominal" if task.kind == "multiclass" else "MASI"
    caption = f"{found.reports} reports; Krippendorff's alpha ({kind}) {_figure(found.alpha)}; equal answers {found.equal:.1%}"
    table = Table(title=f"{task.name} {arabic(task.ar)}", caption=caption)
    for heading in ("label", "", "kappa", "given"):
        table.add_column(heading, justify="left" if heading == "label" else "right")
    for label in task.labels:
        own = found.labels[label.id]
        table.add_row(label.id, arabic(label.ar), _figure(own.kappa), str(own.given))
    return table


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"
