"""Scores of a model on annotated reports, as its users meet them: through `predict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from marsad.data.reports import Report, targets
from marsad.errors import ModelError
from marsad.evaluation.metrics import decide, score_task
from marsad.inference.predictor import Predictor
from marsad.taxonomy import Taxonomy


@dataclass(frozen=True)
class ScoredReports:
    """A model's scores beside the gold labels, both (reports, labels of all tasks); gold is NaN where not annotated."""

    taxonomy: Taxonomy
    scores: np.ndarray
    gold: np.ndarray
    tokens_read: int
    tokens_total: int

    def known(self, task: str) -> np.ndarray:
        """Return (reports,): true where `task` is annotated."""
        return ~np.isnan(self.gold[:, self.taxonomy.slices[task]]).any(1)

    def select(self, rows: np.ndarray) -> ScoredReports:
        """Return the reports `rows`, a mask or numbers, alone."""
        return replace(self, scores=self.scores[rows], gold=self.gold[rows])

    def decide(self, thresholds: Mapping[str, Mapping[str, float]]) -> np.ndarray:
        """Return 0/1 (reports, labels of all tasks): what the model answers."""
        slices = self.taxonomy.slices
        tasks = self.taxonomy.tasks
        return np.hstack([decide(task, self.scores[:, slices[task.name]], thresholds.get(task.name)) for task in tasks])


@dataclass(frozen=True)
class Evaluation:
    """Scores by task, and how much of the text was read. `to_dict` is the shape of `metrics.json`."""

    n: int
    tasks: Mapping[str, Mapping[str, Any]]
    tokens_read: int
    tokens_total: int

    def to_dict(self) -> dict[str, Any]:
        """Return `{"n", "tasks": {task: {"micro_f1", …, "labels": {…}}}, "tokens_read", "tokens_total"}`."""
        return {
            "n": self.n,
            "tasks": {name: dict(scores) for name, scores in self.tasks.items()},
            "tokens_read": self.tokens_read,
            "tokens_total": self.tokens_total,
        }


def evaluate(predictor: Predictor, reports: Sequence[Report], batch_size: int = 16) -> Evaluation:
    """Predict `reports` and score them with the model's own thresholds.

    Raises `ModelError` if any part of a text was not read.
    """
    return measure(score_reports(predictor, reports, batch_size), predictor.settings.thresholds)


def score_reports(predictor: Predictor, reports: Sequence[Report], batch_size: int = 16) -> ScoredReports:
    """Predict `reports` and return their scores beside the gold labels."""
    taxonomy = predictor.settings.taxonomy
    rows = predictor.predict([{"text": report.text, "date": report.date} for report in reports], batch_size, taxonomy.names)
    scores = [[score for task in taxonomy.names for score in row.all_scores[task].values()] for row in rows]
    return ScoredReports(
        taxonomy,
        np.array(scores),
        np.array([targets(report, taxonomy) for report in reports]),
        sum(row.tokens_read for row in rows),
        sum(row.tokens for row in rows),
    )


def measure(scored: ScoredReports, thresholds: Mapping[str, Mapping[str, float]]) -> Evaluation:
    """Score each task on the reports annotated for it. Raises `ModelError` if any part of a text was not read."""
    if scored.tokens_read != scored.tokens_total:
        raise ModelError(
            f"only {scored.tokens_read} of {scored.tokens_total} word pieces were read: the scores would not be of the whole "
            "reports. This is a fault in marsad's windows; please report it with the model's marsad.json."
        )
    tasks, found = {}, scored.decide(thresholds)
    for task in scored.taxonomy.tasks:
        part, known = scored.taxonomy.slices[task.name], scored.known(task.name)
        own, gold = thresholds.get(task.name), scored.gold[known, part].astype(int)
        tasks[task.name] = score_task(task, found[known, part], gold, own, scored.scores[known, part])
    return Evaluation(len(scored.scores), tasks, scored.tokens_read, scored.tokens_total)
