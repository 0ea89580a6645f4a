"""Whether a score of 0.8 is right eight times in ten: temperature, reliability, and what a person should look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax

from marsad.evaluation.evaluate import ScoredReports
from marsad.taxonomy import Kind, Taxonomy

BINS = 10
RANGE = (0.5, 5.0)
"""Least and highest temperature: a small dev set that is told apart without error would ask for certainty."""
ENOUGH = 30
"""Annotated reports under which no temperature is fitted: learned from a dozen it would be noise."""
REVIEW = 0.2
"""Share of the reports that the review band holds."""
COVERAGES = tuple(round(0.1 * step, 1) for step in range(10, 0, -1))
NEAREST = 1e-7
"""Scores are kept so far from 0 and 1 that their logits are finite."""


@dataclass(frozen=True)
class Bin:
    """The label decisions whose scores lie in one tenth of 0 to 1: how many, their mean score, the share that is true."""

    n: int
    score: float
    true: float


@dataclass(frozen=True)
class Reliability:
    """How far scores are from frequencies, each label of each report counted as one event."""

    ece: float
    """Expected calibration error: mean over `BINS` equal bins, weighted by n, of |score - true| (Naeini et al. 2015)."""
    brier: float
    """Mean of (score - gold)² (Brier 1950)."""
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Coverage:
    """What holds when only the surest share `coverage` of the reports is left to the model."""

    coverage: float
    risk: float
    """Share of these reports whose label set is not gold's."""


@dataclass(frozen=True)
class Review:
    """The reports that a person should read: those whose `sureness` is under `below`."""

    below: float
    share: float
    risk: float
    """Share of wrong label sets in the band; compare with `risk_outside`."""
    risk_outside: float


@dataclass(frozen=True)
class Calibration:
    """One task's calibration: without the model's temperature, and with it, as it ships."""

    temperature: float
    before: Reliability
    after: Reliability
    review: Review
    risk_coverage: tuple[Coverage, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as `metrics.json` holds it."""
        return asdict(self)


def fit_temperatures(scored: ScoredReports) -> dict[str, float]:
    """Return per task the temperature of least log loss (Guo et al. 2017): logits are to be divided by it.

    1.0 for a task with fewer than `ENOUGH` annotated reports.
    """
    found = {}
    for task in scored.taxonomy.tasks:
        part, known = scored.taxonomy.slices[task.name], scored.known(task.name)
        enough = known.sum() >= ENOUGH
        found[task.name] = _temperature(scored.scores[known, part], scored.gold[known, part], task.kind) if enough else 1.0
    return found


def _temperature(scores: np.ndarray, gold: np.ndarray, kind: Kind) -> float:
    logits = _logits(scores, kind)

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        if kind == "multiclass":
            return float(-(gold * log_softmax(scaled, axis=1)).sum())
        return float((np.logaddexp(0, scaled) - gold * scaled).sum())

    best = minimize_scalar(loss, bounds=np.log(RANGE), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(best.x))


def rescale(scores: np.ndarray, taxonomy: Taxonomy, temperatures: Mapping[str, float]) -> np.ndarray:
    """Return the scores (reports, labels of all tasks) as they would be with logits divided by `temperatures`."""
    parts = []
    for task in taxonomy.tasks:
        logits = _logits(scores[:, taxonomy.slices[task.name]], task.kind) / temperatures.get(task.name, 1.0)
        parts.append(softmax(logits, axis=1) if task.kind == "multiclass" else expit(logits))
    return np.hstack(parts)


def _logits(scores: np.ndarray, kind: Kind) -> np.ndarray:
    inside = np.clip(scores.astype(float), NEAREST, 1 - NEAREST)
    return np.log(inside) if kind == "multiclass" else np.asarray(logit(inside))


def reliability(scores: np.ndarray, gold: np.ndarray) -> Reliability:
    """Return the reliability of `scores` against 0/1 `gold`, arrays of one shape with at least one element."""
    flat, true = scores.ravel().astype(float), gold.ravel().astype(float)
    place = np.minimum((flat * BINS).astype(int), BINS - 1)
    count, score, share = (np.bincount(place, weights, BINS) for weights in (None, flat, true))
    ece = np.abs(score - share).sum() / len(flat)
    bins = tuple(Bin(int(n), float(total / n), float(hits / n)) for n, total, hits in zip(count, score, share, strict=True) if n)
    return Reliability(float(ece), float(np.square(flat - true).mean()), bins)


def sureness(scores: np.ndarray, answer: np.ndarray, kind: Kind) -> np.ndarray:
    """Return (reports,) in 0 to 1: the probability that the whole 0/1 `answer` (reports, labels) is right, by its scores.

    In a multilabel task the labels count as independent: the product of s for each label given, 1 - s for each other. In
    a multiclass task: the score of the answer.
    """
    right = np.where(answer == 1, scores, 1.0 if kind == "multiclass" else 1 - scores)
    return np.asarray(right.prod(1))


def measure_calibration(
    scored: ScoredReports, thresholds: Mapping[str, Mapping[str, float]], temperatures: Mapping[str, float]
) -> dict[str, Calibration]:
    """Return the calibration of each task that has annotated reports; `scored` are the calibrated scores, as the model gives."""
    warm = rescale(scored.scores, scored.taxonomy, {task: 1 / value for task, value in temperatures.items()})
    found, result = scored.decide(thresholds), {}
    for task in scored.taxonomy.tasks:
        part, known = scored.taxonomy.slices[task.name], scored.known(task.name)
        if not known.any():
            continue
        scores, gold = scored.scores[known, part], scored.gold[known, part].astype(int)
        answer = found[known, part]
        sure = sureness(scores, answer, task.kind)
        surest = np.argsort(-sure, kind="stable")
        wrong = (answer != gold).any(1)[surest]
        result[task.name] = Calibration(
            temperatures.get(task.name, 1.0),
            reliability(warm[known, part], gold),
            reliability(scores, gold),
            _review(wrong, sure[surest]),
            tuple(Coverage(share, float(wrong[: max(1, round(len(wrong) * share))].mean())) for share in COVERAGES),
        )
    return result


def _review(wrong: np.ndarray, sure: np.ndarray) -> Review:
    """Return the band of the least sure; both arrays (reports,) are in order, the surest first."""
    kept = min(round(len(wrong) * (1 - REVIEW)), len(wrong) - 1)
    outside = float(wrong[:kept].mean()) if kept else 0.0
    return Review(float(sure[max(kept - 1, 0)]), 1 - kept / len(wrong), float(wrong[kept:].mean()), outside)
