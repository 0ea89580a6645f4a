"""Thresholds: the best on dev where there is much to learn from, the task's where there is not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from marsad.evaluation.thresholds import GRID, SHRINK, tune_thresholds
from marsad.taxonomy import Label, Task, Taxonomy

AB = Task("side", "multilabel", (Label("a"), Label("b")))
ONE = Task("deed", "multiclass", (Label("x"), Label("y")))


def separable(negatives: float, positives: float, count: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores under `negatives` and over `positives`, and the gold labels."""
    dice = np.random.default_rng(seed)
    gold = (np.arange(count) < round(share * count)).astype(float)
    scores = np.where(gold == 1, dice.uniform(positives, 1, count), dice.uniform(0, negatives, count))
    return scores, gold


def stack(*columns: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([scores for scores, _ in columns], 1), np.stack([gold for _, gold in columns], 1)


def test_what_can_be_parted_is_parted() -> None:
    scores, gold = stack(separable(0.15, 0.25, 2000, 0.5, 0), separable(0.7, 0.8, 2000, 0.5, 1))
    found = tune_thresholds(scores, gold, Taxonomy("1", (AB,)))["side"]
    assert 0.15 < found["a"] < 0.25
    assert 0.7 < found["b"] < 0.8


def test_the_threshold_of_a_common_label_is_its_best() -> None:
    dice = np.random.default_rng(3)
    gold = (dice.random((1500, 2)) < 0.3).astype(float)
    scores = np.clip(0.35 * gold + dice.normal(0.3, 0.15, gold.shape), 0, 1)
    found = tune_thresholds(scores, gold, Taxonomy("1", (AB,)))["side"]
    for number, label in enumerate(AB.ids):
        best = max(f1_score(gold[:, number], scores[:, number] >= point) for point in GRID[::3])
        assert f1_score(gold[:, number], scores[:, number] >= found[label]) > best - 0.01


def test_a_rare_label_is_drawn_to_the_threshold_of_its_task() -> None:
    few = 2
    scores, gold = stack(separable(0.35, 0.45, 1000, 0.5, 0), separable(0.3, 0.95, 1000, few / 1000, 1))
    scores[-5:, 1] = 0.9
    found = tune_thresholds(scores, gold, Taxonomy("1", (AB,)))["side"]
    share = few / (few + SHRINK)
    assert found["a"] == pytest.approx(0.4, abs=0.05)
    assert found["b"] == pytest.approx(share * 0.93 + (1 - share) * 0.4, abs=0.05), "its own would be 0.93"


def test_a_label_without_positives_gets_the_threshold_of_its_task() -> None:
    scores, gold = stack(separable(0.15, 0.25, 1000, 0.5, 0), separable(0.1, 0.9, 1000, 0.0, 1))
    found = tune_thresholds(scores, gold, Taxonomy("1", (AB,)))["side"]
    assert found["b"] == pytest.approx(found["a"], abs=0.02)


def test_a_task_without_positives_gets_one_half() -> None:
    scores = np.random.default_rng(0).random((20, 2))
    assert tune_thresholds(scores, np.zeros((20, 2)), Taxonomy("1", (AB,))) == {"side": {"a": 0.5, "b": 0.5}}


def test_reports_that_are_not_annotated_are_left_out() -> None:
    scores, gold = stack(separable(0.3, 0.5, 300, 0.5, 0), separable(0.6, 0.7, 300, 0.2, 1))
    more_scores = np.vstack([scores, np.full((100, 2), 0.99), np.full((100, 2), 0.01)])
    more_gold = np.vstack([gold, np.full((200, 2), np.nan)])
    taxonomy = Taxonomy("1", (AB,))
    assert tune_thresholds(more_scores, more_gold, taxonomy) == tune_thresholds(scores, gold, taxonomy)


def test_no_report_annotated_gives_one_half() -> None:
    found = tune_thresholds(np.full((5, 2), 0.9), np.full((5, 2), np.nan), Taxonomy("1", (AB,)))
    assert found == {"side": {"a": 0.5, "b": 0.5}}


def test_each_task_is_tuned_on_its_own_columns_and_single_label_tasks_have_none() -> None:
    scores, gold = stack(separable(0.3, 0.5, 300, 0.5, 0), separable(0.6, 0.7, 300, 0.2, 1))
    other = np.random.default_rng(5).random((300, 2))
    taxonomy = Taxonomy("1", (ONE, AB))
    found = tune_thresholds(np.hstack([other, scores]), np.hstack([np.full((300, 2), np.nan), gold]), taxonomy)
    assert found == tune_thresholds(scores, gold, Taxonomy("1", (AB,)))
