"""`report.html`: one self-contained page of an examination, to be read in a browser without a network."""

from __future__ import annotations

import base64
import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from marsad.data.reports import Report
from marsad.evaluation.examination import Examination
from marsad.evaluation.plots import draw_counts, draw_precision_recall, draw_reliability, draw_risk_coverage
from marsad.taxonomy import Label, Task

WORST = 15
"""Errors shown with their text, a task."""


@dataclass(frozen=True)
class Given:
    """A label of a shown report, the model's score for it, and whether gold has it."""

    label: Label
    score: float
    gold: bool


@dataclass(frozen=True)
class Error:
    """A report that the model labelled wrongly: what it answered, and what it missed."""

    report: Report
    loss: float
    answered: tuple[Given, ...]
    missed: tuple[Given, ...]


@dataclass(frozen=True)
class TaskPage:
    """What the page shows of one task."""

    task: Task
    drawings: dict[str, str]
    """Caption and SVG, as a data address."""
    confusion: np.ndarray
    """See `confusion`."""
    errors: tuple[Error, ...]


def render(examination: Examination, title: str) -> str:
    """Return the page. It holds texts of the reports, so it is as private as they are."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"share": _share, "range": _range}
    template = importlib.resources.files("marsad.evaluation").joinpath("report_template.html").read_text(encoding="utf-8")
    pages = [_page(examination, task) for task in examination.scored.taxonomy.tasks if task.name in examination.headlines]
    stories = len({report.story for report in examination.reports})
    return environment.from_string(template).render(title=title, found=examination, pages=pages, stories=stories)


def _page(examination: Examination, task: Task) -> TaskPage:
    scored = examination.scored
    part, known = scored.taxonomy.slices[task.name], scored.known(task.name)
    scores, gold = scored.scores[known, part], scored.gold[known, part].astype(int)
    answer = examination.found[known, part]
    calibration, counts = examination.calibration[task.name], examination.counts.get(task.name)
    drawings = {
        "Reliability: how often scores come true": draw_reliability(calibration),
        "Precision and recall": draw_precision_recall(scores, gold, task.ids),
        "Risk and coverage": draw_risk_coverage(calibration),
    }
    if counts is not None:
        drawings["Counts by month of the commonest labels"] = draw_counts(counts.labels)
    reports = [examination.reports[i] for i in np.flatnonzero(known)]
    addresses = {caption: _address(svg) for caption, svg in drawings.items()}
    return TaskPage(task, addresses, confusion(answer, gold), worst_errors(task, reports, scores, answer, gold))


def confusion(answer: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """Return (labels, labels): row i, column j counts the reports where i was missed and j wrongly given; i, i the hits.

    `answer` and `gold` are 0/1 (reports, labels).
    """
    crossed = (gold * (1 - answer)).T @ (answer * (1 - gold))
    np.fill_diagonal(crossed, (answer * gold).sum(0))
    return crossed


def worst_errors(
    task: Task, reports: Sequence[Report], scores: np.ndarray, answer: np.ndarray, gold: np.ndarray
) -> tuple[Error, ...]:
    """Return the wrongly labelled reports of highest log loss, worst first; arrays are (reports, labels)."""
    inside = np.clip(scores.astype(float), 1e-7, 1 - 1e-7)
    loss = -(gold * np.log(inside) + (1 - gold) * np.log(1 - inside)).sum(1)
    wrong = np.flatnonzero((answer != gold).any(1))
    shown = wrong[np.argsort(-loss[wrong], kind="stable")][:WORST]
    return tuple(_error(task, reports[row], float(loss[row]), scores[row], answer[row], gold[row]) for row in shown)


def _error(task: Task, report: Report, loss: float, scores: np.ndarray, answer: np.ndarray, gold: np.ndarray) -> Error:
    given = [Given(label, float(score), bool(own)) for label, score, own in zip(task.labels, scores, gold, strict=True)]
    answered = [one for one, chosen in zip(given, answer, strict=True) if chosen]
    missed = [one for one, chosen in zip(given, answer, strict=True) if one.gold and not chosen]
    return Error(report, loss, *(tuple(sorted(ones, key=lambda one: -one.score)) for ones in (answered, missed)))


def _address(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _range(interval: Sequence[Any]) -> str:
    low, high = interval
    return "" if low is None else f"{low:.3f}–{high:.3f}"
