from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from marsad import load
from marsad.data.reports import Report
from marsad.evaluation.suggestion import choose, rarity, suggest, uncertainty
from marsad.taxonomy import Taxonomy


@pytest.fixture(scope="module")
def own() -> Taxonomy:
    labels = [{"id": "x"}, {"id": "y"}]
    return Taxonomy.from_dict(
        {"tasks": {"many": {"kind": "multilabel", "labels": labels}, "one": {"kind": "multiclass", "labels": labels}}}, "t"
    )


def test_uncertainty_is_greatest_at_the_threshold_and_at_no_margin(own: Taxonomy) -> None:
    found = uncertainty(np.array([[0.2, 0.9, 0.5, 0.5], [0.1, 1.0, 0.9, 0.1]]), own, {"many": {"x": 0.2, "y": 0.8}})
    assert found == pytest.approx(np.array([[1.0, 0.5, 1.0, 1.0], [0.5, 0.0, 0.2, 0.2]]))


def test_rare_labels_weigh_more() -> None:
    weights = rarity(np.array([[0.5, 0.01], [0.5, 0.0]]))
    assert weights[1] > weights[0]
    assert weights.mean() == pytest.approx(1)


def test_a_text_like_a_chosen_one_waits() -> None:
    texts = ["قصف على جاسم فجرا", "قصف على جاسم فجرا", "احتجاج في السويداء"]
    assert [place for place, _ in choose(texts, np.array([1.0, 0.99, 0.2]), 3)] == [0, 2, 1]
    assert choose([], np.zeros(0), 5) == []


def test_a_model_suggests_reports_best_first_and_no_two_alike(tiny_model: Path) -> None:
    predictor = load(tiny_model)
    sure = [f"أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة {place} صباح اليوم." for place in ("جاسم", "جاسم")]
    pool = [Report(f"sure{n}", text) for n, text in enumerate(sure)] + [Report("odd", "الجيش قصفت شبانا قوات قرب مع مسلحين")]
    found = suggest(predictor, pool, 2)
    assert {one.report.text for one in found} == {sure[0], pool[2].text}
    assert found[0].value > found[1].value
    row = found[0].to_dict()
    assert set(row["meta"]["suggested"]["unsure"]) <= set(predictor.settings.taxonomy.flat)
    assert suggest(predictor, [], 3) == []
