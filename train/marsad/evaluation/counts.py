"""Counts of labels a month, as users draw them: gold, predicted, and corrected for the classifier's bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from marsad.evaluation.evaluate import ScoredReports

APART = 0.1
"""True and false positive rates that lie closer than this tell too little for a correction."""


@dataclass(frozen=True)
class Month:
    """A label's count in the reports of one month (YYYY-MM); `adjusted` is None where the other months cannot tell."""

    month: str
    n: int
    gold: int
    predicted: int
    adjusted: float | None


@dataclass(frozen=True)
class LabelCounts:
    """A label's counts by month, and the rates to correct the counts of reports that nobody annotated (`adjust`)."""

    true_positive_rate: float | None
    false_positive_rate: float | None
    months: tuple[Month, ...]


@dataclass(frozen=True)
class TaskCounts:
    """A task's counts, and how far they are from gold: mean |count - gold| over months and labels that can be corrected."""

    error: float | None
    error_adjusted: float | None
    labels: dict[str, LabelCounts]

    def to_dict(self) -> dict[str, Any]:
        """Return it as `metrics.json` holds it."""
        return asdict(self)


def adjust(predicted: float, n: float, true_positive_rate: float, false_positive_rate: float) -> float | None:
    """Return the adjusted count (Forman 2008): n (predicted/n - fpr) / (tpr - fpr), within 0 to n.

    None where the rates are less than `APART` apart, or there is no report.
    """
    apart = true_positive_rate - false_positive_rate
    if not n or not apart >= APART:
        return None
    return float(np.clip((predicted / n - false_positive_rate) / apart, 0, 1) * n)


def count_months(scored: ScoredReports, found: np.ndarray, dates: Sequence[str | None]) -> dict[str, TaskCounts]:
    """Return per task the counts of each label in each month; `found` is 0/1 (reports, labels of all tasks).

    A month is corrected with the rates of all other months, never with its own gold. Reports without a month are left out.
    """
    dated = np.array([date is not None and len(date) >= 7 for date in dates], dtype=bool)
    result = {}
    for task in scored.taxonomy.tasks:
        part, rows = scored.taxonomy.slices[task.name], scored.known(task.name) & dated
        if not rows.any():
            continue
        months, place = np.unique([str(dates[i])[:7] for i in np.flatnonzero(rows)], return_inverse=True)
        gold, answer = scored.gold[rows, part].astype(int), found[rows, part]
        labels = {label: _label_counts(gold[:, column], answer[:, column], months, place) for column, label in enumerate(task.ids)}
        result[task.name] = _with_errors(labels)
    return result


def _label_counts(gold: np.ndarray, answer: np.ndarray, months: np.ndarray, place: np.ndarray) -> LabelCounts:
    n, positives, chosen, hits = (
        np.bincount(place, weights, len(months)) for weights in (np.ones_like(gold), gold, answer, gold * answer)
    )
    rows = []
    for number, month in enumerate(months):
        others = [total.sum() - total[number] for total in (n, positives, chosen, hits)]
        tpr, fpr = _rates(*others)
        adjusted = None if tpr is None or fpr is None else adjust(chosen[number], n[number], tpr, fpr)
        rows.append(Month(str(month), int(n[number]), int(positives[number]), int(chosen[number]), adjusted))
    return LabelCounts(*_rates(n.sum(), positives.sum(), chosen.sum(), hits.sum()), tuple(rows))


def _rates(n: float, positives: float, chosen: float, hits: float) -> tuple[float | None, float | None]:
    negatives = n - positives
    return (float(hits / positives) if positives else None, float((chosen - hits) / negatives) if negatives else None)


def _with_errors(labels: dict[str, LabelCounts]) -> TaskCounts:
    pairs = [
        (abs(month.predicted - month.gold), abs(month.adjusted - month.gold))
        for counts in labels.values()
        for month in counts.months
        if month.adjusted is not None
    ]
    plain, adjusted = np.mean(pairs, axis=0) if pairs else (None, None)
    return TaskCounts(None if plain is None else float(plain), None if adjusted is None else float(adjusted), labels)
