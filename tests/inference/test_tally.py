"""Predictions are counted, and unknown forces are named, the most frequent first."""

from __future__ import annotations

from typing import Any

import pytest

from marsad.errors import DataError
from marsad.inference.tally import tally


def force(name: str, known: bool, camp: str = "sdf", mentions: int = 1, change: Any = None) -> dict[str, Any]:
    return {"name": name, "affiliation": camp, "score": 0.9, "known": known, "mentions": [[0, 1]] * mentions, "change": change}


ROWS: list[dict[str, Any]] = [
    {"id": "a", "event_type": [{"label": "protest", "score": 0.9}], "factions": [force("قسد", True), force("لواء أ", False)]},
    {"id": "b", "event_type": [], "factions": [force("لـواء ا", False, "turkey", 3, {"before": "sdf", "after": "turkey"})]},
    {"id": "c", "event_type": [], "factions": [], "error": "empty"},
]


def test_counts() -> None:
    found = tally(enumerate(ROWS, start=1), "rows.jsonl")
    assert (found.rows, found.unread, found.changes) == (3, 1, 1)
    assert found.labels == {"event_type": {"protest": 1}}
    assert found.camps == {"sdf": 2, "turkey": 1}
    [one] = found.unknown
    assert (one.name, one.reports, one.mentions, one.camps) == ("لواء أ", 2, 4, {"sdf": 1, "turkey": 1})
    assert found.to_dict()["unknown"][0]["reports"] == 2


def test_rows_without_factions_are_counted_too() -> None:
    assert tally([(1, {"id": "a", "event_type": [{"label": "protest", "score": 1.0}]})], "rows.jsonl").unknown == ()


@pytest.mark.parametrize("row", [{"id": "a", "text": "نص"}, {"id": "a", "factions": [{"start": 0}]}])
def test_a_row_of_another_shape_is_named(row: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl:7: no row of predictions"):
        tally([(7, row)], "rows.jsonl")
