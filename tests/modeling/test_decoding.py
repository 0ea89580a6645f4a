"""From scores to spans: no invalid sequence, the best of the valid ones, each word once."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad.modeling.folders import load_tokenizer
from marsad.modeling.tagging import OUTSIDE, UNKNOWN, Run, best_path, report_words, runs, window_tags
from marsad.modeling.windows import Window, WindowCutter, sentences

TAGS = 5
"""O, and B and I of two camps."""
SENTENCE = "أفاد مراسلنا أن قوات النظام قصفت بلدة تدمر صباح اليوم. "


def valid(tags: tuple[int, ...] | list[int]) -> bool:
    return all(after % 2 or after == OUTSIDE or before in (after, after - 1) for before, after in pairwise([OUTSIDE, *tags]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 5))
def test_the_path_is_the_best_of_all_valid_ones(seed: int, length: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(length, TAGS))
    best = max(
        (tags for tags in product(range(TAGS), repeat=length) if valid(tags)), key=lambda tags: sum(scores[range(length), tags])
    )
    assert tuple(best_path(scores)) == best


def test_runs_are_read_from_tags() -> None:
    assert runs([0, 1, 2, 1, 3, 4, 4, 0]) == [Run(1, 3, 0), Run(3, 4, 0), Run(4, 7, 1)]
    assert runs([]) == []


def test_every_word_is_read_once_at_its_first_piece_far_from_the_edges(tiny_base: Path) -> None:
    text = SENTENCE * 6
    [one] = WindowCutter(load_tokenizer(tiny_base), 24, 10)([text])
    words = report_words(one.windows)
    assert [text[word.start : word.end] for word in words] == text.replace(".", " .").split()
    for word in words:
        views = [
            (number, min(piece - 1, len(window.ids) - 2 - piece))
            for number, window in enumerate(one.windows)
            for piece in range(1, len(window.ids) - 1)
            if window.offsets[piece][0] == word.start and window.offsets[piece][1]
        ]
        assert dict(views)[word.window] == max(edge for _, edge in views)


def test_a_word_is_never_read_at_its_second_piece() -> None:
    cut = Window((9, 1, 2), ((0, 0), (2, 4), (5, 7)), (None, 0, 1))
    whole = Window((9, 3, 1), ((0, 0), (0, 2), (2, 4)), (None, 0, 0))
    assert [(word.start, word.end, word.window, word.piece) for word in report_words([cut, whole])] == [(0, 4, 1, 1), (5, 7, 0, 2)]
    assert window_tags([cut, whole], [(0, 4, "x")], ["x"]) == [[UNKNOWN, UNKNOWN, OUTSIDE], [UNKNOWN, 1, UNKNOWN]]


def test_a_span_that_begins_within_a_word_is_learned_from_the_word() -> None:
    window = Window((9, 1, 2, 3), ((0, 0), (0, 1), (1, 5), (6, 9)), (None, 0, 0, 1))
    assert window_tags([window], [(1, 9, "x")], ["x"]) == [[UNKNOWN, 1, UNKNOWN, 2]]
    assert window_tags([window], None, ["x"]) == [[UNKNOWN] * 4]


@given(st.text(alphabet="ab .!\n\u061f", max_size=40))
def test_sentences_hold_every_letter_once_without_blanks_around(text: str) -> None:
    places = sentences(text)
    assert "".join(text[start:end] for start, end in places if text[start:end].strip()).count("a") == text.count("a")
    assert all(text[start:end] == text[start:end].strip() for start, end in places)
    assert all(a[1] <= b[0] for a, b in pairwise(places))
