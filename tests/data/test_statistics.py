from __future__ import annotations

import re
import xml.dom.minidom
from pathlib import Path

import pytest

from marsad.data.reports import Mention, Report
from marsad.data.statistics import Statistics, describe_reports, is_obfuscated
from marsad.data.statistics_page import statistics_page
from marsad.modeling.folders import load_tokenizer
from marsad.taxonomy import Taxonomy

REPORTS = [
    Report(
        "1",
        "قوات النظام قصفت بلدة جاسم",
        "2021-03-14",
        "<b>نبأ",
        "g",
        {"event_type": ("shelling", "airstrike")},
        meta={"kind": "web"},
    ),
    Report("2", "داعش قصـ ـفت تدمر", "2021-03", "نور", "g", {"event_type": ("shelling",), "affiliation": ()}),
    Report("3", "هدوء 語 في الحي", factions=(Mention(0, 4, "isis"),), labels={"event_type": ("airstrike", "shelling")}),
]


@pytest.fixture(scope="module")
def found(tiny_base: Path, syria: Taxonomy) -> Statistics:
    return describe_reports(REPORTS, syria, load_tokenizer(tiny_base))


def test_counts(found: Statistics) -> None:
    events, camps = found.tasks["event_type"], found.tasks["affiliation"]
    assert (found.reports, found.stories, found.undated, found.obfuscated) == (3, 2, 1, 1)
    assert (events.annotated, events.labels["shelling"], events.labels["protest"]) == (3, 3, 0)
    assert events.pairs["airstrike"] == {"shelling": 2}
    assert (camps.annotated, camps.none) == (1, 1)
    assert (found.months, found.kinds, found.mentions) == ({"2021-03": 2}, {"web": 1}, {"isis": 1})


def test_lengths_are_in_word_pieces(found: Statistics, tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    assert found.lengths.pieces == tuple(len(tokenizer.tokenize(report.text)) for report in REPORTS)
    assert found.lengths.unknown == sum(tokenizer.tokenize(report.text).count("[UNK]") for report in REPORTS) > 0
    assert found.to_dict()["lengths"]["longest"] == max(found.lengths.pieces)
    assert 0 < found.lengths.pieces_used < found.lengths.vocabulary


@pytest.mark.parametrize(
    ("text", "hidden"),
    [("قصـ ـف", True), ("ق.ص.ف", True), ("د1عش", True), ("قصـــف", False), ("قصف. ثم انسحب", False), ("3.5 كم", False)],
)
def test_obfuscation_is_more_than_a_drawn_out_word(text: str, hidden: bool) -> None:
    assert is_obfuscated(text) == hidden


def test_the_page_is_whole_and_needs_nothing_beside_it(found: Statistics, syria: Taxonomy) -> None:
    page = statistics_page(found, syria, "reports.jsonl", "tiny")
    assert page == statistics_page(found, syria, "reports.jsonl", "tiny")
    assert "قصف مدفعي أو صاروخي" in page
    assert "&lt;b&gt;نبأ" in page
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    figures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(figures) == 4
    for figure in figures:
        xml.dom.minidom.parseString(figure)  # noqa: S318  # our own
