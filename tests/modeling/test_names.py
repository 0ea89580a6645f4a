from __future__ import annotations

from pathlib import Path

import pytest

from marsad.errors import ModelError
from marsad.modeling.names import FILE, Names, read_names

SEEN = [
    ("قوات النظام", "assad_regime", 3),
    ("قَوات النظام", "russia", 1),
    ("لواء الشمال", "turkey", 1),
    ("حزب الله", "iran_axis", 1),
]
NAMES = Names.collect(SEEN)


def test_spellings_of_one_name_are_counted_together_and_the_most_frequent_camp_wins() -> None:
    assert NAMES.counts["قوات النظام"] == {"assad_regime": 3, "russia": 1}
    assert NAMES.camp("قـوات النظام") == "assad_regime"
    assert NAMES.camp("فيلق الشرق") is None


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("وقوات", "قوات"),
        ("لحزب", "حزب"),
        ("ولقوات", "قوات"),
        ("والجيش", "الجيش"),
        ("وُقوات", "قوات"),
        ("وـقوات", "قوات"),
        ("للجيش", "للجيش"),
        ("لواء", "لواء"),
        ("وكالة", "وكالة"),
        ("فصائل", "فصائل"),
        ("و", "و"),
    ],
)
def test_attached_letters_are_cut_where_a_name_begins_behind_them(word: str, name: str) -> None:
    text = f"من {word} هنا"
    start = NAMES.cut(text, 3, 3 + len(word))
    assert text[start : 3 + len(word)] == name


def test_names_are_saved_and_read(tmp_path: Path) -> None:
    NAMES.save(tmp_path)
    assert read_names(tmp_path) == NAMES


def test_names_that_another_version_normalised_are_still_found(tmp_path: Path) -> None:
    """Names kept with ta marbuta, from before it was folded into ha, are counted with those kept with ha."""
    (tmp_path / FILE).write_text('{"فرقة السلطان": {"turkey": 2}, "فرقه السلطان": {"turkey": 1}}', encoding="utf-8")
    names = read_names(tmp_path)
    assert names.camp("فرقة السلطان") == "turkey"
    assert names.openers["فرقه"] == 3


@pytest.mark.parametrize("content", ["{", '{"a": 3}', "[1]"])
def test_a_damaged_file_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match="damaged"):
        read_names(tmp_path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no names\.json"):
        read_names(tmp_path)
