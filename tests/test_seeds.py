"""The seeds keep what their data sheet promises."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from marsad.data.duplicates import near_duplicates
from marsad.data.reports import Report, read_reports
from marsad.taxonomy import Taxonomy
from marsad.text import normalize

SEEDS = Path(__file__).parents[1] / "seeds"


@pytest.fixture(scope="module")
def reports(syria: Taxonomy) -> list[Report]:
    return read_reports(SEEDS / "reports.jsonl", syria)


def test_every_label_has_examples(reports: list[Report], syria: Taxonomy) -> None:
    for task, least in (("affiliation", 20), ("event_type", 15)):
        counts = Counter(label for report in reports for label in report.labels[task])
        assert all(counts[label] >= least for label in syria.task(task).ids), counts


def test_lengths_dates_and_kinds_are_spread(reports: list[Report]) -> None:
    words = [len(report.text.split()) for report in reports]
    assert len(reports) >= 300
    assert min(words) >= 40
    assert max(words) <= 900
    assert sum(count > 400 for count in words) >= 60
    years = {str(report.date)[:4] for report in reports}
    assert years >= {str(year) for year in range(2012, 2027)}
    kinds = Counter(report.meta["kind"] for report in reports)
    assert kinds["social"] >= 40
    assert kinds["negative"] >= 20


def test_social_posts_are_obfuscated(reports: list[Report]) -> None:
    social = [report.text for report in reports if report.meta["kind"] == "social"]
    assert sum("\u0640" in text and normalize(text) != text for text in social) >= 40


def test_mentions_start_and_end_with_words(reports: list[Report]) -> None:
    for report in reports:
        for mention in report.factions or ():
            name = report.text[mention.start : mention.end]
            assert name == name.strip(), (report.id, name)
            assert not report.text[mention.end : mention.end + 1].isalpha(), (report.id, name)


def test_changes_of_camp_are_marked_and_told_by_the_mentions(reports: list[Report]) -> None:
    changes = [(report, report.meta["change"]) for report in reports if "change" in report.meta]
    assert len(changes) >= 25
    assert len({(change["before"], change["after"]) for _, change in changes}) >= 15
    for report, change in changes:
        camps = {m.affiliation for m in report.factions or () if report.text[m.start : m.end] == change["name"]}
        assert camps == {change["before"], change["after"]}, report.id
        assert change["before"] != change["after"]
        assert "group_change" in report.labels["event_type"], report.id


def test_a_name_with_two_camps_is_marked_unless_it_is_of_two_times(reports: list[Report]) -> None:
    unmarked = set()
    for report in reports:
        camps = defaultdict(set)
        for mention in report.factions or ():
            camps[report.text[mention.start : mention.end]].add(mention.affiliation)
        if "change" not in report.meta:
            unmarked |= {
                report.text[m.start : m.end] for m in report.factions or () if len(camps[report.text[m.start : m.end]]) > 1
            }
    assert unmarked == {"الجيش السوري"}


def test_the_same_words_name_opposite_camps_before_and_after_december_2024(reports: list[Report]) -> None:
    for word in ("الجيش السوري", "الأمن العام", "وزارة الدفاع"):
        dated = {
            (report.date or "") >= "2024-12-08": mention.affiliation
            for report in reports
            for mention in report.factions or ()
            if report.text[mention.start : mention.end] == word and mention.affiliation != "hts"
        }
        assert dated == {False: "assad_regime", True: "transitional_government"}, word


def test_no_two_reports_are_alike_outside_a_story(reports: list[Report]) -> None:
    texts = Counter(normalize(report.text) for report in reports)
    assert texts.most_common(1)[0][1] == 1


def test_annotations_lead_to_the_labels(reports: list[Report]) -> None:
    rows = [json.loads(line) for line in (SEEDS / "annotations.jsonl").read_text(encoding="utf-8").splitlines()]
    final = {report.id: report for report in reports}
    assert {row["id"] for row in rows} == set(final)
    for row in rows:
        agreed = row.get("adjudicated", row["first"])
        assert set(final[row["id"]].labels["event_type"]) == set(agreed["event_type"])
        if "adjudicated" not in row:
            assert set(row["first"]["event_type"]) == set(row["second"]["event_type"])


def test_the_figures_of_the_data_sheet_are_true(reports: list[Report]) -> None:
    words = [len(report.text.split()) for report in reports]
    kinds = Counter(report.meta["kind"] for report in reports)
    assert (len(reports), min(words), max(words), sum(count > 400 for count in words)) == (303, 49, 828, 64)
    assert (kinds["social"], kinds["negative"]) == (53, 29)
    assert sum(len(report.factions or ()) for report in reports) == 1953
    least = {
        task: min(Counter(label for r in reports for label in r.labels[task]).values()) for task in ("affiliation", "event_type")
    }
    assert least == {"affiliation": 38, "event_type": 40}


def test_the_only_near_duplicates_are_one_wording_before_and_after_december_2024(reports: list[Report]) -> None:
    pairs = near_duplicates([report.text for report in reports])
    dates = [sorted(str(reports[place].date) for place in (pair.a, pair.b)) for pair in pairs]
    assert len(dates) == 4
    assert all(before < "2024-12-08" <= after for before, after in dates), dates
