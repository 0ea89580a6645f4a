from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from marsad.data.duplicates import group_reports, near_duplicates
from marsad.data.reports import Report, read_reports
from marsad.taxonomy import Taxonomy

SEEDS = Path(__file__).parents[2] / "seeds"
MARKS = "\u064b\u064e\u064f\u0650\u0651\u0652"


@pytest.fixture(scope="module")
def seeds(syria: Taxonomy) -> list[Report]:
    return read_reports(SEEDS / "reports.jsonl", syria)[:60]


def other_outlet(text: str) -> str:
    return f"وكالة الضفاف للأنباء: {text} (تحرير: قسم المراسلين)"


def other_marks(text: str) -> str:
    dice = random.Random(0)
    marked = "".join(letter + (dice.choice(MARKS) if letter.isalpha() and dice.random() < 0.3 else "") for letter in text)
    return marked.replace("\u0623", "\u0627").replace("\u064a ", "\u0649 ")  # alef with hamza to bare alef, final ya undotted


def other_order(text: str) -> str:
    sentences = text.replace("\n", " ").split(". ")
    return ". ".join(sentences[1:] + sentences[:1])


def cut_short(text: str) -> str:
    words = text.split()
    return " ".join(words[: max(20, int(len(words) * 0.65))])


@pytest.mark.parametrize("change", [other_outlet, other_marks, other_order, cut_short])
def test_a_changed_copy_is_found_and_nothing_else(seeds: list[Report], change: object) -> None:
    assert callable(change)
    texts = [report.text for report in seeds]
    pairs = {(pair.a, pair.b) for pair in near_duplicates(texts + [change(text) for text in texts])}
    planted = {(place, place + len(texts)) for place in range(len(texts))}
    assert len(pairs & planted) >= 0.9 * len(planted)
    assert len(pairs - planted) <= 0.05 * len(pairs)


def test_equal_wording_is_told_with_the_first_of_it() -> None:
    pairs = near_duplicates(["قصف على جاسم", "هدوء في تدمر", "قَصْفٌ على جاســم", "قصف، على جاسم!"])
    assert [(pair.a, pair.b, pair.jaccard) for pair in pairs] == [(0, 2, 1.0), (0, 3, 1.0)]


def test_short_texts_of_one_template_are_two_events() -> None:
    text = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة {} صباح اليوم"
    assert near_duplicates([text.format("جاسم"), text.format("تدمر")]) == []


def test_copies_of_a_near_duplicate_are_near_duplicates(seeds: list[Report]) -> None:
    text = seeds[0].text
    pairs = near_duplicates([text, other_outlet(text), other_outlet(text), seeds[1].text])
    assert {(pair.a, pair.b) for pair in pairs} == {(0, 1), (0, 2), (1, 2)}


@pytest.mark.parametrize("texts", [[], ["خبر"], ["!", "؟", "،"]])
def test_nothing_to_compare(texts: list[str]) -> None:
    assert near_duplicates(texts) == []


def test_a_group_is_made_for_near_duplicates_alone(seeds: list[Report]) -> None:
    a, b = (replace(report, group=None) for report in seeds[:2])
    grouped = group_reports([a, b, replace(a, id="copy", text=other_outlet(a.text))])
    assert [report.group for report in grouped] == [f"near:{a.id}", None, f"near:{a.id}"]
    assert [replace(report, group=None).text for report in grouped][:2] == [a.text, b.text]
    assert group_reports(grouped) == grouped


def test_an_existing_group_is_joined_and_never_parted(seeds: list[Report]) -> None:
    a, b, c = seeds[:3]
    reports = [
        replace(a, group=None),
        replace(b, group="غارة"),
        replace(a, id="copy", text=other_outlet(a.text), group="غارة"),
        replace(c, group="هدنة"),
        replace(c, id="other", group="سيل"),
        replace(b, id="far", text="هدوء حذر", group="سيل"),
    ]
    assert [report.group for report in group_reports(reports)] == ["غارة"] * 3 + ["هدنة"] * 3
