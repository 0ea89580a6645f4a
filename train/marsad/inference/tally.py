"""What stands in many predictions: rows by label, forces by camp, and the forces that the gazetteer does not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from marsad.errors import DataError
from marsad.inference.predictor import FACTIONS
from marsad.modeling.names import key

OTHER_KEYS = ("id", "error", "scores", FACTIONS)


@dataclass(frozen=True)
class Unknown:
    """A force that the gazetteer does not have: in how many reports and mentions, and the camps that it was given."""

    name: str
    reports: int
    mentions: int
    camps: Mapping[str, int]


@dataclass(frozen=True)
class Tally:
    """Counts over the rows of `marsad predict`."""

    rows: int
    unread: int
    """Rows with an `error`."""
    labels: Mapping[str, Mapping[str, int]]
    """By task and label the rows, most first."""
    camps: Mapping[str, int]
    """By camp the forces, once a report."""
    changes: int
    """Forces that change their camp in a report."""
    unknown: tuple[Unknown, ...]
    """The unknown forces, in most reports first."""

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as nested dictionaries."""
        return {**vars(self), "unknown": [vars(force) for force in self.unknown]}


def tally(rows: Iterable[tuple[int, dict[str, Any]]], where: str) -> Tally:
    """Count numbered rows of predictions; `where` opens every message. Raises `DataError` for a row of another shape."""
    counts: Counter[str] = Counter()
    labels: dict[str, Counter[str]] = {}
    forces: list[dict[str, Any]] = []
    for line, row in rows:
        counts.update(rows=1, unread="error" in row)
        try:
            for task in row.keys() - set(OTHER_KEYS):
                labels.setdefault(task, Counter()).update(one["label"] for one in row[task])
            found = row.get(FACTIONS, [])
            counts.update(changes=sum(force["change"] is not None for force in found))
            forces += found
        except (TypeError, KeyError, AttributeError) as error:
            raise DataError(f"{where}:{line}: no row of predictions. Name a JSONL file that `marsad predict` wrote.") from error
    return Tally(
        counts["rows"],
        counts["unread"],
        {task: dict(own.most_common()) for task, own in sorted(labels.items())},
        dict(Counter(force["affiliation"] for force in forces).most_common()),
        counts["changes"],
        _unknown(forces),
    )


def _unknown(forces: Iterable[dict[str, Any]]) -> tuple[Unknown, ...]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for force in forces:
        if not force["known"]:
            groups.setdefault(key(force["name"]), []).append(force)
    found = [
        Unknown(
            own[0]["name"],
            len(own),
            sum(len(force["mentions"]) for force in own),
            dict(Counter(force["affiliation"] for force in own).most_common()),
        )
        for own in groups.values()
    ]
    return tuple(sorted(found, key=lambda force: (-force.reports, force.name)))
