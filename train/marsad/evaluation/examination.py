"""All that can be said of a model on annotated reports: scores, intervals, calibration, slices, counts, baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from marsad.data.reports import Report
from marsad.evaluation.baselines import score_baselines
from marsad.evaluation.bootstrap import Headline, headlines, intervals
from marsad.evaluation.calibration import Calibration, measure_calibration
from marsad.evaluation.counts import TaskCounts, count_months
from marsad.evaluation.evaluate import Evaluation, ScoredReports, measure, score_reports
from marsad.evaluation.slices import slice_scores, traits
from marsad.inference.predictor import Predictor


@dataclass(frozen=True)
class Examination:
    """A model's answers on `reports`, and every figure that follows from them. `to_dict` is the shape of `metrics.json`."""

    reports: Sequence[Report]
    scored: ScoredReports
    found: np.ndarray
    """0/1 (reports, labels of all tasks): the model's answers."""
    evaluation: Evaluation
    headlines: Mapping[str, Headline]
    """By task."""
    intervals: Mapping[str, Any]
    calibration: Mapping[str, Calibration]
    slices: Mapping[str, Mapping[str, Mapping[str, Headline]]]
    """By trait, value and task."""
    counts: Mapping[str, TaskCounts]
    baselines: Mapping[str, Mapping[str, Headline]]
    """By name and task; empty without training reports."""

    def to_dict(self) -> dict[str, Any]:
        """Return `Evaluation.to_dict()` with `intervals`, `calibration`, `slices`, `counts`, and `baselines` if there are."""
        content = self.evaluation.to_dict() | {
            "intervals": dict(self.intervals),
            "calibration": {task: own.to_dict() for task, own in self.calibration.items()},
            "slices": {
                trait: {value: _headlines(tasks) for value, tasks in values.items()} for trait, values in self.slices.items()
            },
            "counts": {task: own.to_dict() for task, own in self.counts.items()},
        }
        return content | ({"baselines": {n: _headlines(own) for n, own in self.baselines.items()}} if self.baselines else {})


def _headlines(tasks: Mapping[str, Headline]) -> dict[str, Any]:
    return {task: own.to_dict() for task, own in tasks.items()}


def examine(
    predictor: Predictor, reports: Sequence[Report], train: Sequence[Report] | None = None, batch_size: int = 16
) -> Examination:
    """Predict `reports` once and return every figure; with `train`, baselines that learn from it stand beside the model.

    Raises `ModelError` if any part of a text was not read.
    """
    settings, scored = predictor.settings, score_reports(predictor, reports, batch_size)
    found, stories = scored.decide(settings.thresholds), [report.story for report in reports]
    return Examination(
        reports,
        scored,
        found,
        measure(scored, settings.thresholds),
        headlines(scored, found, stories),
        intervals(scored, found, stories),
        measure_calibration(scored, settings.thresholds, settings.temperatures),
        slice_scores(scored, found, stories, traits(reports, predictor.tokenizer)),
        count_months(scored, found, [report.date for report in reports]),
        score_baselines(train, reports, settings.taxonomy) if train else {},
    )
