"""From text to windows: the one path by which training, evaluation and prediction turn a report into piece numbers.

A report longer than the encoder's limit is cut into overlapping windows at sentence ends. Every word piece is in at
least one window: nothing is cut off.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from transformers import PreTrainedTokenizerBase

NOWHERE = (0, 0)
"""Offsets of a piece that is not of the text."""
SENTENCE_END = re.compile("[.!?\u061f\u06d4\u2026]+[\"'\u00bb\u201d)\\]]*(?=\\s)|\n+")
"""Full stop, exclamation and question marks (Latin and Arabic), ellipsis, closing quotes; line ends."""
READABLE = re.compile(r"\w")


@dataclass(frozen=True)
class Window:
    """One input of the encoder, special tokens and date included.

    `text[a:b]` is the raw text of a piece for its (a, b) in `offsets`; pieces that are not of the text have (0, 0).
    `words` holds for each piece the number of its word in the report, None for pieces that are not of the text.
    """

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    words: tuple[int | None, ...] = ()

    @property
    def start(self) -> int:
        """Where the covered text begins."""
        return next((begin for begin, end in self.offsets if end), 0)

    @property
    def end(self) -> int:
        """Where the covered text ends."""
        return max((end for _, end in self.offsets), default=0)


@dataclass(frozen=True)
class Encoded:
    """A report as the encoder reads it. `tokens` counts the text's own word pieces; `read` those in some window."""

    windows: tuple[Window, ...]
    tokens: int
    read: int


@dataclass(frozen=True)
class WindowCutter:
    """Cuts texts into windows of at most `length` pieces that share at most `overlap`, with the date in front if wanted."""

    tokenizer: PreTrainedTokenizerBase
    length: int
    overlap: int
    date_prefix: bool = False

    def __call__(self, texts: Sequence[str], dates: Sequence[str | None] | None = None) -> list[Encoded]:
        """Encode reports; `dates` (YYYY, YYYY-MM or YYYY-MM-DD) are read only by models trained with `date_prefix`."""
        if not texts:
            return []
        batch = self.tokenizer(
            list(texts), add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False, verbose=False
        )
        prefixes = self._prefixes(dates or [None] * len(texts))
        return [
            self._encode(text, batch["input_ids"][row], batch["offset_mapping"][row], batch.word_ids(row), prefix)
            for row, (text, prefix) in enumerate(zip(texts, prefixes, strict=True))
        ]

    def _prefixes(self, dates: Sequence[str | None]) -> list[list[int]]:
        if not self.date_prefix:
            return [[] for _ in dates]
        texts = ["" if date is None else f"{date[:7]} :" for date in dates]
        return list(self.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"])

    def _encode(
        self, text: str, ids: list[int], offsets: list[tuple[int, int]], words: list[int | None], prefix: list[int]
    ) -> Encoded:
        room = self.length - sum(map(len, self.frame)) - len(prefix)
        spans = cut(sentence_starts(text, offsets), len(ids), room, self.overlap)
        windows = tuple(self._window(prefix, ids[a:b], offsets[a:b], words[a:b]) for a, b in spans)
        return Encoded(windows, len(ids), len({i for first, last in spans for i in range(first, last)}))

    def _window(self, prefix: list[int], ids: list[int], offsets: list[tuple[int, int]], words: list[int | None]) -> Window:
        before, after = self.frame[0] + prefix, self.frame[1]
        places = [NOWHERE] * len(before) + offsets + [NOWHERE] * len(after)
        numbers = [None] * len(before) + words + [None] * len(after)
        return Window(tuple(before + ids + after), tuple(places), tuple(numbers))

    @cached_property
    def frame(self) -> tuple[list[int], list[int]]:
        """The special tokens that the tokenizer puts before and after a text."""
        batch = self.tokenizer("a", return_special_tokens_mask=True)
        ids, special = batch["input_ids"], batch["special_tokens_mask"]
        first = special.index(0)
        last = len(special) - special[::-1].index(0)
        return ids[:first], ids[last:]


def sentence_starts(text: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Return the numbers of the pieces that open a sentence (never piece 0), rising; `offsets` are the pieces' places."""
    begins = [begin for begin, _ in offsets]
    starts = {bisect_left(begins, match.end()) for match in SENTENCE_END.finditer(text)}
    return sorted(starts - {0, len(offsets)})


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the places (start, end) of the sentences of `text`, without the blanks around them."""
    bounds = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    found = []
    for start, end in pairwise(bounds):
        part = text[start:end]
        if READABLE.search(part):
            found.append((start + len(part) - len(part.lstrip()), start + len(part.rstrip())))
    return found


def cut(starts: Sequence[int], count: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """Return half-open spans of at most `room` pieces that cover all `count` pieces.

    A span ends where a sentence does if one ends in its second half; the next begins at the first sentence within
    the last `overlap` pieces (at most half of `room`), or `overlap` pieces back where none begins there.
    """
    spans, first = [], 0
    overlap = min(overlap, room // 2)
    while first + room < count:
        last = _last_within(starts, first + room // 2, first + room) or first + room
        spans.append((first, last))
        back = max(last - overlap, first + 1)
        first = _first_within(starts, back, last) or back
    return [*spans, (first, count)]


def _last_within(starts: Sequence[int], low: int, high: int) -> int | None:
    at = bisect_right(starts, high)
    return starts[at - 1] if at and starts[at - 1] > low else None


def _first_within(starts: Sequence[int], low: int, high: int) -> int | None:
    at = bisect_left(starts, low)
    return starts[at] if at < len(starts) and starts[at] <= high else None
