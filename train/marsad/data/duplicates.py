"""Near-duplicates: the same wire copy under another outlet's name, other spelling, other order, cut short."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from datasketch import MinHash, MinHashLSH
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from marsad.data.reports import Report
from marsad.text import TATWEEL, normalize

SHINGLE = 3
"""Words a shingle. A set of shingles hardly changes where paragraphs change places."""
SHORT = 20
"""Words under which only equal wording counts: posts of one line are often one template about two events."""
JACCARD = 0.4
"""Least share of common shingles among all of both texts."""
CONTAINMENT = 0.6
"""Least share of the shorter text's shingles that stand in the longer: finds what was cut short."""
BANDS, ROWS = 42, 3
"""Bands and rows of the locality-sensitive hash: a pair of Jaccard 0.4 is missed once in 16 times, one of 0.5 once in 270."""
CHUNK = 20_000
"""Candidate pairs that are compared at once."""
WORD = re.compile(r"[^\W_]+")
HIDDEN = re.compile(f"[{TATWEEL}*]")
"""A sign of letters hidden by fillers, which only the whole normaliser finds."""


@dataclass(frozen=True)
class Pair:
    """Two near-duplicates by their places in the list, `a < b`."""

    a: int
    b: int
    jaccard: float
    containment: float


def near_duplicates(texts: Sequence[str]) -> list[Pair]:
    """Return the near-duplicates among `texts`, sorted by place.

    Texts of equal wording are told as pairs with the first of them, not each with each. Candidates come from MinHash
    (Broder 1997) with locality-sensitive hashing; every pair that is returned was confirmed on the shingles themselves.
    """
    words = [_words(text) for text in texts]
    copies: dict[bytes, list[int]] = defaultdict(list)
    for place, row in enumerate(words):
        copies[row.tobytes() or f"empty:{place}".encode()].append(place)
    firsts = [places[0] for places in copies.values()]
    same = {places[0]: places for places in copies.values()}
    long = [place for place in firsts if len(words[place]) >= SHORT]
    found = [Pair(first, other, 1.0, 1.0) for first in firsts for other in same[first][1:]]
    for near in _confirmed([_shingles(words[place]) for place in long]):
        a, b = long[near.a], long[near.b]
        ends = [(a, other) for other in same[b]] + [(b, other) for other in same[a][1:]]
        found += [Pair(min(end), max(end), near.jaccard, near.containment) for end in ends]
    return sorted(found, key=lambda pair: (pair.a, pair.b))


def group_reports(reports: Sequence[Report]) -> list[Report]:
    """Return the reports with near-duplicates in one `group`; no group that was there is ever parted.

    A cluster takes the name of the first group in it, or `near:` and the id of its first report. Groups that hold
    near-duplicates of each other become one.
    """
    pairs = [(pair.a, pair.b) for pair in near_duplicates([report.text for report in reports])]
    stories: dict[str, int] = {}
    pairs += [(stories.setdefault(report.story, place), place) for place, report in enumerate(reports)]
    members: dict[int, list[int]] = defaultdict(list)
    for place, cluster in enumerate(_clusters(len(reports), pairs)):
        members[cluster].append(place)
    named = list(reports)
    for places in members.values():
        group = next((reports[place].group for place in places if reports[place].group), None)
        if group or len(places) > 1:
            for place in places:
                named[place] = replace(reports[place], group=group or f"near:{reports[places[0]].id}")
    return named


def _clusters(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the number of the cluster of each of `count` texts: what hangs together by `pairs`, directly or not."""
    ends = np.array(pairs, int).reshape(-1, 2).T
    return list(map(int, connected_components(coo_array((np.ones(len(pairs)), ends), shape=(count, count)), directed=False)[1]))


@cache
def _letters() -> dict[int, str]:
    """Return the normaliser's changes of single letters as a table: the whole normaliser is 50 times slower."""
    blocks = (range(0x20, 0x250), range(0x600, 0x700), range(0xFB50, 0xFDFF), range(0xFE70, 0xFF00))
    return {code: new for block in blocks for code in block if (new := normalize(chr(code))) != chr(code)}


@lru_cache(2**20)
def _number(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest(), "little")


def _words(text: str) -> np.ndarray:
    """Return a 64-bit number for each word of the normalised text."""
    plain = (normalize(text) if HIDDEN.search(text) else text).translate(_letters())
    return np.array([_number(word) for word in WORD.findall(plain)], np.uint64)


def _shingles(words: np.ndarray) -> np.ndarray:
    """Return the sorted numbers of the runs of `SHINGLE` words, each once."""
    mixed = np.zeros(len(words) - SHINGLE + 1, np.uint64)
    for shift in range(SHINGLE):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + words[shift : shift + len(mixed)]
    return np.unique(mixed ^ (mixed >> np.uint64(32)))


def _confirmed(shingles: Sequence[np.ndarray]) -> Iterator[Pair]:
    """Yield the pairs of sets that are alike enough, by their places."""
    if not shingles:
        return
    sizes = np.array([len(one) for one in shingles])
    _, columns = np.unique(np.concatenate(shingles), return_inverse=True)
    matrix = csr_array((np.ones(len(columns), np.int32), columns, np.concatenate([[0], np.cumsum(sizes)])))
    candidates = np.array(sorted(_candidates(shingles)), int).reshape(-1, 2)
    for start in range(0, len(candidates), CHUNK):
        a, b = candidates[start : start + CHUNK].T
        common = matrix[a].multiply(matrix[b]).sum(axis=1)
        jaccard, containment = common / (sizes[a] + sizes[b] - common), common / np.minimum(sizes[a], sizes[b])
        for near in np.flatnonzero((jaccard >= JACCARD) | (containment >= CONTAINMENT)):
            yield Pair(int(a[near]), int(b[near]), float(jaccard[near]), float(containment[near]))


def _candidates(shingles: Iterable[np.ndarray]) -> set[tuple[int, int]]:
    """Return pairs of places whose sets share a band of their MinHash."""
    index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    sets = ((one >> np.uint64(32)).tolist() for one in shingles)
    found: set[tuple[int, int]] = set()
    for place, signature in enumerate(MinHash.generator(sets, num_perm=BANDS * ROWS, hashfunc=int)):
        found.update((int(near), place) for near in index.query(signature))
        index.insert(place, signature, check_duplication=False)
    return found
