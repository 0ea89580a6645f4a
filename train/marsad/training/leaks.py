"""Dev reports that training has seen: the same story, or nearly the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from marsad.data.duplicates import near_duplicates
from marsad.data.reports import Report, targets
from marsad.data.splits import shared_stories
from marsad.evaluation.metrics import score_task
from marsad.taxonomy import Taxonomy

MOST_SHOWN = 10


@dataclass(frozen=True)
class Twin:
    """A dev report and the training report that it is nearest to in wording."""

    dev: Report
    train: Report
    likeness: float
    """Share of the shorter text's shingles that stand in the other, in 0 to 1."""


@dataclass(frozen=True)
class Leak:
    """What stands in train and in dev."""

    stories: tuple[str, ...]
    """Groups, and texts of equal wording as `text:ID`."""
    twins: tuple[Twin, ...]
    """Near-duplicates, one for each dev report that has one."""

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.stories or self.twins)

    def faked_f1(self, taxonomy: Taxonomy) -> dict[str, float]:
        """Return per task the micro-F1 that copying the labels of the near-duplicate in train reaches on these dev reports."""
        gold = np.array([targets(twin.dev, taxonomy) for twin in self.twins]).reshape(-1, len(taxonomy.flat))
        copied = np.array([targets(twin.train, taxonomy) for twin in self.twins]).reshape(-1, len(taxonomy.flat))
        found = {}
        for task in taxonomy.tasks:
            part = taxonomy.slices[task.name]
            known = ~np.isnan(gold[:, part] + copied[:, part]).any(1)
            if known.any():
                found[task.name] = float(score_task(task, copied[known, part], gold[known, part])["micro_f1"])
        return found

    def describe(self, taxonomy: Taxonomy, whole: bool = False) -> list[str]:
        """Return a line of text for each kind of leak; `whole` lists all of them, else the first ten."""
        most = None if whole else MOST_SHOWN
        lines = []
        if self.stories:
            lines.append(f"data.dev: {len(self.stories)} stories stand in train too: {_listed(self.stories, most)}")
        if self.twins:
            pairs = [f"{twin.dev.id} ~ {twin.train.id} ({twin.likeness:.2f})" for twin in self.twins]
            lines.append(f"data.dev: {len(pairs)} reports have a near-duplicate in train: {_listed(pairs, most)}")
        if faked := self.faked_f1(taxonomy):
            scores = ", ".join(f"{task} {f1:.3f}" for task, f1 in faked.items())
            lines.append(
                f"data.dev: copying the labels of those near-duplicates, without reading, reaches micro-F1 {scores} on them."
            )
        return lines


def find_leak(train: Sequence[Report], dev: Sequence[Report]) -> Leak:
    """Return the stories of both sides and, for each dev report that has one, its nearest near-duplicate in `train`."""
    nearest: dict[int, Twin] = {}
    for pair in near_duplicates([report.text for report in (*train, *dev)]):
        place = pair.b - len(train)
        if pair.a < len(train) and place >= 0 and (place not in nearest or nearest[place].likeness < pair.containment):
            nearest[place] = Twin(dev[place], train[pair.a], pair.containment)
    return Leak(tuple(shared_stories(train, dev)), tuple(nearest[place] for place in sorted(nearest)))


def _listed(names: Sequence[str], most: int | None) -> str:
    more = 0 if most is None else len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more." if more > 0 else ".")
