"""How far several annotators of the same reports agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score

from marsad.data.reports import Mention, Report
from marsad.errors import ConfigError, DataError
from marsad.taxonomy import Task, Taxonomy

MOST_SHOWN = 10
FACTIONS = "factions"
Annotations = Mapping[str, Sequence[Report]]
"""The reports of each annotator, by the annotator's name."""


@dataclass(frozen=True)
class LabelAgreement:
    """Cohen's kappa of one label, mean over the pairs of annotators, and how often it was given."""

    kappa: float | None
    given: int


@dataclass(frozen=True)
class TaskAgreement:
    """Agreement on one task; None where the figure is not defined (all gave one answer throughout)."""

    reports: int
    """Reports that two annotators or more annotated for it."""
    alpha: float | None
    """Krippendorff's alpha: nominal for a multiclass task, with the MASI distance of sets for a multilabel one."""
    equal: float
    """Share of these reports on which all gave the same answer."""
    labels: Mapping[str, LabelAgreement]


@dataclass(frozen=True)
class Agreement:
    """Agreement on all tasks and on the spans of factions, and the ids on which annotators differ with the keys that do."""

    reports: int
    """Reports that two annotators or more have."""
    tasks: Mapping[str, TaskAgreement]
    span_f1: float | None
    """Exact spans with their camps, mean over pairs of annotators; None where no two of them marked factions."""
    differing: Mapping[str, tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, and the number of reports with a disagreement."""
        tasks = {
            name: vars(task) | {"labels": {label: vars(own) for label, own in task.labels.items()}}
            for name, task in self.tasks.items()
        }
        return {"reports": self.reports, "tasks": tasks, "span_f1": self.span_f1, "differing": len(self.differing)}


def measure_agreement(annotations: Annotations, taxonomy: Taxonomy) -> Agreement:
    """Compare annotators on the reports that they share, by id.

    Alpha: Krippendorff 2011; MASI: Passonneau, LREC 2006. Raises `DataError` where they share no report or one id
    has two texts, `ConfigError` without the package krippendorff.
    """
    shared = {id: own for id, own in by_report(annotations).items() if len(own) > 1}
    if not shared:
        raise DataError(f"no report id stands in two of {', '.join(annotations)}. Annotators must work on the same ids.")
    tasks = {task.name: _task_agreement(task, shared, tuple(annotations)) for task in taxonomy.tasks}
    differing = {id: keys for id, own in shared.items() if (keys := differing_keys(own, taxonomy))}
    return Agreement(len(shared), tasks, _span_f1(shared, tuple(annotations)), differing)


def by_report(annotations: Annotations) -> dict[str, dict[str, Report]]:
    """Return for each report id its annotations by annotator. Raises `DataError` where one id has two texts."""
    found: dict[str, dict[str, Report]] = {}
    for name, reports in annotations.items():
        for report in reports:
            found.setdefault(report.id, {})[name] = report
    torn = [id for id, own in found.items() if len({report.text for report in own.values()}) > 1]
    if torn:
        more = f" and {len(torn) - MOST_SHOWN} more" if len(torn) > MOST_SHOWN else ""
        raise DataError(
            f"{len(torn)} ids have another text in another file: {', '.join(torn[:MOST_SHOWN])}{more}. "
            "Annotators must have read the same text; give other texts other ids."
        )
    return found


def answer(report: Report, key: str) -> frozenset[Any] | None:
    """Return the labels of a task, or the mentions under `factions`, as a set; None where not annotated."""
    found: Sequence[Any] | None = report.factions if key == FACTIONS else report.labels.get(key)
    return None if found is None else frozenset(found)


def differing_keys(own: Mapping[str, Report], taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the tasks, and `factions`, on which the annotators of one report differ."""
    return tuple(key for key in (*taxonomy.names, FACTIONS) if len({answer(r, key) for r in own.values()} - {None}) > 1)


def disagreements(annotations: Annotations, taxonomy: Taxonomy) -> Iterator[dict[str, Any]]:
    """Yield a row for each report on which annotators differ: its text, the keys that differ, each one's answers."""
    for id, own in by_report(annotations).items():
        if keys := differing_keys(own, taxonomy):
            rows = {name: report.to_dict() for name, report in own.items()}
            answers = {name: {key: row[key] for key in keys if key in row} for name, row in rows.items()}
            first = next(iter(rows.values()))
            yield {"id": id, "text": first["text"], "date": first.get("date"), "differing": list(keys), "annotators": answers}


def _task_agreement(task: Task, shared: Mapping[str, Mapping[str, Report]], names: Sequence[str]) -> TaskAgreement:
    rows = [[answer(own[name], task.name) if name in own else None for name in names] for own in shared.values()]
    rows = [row for row in rows if sum(given is not None for given in row) > 1]
    equal = [len(set(row) - {None}) == 1 for row in rows]
    labels = {
        label: LabelAgreement(_kappa(rows, label), sum(label in (given or ()) for row in rows for given in row))
        for label in task.ids
    }
    return TaskAgreement(len(rows), _alpha(task, rows), float(np.mean(equal)) if rows else 0.0, labels)


def _alpha(task: Task, rows: Sequence[Sequence[frozenset[Any] | None]]) -> float | None:
    """Return Krippendorff's alpha of answers (reports × annotators), None where all are one answer."""
    try:
        import krippendorff  # noqa: PLC0415  # of the extra marsad[data]
    except ImportError as error:
        raise ConfigError("krippendorff is not installed. Install marsad[data].") from error
    answers = sorted({given for row in rows for given in row if given is not None}, key=sorted)
    if len(answers) < 2:
        return None
    counts = np.array([[row.count(given) for given in answers] for row in rows])
    sets = np.array([[label in given for label in task.ids] for given in answers], int)
    level: str | Callable[..., np.ndarray] = "nominal" if task.kind == "multiclass" else lambda *_, **__: masi_distances(sets)
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement=level))


def masi_distances(sets: np.ndarray) -> np.ndarray:
    """Return the MASI distance, 0 to 1, of each set to each; `sets` is 0/1 (sets, labels). Two empty sets are equal."""
    common, size = sets @ sets.T, sets.sum(1)
    union = size[:, None] + size - common
    nested = (common == size[:, None]) | (common == size)
    monotonicity = np.where(common == union, 1.0, np.where(nested, 2 / 3, np.where(common > 0, 1 / 3, 0.0)))
    return np.asarray(1 - monotonicity * np.where(union > 0, common / np.maximum(union, 1), 1.0))


def _kappa(rows: Sequence[Sequence[frozenset[Any] | None]], label: str) -> float | None:
    """Return the mean of Cohen's kappa over pairs of annotators; pairs in which neither ever gave `label` do not count."""
    found = []
    for a, b in combinations(range(len(rows[0])) if rows else (), 2):
        both = [
            (label in one, label in other)
            for one, other in ((row[a], row[b]) for row in rows)
            if one is not None and other is not None
        ]
        if len(set(both)) > 1:
            found.append(cohen_kappa_score(*zip(*both, strict=True), labels=[False, True]))
    return float(np.mean(found)) if found else None


def _span_f1(shared: Mapping[str, Mapping[str, Report]], names: Sequence[str]) -> float | None:
    found = []
    for a, b in combinations(names, 2):
        marked = [(_spans(own[a]), _spans(own[b])) for own in shared.values() if a in own and b in own]
        both = [(one, other) for one, other in marked if one is not None and other is not None]
        total = sum(len(one) + len(other) for one, other in both)
        if total:
            found.append(2 * sum(len(one & other) for one, other in both) / total)
    return float(np.mean(found)) if found else None


def _spans(report: Report) -> frozenset[Mention] | None:
    return answer(report, FACTIONS)
