"""Scores of labels against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, hamming_loss, precision_score, recall_score

from marsad.evaluation.metrics import LabelScores, decide, score_task
from marsad.taxonomy import Kind, Label, Task


def task(labels: int, kind: Kind = "multilabel") -> Task:
    return Task("event", kind, tuple(Label(f"l{number}") for number in range(labels)))


def random_rows(seed: int) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    shape = (int(dice.integers(1, 80)), int(dice.integers(2, 12)))
    rare = dice.random(shape[1])
    return (dice.random(shape) < rare).astype(int), (dice.random(shape) < rare).astype(int)


@pytest.mark.parametrize("seed", range(25))
def test_f1_is_that_of_scikit_learn(seed: int) -> None:
    gold, found = random_rows(seed)
    scores = LabelScores().compute(predictions=found.tolist(), references=gold.tolist())
    present = [label for label in range(gold.shape[1]) if gold[:, label].any() or found[:, label].any()]
    assert scores["micro_f1"] == pytest.approx(f1_score(gold, found, average="micro", zero_division=0), abs=1e-9)
    macro = f1_score(gold, found, average="macro", labels=present, zero_division=0)
    assert scores["macro_f1"] == pytest.approx(macro, abs=1e-9)
    assert scores["micro_precision"] == pytest.approx(precision_score(gold, found, average="micro", zero_division=0), abs=1e-9)
    assert scores["micro_recall"] == pytest.approx(recall_score(gold, found, average="micro", zero_division=0), abs=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_ranking_and_hamming_are_those_of_scikit_learn(seed: int) -> None:
    gold, found = random_rows(seed)
    scores = np.random.default_rng(seed).random(gold.shape).round(1)
    figures = score_task(task(gold.shape[1]), found, gold, scores=scores)
    present = [label for label in range(gold.shape[1]) if gold[:, label].any()]
    own = {label: average_precision_score(gold[:, label], scores[:, label]) for label in present}
    assert figures["hamming_loss"] == pytest.approx(hamming_loss(gold, found), abs=1e-9)
    assert figures["exact_match"] == pytest.approx(accuracy_score(gold, found), abs=1e-9)
    assert figures["mean_average_precision"] == pytest.approx(np.mean(list(own.values())) if own else 0.0, abs=1e-9)
    assert figures["brier"] == pytest.approx(((scores - gold) ** 2).mean(), abs=1e-9)
    for number, row in enumerate(figures["labels"].values()):
        assert row["average_precision"] == (pytest.approx(own[number], abs=1e-9) if number in own else None)


@pytest.mark.parametrize("seed", range(5))
def test_each_label_has_its_own_scores(seed: int) -> None:
    gold, found = random_rows(seed)
    kind = task(gold.shape[1])
    thresholds = {label: 0.1 * number for number, label in enumerate(kind.ids)}
    rows = score_task(kind, found, gold, thresholds)["labels"]
    assert tuple(rows) == kind.ids
    for number, row in enumerate(rows.values()):
        own = (gold[:, number], found[:, number])
        assert row["precision"] == pytest.approx(precision_score(*own, zero_division=0), abs=1e-9)
        assert row["recall"] == pytest.approx(recall_score(*own, zero_division=0), abs=1e-9)
        assert row["f1"] == pytest.approx(f1_score(*own, zero_division=0), abs=1e-9)
        assert row["support"] == gold[:, number].sum()
        assert row["threshold"] == 0.1 * number


def test_a_label_in_neither_gold_nor_answer_is_left_out_of_the_macro_mean() -> None:
    gold = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0]])
    found = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0]])
    assert score_task(task(3), found, gold)["macro_f1"] == pytest.approx((1 + 0) / 2)


def test_a_label_that_is_only_predicted_counts_as_zero() -> None:
    gold, found = np.array([[1, 0], [1, 0]]), np.array([[1, 1], [1, 0]])
    assert score_task(task(2), found, gold)["macro_f1"] == pytest.approx(0.5)


def test_nothing_to_find_and_nothing_found() -> None:
    nothing = np.zeros((3, 2), int)
    scores = score_task(task(2), nothing, nothing)
    assert scores["macro_f1"] == scores["micro_f1"] == 0.0
    assert scores["n"] == 3


def test_no_report_annotated() -> None:
    scores = score_task(task(2), np.zeros((0, 2), int), np.zeros((0, 2), int))
    assert scores["n"] == 0
    assert scores["micro_f1"] == scores["macro_f1"] == 0.0
    assert scores["labels"] == {}


def test_accuracy_of_a_single_label_task() -> None:
    dice = np.random.default_rng(0)
    gold, found = dice.integers(0, 4, 60), dice.integers(0, 4, 60)
    one_hot = np.eye(4, dtype=int)
    scores = score_task(task(4, "multiclass"), one_hot[found], one_hot[gold])
    assert scores["accuracy"] == pytest.approx(accuracy_score(gold, found), abs=1e-9)
    assert scores["micro_f1"] == pytest.approx(scores["accuracy"], abs=1e-9)
    assert "accuracy" not in score_task(task(4), one_hot[found], one_hot[gold])


def test_a_score_at_its_threshold_counts() -> None:
    scores = np.array([[0.5, 0.29], [0.49, 0.3]])
    assert decide(task(2), scores, {"l0": 0.5, "l1": 0.3}).tolist() == [[1, 0], [0, 1]]
    assert decide(task(2), scores, None).tolist() == [[1, 0], [0, 0]]


def test_a_single_label_task_decides_for_exactly_one() -> None:
    scores = np.array([[0.2, 0.3, 0.1], [0.5, 0.5, 0.5], [0.0, 0.0, 0.1]])
    assert decide(task(3, "multiclass"), scores, None).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
