from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from marsad.data.reports import Report
from marsad.errors import DataError
from marsad.evaluation.label_errors import find_label_errors, out_of_fold_scores, scores_of_rows
from marsad.taxonomy import Taxonomy

WORDS = ("صباحا", "ليلا", "قرب", "البلدة", "في", "الريف", "مصادر", "محلية", "سكان", "الحي")
DEEDS = {"shelling": "قصف مدفعي", "protest": "مظاهرة احتجاج"}


@pytest.fixture(scope="module")
def own() -> Taxonomy:
    labels = [{"id": id} for id in (*DEEDS, "smuggling")]
    return Taxonomy.from_dict({"tasks": {"event_type": {"kind": "multilabel", "labels": labels}}}, "test")


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """80 reports whose words tell their label; the labels of r0 and r1 are exchanged."""
    dice, found = random.Random(0), []
    for number in range(80):
        label = list(DEEDS)[number % 2]
        text = f"{DEEDS[label]} {' '.join(dice.choices(WORDS, k=6))} {number}"
        found.append(Report(f"r{number}", text, labels={"event_type": (label,)}))
    return [replace(found[0], labels=found[1].labels), replace(found[1], labels=found[0].labels), *found[2:]]


def test_planted_errors_are_found_and_come_first(reports: list[Report], own: Taxonomy) -> None:
    found = find_label_errors(reports, out_of_fold_scores(reports, own), own)
    assert {(one.id, one.label, one.given) for one in found[:4]} == {
        ("r0", "protest", True),
        ("r0", "shelling", False),
        ("r1", "shelling", True),
        ("r1", "protest", False),
    }
    assert len(found) <= 6
    assert found[0].to_dict().keys() == {"id", "task", "label", "given", "score"}


def test_rare_labels_and_unannotated_tasks_get_no_score(reports: list[Report], own: Taxonomy) -> None:
    scores = out_of_fold_scores([replace(reports[0], labels={}), *reports[1:]], own)
    assert np.isnan(scores[0]).all()
    assert np.isnan(scores[:, 2]).all()
    assert not np.isnan(scores[1:, :2]).any()


def test_a_story_is_scored_by_models_that_did_not_see_it(reports: list[Report], own: Taxonomy) -> None:
    with pytest.raises(DataError, match="1 stories, expected 5 or more"):
        out_of_fold_scores([replace(report, group="one") for report in reports], own)


def test_scores_of_a_model_are_taken_by_id(reports: list[Report], own: Taxonomy) -> None:
    rows = [
        {"id": r.id, "scores": {"event_type": {id: 0.9 if id in r.labels["event_type"] else 0.1 for id in DEEDS}}} for r in reports
    ]
    rows[7]["scores"] = {"event_type": {"shelling": 0.98, "protest": 0.02}}
    found = find_label_errors(reports, scores_of_rows(rows[::-1], reports, own), own)
    assert {(one.id, one.label) for one in found} == {("r7", "shelling"), ("r7", "protest")}
    with pytest.raises(DataError, match="1 reports have no scores, the first 'r0'"):
        scores_of_rows(rows[1:], reports, own)
