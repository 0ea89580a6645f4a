"""What to annotate next: reports that the model is unsure of, rare labels first, no two alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from marsad.data.reports import Report
from marsad.inference.predictor import Predictor
from marsad.taxonomy import Taxonomy
from marsad.text import normalize

UNSURE = 0.5
"""Least uncertainty of a label that a suggestion names as its reason."""


@dataclass(frozen=True)
class Suggestion:
    """A report worth annotating, what it would teach, and the labels that the model is unsure of."""

    report: Report
    value: float
    """Uncertainty weighted by rarity, times the distance to what was suggested before it; for ranking only."""
    unsure: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a line of JSONL, the reason under `meta`."""
        row = self.report.to_dict()
        reason = {"value": round(self.value, 4), "unsure": list(self.unsure)}
        return row | {"meta": row.get("meta", {}) | {"suggested": reason}}


def suggest(predictor: Predictor, pool: Sequence[Report], n: int, batch_size: int = 16) -> list[Suggestion]:
    """Return the `n` reports of `pool` that are most worth annotating, best first; fewer where the pool is smaller."""
    taxonomy = predictor.settings.taxonomy
    rows = predictor.predict([{"text": report.text, "date": report.date} for report in pool], batch_size)
    scores = np.array([[score for task in taxonomy.names for score in row.all_scores[task].values()] for row in rows])
    doubt = uncertainty(scores.reshape(len(pool), len(taxonomy.flat)), taxonomy, predictor.settings.thresholds)
    values = (doubt * rarity(scores)).sum(1) if len(pool) else np.zeros(0)
    flat = np.array(taxonomy.flat)
    return [
        Suggestion(pool[place], value, tuple(flat[doubt[place] >= UNSURE]))
        for place, value in choose([report.text for report in pool], values, n)
    ]


def uncertainty(scores: np.ndarray, taxonomy: Taxonomy, thresholds: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """Return 0 to 1 for each score (reports, labels).

    A multilabel score is the more uncertain the nearer it is to its threshold, in parts of the way to 0 or 1; of a
    multiclass task the best two get one less the margin between them.
    """
    found = np.zeros(scores.shape)
    for task in taxonomy.tasks:
        part = taxonomy.slices[task.name]
        own = scores[:, part]
        if task.kind == "multiclass":
            second, best = np.sort(own, axis=1)[:, -2:].T
            found[:, part] = (1 - (best - second))[:, None] * (own >= second[:, None])
        else:
            least = np.array([thresholds.get(task.name, {}).get(label, 0.5) for label in task.ids]).clip(1e-6, 1 - 1e-6)
            found[:, part] = 1 - np.abs(own - least) / np.where(own < least, least, 1 - least)
    return found


def rarity(scores: np.ndarray) -> np.ndarray:
    """Return a weight for each label: one over the square root of its expected share in the pool, their mean 1."""
    weights = 1 / np.sqrt(scores.mean(0) + 1 / max(len(scores), 1))
    return np.asarray(weights / weights.mean())


def choose(texts: Sequence[str], values: np.ndarray, n: int) -> list[tuple[int, float]]:
    """Return (place, value) of `n` texts, each the best by value times distance in wording to those chosen before it.

    Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) as a product; the distance is one less the greatest
    cosine of TF-IDF vectors of normalised words.
    """
    if not len(texts):
        return []
    vectors = TfidfVectorizer(preprocessor=normalize, sublinear_tf=True, token_pattern=r"\w+").fit_transform(texts)
    nearest, left, chosen = np.zeros(len(texts)), np.ones(len(texts), bool), []
    for _ in range(min(n, len(texts))):
        worth = np.where(left, values * (1 - nearest), -1.0)
        best = int(worth.argmax())
        chosen.append((best, float(worth[best])))
        left[best] = False
        nearest = np.maximum(nearest, (vectors @ vectors[[best]].T).toarray()[:, 0]).clip(0, 1)
    return chosen
