"""ACLED's event table: the events that share their notes are one report.

The columns are those of https://acleddata.com/knowledge-base/codebook/.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from marsad.data.importers.mapping import ImportMap
from marsad.data.importers.record import Name, Record
from marsad.data.importers.table import table_rows
from marsad.errors import DataError

NEEDED = ("event_id_cnty", "event_date", "event_type", "sub_event_type", "notes")
ACTORS = ("actor1", "assoc_actor_1", "actor2", "assoc_actor_2")
ACTOR = "actor"
"""The question that actors answer, as in `actor / Civilians (Syria)`."""
OLD_DATE = "%d %B %Y"
"""How ACLED wrote dates before 2024."""


def read_acled(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Yield a record for each text (`notes`, or what the map names as text) with the event types and actors of all its rows."""
    rows = list(table_rows(path))
    text = mapping.fields.get("text", "notes")
    columns = rows[0][1] if rows else {}
    if missing := [name for name in (*NEEDED, text) if name not in columns and (name != "notes" or text == "notes")]:
        raise DataError(f"{path}: no column {', '.join(dict.fromkeys(missing))}. Export all columns of the event table.")
    groups: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for place, cells in rows:
        groups.setdefault(cells[text].strip(), []).append((place, cells))
    for events in groups.values():
        place, first = events[0]
        names = dict.fromkeys(name for _, cells in events for name in _names(cells))
        fields = {
            **first,
            "id": first["event_id_cnty"],
            "text": first[text],
            "date": _date(first["event_date"]),
            "events": [cells["event_id_cnty"] for _, cells in events],
        }
        yield Record(place, first["event_id_cnty"], fields, tuple(names))


def _names(cells: dict[str, str]) -> Iterator[Name]:
    yield Name(cells["sub_event_type"].strip(), cells["event_type"].strip())
    for column in ACTORS:
        yield from (Name(actor.strip(), ACTOR) for actor in (cells.get(column) or "").split(";") if actor.strip())


def _date(written: str) -> str:
    try:
        return datetime.strptime(written.strip(), OLD_DATE).date().isoformat()
    except ValueError:
        return written.strip()
