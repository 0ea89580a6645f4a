"""Named forces and keywords speak for labels: by date, by count, in any spelling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from marsad.data.reports import Report
from marsad.errors import ConfigError
from marsad.evaluation.gazetteer_baseline import find_keywords, gazetteer_scores, read_keywords, shipped_scores
from marsad.gazetteer import find_gazetteer, read_gazetteer
from marsad.taxonomy import Taxonomy


def labels(text: str, taxonomy: Taxonomy, date: str = "2021-03-14") -> set[str]:
    (row,) = shipped_scores([Report("a", text, date)], taxonomy)
    return {label.partition(":")[2] for label, score in zip(taxonomy.flat, row, strict=True) if score >= 0.5}


def test_the_date_tells_the_camp(syria: Taxonomy) -> None:
    text = "داهم الأمن العام منزلا في البلدة"
    assert labels(text, syria, "2023-05-01") == {"assad_regime", "arrest_raid"}
    assert labels(text, syria, "2026-05-01") == {"transitional_government", "arrest_raid"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("قـ.ـصفت قوات النظام البلدة", {"assad_regime", "shelling"}),
        ("وقصفت مسيّرة تركية سيارة لقسد", {"turkey", "sdf", "shelling", "drone_strike"}),
        ("بالمدفعيه والصواريخ", {"shelling"}),
        ("افتتح الأهالي سوقا للخضار", set()),
        ("عاد التقصفي إلى بيته", set()),
    ],
)
def test_names_and_keywords_speak_for_labels(syria: Taxonomy, text: str, expected: set[str]) -> None:
    assert labels(text, syria) == expected


def test_scores_grow_with_the_places_that_speak_for_a_label(syria: Taxonomy) -> None:
    gazetteer = read_gazetteer(find_gazetteer("syria"), syria)
    rows = gazetteer_scores([Report(str(n), "قسد، " * n + "نص") for n in range(4)], gazetteer, syria)
    assert rows[:, syria.flat.index("affiliation:sdf")] == pytest.approx([0, 1 / 2, 2 / 3, 3 / 4])
    assert np.isnan(rows[:, syria.slices["event_type"]]).all()
    assert not np.isnan(rows[:, syria.slices["affiliation"]]).any()


def test_every_event_type_has_keywords(syria: Taxonomy) -> None:
    assert set(read_keywords(find_keywords(), syria)) == set(syria.task("event_type").ids)


def test_mistakes_of_the_keywords_are_told_at_once(tmp_path: Path, syria: Taxonomy) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("weather: [مطر]\nprotest: احتجاج\nabuse: ['...']\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_keywords(path, syria)
    told = str(error.value).splitlines()
    assert len(told) == 3
    assert told[0].startswith(f"{path}: unknown event_type 'weather'; known: armed_clash")
