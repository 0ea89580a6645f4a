"""Counts by month: what was there, what was answered, and the correction of a biased classifier."""

from __future__ import annotations

import numpy as np
import pytest

from marsad.evaluation.counts import adjust, count_months
from marsad.evaluation.evaluate import ScoredReports
from marsad.taxonomy import Label, Task, Taxonomy

ONE = Taxonomy("1", (Task("side", "multilabel", (Label("red"), Label("blue"))),))


def biased(per_month: int, shares: list[float], seed: int = 0) -> tuple[ScoredReports, np.ndarray, list[str | None]]:
    """Return months with these shares of `red`, answered with a true positive rate of 0.6 and a false one of 0.2."""
    dice = np.random.default_rng(seed)
    share = np.repeat(shares, per_month)
    red = dice.random(len(share)) < share
    answer = np.where(red, dice.random(len(share)) < 0.6, dice.random(len(share)) < 0.2).astype(int)
    gold = np.stack([red, np.zeros_like(red)], 1).astype(float)
    found = np.stack([answer, np.zeros_like(answer)], 1)
    dates: list[str | None] = [f"2021-{month + 1:02d}-15" for month in range(len(shares)) for _ in range(per_month)]
    return ScoredReports(ONE, found.astype(float), gold, 0, 0), found, dates


def test_adjust_is_formans_formula() -> None:
    assert adjust(32, 100, 0.6, 0.2) == pytest.approx(30)
    assert adjust(10, 100, 0.6, 0.2) == 0, "never under zero"
    assert adjust(90, 100, 0.6, 0.2) == 100, "never over n"
    assert adjust(5, 100, 0.25, 0.2) is None
    assert adjust(0, 0, 0.6, 0.2) is None


def test_the_correction_undoes_the_bias() -> None:
    found = count_months(*biased(2000, [0.05, 0.2, 0.5, 0.8]))["side"]
    assert found.error is not None
    assert found.error_adjusted is not None
    assert found.error_adjusted < found.error / 3
    assert found.labels["red"].true_positive_rate == pytest.approx(0.6, abs=0.03)
    assert found.labels["red"].false_positive_rate == pytest.approx(0.2, abs=0.03)


def test_a_month_is_corrected_without_its_own_gold() -> None:
    scored, found, dates = biased(100, [0.3, 0.6])
    before = count_months(scored, found, dates)["side"].labels["red"].months
    scored.gold[:100, 0] = 1 - scored.gold[:100, 0]
    after = count_months(scored, found, dates)["side"].labels["red"].months
    assert before[0].adjusted == after[0].adjusted
    assert before[0].gold == 100 - after[0].gold
    assert before[1].adjusted != after[1].adjusted


def test_months_count_what_is_there() -> None:
    gold = np.array([[1, 0], [1, 1], [0, 0], [np.nan, np.nan], [1, 0], [1, 0]])
    found = np.array([[1, 0], [0, 1], [1, 0], [1, 1], [1, 0], [1, 0]])
    dates = ["2021-03-01", "2021-03", "2021-04-30", "2021-04", "2021", None]
    result = count_months(ScoredReports(ONE, found.astype(float), gold, 0, 0), found, dates)["side"].labels
    assert [(one.month, one.n, one.gold, one.predicted) for one in result["red"].months] == [
        ("2021-03", 2, 2, 1),
        ("2021-04", 1, 0, 1),
    ]
    assert [(one.gold, one.predicted) for one in result["blue"].months] == [(1, 1), (0, 0)]


def test_one_month_alone_cannot_be_corrected() -> None:
    found = count_months(*biased(50, [0.4]))["side"]
    assert found.labels["red"].months[0].adjusted is None
    assert found.error is None
    assert found.error_adjusted is None


def test_reports_without_a_month_have_no_counts() -> None:
    scored, found, _ = biased(5, [0.4])
    assert count_months(scored, found, [None] * 5) == {}
