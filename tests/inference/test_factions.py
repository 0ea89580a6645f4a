"""Mentions of one force are one row; its camp follows date and mentions; a change of sides is told with its sentence."""

from __future__ import annotations

import pytest

from marsad.gazetteer import Gazetteer, find_gazetteer, read_gazetteer
from marsad.inference.factions import CONFIDENT, group
from marsad.inference.prediction import Change, Faction, Span
from marsad.taxonomy import Taxonomy

SURE = 0.95


@pytest.fixture(scope="module")
def gazetteer(syria: Taxonomy) -> Gazetteer:
    return read_gazetteer(find_gazetteer("syria"), syria)


def spans(text: str, *named: tuple[str, str], score: float = SURE) -> list[Span]:
    """The places of names in their order in the text, each with the camp given."""
    found, at = [], 0
    for name, camp in named:
        at = text.index(name, at)
        found.append(Span(at, at + len(name), camp, score))
        at += len(name)
    return found


def by_name(factions: tuple[Faction, ...]) -> dict[str, Faction]:
    return {one.name: one for one in factions}


def test_names_of_one_force_are_one_row(gazetteer: Gazetteer) -> None:
    text = "اعتقلت قسد شابا، ثم أفرجت عنه قوات سوريا الديمقراطية."
    [force] = group(text, "2022-01", spans(text, ("قسد", "sdf"), ("قوات سوريا الديمقراطية", "sdf")), gazetteer)
    assert (force.name, force.affiliation, force.known, len(force.mentions)) == ("قوات سوريا الديمقراطية", "sdf", True, 2)
    assert force.score == pytest.approx(SURE)


def test_a_force_that_the_gazetteer_has_not_is_kept_and_marked(gazetteer: Gazetteer) -> None:
    text = "هاجم لواء الزيتون الأزرق حاجزا، وقال لـواء الزيتون الازرق إنه سيعود."
    named = (("لواء الزيتون الأزرق", "local_armed_groups"), ("لـواء الزيتون الازرق", "local_armed_groups"))
    [force] = group(text, None, spans(text, *named), gazetteer)
    assert not force.known
    assert force.name == "لواء الزيتون الأزرق", "as first written"
    assert len(force.mentions) == 2, "spellings of one name are one"


@pytest.mark.parametrize(("date", "camp"), [("2023-06-01", "assad_regime"), ("2026-02", "transitional_government")])
def test_the_date_decides_where_words_cannot(gazetteer: Gazetteer, date: str, camp: str) -> None:
    text = "نشر الأمن العام حواجز في المدينة."
    [force] = group(text, date, spans(text, ("الأمن العام", "hts")), gazetteer)
    assert force.affiliation == camp
    assert force.change is None


@pytest.mark.parametrize("date", ["not a date", "2023-13", None])
def test_a_date_that_is_none_leaves_the_models_answer(gazetteer: Gazetteer, date: str | None) -> None:
    text = "نشر الأمن العام حواجز في المدينة."
    [force] = group(text, date, spans(text, ("الأمن العام", "turkey")), gazetteer)
    assert force.affiliation == "turkey"


def test_the_camp_is_that_of_most_mentions_by_score() -> None:
    text = "لواء الزيتون. لواء الزيتون. لواء الزيتون."
    found = [Span(0, 12, "turkey", 0.5), Span(14, 26, "turkey", 0.5), Span(28, 40, "sdf", 0.9)]
    [force] = group(text, None, found, None)
    assert force.affiliation == "turkey"
    assert force.score == pytest.approx(0.5)


@pytest.mark.parametrize(("score", "changed"), [(CONFIDENT, True), (CONFIDENT - 0.01, False)])
def test_mentions_in_two_camps_are_a_change_if_both_are_sure(score: float, changed: bool) -> None:
    text = "كان لواء الزيتون مع المعارضة. ثم صار لواء الزيتون مع قسد."
    named = (("لواء الزيتون", "opposition_factions"), ("لواء الزيتون", "sdf"))
    [force] = group(text, None, spans(text, *named, score=score), None)
    assert force.change == (Change("opposition_factions", "sdf", 30, len(text)) if changed else None)
    assert text[30:].startswith("ثم صار")


OLIVE, HAWKS = "لواء الزيتون", "صقور الوادي"


@pytest.mark.parametrize(
    "text",
    [
        f"انضم {OLIVE} إلى {HAWKS} أمس.",
        f"{OLIVE} انضمّ رسميا إلى {HAWKS}.",
        f"بايع {OLIVE} {HAWKS} في المسجد.",
        f"أعلن {OLIVE} أنه سيقاتل تحت قيادة {HAWKS}.",
        f"رفع {OLIVE} العلم فوق مقره. ثم رفع {OLIVE} راية، والتحق {OLIVE} بـ{HAWKS}.",
        f"{OLIVE} رفع علم {HAWKS} فوق مقره.",
    ],
)
def test_what_the_text_says_outright_is_a_change(text: str) -> None:
    named = [(OLIVE, "local_armed_groups")] * text.count(OLIVE) + [(HAWKS, "sdf")]
    found = by_name(group(text, None, spans(text, *named), None))
    change = found[OLIVE].change
    assert change is not None
    assert (change.before, change.after) == ("local_armed_groups", "sdf")
    assert HAWKS in text[change.start : change.end]
    assert found[HAWKS].change is None


def test_a_split_comes_from_the_camp_named_behind() -> None:
    text = f"قبل ذلك انشق {OLIVE} عن {HAWKS} وبقي وحده."
    found = by_name(group(text, None, spans(text, (OLIVE, "local_armed_groups"), (HAWKS, "sdf")), None))
    change = found[OLIVE].change
    assert change is not None
    assert (change.before, change.after) == ("sdf", "local_armed_groups")


@pytest.mark.parametrize(
    "text",
    [
        f"لم ينضم {OLIVE} إلى {HAWKS}.",
        f"{OLIVE} رفض الانضمام إلى {HAWKS}.",
        f"نفى {OLIVE} ذلك. اشتبك {OLIVE} مع {HAWKS}.",
        f"انضم {OLIVE}. ثم هاجم {HAWKS}.",
    ],
)
def test_what_the_text_denies_or_does_not_say_is_none(text: str) -> None:
    named = [(OLIVE, "local_armed_groups")] * text.count(OLIVE) + [(HAWKS, "sdf")]
    assert all(one.change is None for one in group(text, None, spans(text, *named), None))


def test_a_row_has_places_and_a_change_as_a_mapping() -> None:
    force = Faction(OLIVE, "sdf", 0.9, False, (Span(0, 12, "sdf", 0.9),), Change("turkey", "sdf", 0, 20))
    assert force.to_dict() == {
        "name": OLIVE,
        "affiliation": "sdf",
        "score": 0.9,
        "known": False,
        "mentions": [[0, 12]],
        "change": {"before": "turkey", "after": "sdf", "start": 0, "end": 20},
    }


CENTRE = "الجيش"


def test_each_of_many_forces_in_a_long_text_has_its_own_change() -> None:
    """Two thousand forces: what is told is looked for once a text, not once a force."""
    names = [f"لواء{number}" for number in range(2_000)]
    text, spans = "", []
    for number, name in enumerate(names):
        start = len(text)
        text += f"{name} انضم إلى {CENTRE}. "
        camp = "hts" if number % 2 else "sdf"
        spans += [Span(start, start + len(name), camp, 0.9)]
        spans += [Span(text.rindex(CENTRE), text.rindex(CENTRE) + len(CENTRE), "turkey", 0.9)]
    found = {one.name: one for one in group(text, None, spans, None)}
    assert len(found) == len(names) + 1
    assert found[CENTRE].change is None
    for number in (0, 1, 999, 1_999):
        change = found[names[number]].change
        assert change is not None
        assert (change.before, change.after) == ("hts" if number % 2 else "sdf", "turkey")
        assert text[change.start : change.end] == f"{names[number]} انضم إلى {CENTRE}."
