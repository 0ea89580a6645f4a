"""BIO tags of spans: which pieces of a window name a force, and its camp; and back from scores to spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from marsad.modeling.windows import Window

OUTSIDE = 0
UNKNOWN = -100
"""Tag of a piece that no loss counts: specials, and reports whose factions were not annotated."""


def bio_names(camps: Sequence[str]) -> list[str]:
    """Return the tag names by number: `O`, then `B-` and `I-` of each camp."""
    return ["O", *(f"{place}-{camp}" for camp in camps for place in "BI")]


def bio_tags(offsets: Sequence[tuple[int, int]], spans: Iterable[tuple[int, int, str]] | None, camps: Sequence[str]) -> list[int]:
    """Return a tag number for each piece; `spans` are (start, end, camp) in characters, the longest wins where they cross."""
    tags = [UNKNOWN if end == 0 or spans is None else OUTSIDE for _, end in offsets]
    numbers = {camp: 1 + 2 * number for number, camp in enumerate(camps)}
    for start, end, camp in sorted(spans or (), key=lambda span: span[1] - span[0]):
        inside = [i for i, (a, b) in enumerate(offsets) if b > start and a < end and b > 0]
        for i in inside:
            tags[i] = numbers[camp] + (i != inside[0])
    return [_begun(tag, tags[i - 1] if i else OUTSIDE) for i, tag in enumerate(tags)]


def _begun(tag: int, before: int) -> int:
    """Return `tag`, made a beginning where it goes on with nothing: the rest of a span that a longer one cut."""
    inside = tag > OUTSIDE and tag % 2 == 0
    return tag - 1 if inside and before not in (tag, tag - 1) else tag


@dataclass(frozen=True)
class Word:
    """A word of a report, `text[start:end]`, and the place (window, piece) at which a model's tag for it is read."""

    start: int
    end: int
    window: int
    piece: int


@dataclass(frozen=True)
class Run:
    """Words `first` up to `last`, not included, that name one force; `camp` is its number."""

    first: int
    last: int
    camp: int


def report_words(windows: Sequence[Window]) -> list[Word]:
    """Return the words of a report in order, each once.

    A word is read at its first piece; where windows overlap, in the one in which that piece is further from the edge.
    """
    views: dict[int, list[tuple[int, int, int, int, int]]] = {}
    for number, window in enumerate(windows):
        own = [piece for piece, word in enumerate(window.words) if word is not None]
        for piece in own:
            word, (start, end) = window.words[piece], window.offsets[piece]
            if word is not None and start < end:
                edge = min(piece - own[0], own[-1] - piece)
                views.setdefault(word, []).append((start, -edge, end, number, piece))
    words = []
    for _, found in sorted(views.items()):
        start, _, _, number, piece = min(found)
        words.append(Word(start, max(end for _, _, end, _, _ in found), number, piece))
    return words


def window_tags(windows: Sequence[Window], spans: Iterable[tuple[int, int, str]] | None, camps: Sequence[str]) -> list[list[int]]:
    """Return for each window of a report the tags to learn: a word's tag at its first piece, `UNKNOWN` at all other pieces.

    A word belongs to a span, (start, end, camp) in characters, that any letter of it is in: an attached prefix is
    learned with its word, and cut off again by `Names.cut`.
    """
    words = report_words(windows)
    tags = bio_tags([(word.start, word.end) for word in words], spans, camps)
    begins = dict(zip([word.start for word in words], tags, strict=True))
    return [
        [
            begins.get(start, UNKNOWN) if word is not None and word != before else UNKNOWN
            for (start, _), word, before in zip(window.offsets, window.words, (None, *window.words), strict=False)
        ]
        for window in windows
    ]


def best_path(scores: np.ndarray) -> list[int]:
    """Return the tags of highest sum among the valid BIO sequences: an inside only after its own camp's beginning or inside.

    `scores` (words, tags) are log-probabilities; Viterbi (1967) with steps that are allowed or not.
    """
    if not len(scores):
        return []
    inside = np.arange(2, scores.shape[1], 2)
    best, steps = scores[0].copy(), []
    best[inside] = -np.inf
    for row in scores[1:]:
        step = np.full(len(row), best.argmax())
        step[inside] = np.where(best[inside] > best[inside - 1], inside, inside - 1)
        steps.append(step)
        best = best[step] + row
    path = [int(best.argmax())]
    for step in reversed(steps):
        path.append(int(step[path[-1]]))
    return path[::-1]


def runs(tags: Sequence[int]) -> list[Run]:
    """Return the runs of words that a valid BIO sequence tells."""
    found = []
    for first, tag in enumerate(tags):
        if tag > OUTSIDE and tag % 2:
            last = first + 1
            while last < len(tags) and tags[last] == tag + 1:
                last += 1
            found.append(Run(first, last, tag // 2))
    return found
