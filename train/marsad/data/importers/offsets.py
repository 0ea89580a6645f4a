"""From another tool's count of characters to ours, proved by the text that the tool quotes."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import NamedTuple


class Ruler(NamedTuple):
    """What a tool counts: JavaScript's code units (an emoji is two), and browsers' line ends (CR LF is one)."""

    utf16: bool
    browser: bool


CHARACTERS = Ruler(utf16=False, browser=False)
RULERS = (CHARACTERS, Ruler(utf16=True, browser=False), Ruler(utf16=False, browser=True), Ruler(utf16=True, browser=True))


def find_span(text: str, start: int, end: int, quote: str | None, utf16: bool = False) -> tuple[int, int] | None:
    """Return the span in characters of `text`, or None where no way of counting gives the `quote`.

    Without a quote the tool is believed: characters, or with `utf16` code units. Label Studio counted code units before
    2021 and counts characters since (its issues 1008 and 1347).
    """
    rulers = RULERS if quote is not None else (Ruler(utf16, browser=False),)
    for ruler in rulers:
        found = _measure(text, start, end, ruler)
        if found is not None and (quote is None or _plain(text[slice(*found)]) == _plain(quote)):
            return found
    return None


def _measure(text: str, start: int, end: int, ruler: Ruler) -> tuple[int, int] | None:
    marks = [
        0,
        *accumulate(_width(character, following, ruler) for character, following in zip(text, [*text[1:], ""], strict=True)),
    ]
    first, last = bisect_left(marks, start), bisect_left(marks, end)
    if start >= end or start < 0 or last >= len(marks) or (marks[first], marks[last]) != (start, end):
        return None
    return first, last


def _width(character: str, following: str, ruler: Ruler) -> int:
    if ruler.browser and character == "\r" and following == "\n":
        return 0
    return 1 + (ruler.utf16 and character > "\uffff")


def _plain(text: str) -> str:
    """Return a text without its spaces and line ends, which tools write in their own ways."""
    return "".join(text.replace("\\n", " ").split())  # Label Studio quotes a line end as backslash, n
