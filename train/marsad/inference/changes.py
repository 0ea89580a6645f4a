"""Changes of sides that a text says outright: a force joins another, pledges itself, raises its flag, splits from it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from marsad.inference.prediction import Change, Span
from marsad.modeling.windows import sentences
from marsad.text import MARKS, TATWEEL

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


def told_change(text: str, own: Sequence[Span], others: Sequence[Span]) -> Change | None:
    """Return the first change of sides that a sentence says of the force with the mentions `own`, or None.

    The force is the one named next before or behind the verb; the next one behind both, out of `others`, is whom it joins
    or leaves. A sentence that negates the verb tells nothing.
    """
    for start, end in sentences(text):
        inside = sorted((span for span in (*own, *others) if start <= span.start < end), key=lambda span: span.start)
        for verbs, joins in ((JOINS, True), (LEAVES, False)):
            for verb in verbs.finditer(text, start, end):
                found = None if NEGATED.search(text, start, verb.start()) else _sides(verb.start(), inside, own)
                if found is not None:
                    subject, target = found
                    before, after = (subject, target) if joins else (target, subject)
                    return Change(before.affiliation, after.affiliation, start, end)
    return None


def _sides(verb: int, inside: Sequence[Span], own: Sequence[Span]) -> tuple[Span, Span] | None:
    """Return the one of `own` that the verb at `verb` is said of and the force that it is said towards, of different camps."""
    before = [span for span in inside if span.start < verb]
    behind = [span for span in inside if span.start > verb]
    pairs = [(behind[0], behind[1])] if len(behind) > 1 else []
    pairs += [(before[-1], behind[0])] if before and len(behind) == 1 else []
    return next(((a, b) for a, b in pairs if a in own and b not in own and a.affiliation != b.affiliation), None)
