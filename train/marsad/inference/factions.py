"""From mentions to forces: one row a force, all its names together, its camp, and where it changes sides."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter

from marsad.data.reports import is_date
from marsad.gazetteer import Force, Gazetteer
from marsad.inference.changes import Place, told_changes
from marsad.inference.prediction import Change, Faction, Span
from marsad.modeling.names import key
from marsad.modeling.windows import sentences

CONFIDENT = 0.7
"""Least score of two mentions of a force in different camps that are taken for a change of sides."""


def group(text: str, date: str | None, spans: Sequence[Span], gazetteer: Gazetteer | None) -> tuple[Faction, ...]:
    """Return the forces of a report's mentions `spans`, in the order of their first mention.

    Names that the gazetteer knows as one force on `date` are one; other names are one where their normalised spelling is.
    A name whose camp hangs on the date in the gazetteer takes the camp of that date: its words alone cannot tell.
    """
    day = date if date is not None and is_date(date) else None
    forces = [gazetteer.canonical(text[span.start : span.end], day) if gazetteer else None for span in spans]
    dated = [_at(span, force, day) for span, force in zip(spans, forces, strict=True)]
    owners = [force.id if force else "name:" + key(text[span.start : span.end]) for span, force in zip(spans, forces, strict=True)]
    groups: dict[str, list[int]] = {}
    for number, owner in enumerate(owners):
        groups.setdefault(owner, []).append(number)
    places = list(sentences(text))
    told: dict[str, Change] = {}
    for subject, target, change in told_changes(text, places, dated):
        if owners[subject] != owners[target]:
            told.setdefault(owners[subject], change)
    return tuple(
        _faction(text, places, [dated[number] for number in numbers], forces[numbers[0]], told.get(owner))
        for owner, numbers in groups.items()
    )


def _at(span: Span, force: Force | None, day: str | None) -> Span:
    """Return the mention in the camp that its name has on `day`, where the gazetteer bounds that meaning in time."""
    if force is None or day is None or (force.valid_from is None and force.valid_to is None):
        return span
    return Span(span.start, span.end, force.camp, span.score)


def _faction(text: str, places: Sequence[Place], own: Sequence[Span], force: Force | None, told: Change | None) -> Faction:
    weights: dict[str, float] = {}
    for span in own:
        weights[span.affiliation] = weights.get(span.affiliation, 0.0) + span.score
    camp = max(weights, key=weights.__getitem__)
    scores = [span.score for span in own if span.affiliation == camp]
    name = force.name if force else text[own[0].start : own[0].end]
    return Faction(name, camp, sum(scores) / len(scores), force is not None, tuple(own), _seen_change(places, own) or told)


def _seen_change(places: Sequence[Place], own: Sequence[Span]) -> Change | None:
    """Return the first change of camp between mentions of which the model is sure, with the sentence of the later one."""
    sure = [span for span in own if span.score >= CONFIDENT]
    for before, after in pairwise(sure):
        if before.affiliation != after.affiliation:
            place = places[bisect_right(places, after.start, key=itemgetter(0)) - 1]
            return Change(before.affiliation, after.affiliation, *place)
    return None
