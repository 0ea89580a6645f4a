from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from marsad.modeling.folders import load_tokenizer
from marsad.modeling.tokenizer import train_tokenizer
from marsad.modeling.windows import Encoded, WindowCutter, cut, sentence_starts

FORCES = ("قوات النظام", "قوات سوريا الديمقراطية", "الجيش التركي", "تنظيم داعش")
DEEDS = ("قصفت بالمدفعية", "اعتقلت شبانا في", "اشتبكت مع مسلحين قرب")
PLACES = ("كفرنبل", "البصيرة", "عين عيسى", "جاسم", "الباب", "تدمر")
SENTENCES = [f"أفاد مراسلنا أن {a} {b} بلدة {c} صباح اليوم." for a, b, c in product(FORCES, DEEDS, PLACES)]
HIDDEN = [
    "قصـ ـفت قوات النظام بلدة تدمر.",
    "#قوات_النظام د1عش؟",
    "ق.ص.ف.ت، ﻗﺼﻔﺖ!",
    "عااااجل…",
    "\n",
    "بلدة " * 9,
    "«أفاد مراسلنا.» ",
]
LENGTH = 24


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(tiny_base)


@pytest.fixture(scope="module")
def dated() -> PreTrainedTokenizerBase:
    """A tokenizer that knows digits, so that one month is not another."""
    texts = [
        f"{year}-{month:02} : {sentence}" for year in range(2011, 2026) for month in range(1, 13) for sentence in SENTENCES[:1]
    ]
    return train_tokenizer(texts + SENTENCES * 5, vocab_size=400, max_length=64)


@st.composite
def cuttings(draw: st.DrawFn) -> tuple[list[int], int, int, int]:
    """Sentence starts, pieces, room, and an overlap of at most half of it."""
    count = draw(st.integers(0, 150))
    room = draw(st.integers(6, 40))
    overlap = draw(st.integers(0, room // 2))
    starts = draw(st.sets(st.integers(1, max(count - 1, 1)), max_size=count)) if count > 1 else set()
    return sorted(starts), count, room, overlap


REPORTS = st.lists(st.sampled_from(SENTENCES[::6] + HIDDEN), max_size=25).map(" ".join)
CUTS = st.tuples(st.integers(16, 64), st.floats(0, 0.5)).map(lambda pair: (pair[0], int(pair[0] * pair[1])))


# cut


@pytest.mark.parametrize(
    ("starts", "count", "room", "overlap", "spans"),
    [
        ([], 0, 10, 2, [(0, 0)]),
        ([], 10, 10, 2, [(0, 10)]),
        ([3, 7], 10, 10, 2, [(0, 10)]),
        ([], 11, 10, 2, [(0, 10), (8, 11)]),
        ([], 25, 10, 0, [(0, 10), (10, 20), (20, 25)]),
        ([7], 12, 10, 2, [(0, 7), (7, 12)]),
        ([6, 8], 12, 10, 2, [(0, 8), (6, 12)]),
        ([5], 12, 10, 2, [(0, 10), (8, 12)]),
        ([10], 12, 10, 3, [(0, 10), (10, 12)]),
        ([6, 10], 12, 10, 2, [(0, 10), (10, 12)]),
        ([4, 9], 18, 10, 5, [(0, 9), (4, 14), (9, 18)]),
    ],
)
def test_cut(starts: list[int], count: int, room: int, overlap: int, spans: list[tuple[int, int]]) -> None:
    assert cut(starts, count, room, overlap) == spans


@settings(max_examples=300, deadline=None)
@given(cuttings())
def test_spans_cover_all_pieces_within_the_room(cutting: tuple[list[int], int, int, int]) -> None:
    _, count, room, _ = cutting
    spans = cut(*cutting)
    assert {i for first, last in spans for i in range(first, last)} == set(range(count))
    assert all(0 < last - first <= room for first, last in spans) or spans == [(0, 0)]


@settings(max_examples=300, deadline=None)
@given(cuttings())
def test_spans_share_at_most_the_overlap_and_move_on(cutting: tuple[list[int], int, int, int]) -> None:
    overlap = cutting[3]
    for (first, last), (next_first, next_last) in pairwise(cut(*cutting)):
        assert first < next_first <= last
        assert last - next_first <= overlap
        assert next_last > last, "every span reads something new"


@settings(max_examples=300, deadline=None)
@given(cuttings())
def test_spans_end_and_begin_at_sentences_where_they_can(cutting: tuple[list[int], int, int, int]) -> None:
    starts, _, room, overlap = cutting
    for (first, last), (next_first, _) in pairwise(cut(*cutting)):
        ends = [start for start in starts if first + room // 2 < start <= first + room]
        assert last == (ends[-1] if ends else first + room)
        begins = [start for start in starts if max(last - overlap, first + 1) <= start <= last]
        assert next_first == (begins[0] if begins else last - overlap)


@settings(max_examples=300, deadline=None)
@given(cuttings())
def test_the_number_of_spans_grows_with_the_text_and_not_faster(cutting: tuple[list[int], int, int, int]) -> None:
    _, count, room, _ = cutting
    assert len(cut(*cutting)) <= 2 + 4 * count / room


def test_the_largest_overlap_that_the_config_allows_reads_nothing_a_second_time_only() -> None:
    length = 16
    spans = cut([1, 9], 80, length - 2, length // 2)
    assert all(next_last > last for (_, last), (_, next_last) in pairwise(spans)), spans


# sentence_starts


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("قصف. ثم هدوء", ["ثم"]),
        ("قصف! ثم قصف؟ هدوء", ["ثم", "هدوء"]),
        ("قصف… ثم", ["ثم"]),
        ("قصف۔ ثم", ["ثم"]),
        ('قال: "قصف." ثم', ["ثم"]),
        ("«قصف.» ثم", ["ثم"]),
        ("قصف\nثم\n\nهدوء", ["ثم", "هدوء"]),
        ("قصف... ثم", ["ثم"]),
        ("قصف.ثم", []),
        ("نحو 3.5 كم", []),
        ("قصف.", []),
        ("\n\nقصف", []),
        ("قصف، ثم؛ هدوء", []),
        ("", []),
    ],
)
def test_sentence_starts(text: str, sentences: list[str], tokenizer: PreTrainedTokenizerBase) -> None:
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    starts = sentence_starts(text, offsets)
    assert [text[offsets[start][0] :].split(maxsplit=1)[0] for start in starts] == sentences


# WindowCutter


@settings(max_examples=150, deadline=None)
@given(text=st.sampled_from(["", " ", *SENTENCES, *HIDDEN]))
def test_a_text_that_fits_reads_as_the_plain_tokenizer_reads_it(text: str, tokenizer: PreTrainedTokenizerBase) -> None:
    [one] = WindowCutter(tokenizer, 64, 8)([text])
    plain = tokenizer(text, return_offsets_mapping=True)
    assert len(one.windows) == 1
    assert list(one.windows[0].ids) == plain["input_ids"]
    assert list(one.windows[0].offsets) == plain["offset_mapping"]


@settings(max_examples=150, deadline=None)
@given(text=REPORTS, cuts=CUTS)
def test_windows_read_every_piece_in_order(text: str, cuts: tuple[int, int], tokenizer: PreTrainedTokenizerBase) -> None:
    cutter = WindowCutter(tokenizer, *cuts)
    [one] = cutter([text])
    batch = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    plain = list(zip(batch["input_ids"], batch["offset_mapping"], strict=True))
    assert one.tokens == one.read == len(plain)
    read: list[tuple[int, tuple[int, int]]] = []
    for window in one.windows:
        assert len(window.ids) == len(window.offsets) <= cuts[0]
        pieces = list(zip(window.ids, window.offsets, strict=True))[1:-1]
        found = [first for first in range(len(read) + 1) if plain[first : first + len(pieces)] == pieces]
        assert found, "a window is a stretch of the text that begins at the end of what was read, or before"
        read[found[-1] :] = pieces
    assert read == plain


@settings(max_examples=150, deadline=None)
@given(text=REPORTS, cuts=CUTS)
def test_start_and_end_point_into_the_raw_text(text: str, cuts: tuple[int, int], tokenizer: PreTrainedTokenizerBase) -> None:
    [one] = WindowCutter(tokenizer, *cuts)([text])
    plain = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    covered: set[int] = set()
    for window in one.windows:
        places = [place for place in window.offsets if place != (0, 0)]
        assert (window.start, window.end) == ((places[0][0], places[-1][1]) if places else (0, 0))
        assert set(places) <= set(plain)
        covered |= set(range(window.start, window.end))
    assert covered >= {i for start, end in plain for i in range(start, end)}
    starts = [window.start for window in one.windows]
    assert starts == sorted(starts)


def test_the_windows_of_a_long_report_are_whole_sentences(tokenizer: PreTrainedTokenizerBase) -> None:
    text = " ".join(SENTENCES)
    longest = max(len(tokenizer.tokenize(sentence)) for sentence in SENTENCES)
    cutter = WindowCutter(tokenizer, 2 * longest + 4, longest + 1)
    [one] = cutter([text])
    assert len(one.windows) > 10
    for window in one.windows:
        part = text[window.start : window.end]
        assert part.startswith("أفاد مراسلنا")
        assert part.endswith(".")
    assert all(later.start < earlier.end for earlier, later in pairwise(one.windows)), "neighbours share a sentence"


def test_without_a_sentence_end_windows_are_full_and_share_the_overlap(tokenizer: PreTrainedTokenizerBase) -> None:
    text = " ".join(["بلدة"] * 100)
    [one] = WindowCutter(tokenizer, LENGTH, 5)([text])
    assert [len(window.ids) for window in one.windows[:-1]] == [LENGTH] * (len(one.windows) - 1)
    for earlier, later in pairwise(one.windows):
        assert text[later.start : earlier.end].split() == ["بلدة"] * 5


def test_windows_carry_the_special_tokens_of_the_tokenizer(tokenizer: PreTrainedTokenizerBase) -> None:
    cutter = WindowCutter(tokenizer, LENGTH, 4)
    assert cutter.frame == ([tokenizer.cls_token_id], [tokenizer.sep_token_id])
    [one] = cutter([" ".join(SENTENCES[:9])])
    for window in one.windows:
        assert (window.ids[0], window.ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert window.offsets[0] == window.offsets[-1] == (0, 0)


@pytest.mark.parametrize("text", ["", " ", "\n\u200f"])
def test_a_text_of_nothing_is_one_window_of_special_tokens(text: str, tokenizer: PreTrainedTokenizerBase) -> None:
    [one] = WindowCutter(tokenizer, LENGTH, 4)([text])
    assert (one.tokens, one.read, len(one.windows)) == (0, 0, 1)
    assert list(one.windows[0].ids) == [tokenizer.cls_token_id, tokenizer.sep_token_id]
    assert (one.windows[0].start, one.windows[0].end) == (0, 0)


def test_reports_do_not_touch_each_other(tokenizer: PreTrainedTokenizerBase) -> None:
    cutter = WindowCutter(tokenizer, LENGTH, 4)
    texts = [" ".join(SENTENCES[:n]) for n in (5, 1, 0, 9)]
    assert cutter(texts) == [one for text in texts for one in cutter([text])]


@pytest.mark.parametrize("length", [LENGTH, 64])
def test_the_number_of_windows_grows_with_the_text(length: int, tokenizer: PreTrainedTokenizerBase) -> None:
    cutter = WindowCutter(tokenizer, length, length // 4)

    def windows(times: int) -> int:
        return len(cutter([" ".join(SENTENCES[:30] * times)])[0].windows)

    assert windows(8) <= 8 * windows(1) + 8
    assert windows(8) >= 7 * (windows(1) - 1)


# the date


def with_date(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], date: str | None, length: int = LENGTH) -> list[Encoded]:
    return WindowCutter(tokenizer, length, 4, date_prefix=True)(texts, [date] * len(texts))


@pytest.mark.parametrize(("date", "seen"), [("2024-12-08", "2024-12"), ("2021-03", "2021-03"), ("2013", "2013")])
def test_the_date_stands_in_front_as_if_it_were_written_there(date: str, seen: str, dated: PreTrainedTokenizerBase) -> None:
    [one] = with_date(dated, [SENTENCES[0]], date, 64)
    assert list(one.windows[0].ids) == dated(f"{seen} : {SENTENCES[0]}")["input_ids"]
    assert dated.unk_token_id not in one.windows[0].ids


def test_every_window_of_a_long_report_has_the_date_and_pays_for_it(dated: PreTrainedTokenizerBase) -> None:
    text = " ".join(["بلدة"] * 100)
    prefix = dated("2024-12 :", add_special_tokens=False)["input_ids"]
    [one] = with_date(dated, [text], "2024-12-08")
    [undated] = with_date(dated, [text], None)
    for window in one.windows:
        assert list(window.ids[1 : 1 + len(prefix)]) == prefix
        assert set(window.offsets[: 1 + len(prefix)]) == {(0, 0)}
        assert len(window.ids) <= LENGTH
    assert (one.tokens, one.read) == (undated.tokens, undated.read) == (100, 100)
    assert len(text[one.windows[0].start : one.windows[0].end].split()) == LENGTH - 2 - len(prefix)
    assert len(one.windows) > len(undated.windows)


def test_the_month_is_seen_and_the_day_is_not(dated: PreTrainedTokenizerBase) -> None:
    text = [SENTENCES[0]]
    assert with_date(dated, text, "2024-12-08") == with_date(dated, text, "2024-12-31")
    assert with_date(dated, text, "2024-12-08") != with_date(dated, text, "2024-11-08")


def test_no_date_or_no_wish_for_it_changes_nothing(dated: PreTrainedTokenizerBase) -> None:
    texts = [SENTENCES[0], " ".join(PLACES * 20)]
    plain = WindowCutter(dated, LENGTH, 4)(texts)
    assert with_date(dated, texts, None) == plain
    assert WindowCutter(dated, LENGTH, 4, date_prefix=True)(texts) == plain
    assert WindowCutter(dated, LENGTH, 4)(texts, ["2024-12-08", "2013"]) == plain


def test_each_report_has_its_own_date(dated: PreTrainedTokenizerBase) -> None:
    dates = ["2013-05-01", None, "2025-01-02"]
    texts = SENTENCES[:3]
    together = WindowCutter(dated, 64, 4, date_prefix=True)(texts, dates)
    assert together == [with_date(dated, [text], date, 64)[0] for text, date in zip(texts, dates, strict=True)]
