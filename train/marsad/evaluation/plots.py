"""The drawings of the report, each an SVG. Labels are drawn by their ids: matplotlib does not join Arabic letters everywhere."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve

from marsad.evaluation.calibration import Calibration, Reliability
from marsad.evaluation.counts import LabelCounts

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "marsad",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
}
GOLD, MODEL, OTHER = "#1b1b1b", "#0b6e8f", "#c2541b"
MOST = 6
"""Labels drawn by name."""


def draw_reliability(calibration: Calibration) -> str:
    """Draw the share that is true against the mean score, before and after the temperature."""
    with mpl.rc_context(STYLE):
        figure, axes = _square("mean score", "share that is true")
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--")
        rows: tuple[tuple[str, Reliability, str], ...] = (
            ("before", calibration.before, OTHER),
            ("after", calibration.after, MODEL),
        )
        for name, own, colour in rows:
            points = [(one.score, one.true) for one in own.bins]
            axes.plot(*zip(*points, strict=True), color=colour, marker="o", markersize=4, label=f"{name}: ECE {own.ece:.3f}")
        axes.legend(loc="upper left")
        return _svg(figure)


def draw_precision_recall(scores: np.ndarray, gold: np.ndarray, labels: Sequence[str]) -> str:
    """Draw precision against recall: all labels together, and the commonest alone; arrays are (reports, labels)."""
    with mpl.rc_context(STYLE):
        figure, axes = _square("recall", "precision")
        for column in np.argsort(-gold.sum(0), kind="stable")[:MOST]:
            if gold[:, column].any():
                precision, recall, _ = precision_recall_curve(gold[:, column], scores[:, column])
                axes.plot(recall, precision, linewidth=1, label=labels[column])
        if gold.any():
            precision, recall, _ = precision_recall_curve(gold.ravel(), scores.ravel())
            axes.plot(recall, precision, color=GOLD, linewidth=2, label="all labels")
        axes.legend(loc="lower left", fontsize=7)
        return _svg(figure)


def draw_risk_coverage(calibration: Calibration) -> str:
    """Draw the share of reports with a wrong label set against the share that the model answers, surest first."""
    with mpl.rc_context(STYLE):
        figure, axes = _square("coverage: share of reports answered", "risk: share of these with a wrong label set")
        points = [(one.coverage, one.risk) for one in calibration.risk_coverage]
        axes.plot(*zip(*points, strict=True), color=MODEL, marker="o", markersize=4)
        return _svg(figure)


def draw_counts(labels: dict[str, LabelCounts]) -> str:
    """Draw the counts by month of the commonest labels: gold, predicted, adjusted."""
    common = sorted(labels.items(), key=lambda item: -sum(month.gold for month in item[1].months))[:MOST]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        for number, (label, counts) in enumerate(common):
            _draw_months(figure.add_subplot(2, 3, number + 1), label, counts)
        return _svg(figure)


def _draw_months(axes: Axes, label: str, counts: LabelCounts) -> None:
    places = np.arange(len(counts.months))
    adjusted = [np.nan if month.adjusted is None else month.adjusted for month in counts.months]
    axes.plot(places, [month.gold for month in counts.months], color=GOLD, linewidth=2, label="gold")
    axes.plot(places, [month.predicted for month in counts.months], color=OTHER, linewidth=1, label="predicted")
    axes.plot(places, adjusted, color=MODEL, linewidth=1, linestyle="--", label="adjusted")
    step = max(1, len(places) // 5)
    axes.set_xticks(places[::step], [month.month for month in counts.months[::step]], fontsize=7)
    axes.set_title(label, fontsize=9)
    axes.legend(fontsize=7)


def _square(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=across, ylabel=up, xlim=(0, 1.02), ylim=(0, 1.02))
    return figure, axes


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
