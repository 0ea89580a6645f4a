from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad import text
from marsad.text import CLEANER, NORMALIZER, Rule, normalize

FATHA, DAMMA, KASRA, SHADDA, SUKUN = "\u064e", "\u064f", "\u0650", "\u0651", "\u0652"
TATWEEL = "\u0640"
RLM, LRM, RLE, POP, RLI, POP_ISOLATE = "\u200f", "\u200e", "\u202b", "\u202c", "\u2067", "\u2069"
ZWSP, ZWNJ, ZWJ, BOM = "\u200b", "\u200c", "\u200d", "\ufeff"

TABLES: dict[str, list[tuple[str, str]]] = {
    "remove_marks": [
        (f"ق{DAMMA}ص{KASRA}ف{FATHA}", "قصف"),
        (f"م{FATHA}د{SUKUN}ر{FATHA}س{FATHA}ة", "مدرسة"),
        (f"الر{SHADDA}ق{SHADDA}{FATHA}ة", "الرقة"),
        ("هذا\u0670", "هذا"),
        ("ا\u0654ا\u0655", "اا"),
        ("شهيد\ufe0f", "شهيد"),
        ("قصف الحي", "قصف الحي"),
    ],
    "join_obfuscated": [
        ("قصـ ـف", "قصف"),
        ("قصـ . ـف", "قصف"),
        ("اشتـ.ـرك", "اشترك"),
        ("اعتـ..ـقال", "اعتقال"),
        ("قتـ•ـل", "قتل"),
        ("قتـ·ـل", "قتل"),
        ("عد*وان", "عدوان"),
        ("ع**دوان", "عدوان"),
        ("قصـف", "قصف"),
        ("دا_*_عش", "داعش"),
        ("هـ في", "هـ في"),
        ("قصف ـف", "قصف ـف"),
        ("قصـ ف", "قصـ ف"),
        ("أطفال.وشهدت", "أطفال.وشهدت"),
        ("قوات_النظام", "قوات_النظام"),
        ("*قصف* حي", "*قصف* حي"),
        ("3*4", "3*4"),
    ],
    "remove_tatweel": [(f"قص{TATWEEL * 4}ف", "قصف"), ("هـ في", "ه في"), (TATWEEL, ""), ("قصف", "قصف")],
    "letter_from_digit": [
        ("د1عش", "داعش"),
        ("د@عش", "داعش"),
        ("لد!عش", "لداعش"),
        ("النظ1م", "النظام"),
        ("11 قتيلا", "11 قتيلا"),
        ("في 1 آذار", "في 1 آذار"),
        ("حي1", "حي1"),
        ("1حي", "1حي"),
        ("داعش!", "داعش!"),
        ("مجزرة!وقصف", "مجزرة!وقصف"),
        ("د2عش", "د2عش"),
    ],
    "shorten_elongated": [
        ("عاااجل", "عاجل"),
        ("عااااااااجل", "عاجل"),
        ("مجزرررة", "مجزرة"),
        ("ااا", "ا"),
        ("اللاذقية", "اللاذقية"),
        ("1000", "1000"),
        ("...", "..."),
    ],
    "join_dotted": [
        ("ق.ص.ف", "قصف"),
        ("وق.س.د", "وقسد"),
        ("ق.س.د", "قسد"),
        ("بين ق.س.د وفصائل", "بين قسد وفصائل"),
        ("ق.س.د.", "قسد."),
        ("ا.ن.ف.ج.ا.ر", "انفجار"),
        ("أ.د.محمد", "أ.د.محمد"),
        ("أ.د. محمد", "أ.د. محمد"),
        ("د.محمد", "د.محمد"),
        ("غا.رات", "غا.رات"),
        ("أطفال.وشهدت", "أطفال.وشهدت"),
        ("نجا.و.ع.د", "نجا.وعد"),
        ("3.5", "3.5"),
    ],
    "split_hashtags": [
        ("#قوات_النظام", " قوات النظام"),
        ("##ريف__حلب", " ريف حلب"),
        ("عاجل #إدلب", "عاجل  إدلب"),
        ("قوات النظام", "قوات النظام"),
    ],
    "fold_alef": [("أحمد", "احمد"), ("إدلب", "ادلب"), ("آذار", "اذار"), ("ٱلله", "الله"), ("مؤتة ورئيس", "مؤتة ورئيس")],
    "fold_ya": [("مصطفى", "مصطفي"), ("ایران", "ايران"), ("ے", "ي"), ("رئيس", "رئيس")],
    "fold_kaf": [("کوباني", "كوباني"), ("\u06aa", "\u0643"), ("كفرنبل", "كفرنبل")],
    "fold_ta_marbuta": [("قنبلة", "قنبله"), ("بلدة كفرنبل", "بلده كفرنبل"), ("قنبلتان", "قنبلتان")],
    "fold_ha": [("ھجوم", "هجوم"), ("ہجوم", "هجوم"), ("\u06d5", "\u0647"), ("هجوم بلدة", "هجوم بلدة")],
}
PAIRS = [(name, raw, normal) for name, table in TABLES.items() for raw, normal in table]

WHOLE = [
    ("قصـ ـف", "قصف"),
    ("اشتـ.ـرك", "اشترك"),
    ("ق.ص.ف", "قصف"),
    ("وق.س.د", "وقسد"),
    ("د1عش", "داعش"),
    ("د١عش", "داعش"),
    ("لد!عش", "لداعش"),
    ("عد*وان", "عدوان"),
    (f"عد{FATHA}*و{SUKUN}ان", "عدوان"),
    ("#قوات_النظام", " قوات النظام"),
    ("#قصـ ـف_الأحياء", " قصف الاحياء"),
    ("عاااجل", "عاجل"),
    ("عـــاجل", "عاجل"),
    ("عاـــاااجل", "عاجل"),
    ("ق.ف.ف.ف.ل", "قفل"),
    (f"قُصِفَ{SHADDA}", "قصف"),
    ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
    ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
    ("ﻗﺼﻒ", "قصف"),
    ("ﻻجئون", "لاجئون"),
    ("ﷲ", "الله"),
    (f"قص{ZWSP}ف", "قصف"),
    (f"قص{ZWNJ}ف", "قصف"),
    (f"قص{ZWJ}ف", "قصف"),
    (f"{BOM}قصف", "قصف"),
    (f"{RLE}قصف{POP} {RLI}بلدة{POP_ISOLATE}{RLM}{LRM}", "قصف بلده"),
    (f"قصـ{RLM} {RLM}ـف", "قصف"),
    ("قصف\nبلدة\tتدمر", "قصف بلده تدمر"),
    ("\u0627\u0653\u0630\u0627\u0631", "اذار"),
    ("YPG وقسد", "ypg وقسد"),
    ('لـ"ضربة', 'ل"ضربه'),
    ("أطفال.وشهدت", "اطفال.وشهدت"),
    ("هـ في", "ه في"),
    ("أ.د.محمد", "ا.د.محمد"),
    ("", ""),
]

LETTERS = "اأإآٱبتدهوىيیےفقصلعشكکمنرسہھەةءؤئ"
NOISE = "ـ.*•·~_ #1@!٣۴\n\"'" + FATHA + SHADDA + "\u0670\u0653\u0654" + RLM + ZWSP + ZWNJ + "ﻗﻻﷲﹰ" + "Aé"
ARABIC_HEAVY = st.text(st.sampled_from(LETTERS + NOISE), max_size=24)
PIECES_OF_POSTS = st.lists(
    st.sampled_from(["قصـ", "ـف", ".", "ق", "س", "د", "ا", "1", "@", "عش", "و", "*", "ـ", " ", "#", "_", "ااا", FATHA, "أ", "ﻻ"]),
    max_size=10,
).map("".join)


def rules() -> dict[str, Rule]:
    return {name: found for name, found in vars(text).items() if isinstance(found, Rule)}


def test_every_rule_has_a_table_that_shows_a_change() -> None:
    assert set(TABLES) == set(rules())
    for name, table in TABLES.items():
        assert any(raw != normal for raw, normal in table), name
        assert any(raw == normal for raw, normal in table) or name == "remove_tatweel", name


@pytest.mark.parametrize(("name", "raw", "normal"), PAIRS)
def test_rule(name: str, raw: str, normal: str) -> None:
    assert rules()[name](raw) == normal


@pytest.mark.parametrize(("name", "raw", "normal"), PAIRS)
def test_a_rule_is_also_a_normalizer_of_tokenizers(name: str, raw: str, normal: str) -> None:
    assert rules()[name].normalizer.normalize_str(raw) == normal


def test_each_digit_has_its_rule_and_leaves_the_others() -> None:
    arabic, persian = "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"
    assert len(text.FOLD_DIGITS) == 10
    for digit, rule in enumerate(text.FOLD_DIGITS):
        for row in (arabic, persian):
            assert rule(row) == row.replace(row[digit], str(digit))


@pytest.mark.parametrize(("raw", "normal"), WHOLE)
def test_normalize(raw: str, normal: str) -> None:
    assert normalize(raw) == normal


@pytest.mark.parametrize("word", ["قصف", "داعش", "اشترك", "عدوان", "النظام"])
@pytest.mark.parametrize("filler", ["ـ", "ـــ", "ـ ـ", "ـ.ـ", "ـ*ـ", "*", "ـ•", FATHA, ZWSP, RLM])
def test_a_filler_at_any_place_inside_a_word_changes_nothing(word: str, filler: str) -> None:
    for place in range(1, len(word)):
        assert normalize(word[:place] + filler + word[place:]) == word


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("قصـ ـف", "قصف"),
        ("#أحرار_الشام", " أحرار الشام"),
        (f"أ{FATHA}حرار", "أحرار"),
        ("مصطفى ٣٤", "مصطفى ٣٤"),
        ("YPG د1عش", "YPG داعش"),
        ("ﻗﺼﻒ", "قصف"),
    ],
)
def test_the_cleaner_repairs_and_does_not_fold(raw: str, cleaned: str) -> None:
    assert CLEANER.normalize_str(raw) == cleaned


@settings(max_examples=300, deadline=None)
@given(ARABIC_HEAVY)
def test_twice_is_once_over_arabic(raw: str) -> None:
    once = normalize(raw)
    assert normalize(once) == once


@settings(max_examples=300, deadline=None)
@given(PIECES_OF_POSTS)
def test_twice_is_once_over_obfuscated_posts(raw: str) -> None:
    once = normalize(raw)
    assert normalize(once) == once


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_twice_is_once_over_any_text(raw: str) -> None:
    once = normalize(raw)
    assert normalize(once) == once


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("د!عععش", id="shortening makes room for a letter"),
        pytest.param("د!ع.ش.ق", id="joining makes room for a letter"),
        pytest.param("H\u0331", id="small h and macron below compose, the capital does not"),
        pytest.param("e\ufe0f\u0301", id="a mark stood between letter and accent"),
        pytest.param("e\u0640\u0301", id="tatweel stood between letter and accent"),
    ],
)
def test_twice_is_once_where_one_change_makes_room_for_another(raw: str) -> None:
    once = normalize(raw)
    assert normalize(once) == once


@settings(max_examples=200, deadline=None)
@given(ARABIC_HEAVY)
def test_nothing_that_a_rule_removes_is_left(raw: str) -> None:
    left = set(normalize(raw))
    assert not left & set("ـ#_أإآٱةىیےکہھە٣۴\n" + FATHA + SHADDA + RLM + ZWSP + ZWNJ + "ﻗﻻﷲA")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["قصف", "قوات", "النظام", "بلد", "الشيخ", "رئيس", "مؤتمر", "12", "."]), max_size=12).map(" ".join))
def test_plain_text_stays(raw: str) -> None:
    assert normalize(raw) == raw
    assert NORMALIZER.normalize_str(raw) == raw
