"""What web pages and social networks put around a report, cut out: one function for each kind of rubbish.

Each finds spans of the raw text and changes nothing; `clean_report` cuts them and moves the faction spans. A kind may be wrong
about a line, so all that was cut is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile
from typing import Any

from marsad.data.boilerplate import count_of, day, hour, phrases
from marsad.data.reports import READABLE, Mention, Report
from marsad.text import normalize

Extent = tuple[int, int]
HEADLINE = 130
"""Characters; a longer line, or one that ends like a sentence, is the report's own text again."""
TAG = 40
"""Characters of the longest tag."""
INVITATION = 90
"""Characters of the longest line that only invites to follow."""
BYLINE = 60
"""Characters of the longest line that only names who wrote, or when."""
TOP = 6
"""Lines of a text that may hold a byline."""
SENTENCE_END = (".", "\u061f", "!", "…", '"', "”", "»")
"""How the line of a report ends; the second is the Arabic question mark."""
STROKES = (":", " :", " |")
"""Between a heading and the headline on its line."""
MENU_RUN = 3
"""Entries of a menu in a row that are one; a lone line that says Syria may be a dateline."""

COUNT = re.compile(r"\s*(?:\(\d+\)|(?<!\d):\s?\d+)$")
SEPARATORS = re.compile(r"\s*[|·/]\s*")
CREDIT = re.compile(r"[^.:\n]{2,25}\s[-–]\s?[^.:()\n]{2,25}\s?\([^.()\n]{4,40}\)")
"""OUTLET - PLACE (NAME)"""
STAMP = re.compile(
    r"(?:Translate (?:Tweet|post))?\d{1,2}:\d{2}\s?[AP]M\s?·\s?[A-Z][a-z]{2} \d{1,2}, \d{4}(?:\s?·\s?Twitter(?: [A-Z][a-z]+)*)?"
    r"(?:\s?[\d.,]*[KM]?\s?(?:Views?|Retweets?|Reposts?|Quote Tweets?|Quotes?|Likes?|Bookmarks?))*[0-9]*"
)
"""Beneath a post: time and date, the program, counts, and the bare counts that copying leaves."""
SIGNATURE = re.compile(
    r"—\s?[^—\n]{1,60}\(@\w+\) [A-Z][a-z]+ \d{1,2}, \d{4}|\s?pic\.(?:twitter|x)\.com/[A-Za-z0-9]+"
    "|(?:\u0645\u0634\u0627\u0631\u0643\u0629){2,}"  # musharaka, musharaka: two buttons that copying glued
)


@dataclass(frozen=True)
class Cut:
    """A part of the raw text that was cut, and the kind of rubbish that it is."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Cleaned:
    """A report after cleaning, and what it lost."""

    report: Report
    cuts: tuple[Cut, ...]
    lost: tuple[Mention, ...]
    """Mentions, in the raw text, that stood in a part that was cut."""
    only_rubbish: bool = False
    """Nothing readable would be left, so that the report stays as it was."""

    def to_dict(self) -> dict[str, Any]:
        """Return what was cut, as a line of the report of cuts."""
        return {"id": self.report.id, "cuts": [vars(cut) for cut in self.cuts], "lost": [vars(one) for one in self.lost]}


def related(text: str) -> Iterator[Extent]:
    """Find headings such as "related articles" with the headlines under them, and lines "read also: HEADLINE"."""
    yield from _blocks(text, phrases()["related"], HEADLINE)


def tags(text: str) -> Iterator[Extent]:
    """Find the heading "tags" with the tags under it."""
    yield from _blocks(text, phrases()["tags"], TAG)


def neighbours(text: str) -> Iterator[Extent]:
    """Find "previous" and "next" with the one headline under each."""
    yield from _blocks(text, phrases()["neighbours"], HEADLINE, most=1)


def comments(text: str) -> Iterator[Extent]:
    """Find "leave a comment" or a count of comments, with the thread that follows to the end."""
    yield from _tail(text, phrases()["comments"])


def reactions(text: str) -> Iterator[Extent]:
    """Find "All reactions:" beneath a post, with the counts and the comment thread that follow to the end."""
    yield from _tail(text, phrases()["reactions"])


def buttons(text: str) -> Iterator[Extent]:
    """Find lines of nothing but sharing buttons or counts of shares."""
    known = phrases()["buttons"]
    for extent, line in _lines(text):
        alone = bool(line) and all(part in known for part in map(_key, SEPARATORS.split(line)))
        if alone or count_of("counts").fullmatch(_key(line)) or _opens(line, "sharing"):
            yield extent


def invitations(text: str) -> Iterator[Extent]:
    """Find short lines that invite to follow or subscribe, and rights reserved."""
    yield from (extent for extent, line in _lines(text) if _opens(line, "invitations"))


def menus(text: str) -> Iterator[Extent]:
    """Find entries of a site's menu in a row."""
    run: list[Extent] = []
    for extent, line in [*_lines(text), ((len(text), len(text)), "")]:
        entries = SEPARATORS.split(line)
        if all(_key(entry) in phrases()["menu"] for entry in entries):
            run += [extent] * len(entries)
            continue
        if len(run) >= MENU_RUN:
            yield run[0][0], run[-1][1]
        run = []


def bylines(text: str) -> Iterator[Extent]:
    """Find lines at the top that name author, translator or time of publication."""
    for extent, line in _lines(text)[:TOP]:
        role = re.split(r"\s*[:–-]\s*", line, maxsplit=1)
        named = len(role) == 2 and normalize(role[0]) in phrases()["bylines"] and 2 <= len(role[1]) <= BYLINE
        opened = len(line) <= BYLINE and _opens(line, "openings")
        if ((named or opened) and not line.endswith(SENTENCE_END)) or CREDIT.fullmatch(line) or day().fullmatch(_key(line)):
            yield extent


def stamps(text: str) -> Iterator[Extent]:
    """Find time stamps and counts of views in posts, signatures of embedded posts, links to their pictures."""
    yield from (match.span() for pattern in (STAMP, SIGNATURE) for match in pattern.finditer(text))
    yield from (extent for extent, line in _lines(text) if hour().fullmatch(_key(line)))


KINDS: dict[str, Callable[[str], Iterator[Extent]]] = {
    "comment thread": comments,
    "reactions and thread": reactions,
    "related headlines": related,
    "tags": tags,
    "previous and next": neighbours,
    "share buttons and counts": buttons,
    "invitation": invitations,
    "menu": menus,
    "byline": bylines,
    "time stamp or signature": stamps,
}


def find_cuts(text: str) -> list[Cut]:
    """Return what to cut, in order and without overlap; where two kinds meet, the first in `KINDS` has it."""
    cuts: list[Cut] = []
    for kind, find in KINDS.items():
        for start, end in find(text):
            cuts += [Cut(kind, *free) for free in _free(start, end, cuts)]
    return sorted(cuts, key=lambda cut: cut.start)


def _free(start: int, end: int, cuts: list[Cut]) -> Iterator[Extent]:
    """Yield the parts of an extent that no cut covers yet."""
    for cut in sorted(cuts, key=lambda cut: cut.start):
        if start < cut.start < end:
            yield start, cut.start
        if cut.start < end and cut.end > start:
            start = cut.end
    if start < end:
        yield start, end


def clean_report(report: Report) -> Cleaned:
    """Return a report without rubbish: the rest of its text byte for byte, its mentions where they now stand."""
    cuts = find_cuts(report.text)
    edges = [0, *(edge for cut in cuts for edge in (cut.start, cut.end)), len(report.text)]
    text = "".join(report.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    if not READABLE.search(text):
        return Cleaned(report, (), (), only_rubbish=True)
    mentions = report.factions or ()
    kept = [one for one in mentions if all(one.end <= cut.start or one.start >= cut.end for cut in cuts)]
    moved = tuple(replace(one, start=_moved(one.start, cuts), end=_moved(one.end, cuts)) for one in kept)
    lost = tuple(one for one in mentions if one not in kept)
    return Cleaned(replace(report, text=text, factions=None if report.factions is None else moved), tuple(cuts), lost)


def _moved(position: int, cuts: list[Cut]) -> int:
    return position - sum(cut.end - cut.start for cut in cuts if cut.end <= position)


def _lines(text: str) -> list[tuple[Extent, str]]:
    """Return each line's extent, its line end included, and its words."""
    found, start = [], 0
    for line in text.splitlines(keepends=True):
        found.append(((start, start + len(line)), line.strip()))
        start += len(line)
    return found


@lru_cache(4096)
def _key(line: str) -> str:
    """Return a line as the phrases are written: normalised, without a colon or a count at its end."""
    return COUNT.sub("", normalize(line)).rstrip(" :")


def _blocks(text: str, headings: tuple[str, ...], longest: int, most: int | None = None) -> Iterator[Extent]:
    """Yield headings with the lines under them that are no sentences, and lines of a heading with its headline."""
    lines = _lines(text)
    for number, (extent, line) in enumerate(lines):
        if _key(line) in headings:
            under = lines[number + 1 : None if most is None else number + 1 + most]
            yield extent[0], max([extent[1], *(following for (_, following), _ in _headlines(under, longest))])
        elif len(line) <= HEADLINE and _key(line).startswith(tuple(heading + stroke for heading in headings for stroke in STROKES)):
            yield extent


def _headlines(lines: list[tuple[Extent, str]], longest: int) -> Iterator[tuple[Extent, str]]:
    """Yield lines up to the first that reads like a sentence of a report."""
    return takewhile(lambda one: len(one[1]) <= longest and not one[1].endswith(SENTENCE_END), lines)


def _opens(line: str, kind: str) -> bool:
    """Tell whether a line is short and begins as lines of a kind do, with whole words."""
    key = _key(line).replace(":", " ") + " "
    return len(line) <= INVITATION and any(key.startswith(f"{phrase} ") for phrase in phrases()[kind])


def _tail(text: str, headings: tuple[str, ...]) -> Iterator[Extent]:
    """Yield all from the heading on; a heading in the first third stands above the report and goes alone."""
    for (start, end), line in _lines(text):
        if _key(line) in headings or count_of("counted").fullmatch(_key(line)):
            late = start >= len(text) / 3
            yield start, len(text) if late else end
            if late:
                return
