"""Changes of sides that a text says outright: a force joins another, pledges itself, raises its flag, splits from it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from marsad.inference.prediction import Change, Span
from marsad.text import MARKS, TATWEEL

Place = tuple[int, int]
"""Start and end of a sentence."""
FILLER = f"[{MARKS}{TATWEEL}]*"
GAP = r"\s+"


def _spelled(*words: str) -> str:
    """Return a pattern of `words` one after the other, marks and tatweel between their letters."""
    return GAP.join(FILLER.join(word) for word in words)


JOINS = re.compile(
    "|".join(
        (
            _spelled("\u0646\u0636\u0645"),  # nun dad mim: as in inḍamma, yanḍamm, inḍimām, to join
            _spelled("\u0644\u062a\u062d\u0642"),  # lam ta hha qaf: iltaḥaqa, to enter the ranks
            _spelled("\u0628\u0627\u064a\u0639"),  # ba alef ya ain: bāyaʿa, to pledge allegiance
            _spelled("\u0628\u064a\u0639\u0629"),  # ba ya ain ta-marbuta: bayʿa, the pledge
            _spelled("\u0631\u0641\u0639")
            + r"\w*"
            + GAP
            + "(?:\u0627\u0644)?"
            + _spelled("\u0639\u0644\u0645"),  # to raise (the) flag
            _spelled("\u062a\u062d\u062a", "\u0642\u064a\u0627\u062f\u0629"),  # taht qiyāda: under the command
            _spelled("\u062a\u062d\u062a", "\u0631\u0627\u064a\u0629"),  # taht rāya: under the banner
            _spelled("\u062a\u062d\u062a", "\u0625\u0645\u0631\u0629"),  # taht imra: under the orders
        )
    )
)
"""What a force does that comes over to the one named next."""
LEAVES = re.compile(_spelled("\u0646\u0634\u0642"))
"""Nun shin qaf, as in inshaqqa, inshiqāq: what a force does that splits from the one named next."""
NEGATED = re.compile(
    "(?:^|[^\\w])(?:"
    + "|".join(("\u0644\u0645", "\u0644\u0646", "\u0644\u0627", "\u0631\u0641\u0636\\w*", "\u0646\u0641\\w*"))
    + r")\s+\w*$"
)
"""Lam, lan, lā, to refuse, to deny: right before the verb, they say that it did not happen."""
NEAR = 64
"""Characters before a verb in which that is looked for."""


def told_changes(text: str, places: Sequence[Place], spans: Sequence[Span]) -> Iterator[tuple[int, int, Change]]:
    """Yield the changes of sides that the sentences at `places` say: the numbers of the mention that changes and of its other side.

    `spans` are the mentions in order. The one that changes is named next before or behind the verb; the next one behind both
    is whom it joins or leaves. A sentence that negates the verb tells nothing, and neither do two mentions of one camp. The text is
    read once, whatever it names.
    """
    starts = [span.start for span in spans]
    for start, end in places:
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if last - first < 2:
            continue
        for verbs, joins in ((JOINS, True), (LEAVES, False)):
            for verb in verbs.finditer(text, start, end):
                before, behind = (find(starts, verb.start(), first, last) for find in (bisect_left, bisect_right))
                sides = _sides(first, before, behind, last)
                if sides is None or NEGATED.search(text, max(start, verb.start() - NEAR), verb.start()):
                    continue
                subject, target = (spans[number] for number in sides)
                if subject.affiliation != target.affiliation:
                    old, new = (subject, target) if joins else (target, subject)
                    yield (*sides, Change(old.affiliation, new.affiliation, start, end))


def _sides(first: int, before: int, behind: int, last: int) -> tuple[int, int] | None:
    """Return the numbers of who a verb is said of, and of towards whom.

    Of the mentions `first` to `last` those up to `before` stand before the verb, those from `behind` on behind it.
    """
    if last - behind > 1:
        return behind, behind + 1
    return (before - 1, behind) if before > first and behind < last else None
