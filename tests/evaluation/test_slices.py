"""Parts of the reports: each report falls where it belongs, and a part's figures are those of its reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import quiet_text

from marsad.data.reports import Mention, Report
from marsad.evaluation.evaluate import ScoredReports, measure
from marsad.evaluation.slices import LEAST, SOURCES, slice_scores, traits
from marsad.modeling.folders import load_tokenizer


def values(tiny_base: Path, trait: str, *reports: Report) -> list[str | None]:
    return traits(reports, load_tokenizer(tiny_base))[trait]


def report(text: str = "سوق الخضار", **more: object) -> Report:
    return Report(id="1", text=text, **more)  # type: ignore[arg-type]


def test_year_kind_and_source(tiny_base: Path) -> None:
    one = report(date="2021-03", source="www.outlet.example", meta={"kind": "web"})
    assert values(tiny_base, "year", one, report()) == ["2021", None]
    assert values(tiny_base, "kind", one, report()) == ["web", None]
    assert values(tiny_base, "source", one, report()) == ["outlet.example", None]


def test_rare_sources_are_one(tiny_base: Path) -> None:
    common = [report(source=f"s{number}") for number in range(SOURCES)] * 2
    assert values(tiny_base, "source", *common, report(source="rare"))[-1] == "other"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("قصفت المدفعية البلدة", "plain"),
        ("#قصف مدفعي", "plain"),
        ("قصـ ـف مدفعي", "obfuscated"),
        ("ق.ص.ف", "obfuscated"),
        ("د1عش", "obfuscated"),
    ],
)
def test_spelling(text: str, value: str, tiny_base: Path) -> None:
    assert values(tiny_base, "spelling", report(text)) == [value]


def test_length(tiny_base: Path) -> None:
    found = values(tiny_base, "length", report(), report(quiet_text(150)), report(quiet_text(900)))
    assert found == ["up to 128 pieces", "129 to 512 pieces", "over 512 pieces"]


def test_evidence_after_piece_512(tiny_base: Path) -> None:
    text = "قسد " + quiet_text(900) + " تركيا"
    end = len(text)
    early, late = Mention(0, 3, "sdf"), Mention(end - 5, end, "turkey")
    late_again = Mention(end - 5, end, "sdf")
    gold = {"affiliation": ("sdf", "turkey")}
    found = values(
        tiny_base,
        "evidence",
        report(text, labels=gold, factions=(early, late)),
        report(text, labels=gold, factions=(early, late_again)),
        report(text, labels={"affiliation": ("sdf",)}, factions=(early, late)),
        report(text, labels=gold),
        report(labels=gold, factions=(Mention(0, 3, "sdf"),)),
    )
    assert found == ["a camp first after piece 512", "camps within 512 pieces", "camps within 512 pieces", None, None]


def test_a_part_has_the_figures_of_its_reports(scored: ScoredReports, stories: list[str]) -> None:
    own = ["a" if number % 3 else "b" for number in range(120)]
    found = slice_scores(scored, scored.decide({}), stories, {"kind": own})["kind"]
    rows = np.array([value == "a" for value in own])
    expected = measure(scored.select(rows), {}).tasks["side"]
    assert list(found) == ["a", "b"]
    assert found["a"]["side"].n == rows.sum()
    assert found["a"]["side"].micro_f1 == pytest.approx(expected["micro_f1"], abs=1e-9)
    assert found["a"]["side"].macro_f1 == pytest.approx(expected["macro_f1"], abs=1e-9)
    low, high = found["a"]["side"].micro_f1_interval
    assert low is not None
    assert high is not None
    assert low < expected["micro_f1"] < high


def test_years_rise_and_a_handful_is_not_shown(scored: ScoredReports, stories: list[str]) -> None:
    own: list[str | None] = ["2022"] * 80 + ["2019"] * 30 + ["2020"] * (LEAST - 1) + [None] * (11 - LEAST)
    found = slice_scores(scored, scored.decide({}), stories, {"year": own})["year"]
    assert list(found) == ["2019", "2022"]


def test_a_task_that_is_hardly_annotated_is_left_out_of_the_part(scored: ScoredReports, stories: list[str]) -> None:
    gold = scored.gold.copy()
    gold[3:, 3:] = np.nan
    bare = replace(scored, gold=gold)
    found = slice_scores(bare, bare.decide({}), stories, {"kind": ["web"] * 120})
    assert set(found["kind"]["web"]) == {"side"}
