"""Exact matches are counted: ends, camps, names never seen, baselines."""

from __future__ import annotations

from pathlib import Path

import pytest

from marsad.data.reports import Mention, Report
from marsad.errors import DataError
from marsad.evaluation.spans import Figures, evaluate_factions, score_spans
from marsad.inference.tagger import FactionTagger, open_tagger

CAMPS = ("sdf", "turkey", "isis")


@pytest.fixture(scope="module")
def tagger(tiny_tagger: Path) -> FactionTagger:
    return open_tagger(tiny_tagger)


def test_ends_and_camps_are_scored_apart() -> None:
    gold = [[(0, 3, "sdf"), (5, 9, "turkey")], [(0, 4, "turkey")]]
    found = [[(0, 3, "sdf"), (5, 9, "sdf"), (10, 12, "sdf")], []]
    scores = score_spans(gold, found, CAMPS)
    assert scores.entity == Figures(1 / 3, 1 / 3, 1 / 3, 3)
    assert scores.span == Figures(2 / 3, 2 / 3, 2 / 3, 3)
    assert scores.camp_accuracy == 0.5
    assert scores.camps == {"sdf": Figures(1 / 3, 1.0, 0.5, 1), "turkey": Figures(0.0, 0.0, 0.0, 2)}


def test_nothing_found_and_nothing_to_find() -> None:
    scores = score_spans([[]], [[]], CAMPS)
    assert scores.entity == Figures(0.0, 0.0, 0.0, 0)
    assert scores.camp_accuracy is None
    assert scores.camps == {}


def test_names_that_training_never_saw_are_scored_apart_and_baselines_stand_beside(tagger: FactionTagger) -> None:
    seen = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة الباب. "
    text = seen + "واعتقلت قسد شابا."
    at, other = text.index("قوات النظام"), text.index("قسد")
    report = Report("a", text, "2021-03", factions=(Mention(at, at + 11, "assad_regime"), Mention(other, other + 3, "sdf")))
    result = evaluate_factions(tagger, [report, Report("not annotated", text)])
    assert result.n == 1
    assert result.scores.entity.support == 2
    assert result.unseen.entity.support == 1
    assert result.baselines["gazetteer"].entity.recall == 1
    assert result.baselines["majority camp"].span == result.scores.span
    assert result.to_dict()["scores"]["camps"]["assad_regime"]["f1"] == result.scores.camps["assad_regime"].f1


def test_reports_without_factions_are_refused(tagger: FactionTagger) -> None:
    with pytest.raises(DataError, match="'factions'"):
        evaluate_factions(tagger, [Report("a", "نص")])
