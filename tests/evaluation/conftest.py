"""Scores and gold of made-up reports, without any model."""

from __future__ import annotations

import numpy as np
import pytest

from marsad.data.reports import Report
from marsad.evaluation.evaluate import ScoredReports
from marsad.taxonomy import Label, Task, Taxonomy

TWO = Taxonomy(
    "1",
    (
        Task("side", "multilabel", tuple(Label(name) for name in ("red", "blue", "green"))),
        Task("deed", "multiclass", tuple(Label(name) for name in ("march", "rest"))),
    ),
)


def made_up(count: int, seed: int = 0, noise: float = 1.5) -> ScoredReports:
    """Return scores that know gold but for noise."""
    dice = np.random.default_rng(seed)
    side = (dice.random((count, 3)) < (0.5, 0.3, 0.1)).astype(float)
    deed = np.eye(2)[dice.integers(0, 2, count)]
    logits = 3 * np.hstack([side, deed]) - 1.5 + dice.normal(0, noise, (count, 5))
    scores = 1 / (1 + np.exp(-logits))
    scores[:, 3:] = np.exp(logits[:, 3:]) / np.exp(logits[:, 3:]).sum(1, keepdims=True)
    return ScoredReports(TWO, scores, np.hstack([side, deed]), 0, 0)


@pytest.fixture
def scored() -> ScoredReports:
    return made_up(120)


@pytest.fixture
def stories() -> list[str]:
    """Some stories have one report, some have five."""
    return [f"s{number}" if number < 60 else f"big{number // 5}" for number in range(120)]


def named(labels: dict[str, tuple[str, ...]], id: str = "1", **more: object) -> Report:
    return Report(id=id, text="نص قصير.", labels=labels, **more)  # type: ignore[arg-type]
