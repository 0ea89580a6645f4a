"""Changes of spelling keep what is said, and the same dice give the same text."""

from __future__ import annotations

from random import Random

import pytest

from marsad.evaluation.spelling import SPELLINGS
from marsad.text import normalize

TEXT = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة كنصفرة في 14 آذار 2021، وإصابة مدني من أهالي القرية على إثرها. " * 5
READ_OVER = set(SPELLINGS) - {"ha for ta marbuta"}
"""What the normaliser of the tokenizer takes back."""


@pytest.mark.parametrize("name", sorted(SPELLINGS))
def test_the_same_dice_give_the_same_changed_text(name: str) -> None:
    change = SPELLINGS[name]
    assert change(TEXT, Random(1)) == change(TEXT, Random(1)) != TEXT


@pytest.mark.parametrize("name", ["diacritics", "tatweel", "tatweel with dots", "hashtags"])
def test_other_dice_give_another_text(name: str) -> None:
    assert SPELLINGS[name](TEXT, Random(1)) != SPELLINGS[name](TEXT, Random(2))


@pytest.mark.parametrize("name", sorted(READ_OVER))
@pytest.mark.parametrize("seed", range(5))
def test_the_reader_of_the_tokenizer_sees_the_same_words(name: str, seed: int) -> None:
    assert normalize(SPELLINGS[name](TEXT, Random(seed))).split() == normalize(TEXT).split()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("bare alef", "أكد إعلام الآلية", "اكد اعلام الالية"),
        ("alef maqsura for ya", "في الحي الشرقي", "فى الحى الشرقى"),
        ("ha for ta marbuta", "مدينة حلبة، قاعدتها", "مدينه حلبه، قاعدتها"),
        ("Arabic-Indic digits", "14 آذار 2021", "١٤ آذار ٢٠٢١"),
    ],
)
def test_letters_and_digits_change_as_named(name: str, text: str, expected: str) -> None:
    assert SPELLINGS[name](text, Random(0)) == expected


def test_a_text_without_arabic_stays() -> None:
    assert {change("Idlib, no date.", Random(0)) for change in SPELLINGS.values()} == {"Idlib, no date."}
