"""The gazetteer that ships keeps its promises, and names are found by any spelling, at their exact place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad.errors import ConfigError
from marsad.gazetteer import Gazetteer, find_gazetteer, read_gazetteer
from marsad.taxonomy import Taxonomy, find_taxonomy, read_taxonomy
from marsad.text import normalize

BEFORE, AFTER = "2024-12-07", "2024-12-08"
SHIPPED = read_gazetteer(find_gazetteer("syria"), read_taxonomy(find_taxonomy("syria")))


def camps(text: str, date: str | None = None) -> list[tuple[str, str]]:
    return [(text[found.start : found.end], found.force.camp) for found in SHIPPED.find(text, date)]


def written(folder: Path, forces: str) -> Path:
    path = folder / "war.yaml"
    path.write_text(f"titles: [لواء]\nforces:\n{forces}", encoding="utf-8")
    return path


def test_it_names_120_forces_and_every_camp(syria: Taxonomy) -> None:
    assert len({force.name for force in SHIPPED.forces}) >= 120
    counts = Counter(force.camp for force in SHIPPED.forces)
    assert set(counts) == set(syria.task("affiliation").ids)
    assert counts["unidentified"] >= 2
    assert all(counts[camp] >= 3 for camp in counts if camp != "unidentified"), counts


def test_every_force_has_an_english_name_and_a_note() -> None:
    assert not [force.id for force in SHIPPED.forces if not force.en or not force.note or "\n" in force.note]


@pytest.mark.parametrize("name", ["الأمن العام", "الجيش السوري", "وزارة الدفاع", "وزارة الداخلية", "القوات الحكومية"])
def test_one_name_means_opposite_camps_before_and_after_assads_fall(name: str) -> None:
    assert camps(f"داهم {name} البلدة", BEFORE) == [(name, "assad_regime")]
    assert camps(f"داهم {name} البلدة", AFTER) == [(name, "transitional_government")]


def test_the_rulings_on_the_factions_of_2025_hold() -> None:
    for name, date, camp in (
        ("هيئة تحرير الشام", "2024-12-07", "hts"),
        ("هيئة تحرير الشام", "2024-12-08", "transitional_government"),
        ("فرقة السلطان مراد", "2025-03", "opposition_factions"),
        ("فرقة السلطان مراد", "2025-08", "transitional_government"),
        ("الجبهة الوطنية للتحرير", "2025-02", "transitional_government"),
        ("فلول النظام", "2025-03", "assad_regime"),
    ):
        force = SHIPPED.canonical(name, date)
        assert force is not None
        assert force.camp == camp, (name, date)


def test_aliases_lead_to_the_force() -> None:
    ids = {getattr(SHIPPED.canonical(name), "id", None) for name in ("قسد", "قوات سوريا الديمقراطية", "ميليشيا «قسد»", "SDF")}
    assert ids == {"sdf"}
    assert SHIPPED.canonical("لجنة المدرسة") is None
    assert SHIPPED.canonical("قسد في البصيرة") is None
    assert SHIPPED.canonical("") is None


def test_an_undated_name_takes_its_first_entry() -> None:
    force = SHIPPED.canonical("الجيش السوري")
    assert force is not None
    assert force.id == "syrian_army_until_2024"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("اعتقلت قـ.ـسد شابا", "قـ.ـسد"),
        ("هاجمت دا*عش حاجزا", "دا*عش"),
        ("هاجم د1عش حاجزا", "د1عش"),
        ("تبنّى تَنظيمُ الدَّولَةِ الهجوم", "تَنظيمُ الدَّولَةِ"),
        ('تبنى تنظيم "الدولة الإسلامية" الهجوم', 'تنظيم "الدولة الإسلامية'),
        ("قصفت #قوات_النظام البلدة", "قوات_النظام"),
        ("قصف الطيران الروسى البلدة", "الطيران الروسى"),
        ("دخلت القوات التركيه المدينة", "القوات التركيه"),
        ("مع وحدات حمايه المراه شرقا", "وحدات حمايه المراه"),
        ("دخلت قــــســــد", "قــــســــد"),
    ],
)
def test_every_spelling_is_found_where_it_stands(text: str, name: str) -> None:
    assert [found for found, _ in camps(text)] == [name]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("اتفاق بين الأهالي وقسد", "قسد"),
        ("اتفاق بين الأهالي وَقُسَد", "قُسَد"),
        ("مناطق لقسد", "قسد"),
        ("التحق بقوات النظام", "قوات النظام"),
        ("ضربة للجيش التركي", "للجيش التركي"),
        ("وللجيش التركي قاعدة", "للجيش التركي"),
        ("هجوم لوحدات حماية الشعب", "وحدات حماية الشعب"),
    ],
)
def test_one_letter_words_before_a_name_are_not_part_of_it(text: str, name: str) -> None:
    assert [found for found, _ in camps(text)] == [name]


def test_the_longest_name_wins_and_titles_belong_to_it() -> None:
    assert camps("قائد ميليشيا الفيلق الخامس") == [("ميليشيا الفيلق الخامس", "russia")]
    assert camps("وزارة الدفاع الروسية", AFTER) == [("وزارة الدفاع الروسية", "russia")]
    assert camps("حزب الله السوري")[0][0] == "حزب الله السوري"


def test_whole_words_only_and_never_across_a_stop() -> None:
    assert camps("تقسدت الأمور في داعشية") == []
    assert camps("عاد الحرس. الثوري خبر آخر") == []
    assert camps("صدر قرار الجيش. الوطني للتأمين") == []


MARKS = st.text("\u064b\u064e\u064f\u0650\u0651\u0652", max_size=1)
FILLERS = st.sampled_from(["", "", "\u0640", "\u0640.\u0640", "\u0640 \u0640", "*"])
NAMES = st.sampled_from(["قسد", "داعش", "قوات النظام", "حراس الدين", "الجيش التركي", "فيلق الرحمن"])


@st.composite
def obfuscated(draw: st.DrawFn) -> tuple[str, str]:
    """Return a plain name and the same with marks and fillers between the letters of its words."""
    plain, text = draw(NAMES), ""
    for place, letter in enumerate(plain):
        inside = letter != " " and plain[place + 1 : place + 2].strip() != ""
        text += letter + (draw(MARKS) if letter != " " else "") + (draw(FILLERS) if inside else "")
    return plain, text


@settings(max_examples=150, deadline=None)
@given(obfuscated(), st.sampled_from(["", "و", "بِ"]), st.sampled_from(["", " في البلدة 😀", "، ثم"]), st.integers(0, 3))
def test_spans_are_exact_over_obfuscated_text(name: tuple[str, str], prefix: str, behind: str, before: int) -> None:
    plain, spelled = name
    ahead = "شرق بلدة " * before + prefix
    (found,) = SHIPPED.find(ahead + spelled + behind)
    assert (found.start, found.end) == (len(ahead), len(ahead + spelled))
    assert normalize(spelled) == normalize(plain)


def test_a_megabyte_is_read_in_seconds() -> None:
    text = "أفاد مراسلنا أن قوات النظام قصفت بلدة كفرنبل، وردت فصائل المعارضة بالمثل. " * 7500
    assert len(text.encode()) > 1_000_000
    started = process_time()
    assert len(SHIPPED.find(text)) == 15000
    assert process_time() - started < 20


def test_a_gazetteer_of_another_war_needs_only_a_file(tmp_path: Path, syria: Taxonomy) -> None:
    path = written(tmp_path, "  - {id: a, name: الفجر, camp: sdf, valid_to: 2020-01-31}\n")
    gazetteer = read_gazetteer(find_gazetteer(str(path)), syria)
    assert [(n.start, n.end) for n in gazetteer.find("عاد لواء الفجر", "2020-01-31")] == [(4, 14)]
    assert gazetteer.find("عاد لواء الفجر", "2020-02-01") == []
    assert isinstance(gazetteer, Gazetteer)


def test_all_mistakes_are_told_at_once_with_the_cure(tmp_path: Path, syria: Taxonomy) -> None:
    forces = """
  - {id: a, name: الفجر, camp: nobody}
  - {id: b, name: الغسق, camp: sdf, aliases: [الفجر, '...']}
  - {id: c, name: الليل, camp: sdf, valid_from: 2021-01-01, valid_to: 2020-01-01}
  - {id: d, name: النهار, camp: sdf, valid_to: 2020-06-01}
  - {id: d, name: النّهار, camp: hts, valid_from: 2020-06-01}
"""
    with pytest.raises(ConfigError) as error:
        read_gazetteer(written(tmp_path, forces), syria)
    told = str(error.value)
    assert all(line.startswith(f"{tmp_path / 'war.yaml'}: ") for line in told.splitlines())
    for expected in (
        "a: unknown camp 'nobody'; known: assad_regime",
        "c: valid_from 2021-01-01 is after valid_to 2020-01-01. Change them round.",
        "b: the name '...' has no letter",
        "'الفجر' names both 'a' and 'b' at one time",
        "id 'd' stands twice",
    ):
        assert expected in told


def test_periods_that_touch_on_one_day_overlap(tmp_path: Path, syria: Taxonomy) -> None:
    entry = "  - {{id: {}, name: النهار, camp: {}, {}: {}}}\n"
    for day, wrong in (("2020-06-01", True), ("2020-06-02", False)):
        path = written(tmp_path, entry.format("a", "sdf", "valid_to", "2020-06-01") + entry.format("b", "hts", "valid_from", day))
        if wrong:
            with pytest.raises(ConfigError, match="names both 'a' and 'b'"):
                read_gazetteer(path, syria)
        else:
            assert len(read_gazetteer(path, syria).forces) == 2


@pytest.mark.parametrize("entry", ["{id: a, name: الفجر}", "{id: a, name: الفجر, camp: sdf, valid_to: soon}", "{ids: a}", "7"])
def test_a_broken_entry_is_named_by_its_place(tmp_path: Path, syria: Taxonomy, entry: str) -> None:
    with pytest.raises(ConfigError, match=r"war\.yaml: forces\.0"):
        read_gazetteer(written(tmp_path, f"  - {entry}\n"), syria)


def test_a_missing_file_is_told(syria: Taxonomy) -> None:
    with pytest.raises(ConfigError, match="atlantis"):
        read_gazetteer(find_gazetteer("atlantis"), syria)
