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
RANGE = (0.2, 5.0)
"""Least and highest temperature."""
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
    """What holds when only the surest share `coverage` of the reports is answered by the model."""

    coverage: float
    risk: float
    """Share of these reports whose label set is not gold's."""
    micro_f1: float


@dataclass(frozen=True)
class Review:
    """The reports that a person should read: those whose sureness is under `sureness`. See `sureness`."""

    sureness: float
    share: float
    micro_f1: float
    """In the band; compare with `micro_f1_outside`."""
    micro_f1_outside: float


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


def sureness(scores: np.ndarray, least: np.ndarray, kind: Kind) -> np.ndarray:
    """Return (reports,) in 0 to 1: how far the least sure label lies from its threshold.

    A score is as far above its threshold `least` (labels,) as its share of the way to 1, as far below as that to 0. In
    a multiclass task: the best score less the second.
    """
    if kind == "multiclass":
        ranked = np.sort(scores, axis=1)
        return np.asarray(ranked[:, -1] - ranked[:, -2])
    room = np.where(scores >= least, 1 - least, least)
    return np.asarray((np.abs(scores - least) / np.maximum(room, NEAREST)).min(1))


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
        least = np.array([thresholds.get(task.name, {}).get(label, 0.5) for label in task.ids])
        surest = np.argsort(-sureness(scores, least, task.kind), kind="stable")
        level = sureness(scores, least, task.kind)[surest]
        answer, gold_ranked = found[known, part][surest], gold[surest]
        result[task.name] = Calibration(
            temperatures.get(task.name, 1.0),
            reliability(warm[known, part], gold),
            reliability(scores, gold),
            _review(answer, gold_ranked, level),
            tuple(_coverage(answer, gold_ranked, share) for share in COVERAGES),
        )
    return result


def _review(answer: np.ndarray, gold: np.ndarray, level: np.ndarray) -> Review:
    kept = round(len(gold) * (1 - REVIEW))
    edge = float(level[kept - 1]) if kept else 1.0
    return Review(edge, 1 - kept / len(gold), _micro_f1(answer[kept:], gold[kept:]), _micro_f1(answer[:kept], gold[:kept]))


def _coverage(answer: np.ndarray, gold: np.ndarray, share: float) -> Coverage:
    kept = max(1, round(len(gold) * share))
    wrong = (answer[:kept] != gold[:kept]).any(1).mean()
    return Coverage(share, float(wrong), _micro_f1(answer[:kept], gold[:kept]))


def _micro_f1(answer: np.ndarray, gold: np.ndarray) -> float:
    both = answer.sum() + gold.sum()
    return float(2 * (answer * gold).sum() / both) if both else 0.0
