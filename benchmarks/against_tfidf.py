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
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from marsad import load
from marsad.data.reports import Report, read_reports, targets
from marsad.data.splits import split_by_story
from marsad.evaluation.evaluate import ScoredReports, measure, score_reports
from marsad.evaluation.metrics import decide, score_task
from marsad.evaluation.thresholds import tune_thresholds
from marsad.taxonomy import Taxonomy, find_taxonomy, read_taxonomy
from marsad.text import normalize


def tfidf_scores(train: Sequence[Report], dev: Sequence[Report], taxonomy: Taxonomy) -> np.ndarray:
    """Return scores (reports, labels) of words (1–2) and characters (2–5) under one-vs-rest logistic regression."""
    words = TfidfVectorizer(preprocessor=normalize, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    characters = TfidfVectorizer(preprocessor=normalize, analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)
    model = Pipeline(
        [
            ("features", FeatureUnion([("words", words), ("characters", characters)])),
            ("labels", OneVsRestClassifier(LogisticRegression(C=10.0, max_iter=1000, solver="liblinear"))),
        ]
    )
    gold = np.array([targets(report, taxonomy) for report in train])
    model.fit([report.text for report in train], gold.astype(int))
    return np.asarray(model.predict_proba([report.text for report in dev]))


def crossed(scored: ScoredReports, reports: Sequence[Report], seed: int = 0) -> dict[str, tuple[float, float]]:
    """Return (micro, macro) F1 a task with thresholds of each half of the stories set on the other half."""
    half = {report.id for report in split_by_story(reports, 0.5, seed)[1]}
    side = np.array([report.id in half for report in reports])
    found = np.zeros(scored.scores.shape, int)
    for own in (side, ~side):
        thresholds = tune_thresholds(scored.scores[~own], scored.gold[~own], scored.taxonomy)
        for task in scored.taxonomy.tasks:
            part = scored.taxonomy.slices[task.name]
            found[own, part] = decide(task, scored.scores[own, part], thresholds.get(task.name))
    result = {}
    for task in scored.taxonomy.tasks:
        part = scored.taxonomy.slices[task.name]
        scores = score_task(task, found[:, part], scored.gold[:, part].astype(int))
        result[task.name] = (scores["micro_f1"], scores["macro_f1"])
    return result


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
