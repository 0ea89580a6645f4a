"""The quoted sentence is the one that the label hangs on, and its place is exact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

from marsad import Predictor, load
from marsad.inference.evidence import CANDIDATES, find_evidence
from marsad.modeling.windows import sentences

SHELLING = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم."
ARREST = "أفاد مراسلنا أن الجيش التركي اعتقلت شبانا في بلدة تدمر صباح اليوم."
QUIET = "افتتح الأهالي سوقا جديدا للخضار قرب المدرسة القديمة."


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return load(tiny_model, device="cpu")


def words(texts: Sequence[str]) -> np.ndarray:
    """A stand-in for a model: the shares of the words `ab` and `cd` among ten."""
    return np.array([[text.count("ab") / 10, text.count("cd") / 10] for text in texts])


@pytest.mark.parametrize("fillers", [1, CANDIDATES + 4])
def test_the_sentence_with_most_of_the_score_is_quoted(fillers: int) -> None:
    text = "xy. " * fillers + "ab ab zz. ab zz. cd."
    found = find_evidence(text, [0, 1], words([text])[0], words)
    assert {label: text[one.start : one.end] for label, one in found.items()} == {0: "ab ab zz.", 1: "cd."}
    assert found[0].drop == pytest.approx(0.2)


def test_one_sentence_is_the_evidence_with_the_whole_score() -> None:
    [one] = find_evidence("  ab ab ", [0], words(["ab ab"])[0], words).values()
    assert (one.start, one.end) == (2, 7)
    assert one.drop == pytest.approx(0.2)


def test_without_a_label_there_is_no_evidence() -> None:
    assert find_evidence("ab. cd.", [], words(["ab. cd."])[0], words) == {}


@pytest.mark.parametrize(("sentence", "label"), [(SHELLING, "shelling"), (ARREST, "arrest_raid")])
def test_the_label_of_a_prediction_carries_its_sentence(predictor: Predictor, sentence: str, label: str) -> None:
    text = f"{QUIET} {QUIET}\n{sentence} {QUIET}"
    found = predictor.predict(text, evidence=True)
    assert {one.label: text[one.evidence.start : one.evidence.end] for one in found.event_type if one.evidence} == {label: sentence}
    row = found.to_dict()["event_type"][0]
    assert set(row["evidence"]) == {"start", "end", "drop"}
    assert "evidence" not in predictor.predict(text).to_dict()["event_type"][0]


@pytest.mark.slow
def test_the_quoted_sentence_lowers_the_score_more_than_a_random_one(predictor: Predictor) -> None:
    """On reports of the seeds, for at least 90 % of the labels given."""
    lines = (Path(__file__).parents[2] / "seeds" / "reports.jsonl").read_text(encoding="utf-8").splitlines()[:25]
    dice, right = Random(7), []
    for text in (json.loads(line)["text"] for line in lines):
        places = sentences(text)
        for task, labels in predictor.predict(text, evidence=True).labels.items():
            for one in labels:
                others = [place for place in places if one.evidence and place != (one.evidence.start, one.evidence.end)]
                if len(others) > 1 and one.evidence:
                    start, end = dice.choice(others)
                    without = predictor.predict(text[:start] + text[end:]).scores(task)[one.label]
                    right.append(one.evidence.drop > one.score - without)
    assert len(right) > 20
    assert np.mean(right) >= 0.9
