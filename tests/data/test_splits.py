from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad.data.reports import Report
from marsad.data.splits import dated_from, from_sources, naming, shared_stories, split_by_story, split_stratified, split_where
from marsad.errors import ConfigError
from marsad.taxonomy import Taxonomy


def report(number: int, group: str | None = None, text: str | None = None) -> Report:
    return Report(f"r{number}", text or f"خبر رقم {number} عن هدوء حذر في الريف.", group=group)


REPORTS = st.lists(st.none() | st.sampled_from([f"story-{number}" for number in range(12)]), max_size=60).map(
    lambda groups: [report(number, group) for number, group in enumerate(groups)]
)
SHARES = st.floats(0, 1)
SEEDS = st.integers(0, 1000)


@settings(max_examples=200, deadline=None)
@given(REPORTS, SHARES, SEEDS)
def test_no_story_is_on_both_sides_and_no_report_is_lost(reports: list[Report], share: float, seed: int) -> None:
    rest, part = split_by_story(reports, share, seed)
    assert not {one.story for one in rest} & {one.story for one in part}
    assert sorted(one.id for one in rest + part) == sorted(one.id for one in reports)
    assert shared_stories(rest, part) == []


@settings(max_examples=100, deadline=None)
@given(REPORTS, SHARES, SEEDS)
def test_the_order_is_kept(reports: list[Report], share: float, seed: int) -> None:
    places = {one.id: place for place, one in enumerate(reports)}
    for side in split_by_story(reports, share, seed):
        assert [places[one.id] for one in side] == sorted(places[one.id] for one in side)


@settings(max_examples=100, deadline=None)
@given(REPORTS, REPORTS, SHARES, SEEDS)
def test_a_story_keeps_its_side_when_others_come_or_go(
    reports: list[Report], others: list[Report], share: float, seed: int
) -> None:
    more = [report(1000 + number, one.group and f"other-{one.group}") for number, one in enumerate(others)]
    rest, part = split_by_story(reports, share, seed)
    new_rest, new_part = split_by_story(more + reports, share, seed)
    assert {one.id for one in rest} <= {one.id for one in new_rest}
    assert {one.id for one in part} <= {one.id for one in new_part}


@settings(max_examples=100, deadline=None)
@given(REPORTS, SHARES, SHARES, SEEDS)
def test_a_larger_share_only_adds(reports: list[Report], one: float, other: float, seed: int) -> None:
    small, large = sorted((one, other))
    assert {r.id for r in split_by_story(reports, small, seed)[1]} <= {r.id for r in split_by_story(reports, large, seed)[1]}


def test_the_same_seed_gives_the_same_split_today_and_on_any_machine() -> None:
    reports = [report(number) for number in range(40)]
    first, again = (split_by_story(reports, 0.3, 5) for _ in range(2))
    assert first == again
    assert [one.id for one in split_by_story(reports[:15], 0.3, 5)[1]] == PINNED


PINNED = ["r6"]
"""What a run of an earlier day chose: a published model's held-out reports must stay held out."""


def test_another_seed_gives_another_split() -> None:
    reports = [report(number) for number in range(200)]
    assert split_by_story(reports, 0.3, 5) != split_by_story(reports, 0.3, 6)


def test_the_share_is_about_right() -> None:
    reports = [report(number, f"story-{number // 3}") for number in range(6000)]
    for share in (0.05, 0.15, 0.5):
        part = split_by_story(reports, share, 13)[1]
        assert abs(len({one.story for one in part}) / 2000 - share) < 0.035  # three standard deviations at a half
        assert len(part) == 3 * len({one.story for one in part})


def test_the_shares_none_and_all() -> None:
    reports = [report(number) for number in range(50)]
    assert split_by_story(reports, 0.0, 1) == (reports, [])
    assert split_by_story(reports, 1.0, 1) == ([], reports)
    assert split_by_story([], 0.5, 1) == ([], [])


def test_splits_of_two_seeds_do_not_hang_together() -> None:
    reports = [report(number) for number in range(4000)]
    rest, held_out = split_by_story(reports, 0.5, 1)
    assert 0.45 < len(split_by_story(rest, 0.5, 2)[1]) / len(rest) < 0.55
    assert len(held_out) > 1800


def test_shared_stories_are_told_by_group() -> None:
    a = [report(1, "غارة"), report(2, "هدنة"), report(3)]
    b = [report(4, "هدنة"), report(5, "سيل"), report(6)]
    assert shared_stories(a, b) == ["هدنة"]


def test_shared_stories_are_told_by_equal_wording_where_ids_differ() -> None:
    a = [report(1, text="النص نفسه."), report(2)]
    b = [report(7, text="النص نفسه."), report(8)]
    assert shared_stories(a, b) == ["text:r7"]


def test_reports_without_group_share_nothing() -> None:
    assert shared_stories([report(1), report(2)], [report(3), report(4)]) == []
    assert shared_stories([report(1, "")], [report(2, "")]) == []
    assert shared_stories([], [report(1, "x")]) == []


def test_a_story_named_like_the_id_of_a_report_of_none_is_another_story() -> None:
    assert shared_stories([report(1)], [report(2, "r1")]) == []


def labelled(number: int, *camps: str, group: str | None = None) -> Report:
    return replace(report(number, group), labels={"affiliation": camps})


def test_stratified_parts_hold_every_label_in_proportion_and_whole_stories(syria: Taxonomy) -> None:
    rare, often, odd = ("isis",), ("sdf", "turkey"), ("russia",)
    reports = [labelled(n, *(rare if n < 20 else odd if n < 60 else often), group=f"s{n // 2}") for n in range(400)]
    parts = split_stratified(reports, (0.8, 0.1, 0.1), syria, 1)
    assert sorted(one.id for part in parts for one in part) == sorted(one.id for one in reports)
    stories = [{one.story for one in part} for part in parts]
    assert sum(map(len, stories)) == len(set().union(*stories))
    for camp, total in (("isis", 20), ("russia", 40), ("sdf", 340)):
        counts = [sum(camp in one.labels["affiliation"] for one in part) for part in parts]
        assert all(abs(count - share * total) <= 2 for count, share in zip(counts, (0.8, 0.1, 0.1), strict=True)), (camp, counts)


def test_stratified_parts_of_few_and_of_unlabelled_reports(syria: Taxonomy) -> None:
    reports = [report(number) for number in range(10)]
    assert [len(part) for part in split_stratified(reports, (1, 1), syria, 0)] == [5, 5]
    assert split_stratified([], (1, 1), syria, 0) == [[], []]
    assert split_stratified(reports, (1, 1), syria, 0) == split_stratified(reports, (1, 1), syria, 0)
    assert split_stratified(reports, (1, 1), syria, 0) != split_stratified(reports, (1, 1), syria, 1)


def test_a_story_goes_whole_to_the_part_of_a_date() -> None:
    days = ("2024-12-07", "2024-12", "2025", "2025-03-02", None)
    reports = [replace(report(n, "late" if n in (0, 3) else None), date=day) for n, day in enumerate(days)]
    rest, part = split_where(reports, dated_from("2025-01"))
    assert [one.id for one in part] == ["r0", "r2", "r3"]
    assert [one.id for one in rest] == ["r1", "r4"]
    with pytest.raises(ConfigError, match=r"found '2025-13', expected YYYY"):
        dated_from("2025-13")


def test_an_outlet_is_held_out() -> None:
    reports = [replace(report(n), source=source) for n, source in enumerate(("x.net", "y.net", None, "x.net"))]
    assert [one.id for one in split_where(reports, from_sources(["x.net"]))[1]] == ["r0", "r3"]


def test_a_force_is_held_out_as_a_word_in_any_spelling() -> None:
    texts = ("دخل لواء الأقصى البلدة", "هاجمت قوات #لواء_الاقصى حاجزا", "ولِواءُ الأقصى انسحب", "في ألوية الأقصى", "هدوء")
    reports = [report(n, text=text) for n, text in enumerate(texts)]
    assert [one.id for one in split_where(reports, naming(["لواء الأقصى"]))[1]] == ["r0", "r1", "r2"]
