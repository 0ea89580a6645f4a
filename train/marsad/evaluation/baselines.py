"""What a model must beat: predictors that need no network, trained and scored on the same reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from marsad.data.reports import Report, targets
from marsad.data.splits import split_by_story
from marsad.evaluation.bootstrap import Headline, headlines
from marsad.evaluation.evaluate import ScoredReports
from marsad.evaluation.gazetteer_baseline import shipped_scores
from marsad.evaluation.thresholds import tune_thresholds
from marsad.taxonomy import Taxonomy
from marsad.text import normalize

Scorer = Callable[[Sequence[Report], Sequence[Report], Taxonomy], np.ndarray]
"""From training reports, reports to label and a taxonomy to scores (reports, labels of all tasks), NaN throughout a task
that it does not answer."""
HELD_OUT = 0.2
"""Share of the training stories on which a baseline's thresholds are set."""


def majority_scores(train: Sequence[Report], reports: Sequence[Report], taxonomy: Taxonomy) -> np.ndarray:
    """Return for every report the share that each label has in training."""
    gold = np.array([targets(report, taxonomy) for report in train])
    shares = [column[~np.isnan(column)] for column in gold.T]
    return np.tile([share.mean() if len(share) else np.nan for share in shares], (len(reports), 1))


def tfidf_scores(train: Sequence[Report], reports: Sequence[Report], taxonomy: Taxonomy) -> np.ndarray:
    """Return the scores of words (1-2) and characters (2-5) under one-vs-rest logistic regression."""
    words = TfidfVectorizer(preprocessor=normalize, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    characters = TfidfVectorizer(preprocessor=normalize, analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True)
    features = FeatureUnion([("words", words), ("characters", characters)])
    seen = features.fit_transform([report.text for report in train])
    new = features.transform([report.text for report in reports])
    gold = np.array([targets(report, taxonomy) for report in train])
    return np.stack([_label_scores(seen, column, new) for column in gold.T], axis=1)


def _label_scores(seen: csr_matrix, gold: np.ndarray, new: csr_matrix) -> np.ndarray:
    """Return one label's scores (new rows,), learned from the rows `seen` whose `gold` is not NaN."""
    known = np.flatnonzero(~np.isnan(gold))
    if len(set(gold[known])) < 2:
        return np.full(new.shape[0], gold[known[0]] if len(known) else np.nan)
    model = LogisticRegression(C=10.0, max_iter=1000, solver="liblinear", random_state=0).fit(seen[known], gold[known])
    return np.asarray(model.predict_proba(new)[:, 1])


BASELINES: dict[str, Scorer] = {
    "majority": majority_scores,
    "gazetteer and keywords": lambda _, reports, taxonomy: shipped_scores(reports, taxonomy),
    "TF-IDF + logistic regression": tfidf_scores,
}
"""The rows of the table, by name."""


def score_baselines(train: Sequence[Report], reports: Sequence[Report], taxonomy: Taxonomy) -> dict[str, dict[str, Headline]]:
    """Return the headline of each baseline by task, on `reports`.

    Thresholds are set on a fifth of the training stories by a twin that did not see them; then it learns from all.
    """
    rest, held_out = split_by_story(train, HELD_OUT, seed=0)
    stories = [report.story for report in reports]
    result = {}
    for name, scorer in BASELINES.items():
        tuning = _answered(scorer(rest, held_out, taxonomy), held_out, taxonomy)
        thresholds = tune_thresholds(tuning.scores, tuning.gold, tuning.taxonomy)
        scored = _answered(scorer(train, reports, taxonomy), reports, taxonomy)
        result[name] = headlines(scored, scored.decide(thresholds), stories)
    return result


def _answered(scores: np.ndarray, reports: Sequence[Report], taxonomy: Taxonomy) -> ScoredReports:
    """Return the tasks alone that are answered."""
    names = [task for task, part in taxonomy.slices.items() if not np.isnan(scores[:, part]).any()]
    columns = [place for task in names for place in range(len(taxonomy.flat))[taxonomy.slices[task]]]
    gold = np.array([targets(report, taxonomy) for report in reports])
    return ScoredReports(taxonomy.only(names), scores[:, columns], gold[:, columns], 0, 0)
