"""Scores of labels as local `evaluate.Metric`s: nothing is downloaded, the arithmetic is scikit-learn's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import evaluate
import numpy as np
from datasets import Features, List, Value
from sklearn.metrics import average_precision_score, hamming_loss, precision_recall_fscore_support

from marsad.taxonomy import Task


class LabelScores(evaluate.Metric):
    """Micro and macro precision, recall, F1 and each label's own, from 0/1 rows (reports × labels)."""

    def _info(self) -> evaluate.MetricInfo:
        rows = List(Value("int8"))
        return evaluate.MetricInfo(
            description=self.__doc__ or "",
            citation="",
            features=Features({"predictions": rows, "references": rows}),
        )

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        gold, found = np.asarray(references, int), np.asarray(predictions, int)
        precision, recall, f1, support = precision_recall_fscore_support(gold, found, average=None, zero_division=0)
        micro = precision_recall_fscore_support(gold, found, average="micro", zero_division=0)
        present = (gold.sum(0) + found.sum(0)) > 0
        return {
            "micro_precision": float(micro[0]),
            "micro_recall": float(micro[1]),
            "micro_f1": float(micro[2]),
            "macro_f1": float(f1[present].mean()) if present.any() else 0.0,
            "exact_match": float((gold == found).all(1).mean()),
            "hamming_loss": float(hamming_loss(gold, found)),
            "labels": [list(map(float, row)) for row in zip(precision, recall, f1, support, strict=True)],
        }


class RankingScores(evaluate.Metric):
    """Average precision of each label (None without positives), their mean, and the Brier score, from scores in 0 to 1."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=self.__doc__ or "",
            citation="",
            features=Features({"predictions": List(Value("float64")), "references": List(Value("int8"))}),
        )

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        gold, scores = np.asarray(references, int), np.asarray(predictions, float)
        precision = [
            float(average_precision_score(own, found)) if own.any() else None for own, found in zip(gold.T, scores.T, strict=True)
        ]
        known = [value for value in precision if value is not None]
        return {
            "mean_average_precision": float(np.mean(known)) if known else 0.0,
            "brier": float(np.square(scores - gold).mean()),
            "labels": precision,
        }


def score_task(
    task: Task,
    found: np.ndarray,
    gold: np.ndarray,
    thresholds: Mapping[str, float] | None = None,
    scores: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return the figures of one task as `metrics.json` holds them; `found` and `gold` are 0/1 (reports, labels).

    Labels that are neither in gold nor predicted have no F1 and are left out of the macro mean; labels without gold
    have no average precision. A multiclass task gets its `accuracy` too, and with `scores`, in 0 to 1, every task gets
    `mean_average_precision` and the Brier score, the mean over reports and labels of (score - gold)².
    """
    if not len(gold):
        return {"n": 0, "micro_f1": 0.0, "macro_f1": 0.0, "micro_precision": 0.0, "micro_recall": 0.0, "labels": {}}
    references = gold.astype(int).tolist()
    figures = LabelScores().compute(predictions=found.astype(int).tolist(), references=references)
    rows: Sequence[Sequence[float]] = figures.pop("labels")
    labels: dict[str, dict[str, Any]] = {
        label: {
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "support": int(support),
            "threshold": None if thresholds is None else thresholds.get(label),
        }
        for label, (precision, recall, f1, support) in zip(task.ids, rows, strict=True)
    }
    if task.kind == "multiclass":
        figures["accuracy"] = figures["exact_match"]
    if scores is not None:
        ranking = RankingScores().compute(predictions=scores.tolist(), references=references)
        for label, precision in zip(task.ids, ranking.pop("labels"), strict=True):
            labels[label]["average_precision"] = precision
        figures |= ranking
    return {"n": len(gold), **figures, "labels": labels}


def decide(task: Task, scores: np.ndarray, thresholds: Mapping[str, float] | None) -> np.ndarray:
    """Return 0/1 (reports, labels) from scores: the best label of a multiclass task, else all at or over their thresholds."""
    if task.kind == "multiclass":
        return (np.arange(scores.shape[1]) == scores.argmax(1)[:, None]).astype(int)
    least = np.array([(thresholds or {}).get(label, 0.5) for label in task.ids])
    return (scores >= least).astype(int)
