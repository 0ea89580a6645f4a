"""What a model says of one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LabelScore:
    """A label and the model's score for it, in 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True)
class Prediction:
    """The labels of one report. Each task is an attribute, as in `prediction.affiliation`."""

    labels: Mapping[str, tuple[LabelScore, ...]]
    """Per task the labels over their thresholds (one label for a multiclass task), best first."""
    all_scores: Mapping[str, Mapping[str, float]]
    """Per task the score of every label, in the taxonomy's order."""
    windows: int
    """Windows that the report was read in."""
    tokens: int
    """Word pieces of the text."""
    tokens_read: int
    """Word pieces that stood in some window: all of them, or evaluation fails."""

    def __getattr__(self, name: str) -> tuple[LabelScore, ...]:
        """Return the labels of the task `name`."""
        labels = self.__dict__.get("labels", {})
        if name in labels:
            return tuple(labels[name])
        raise AttributeError(f"no task {name!r} in this prediction; there are: {', '.join(labels)}")

    def scores(self, task: str) -> dict[str, float]:
        """Return the score of every label of `task`. Raises `KeyError` where the model does not know the task."""
        return dict(self.all_scores[task])

    def to_dict(self, all_scores: bool = False) -> dict[str, Any]:
        """Return the labels as a row of `marsad predict` holds them, with `all_scores` under the key `scores` too."""
        row: dict[str, Any] = {task: [vars(label) for label in labels] for task, labels in self.labels.items()}
        return row | ({"scores": {task: dict(scores) for task, scores in self.all_scores.items()}} if all_scores else {})
