"""`marsad data errors`: labels that are probably wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from marsad.cli.console import errors as stderr
from marsad.cli.console import output
from marsad.cli.data.arguments import OptionalOutputFile, ReportsFile, TaxonomyName

if TYPE_CHECKING:
    import numpy as np

    from marsad.data.reports import Report
    from marsad.taxonomy import Taxonomy

MOST_SHOWN = 20


def errors(
    reports: ReportsFile,
    output_file: OptionalOutputFile = None,
    model_scores: Annotated[
        Path | None, typer.Option(help="Scores by `marsad predict --all-scores` of a model that was NOT trained on these reports.")
    ] = None,
    taxonomy: TaxonomyName = "syria",
) -> None:
    """List the labels that are probably missing or wrong, the surest first; without scores, out of folds by TF-IDF.

    Example: `marsad data errors reports.jsonl -o to-check.jsonl`
    """
    with stderr.status("scoring out of folds" if model_scores is None else "reading"):
        from marsad.data.reports import read_reports
        from marsad.evaluation.label_errors import find_label_errors, out_of_fold_scores
        from marsad.files import write_rows
        from marsad.taxonomy import find_taxonomy, read_taxonomy

        labels = read_taxonomy(find_taxonomy(taxonomy))
        found = read_reports(reports, labels)
        scores = out_of_fold_scores(found, labels) if model_scores is None else _scores(model_scores, found, labels)
        doubtful = find_label_errors(found, scores, labels)
        if output_file is not None:
            write_rows(output_file, (one.to_dict() for one in doubtful))
    table = Table(title=f"{len(doubtful):,} doubtful labels of {len(found):,} reports", caption="the surest first")
    for heading in ("report", "task", "label", "now", "score"):
        table.add_column(heading, justify="right" if heading == "score" else "left")
    for one in doubtful[:MOST_SHOWN]:
        table.add_row(one.id, one.task, one.label, "given" if one.given else "not given", f"{one.score:.2f}")
    output.print(table)
    if output_file is not None:
        output.print(f"written: {output_file}")


def _scores(path: Path, reports: list[Report], taxonomy: Taxonomy) -> np.ndarray:
    from marsad.data.rows import read_rows
    from marsad.evaluation.label_errors import scores_of_rows

    return scores_of_rows([row for _, _, row in read_rows(path) if isinstance(row, dict)], reports, taxonomy)
