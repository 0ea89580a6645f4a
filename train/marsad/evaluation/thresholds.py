"""The least score at which a label counts, learned from dev."""

from __future__ import annotations

import numpy as np

from marsad.taxonomy import Taxonomy

GRID = np.arange(0.05, 0.951, 0.01)
SHRINK = 10.0
"""Positives at which a label's own threshold and its task's weigh the same: learned from three it would be noise."""


def tune_thresholds(scores: np.ndarray, gold: np.ndarray, taxonomy: Taxonomy) -> dict[str, dict[str, float]]:
    """Return per multilabel task and label the threshold of best F1 on dev, drawn to the task's where positives are few.

    `scores` and `gold` are (reports, labels of all tasks); rows that are NaN in a task's gold are left out there.
    """
    thresholds = {}
    for task in taxonomy.tasks:
        if task.kind == "multilabel":
            part = taxonomy.slices[task.name]
            known = ~np.isnan(gold[:, part]).any(1)
            values = _task_thresholds(scores[known, part], gold[known, part])
            thresholds[task.name] = dict(zip(task.ids, values, strict=True))
    return thresholds


def _task_thresholds(scores: np.ndarray, gold: np.ndarray) -> list[float]:
    if not gold.sum():
        return [0.5] * gold.shape[1]
    found = scores[None] >= GRID[:, None, None]
    hits, chosen, positives = (found * gold).sum(1), found.sum(1), gold.sum(0)
    common = GRID[_best(2 * hits.sum(1) / (chosen.sum(1) + positives.sum()))]
    own = GRID[_best(2 * hits / np.maximum(chosen + positives, 1))]
    share = positives / (positives + SHRINK)
    return [round(float(value), 4) for value in share * own + (1 - share) * common]


def _best(f1: np.ndarray) -> np.ndarray:
    """Return the middle of the grid points whose F1 is the highest, per column."""
    top = np.isclose(f1, f1.max(0))
    places = np.arange(len(GRID)).reshape(-1, *[1] * (f1.ndim - 1))
    return np.rint((top * places).sum(0) / top.sum(0)).astype(int)
