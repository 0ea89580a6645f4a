"""One row for each type of event and pair of sides, in ACLED's columns, and nothing that no model knows."""

from __future__ import annotations

from marsad.inference.acled import COLUMNS, acled_rows
from marsad.inference.files import Input
from marsad.inference.prediction import Evidence, Faction, LabelScore, Prediction, Span
from marsad.taxonomy import Taxonomy

FIRST, SECOND = "قصفت قوات النظام مواقع قسد.", "وخرجت مظاهرة."
TEXT = f"{FIRST} {SECOND}"
SHELLING = LabelScore("shelling", 0.9, Evidence(0, len(FIRST), 0.5))
PROTEST = LabelScore("protest", 0.8, Evidence(len(FIRST) + 1, len(TEXT), 0.5))
ONE = Input("r1", TEXT, "2020-01-05", source="نشرة")


def faction(name: str, camp: str) -> Faction:
    at = TEXT.index(name)
    return Faction(name, camp, 0.9, True, (Span(at, at + len(name), camp, 0.9),))


REGIME, SDF = faction("قوات النظام", "assad_regime"), faction("قسد", "sdf")


def rows(
    syria: Taxonomy, events: tuple[LabelScore, ...], factions: tuple[Faction, ...] | None, camps: tuple[str, ...]
) -> list[dict[str, str]]:
    labels = {"affiliation": tuple(LabelScore(camp, 0.9) for camp in camps), "event_type": events}
    return list(acled_rows([(ONE, Prediction(labels, {}, 1, 9, 9, factions))], syria))


def test_the_sides_are_the_forces_of_the_evidence(syria: Taxonomy) -> None:
    [row] = rows(syria, (SHELLING,), (REGIME, SDF), ("assad_regime", "sdf", "turkey"))
    assert tuple(row) == COLUMNS
    assert row == dict.fromkeys(COLUMNS, "") | {
        "event_id": "r1-1",
        "event_date": "2020-01-05",
        "event_type": "Explosions/Remote violence",
        "sub_event_type": "Shelling/artillery/missile attack",
        "actor1": "Assad regime",
        "assoc_actor_1": "قوات النظام",
        "actor2": "SDF and the Autonomous Administration",
        "assoc_actor_2": "قسد",
        "source": "نشرة",
        "notes": FIRST,
    }


def test_without_forces_the_sides_are_the_reports(syria: Taxonomy) -> None:
    found = rows(syria, (SHELLING,), None, ("assad_regime", "sdf", "turkey"))
    assert [(row["actor1"], row["actor2"]) for row in found] == [
        ("Assad regime", "SDF and the Autonomous Administration"),
        ("Assad regime", "Turkey"),
        ("SDF and the Autonomous Administration", "Turkey"),
    ]


def test_one_side_or_none_is_one_row(syria: Taxonomy) -> None:
    [row] = rows(syria, (SHELLING,), (REGIME,), ())
    assert (row["actor1"], row["actor2"]) == ("Assad regime", "")
    [row] = rows(syria, (PROTEST,), (), ())
    assert (row["event_type"], row["sub_event_type"]) == ("Protests", "")
    assert (row["actor1"], row["notes"]) == ("", SECOND)


def test_what_acled_has_not_gives_no_row_and_rows_are_numbered(syria: Taxonomy) -> None:
    found = rows(syria, (LabelScore("politics_other", 0.9), PROTEST, SHELLING), (REGIME, SDF), ())
    assert [row["event_id"] for row in found] == ["r1-1", "r1-2"]


def test_an_input_that_cannot_be_read_gives_none(syria: Taxonomy) -> None:
    assert list(acled_rows([(Input("x", error="empty"), None)], syria)) == []
