"""Calibration: the temperature that was put in is found again, and the errors are those of their definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import brier_score_loss
from tests.evaluation.conftest import TWO

from marsad.evaluation.calibration import (
    ENOUGH,
    RANGE,
    REVIEW,
    fit_temperatures,
    measure_calibration,
    reliability,
    rescale,
    sureness,
)
from marsad.evaluation.evaluate import ScoredReports


def honest(count: int, warmth: float, seed: int = 0) -> ScoredReports:
    """Return gold drawn from the probabilities of some logits, and the scores of the logits times `warmth`."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(0, 2, (count, 5))
    side = (dice.random((count, 3)) < expit(logits[:, :3])).astype(float)
    deed = np.eye(2)[(dice.random(count) < softmax(logits[:, 3:], axis=1)[:, 1]).astype(int)]
    scores = np.hstack([expit(warmth * logits[:, :3]), softmax(warmth * logits[:, 3:], axis=1)])
    return ScoredReports(TWO, scores, np.hstack([side, deed]), 0, 0)


@pytest.mark.parametrize("warmth", [0.7, 1.0, 2.5])
def test_the_temperature_that_was_put_in_is_found(warmth: float) -> None:
    found = fit_temperatures(honest(4000, warmth))
    assert found == {"side": pytest.approx(warmth, rel=0.08), "deed": pytest.approx(warmth, rel=0.1)}


def test_a_dozen_reports_or_none_leave_the_scores_as_they_are() -> None:
    few = honest(ENOUGH - 1, 3.0)
    assert fit_temperatures(few) == {"side": 1.0, "deed": 1.0}
    bare = honest(200, 3.0)
    assert fit_temperatures(replace(bare, gold=np.full_like(bare.gold, np.nan))) == {"side": 1.0, "deed": 1.0}


def test_scores_that_are_always_right_stop_at_the_least_temperature() -> None:
    scored = honest(200, 1.0)
    sure = replace(scored, scores=np.where(scored.gold == 1, 0.9, 0.1))
    assert fit_temperatures(sure)["side"] == pytest.approx(RANGE[0], rel=0.01)


def test_rescaling_is_dividing_the_logits() -> None:
    warm, plain = honest(50, 2.0), honest(50, 1.0)
    assert rescale(warm.scores, TWO, {"side": 2.0, "deed": 2.0}) == pytest.approx(plain.scores, abs=1e-6)
    assert rescale(plain.scores, TWO, {"side": 0.5, "deed": 0.5}) == pytest.approx(warm.scores, abs=1e-6)
    assert rescale(plain.scores, TWO, {}) == pytest.approx(plain.scores, abs=1e-9)


def test_scores_of_zero_and_one_stay_finite() -> None:
    scores = np.array([[0.0, 1.0, 0.5, 1.0, 0.0]])
    assert np.isfinite(rescale(scores, TWO, {"side": 0.2})).all()


def test_ece_by_hand() -> None:
    scores, gold = np.array([0.05, 0.05, 0.95, 0.95, 1.0]), np.array([0, 1, 1, 1, 0])
    found = reliability(scores, gold)
    last = (0.95 + 0.95 + 1.0) / 3
    assert found.ece == pytest.approx(2 / 5 * abs(0.05 - 0.5) + 3 / 5 * abs(last - 2 / 3))
    assert [(one.n, one.true) for one in found.bins] == [(2, 0.5), (3, pytest.approx(2 / 3))]
    assert found.brier == pytest.approx(brier_score_loss(gold, scores), abs=1e-9)


def test_before_and_after() -> None:
    warm = honest(2000, 3.0)
    temperatures = fit_temperatures(warm)
    shipped = replace(warm, scores=rescale(warm.scores, TWO, temperatures))
    for task, found in measure_calibration(shipped, {}, temperatures).items():
        assert found.temperature == temperatures[task]
        assert found.before.ece > 3 * found.after.ece
        assert found.before.brier > found.after.brier
        part = TWO.slices[task]
        assert found.before.brier == pytest.approx(reliability(warm.scores[:, part], warm.gold[:, part]).brier, abs=1e-6)


def test_sureness_is_the_probability_of_the_whole_answer() -> None:
    scores, answer = np.array([[0.9, 0.2], [0.5, 0.5]]), np.array([[1, 0], [0, 1]])
    assert sureness(scores, answer, "multilabel").tolist() == pytest.approx([0.9 * 0.8, 0.25])
    assert sureness(scores, answer, "multiclass").tolist() == pytest.approx([0.9, 0.5])


def test_the_review_band_holds_the_errors() -> None:
    scored = honest(1000, 1.0)
    found = measure_calibration(scored, {}, {})["side"]
    sure = sureness(scored.scores[:, :3], scored.decide({})[:, :3], "multilabel")
    assert found.review.share == pytest.approx(REVIEW)
    assert found.review.below == pytest.approx(np.quantile(sure, REVIEW), abs=0.01)
    assert found.review.risk == pytest.approx(1 - sure[sure < found.review.below].mean(), abs=0.07)
    assert found.review.risk_outside == pytest.approx(1 - sure[sure >= found.review.below].mean(), abs=0.04)
    risks = [one.risk for one in found.risk_coverage]
    assert risks[0] > risks[5] > risks[-1]
    overall = REVIEW * found.review.risk + (1 - REVIEW) * found.review.risk_outside
    assert risks[0] == pytest.approx(overall)


def test_one_report_is_enough_to_measure() -> None:
    one = honest(1, 1.0)
    assert set(measure_calibration(one, {}, {})) == {"side", "deed"}
