"""A model beside TF-IDF + logistic regression on the same files.

python benchmarks/against_tfidf.py TRAIN.jsonl DEV.jsonl [MODEL ...]

Thresholds are set in two ways for every row: on all of dev (as a model ships; optimistic on dev itself), and for each half
of dev's stories on the other half (nothing is scored with a threshold that it helped to set).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from marsad import load
from marsad.data.reports import Report, read_reports, targets
from marsad.data.splits import split_by_story
from marsad.evaluation.baselines import tfidf_scores
from marsad.evaluation.bootstrap import headlines
from marsad.evaluation.evaluate import ScoredReports, measure, score_reports
from marsad.evaluation.thresholds import tune_thresholds
from marsad.taxonomy import find_taxonomy, read_taxonomy


def crossed(scored: ScoredReports, reports: Sequence[Report], seed: int = 0) -> dict[str, tuple[float, float]]:
    """Return (micro, macro) F1 a task with thresholds of each half of the stories set on the other half."""
    half = {report.id for report in split_by_story(reports, 0.5, seed)[1]}
    side = np.array([report.id in half for report in reports])
    found = np.zeros(scored.scores.shape, int)
    for own in (side, ~side):
        thresholds = tune_thresholds(scored.scores[~own], scored.gold[~own], scored.taxonomy)
        found[own] = scored.select(own).decide(thresholds)
    figures = headlines(scored, found, [report.story for report in reports])
    return {task: (one.micro_f1, one.macro_f1) for task, one in figures.items()}


def main(train_file: str, dev_file: str, *models: str) -> None:
    taxonomy = read_taxonomy(find_taxonomy("syria"))
    train, dev = read_reports(Path(train_file), taxonomy), read_reports(Path(dev_file), taxonomy)
    gold = np.array([targets(report, taxonomy) for report in dev])
    rows = {"TF-IDF + logistic regression": ScoredReports(taxonomy, tfidf_scores(train, dev, taxonomy), gold, 0, 0)}
    rows |= {name: score_reports(load(name), dev) for name in models}
    table = Table(title=f"{dev_file}: {len(dev)} reports; micro / macro F1")
    for heading in ("", "affiliation", "event_type", "affiliation, crossed", "event_type, crossed", "read"):
        table.add_column(heading)
    for name, scored in rows.items():
        whole = measure(scored, tune_thresholds(scored.scores, scored.gold, taxonomy)).tasks
        plain = [f"{whole[task]['micro_f1']:.3f} / {whole[task]['macro_f1']:.3f}" for task in taxonomy.names]
        cross = [f"{micro:.3f} / {macro:.3f}" for micro, macro in crossed(scored, dev).values()]
        read = f"{scored.tokens_read / scored.tokens_total:.1%}" if scored.tokens_total else "all"
        table.add_row(name, *plain, *cross, read)
    Console(width=130).print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
