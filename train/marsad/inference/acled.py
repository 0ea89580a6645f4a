"""Predictions as rows in ACLED's columns: one row for each type of event and pair of sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from marsad.inference.files import Input
from marsad.inference.prediction import Evidence, Faction, LabelScore, Prediction
from marsad.taxonomy import CAMPS, Task, Taxonomy

EVENTS = "event_type"
"""The task whose labels are types of events, with their places in ACLED's list."""
COLUMNS = (
    "event_id",
    "event_date",
    "event_type",
    "sub_event_type",
    "actor1",
    "assoc_actor_1",
    "actor2",
    "assoc_actor_2",
    "location",
    "latitude",
    "longitude",
    "fatalities",
    "source",
    "notes",
)
"""ACLED's columns; location, coordinates and fatalities stay empty, for no model here knows them."""
Row = dict[str, str]
Side = tuple[str, str]
"""A camp's name in English, and the forces of it that are named, by `; `."""
NOBODY: Side = ("", "")


def acled_rows(predictions: Iterable[tuple[Input, Prediction | None]], taxonomy: Taxonomy) -> Iterator[Row]:
    """Yield the rows of predictions with evidence; inputs that cannot be read, and types that ACLED has not, give none.

    The sides are the camps of the forces named in the sentence that carries the event, else the report's own; of one
    side alone there is one row without an opponent. `event_id` numbers a report's rows: ID-1, ID-2 … Raises
    `ConfigError` where the taxonomy has no `event_type` or no `affiliation`.
    """
    events, camps = taxonomy.task(EVENTS), taxonomy.task(CAMPS)
    for one, found in predictions:
        if found is not None:
            rows = (row for label in found.labels[EVENTS] for row in _event_rows(one, found, label, events, camps))
            yield from ({"event_id": f"{one.id}-{number}", **row} for number, row in enumerate(rows, start=1))


def _event_rows(one: Input, found: Prediction, label: LabelScore, events: Task, camps: Task) -> Iterator[Row]:
    crosswalk = events.label(label.label).acled
    if "/" not in crosswalk and not crosswalk[:1].isupper():
        return
    event_type, sub_event_type = _place(crosswalk)
    sides = _sides(found, label.evidence, camps)
    for first, second in combinations(sides + [NOBODY] * (2 - len(sides)), 2):
        yield dict.fromkeys(COLUMNS[1:], "") | {
            "event_date": one.date or "",
            "event_type": event_type,
            "sub_event_type": sub_event_type,
            "actor1": first[0],
            "assoc_actor_1": first[1],
            "actor2": second[0],
            "assoc_actor_2": second[1],
            "source": one.source or "",
            "notes": "" if label.evidence is None else one.text[label.evidence.start : label.evidence.end],
        }


def _place(crosswalk: str) -> tuple[str, str]:
    """Return type and sub-type: of several in the taxonomy's crosswalk (`TYPE / SUB; SUB; TYPE / SUB`) the first."""
    event_type, _, sub_event_type = crosswalk.partition(";")[0].partition(" / ")
    return event_type.strip(), sub_event_type.strip()


def _sides(found: Prediction, evidence: Evidence | None, camps: Task) -> list[Side]:
    named: dict[str, list[str]] = {}
    for faction in found.factions or ():
        for camp in _camps_within(faction, evidence):
            named.setdefault(camp, []).append(faction.name)
    order = list(named) or [one.label for one in found.labels.get(CAMPS, ())]
    return [(camps.label(camp).en or camp, "; ".join(dict.fromkeys(named.get(camp, ())))) for camp in order]


def _camps_within(faction: Faction, evidence: Evidence | None) -> list[str]:
    """Return the camps of a force's mentions in the sentence, each once."""
    if evidence is None:
        return []
    inside = (mention for mention in faction.mentions if evidence.start <= mention.start < evidence.end)
    return list(dict.fromkeys(mention.affiliation for mention in inside))
