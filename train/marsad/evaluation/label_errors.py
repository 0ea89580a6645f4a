"""Labels that are probably wrong: confident learning on scores of models that did not see the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from marsad.data.duplicates import group_reports
from marsad.data.reports import Report, targets
from marsad.errors import ConfigError, DataError
from marsad.taxonomy import SEPARATOR, Taxonomy
from marsad.text import normalize

LEAST = 5
"""Reports with a label, and without it, under which nothing is said of it: the scores would be noise."""


@dataclass(frozen=True)
class LabelError:
    """A label of a report that is probably missing, or probably wrong."""

    id: str
    task: str
    label: str
    given: bool
    """Whether the report has the label now."""
    score: float
    """The score of the label by models that did not see the report, in 0 to 1."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row of `marsad data errors`."""
        return {"id": self.id, "task": self.task, "label": self.label, "given": self.given, "score": round(self.score, 4)}


def out_of_fold_scores(reports: Sequence[Report], taxonomy: Taxonomy, folds: int = 5, seed: int = 13) -> np.ndarray:
    """Return scores (reports, labels), NaN where a label is too rare or its task not annotated.

    TF-IDF of words and logistic regression, a label at a time; stories and near-duplicates never part. Raises
    `DataError` where there are fewer stories than `folds`.
    """
    gold = np.array([targets(report, taxonomy) for report in reports])
    groups = np.unique([report.story for report in group_reports(reports)], return_inverse=True)[1]
    if len(set(groups)) < folds:
        raise DataError(
            f"{len(set(groups))} stories, expected {folds} or more: scores come from models that did not see the story."
        )
    words = TfidfVectorizer(preprocessor=normalize, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    features = words.fit_transform([report.text for report in reports])
    model = LogisticRegression(C=10.0, max_iter=1000, solver="liblinear", random_state=seed)
    scores = np.full(gold.shape, np.nan)
    for column in _measurable(gold):
        if min(len(set(groups[gold[:, column] == value])) for value in (0, 1)) < folds:
            continue
        known = np.flatnonzero(~np.isnan(gold[:, column]))
        split = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        found = cross_val_predict(
            model, features[known], gold[known, column].astype(int), groups=groups[known], cv=split, method="predict_proba"
        )
        scores[known, column] = found[:, 1]
    return scores


def scores_of_rows(rows: Sequence[dict[str, Any]], reports: Sequence[Report], taxonomy: Taxonomy) -> np.ndarray:
    """Return scores (reports, labels) from rows as `marsad predict --all-scores` writes them, NaN where there is none."""
    found = {str(row["id"]): row.get("scores", {}) for row in rows if "id" in row}
    absent = [report.id for report in reports if report.id not in found]
    if absent:
        raise DataError(f"{len(absent)} reports have no scores, the first {absent[0]!r}. Predict the same file with --all-scores.")
    places = [(task.name, label) for task in taxonomy.tasks for label in task.ids]
    return np.array([[found[r.id].get(task, {}).get(label, np.nan) for task, label in places] for r in reports], float)


def find_label_errors(reports: Sequence[Report], scores: np.ndarray, taxonomy: Taxonomy) -> list[LabelError]:
    """Return the probable label errors, the least likely labels first.

    Each label is one yes-or-no question to cleanlab (Northcutt, Jiang and Chuang, JAIR 2021). Raises `ConfigError`
    without the package cleanlab.
    """
    try:
        from cleanlab.filter import find_label_issues  # noqa: PLC0415  # of the extra marsad[data]
    except ImportError as error:
        raise ConfigError("cleanlab is not installed. Install marsad[data].") from error
    gold = np.array([targets(report, taxonomy) for report in reports]).reshape(len(reports), len(taxonomy.flat))
    gold[np.isnan(scores)] = np.nan
    found = []
    for column in _measurable(gold):
        task, _, label = taxonomy.flat[column].partition(SEPARATOR)
        known = np.flatnonzero(~np.isnan(gold[:, column]))
        given, own = gold[known, column].astype(int), scores[known, column]
        issues = find_label_issues(given, np.column_stack([1 - own, own]), return_indices_ranked_by="self_confidence", n_jobs=1)
        found += [LabelError(reports[known[i]].id, task, label, bool(given[i]), float(own[i])) for i in issues]
    return sorted(found, key=lambda error: error.score if error.given else 1 - error.score)


def _measurable(gold: np.ndarray) -> list[int]:
    """Return the columns with enough reports of either answer."""
    return [int(i) for i in np.flatnonzero(((gold == 1).sum(0) >= LEAST) & ((gold == 0).sum(0) >= LEAST))]
