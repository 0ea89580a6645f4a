from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad.modeling.folders import load_tokenizer
from marsad.modeling.tagging import OUTSIDE, UNKNOWN, bio_names, bio_tags
from marsad.modeling.windows import WindowCutter

CAMPS = ("assad_regime", "sdf", "turkey")
NAMES = bio_names(CAMPS)
B = {camp: NAMES.index(f"B-{camp}") for camp in CAMPS}
INSIDE = {camp: NAMES.index(f"I-{camp}") for camp in CAMPS}
PIECES = [(0, 0), (0, 4), (5, 8), (8, 11), (12, 15), (16, 20), (0, 0)]
"""[CLS], four words (the second is two pieces), [SEP]."""
Span = tuple[int, int, str]
Found = tuple[list[tuple[int, int]], list[Span]]


@st.composite
def pieces_and_spans(draw: st.DrawFn, apart: bool) -> Found:
    """Pieces of 1 to 4 characters with gaps, and spans from the start of one to the end of another."""
    pieces, at = [], 0
    for gap, size in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=14)):
        pieces.append((at + gap, at + gap + size))
        at += gap + size
    bounds = draw(st.lists(st.tuples(st.integers(0, len(pieces) - 1), st.integers(1, 5)), max_size=5, unique_by=lambda one: one[0]))
    spans: list[Span] = []
    last = 0
    for first, count in sorted(bounds) if apart else bounds:
        begin = max(first, last) if apart else first
        end = min(begin + count, len(pieces))
        if begin < end:
            spans.append((pieces[begin][0], pieces[end - 1][1], draw(st.sampled_from(CAMPS))))
            last = end
    return pieces, spans


def read_back(pieces: list[tuple[int, int]], tags: list[int]) -> list[Span]:
    """The spans that BIO tags tell."""
    found: list[Span] = []
    for (start, end), tag in zip(pieces, tags, strict=True):
        place, _, camp = NAMES[tag].partition("-")
        if place == "B":
            found.append((start, end, camp))
        elif place == "I":
            found[-1] = (found[-1][0], end, camp)
    return found


def test_names() -> None:
    assert bio_names(["x", "y"]) == ["O", "B-x", "I-x", "B-y", "I-y"]
    assert bio_names([]) == ["O"]
    assert NAMES[OUTSIDE] == "O"


def test_the_first_piece_of_a_span_begins_it_and_the_others_are_inside() -> None:
    tags = bio_tags(PIECES, [(5, 15, "sdf")], CAMPS)
    assert tags == [UNKNOWN, OUTSIDE, B["sdf"], INSIDE["sdf"], INSIDE["sdf"], OUTSIDE, UNKNOWN]


def test_spans_side_by_side_stay_two() -> None:
    tags = bio_tags(PIECES, [(5, 11, "sdf"), (12, 15, "sdf"), (16, 20, "turkey")], CAMPS)
    assert tags == [UNKNOWN, OUTSIDE, B["sdf"], INSIDE["sdf"], B["sdf"], B["turkey"], UNKNOWN]


@pytest.mark.parametrize("span", [(6, 7), (5, 8), (7, 8), (4, 6), (4, 8)])
def test_a_piece_that_the_span_touches_belongs_to_it(span: tuple[int, int]) -> None:
    assert bio_tags(PIECES, [(*span, "sdf")], CAMPS) == [UNKNOWN, OUTSIDE, B["sdf"], OUTSIDE, OUTSIDE, OUTSIDE, UNKNOWN]


@pytest.mark.parametrize("span", [(4, 5), (11, 12), (20, 25), (30, 40)])
def test_a_span_without_a_piece_tags_nothing(span: tuple[int, int]) -> None:
    assert set(bio_tags(PIECES, [(*span, "sdf")], CAMPS)) == {UNKNOWN, OUTSIDE}


def test_not_annotated_is_not_the_same_as_annotated_as_none() -> None:
    assert bio_tags(PIECES, None, CAMPS) == [UNKNOWN] * 7
    assert bio_tags(PIECES, [], CAMPS) == [UNKNOWN, *[OUTSIDE] * 5, UNKNOWN]


def test_a_special_token_is_never_tagged_even_by_a_span_at_the_texts_start() -> None:
    tags = bio_tags(PIECES, [(0, 4, "turkey")], CAMPS)
    assert tags == [UNKNOWN, B["turkey"], OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE, UNKNOWN]


@pytest.mark.parametrize("turn", [1, -1])
def test_the_longest_wins_where_spans_cross(turn: int) -> None:
    spans = [(5, 20, "sdf"), (12, 15, "turkey")][::turn]
    assert bio_tags(PIECES, spans, CAMPS) == [UNKNOWN, OUTSIDE, B["sdf"], *[INSIDE["sdf"]] * 3, UNKNOWN]


@settings(max_examples=200, deadline=None)
@given(pieces_and_spans(apart=True), st.randoms())
def test_spans_that_do_not_cross_can_be_read_back(found: Found, dice: Random) -> None:
    pieces, spans = found
    shuffled = sorted(spans, key=lambda _: dice.random())
    assert read_back(pieces, bio_tags(pieces, shuffled, CAMPS)) == spans


@settings(max_examples=200, deadline=None)
@given(pieces_and_spans(apart=False))
def test_each_piece_under_a_span_is_tagged_and_no_other(found: Found) -> None:
    pieces, spans = found
    tags = bio_tags(pieces, spans, CAMPS)
    for (start, end), tag in zip(pieces, tags, strict=True):
        over = {camp for a, b, camp in spans if start < b and end > a}
        assert NAMES[tag][2:] in over if over else tag == OUTSIDE


@settings(max_examples=200, deadline=None)
@given(pieces_and_spans(apart=False))
def test_inside_follows_only_its_own_camp(found: Found) -> None:
    pieces, spans = found
    for before, after in pairwise([OUTSIDE, *bio_tags(pieces, spans, CAMPS)]):
        if NAMES[after].startswith("I-"):
            assert NAMES[before][2:] == NAMES[after][2:], "an inside without its begin is no BIO"


def test_windows_of_a_real_tokenizer_tag_the_raw_words(tiny_base: Path) -> None:
    text = "أفاد مراسلنا أن قـ ـوات النظام قصفت بلدة تدمر صباح اليوم. " * 4
    force = "قـ ـوات النظام"
    spans = [(at, at + len(force), "assad_regime") for at in range(len(text)) if text.startswith(force, at)]
    assert len(spans) == 4
    [one] = WindowCutter(load_tokenizer(tiny_base), 24, 6)([text])
    assert len(one.windows) > 1
    for window in one.windows:
        tags = bio_tags(window.offsets, spans, CAMPS)
        read = [text[a:b] for (a, b), tag in zip(window.offsets, tags, strict=True) if tag > OUTSIDE]
        assert read
        assert set(read) == {"قـ ـوات", "النظام"}
        assert tags[0] == tags[-1] == UNKNOWN
