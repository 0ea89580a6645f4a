"""What a model says of one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """The sentence `text[start:end]` without which a label's score falls the most, by `drop`."""

    start: int
    end: int
    drop: float


@dataclass(frozen=True)
class LabelScore:
    """A label and the model's score for it, in 0 to 1; the evidence only where it was asked for."""

    label: str
    score: float
    evidence: Evidence | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return `{"label", "score"}`, with evidence `{"start", "end", "drop"}` too."""
        row: dict[str, Any] = {"label": self.label, "score": self.score}
        return row if self.evidence is None else row | {"evidence": vars(self.evidence)}


@dataclass(frozen=True)
class Span:
    """A place where a force is named, `text[start:end]`; its camp there and the score of both, in 0 to 1."""

    start: int
    end: int
    affiliation: str
    score: float


@dataclass(frozen=True)
class Change:
    """A force goes over from one camp to another; the sentence `text[start:end]` tells it."""

    before: str
    after: str
    start: int
    end: int


@dataclass(frozen=True)
class Faction:
    """A force that the report names, with all its mentions in order."""

    name: str
    """The gazetteer's name, or the first mention as written where the gazetteer does not have it."""
    affiliation: str
    """The camp of most of its mentions, weighed by their scores."""
    score: float
    """Mean score of the mentions in that camp."""
    known: bool
    """Whether the gazetteer has it."""
    mentions: tuple[Span, ...]
    change: Change | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return `{"name", "affiliation", "score", "known", "mentions": [[start, end], …], "change"}`."""
        places = [[mention.start, mention.end] for mention in self.mentions]
        change = None if self.change is None else vars(self.change)
        return {**vars(self), "mentions": places, "change": change}


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
    factions: tuple[Faction, ...] | None = None
    """The forces that the report names, in order; None where the model has no tagger, or was not asked."""

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
        row: dict[str, Any] = {task: [label.to_dict() for label in labels] for task, labels in self.labels.items()}
        if self.factions is not None:
            row["factions"] = [faction.to_dict() for faction in self.factions]
        return row | ({"scores": {task: dict(scores) for task, scores in self.all_scores.items()}} if all_scores else {})
