"""Intervals by resampling stories: reports of one story are not independent, so a story is drawn whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from marsad.evaluation.evaluate import ScoredReports

ROUNDS = 1000
LEVEL = 0.95
HEADLINE = ("micro_f1", "macro_f1", "micro_precision", "micro_recall", "exact_match", "hamming_loss")
"""The figures of a task that get an interval, besides the F1 of each label."""


@dataclass(frozen=True)
class StoryCounts:
    """A task's decisions added up by story: every figure follows from sums, so 1,000 resamples are one matrix product."""

    hits: np.ndarray
    """(stories, labels): labels that are in gold and in the answer."""
    found: np.ndarray
    """(stories, labels): labels in the answer."""
    gold: np.ndarray
    """(stories, labels): labels in gold."""
    exact: np.ndarray
    """(stories,): reports whose answer is gold, label for label."""
    reports: np.ndarray
    """(stories,)"""

    def figures(self, draws: np.ndarray) -> dict[str, np.ndarray]:
        """Return (rounds,) of each `HEADLINE` figure and (rounds, labels) of `labels`, NaN where a label does not occur.

        `draws` (rounds, stories) says how often each story was drawn.
        """
        hits, found, gold = draws @ self.hits, draws @ self.found, draws @ self.gold
        both, reports = found + gold, draws @ self.reports
        labels = _share(2 * hits, both, np.nan)
        return {
            "micro_f1": _share(2 * hits.sum(1), both.sum(1)),
            "macro_f1": _share(np.nansum(labels, 1), (both > 0).sum(1)),
            "micro_precision": _share(hits.sum(1), found.sum(1)),
            "micro_recall": _share(hits.sum(1), gold.sum(1)),
            "exact_match": _share(draws @ self.exact, reports),
            "hamming_loss": _share((both - 2 * hits).sum(1), reports * self.gold.shape[1]),
            "labels": labels,
        }


def _share(part: np.ndarray, whole: np.ndarray, empty: float = 0.0) -> np.ndarray:
    return np.divide(part, whole, out=np.full(part.shape, empty), where=whole > 0)


def count_stories(found: np.ndarray, gold: np.ndarray, stories: Sequence[str]) -> StoryCounts:
    """Add up 0/1 `found` and `gold` (reports, labels) by story."""
    names, place = np.unique(np.asarray(stories, dtype=str), return_inverse=True)

    def total(values: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(names), *values.shape[1:]))
        np.add.at(sums, place, values)
        return sums

    exact = (found == gold).all(1)
    return StoryCounts(total(found * gold), total(found), total(gold), total(exact), total(np.ones(len(found))))


def draw_stories(stories: int, rounds: int = ROUNDS, seed: int = 0) -> np.ndarray:
    """Return (rounds, stories): how often each story is drawn when as many as there are are drawn with replacement."""
    return np.random.default_rng(seed).multinomial(stories, np.full(stories, 1 / stories), rounds)


def interval(values: np.ndarray) -> list[float | None]:
    """Return the percentile interval (`LEVEL`) of resampled `values` (rounds,), [None, None] where all are NaN."""
    known = values[~np.isnan(values)]
    if not len(known):
        return [None, None]
    return [float(value) for value in np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])]


def story_counts(scored: ScoredReports, found: np.ndarray, stories: Sequence[str], task: str) -> StoryCounts:
    """Add up one task over the reports annotated for it; `found` is 0/1 (reports, labels of all tasks)."""
    part, known = scored.taxonomy.slices[task], scored.known(task)
    return count_stories(found[known, part], scored.gold[known, part].astype(int), [stories[i] for i in np.flatnonzero(known)])


def intervals(scored: ScoredReports, found: np.ndarray, stories: Sequence[str], rounds: int = ROUNDS) -> dict[str, Any]:
    """Return `{"level", "rounds", "tasks": {task: {"stories", figure: [low, high], "labels": {label: [low, high]}}}}`.

    `found` is 0/1 (reports, labels of all tasks), `stories` the story of each report. A task without annotated reports
    is left out. The percentile bootstrap over clusters: Efron and Tibshirani 1993, Davison and Hinkley 1997.
    """
    tasks: dict[str, Any] = {}
    for task in scored.taxonomy.tasks:
        counts = story_counts(scored, found, stories, task.name)
        if not len(counts.reports):
            continue
        drawn = counts.figures(draw_stories(len(counts.reports), rounds))
        labels = {label: interval(values) for label, values in zip(task.ids, drawn["labels"].T, strict=True)}
        headline = {figure: interval(drawn[figure]) for figure in HEADLINE}
        tasks[task.name] = {"stories": len(counts.reports), **headline, "labels": labels}
    return {"level": LEVEL, "rounds": rounds, "tasks": tasks}


@dataclass(frozen=True)
class Headline:
    """One task's two headline figures on some reports, with their intervals by story."""

    n: int
    micro_f1: float
    micro_f1_interval: list[float | None]
    macro_f1: float
    macro_f1_interval: list[float | None]

    def to_dict(self) -> dict[str, Any]:
        """Return it as `metrics.json` holds it."""
        return asdict(self)


def headlines(scored: ScoredReports, found: np.ndarray, stories: Sequence[str], least: int = 1) -> dict[str, Headline]:
    """Return the headline of each task that at least `least` reports are annotated for; arguments as of `intervals`."""
    tasks = {}
    for task in scored.taxonomy.names:
        counts = story_counts(scored, found, stories, task)
        n = int(counts.reports.sum())
        if n >= least:
            point = counts.figures(np.ones((1, len(counts.reports))))
            drawn = counts.figures(draw_stories(len(counts.reports)))
            micro, macro = float(point["micro_f1"][0]), float(point["macro_f1"][0])
            tasks[task] = Headline(n, micro, interval(drawn["micro_f1"]), macro, interval(drawn["macro_f1"]))
    return tasks
