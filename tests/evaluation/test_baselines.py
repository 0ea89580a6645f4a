"""Baselines: they learn what is in the words, and are scored with thresholds that training set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import made_up_reports

from marsad.evaluation import baselines
from marsad.evaluation.baselines import majority_scores, score_baselines, tfidf_scores
from marsad.taxonomy import Taxonomy

TRAIN, TEST = made_up_reports(150), made_up_reports(60, seed=1)


def test_tfidf_learns_what_the_words_tell_and_majority_does_not(syria: Taxonomy) -> None:
    found = score_baselines(TRAIN, TEST, syria)
    assert list(found) == list(baselines.BASELINES)
    assert found["TF-IDF + logistic regression"]["affiliation"].micro_f1 > 0.95
    assert found["majority"]["affiliation"].micro_f1 < 0.6


def test_majority_gives_the_shares_of_training(syria: Taxonomy) -> None:
    scores = majority_scores(TRAIN, TEST[:2], syria)
    share = np.mean([report.labels["affiliation"] == ("sdf",) for report in TRAIN])
    assert scores.shape == (2, len(syria.flat))
    assert scores[:, syria.flat.index("affiliation:sdf")] == pytest.approx(share)


def test_a_report_that_is_not_annotated_teaches_nothing(syria: Taxonomy) -> None:
    bare = [replace(report, id=f"bare-{report.id}", labels={}) for report in TRAIN[:40]]
    assert majority_scores(TRAIN + bare, TEST, syria) == pytest.approx(majority_scores(TRAIN, TEST, syria))
    scores = tfidf_scores(TRAIN + bare, TEST, syria)
    assert np.isfinite(scores).all()
    assert scores[:, syria.flat.index("event_type:protest")].max() == 0, "never seen in training"


def test_a_baseline_may_answer_one_task_alone(syria: Taxonomy, monkeypatch: pytest.MonkeyPatch) -> None:
    def camps_alone(_: object, reports: list[object], taxonomy: Taxonomy) -> np.ndarray:
        scores = np.zeros((len(reports), len(taxonomy.flat)))
        scores[:, taxonomy.slices["event_type"]] = np.nan
        return scores

    monkeypatch.setattr(baselines, "BASELINES", {"camps": camps_alone})
    assert set(score_baselines(TRAIN, TEST, syria)["camps"]) == {"affiliation"}
