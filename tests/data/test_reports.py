from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad.data.reports import Mention, Report, read_reports, targets
from marsad.errors import DataError
from marsad.taxonomy import Taxonomy, find_taxonomy, read_taxonomy

SYRIA = read_taxonomy(find_taxonomy("syria"))
QUAD = read_taxonomy(find_taxonomy("quadclass"))
TEXT = "نصبت قوات سوريا الديمقراطية حاجزا عند مدخل البلدة."
GOOD: dict[str, Any] = {
    "id": "a",
    "text": TEXT,
    "date": "2021-03-04",
    "source": "مراسل",
    "group": "story-1",
    "affiliation": ["sdf"],
    "event_type": ["troop_movement", "arrest_raid"],
    "factions": [{"start": 5, "end": 27, "affiliation": "sdf"}],
}


def written(folder: Path, rows: Sequence[Any], name: str = "reports.jsonl") -> Path:
    """Write mappings as JSON and strings as they are, one a line."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def row(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in ({"id": "z", "text": TEXT} | changes).items() if value is not ...}


def mistakes(path: Path, taxonomy: Taxonomy = SYRIA) -> list[str]:
    with pytest.raises(DataError) as found:
        read_reports(path, taxonomy)
    lines = str(found.value).splitlines()
    assert all(line.startswith(str(path)) for line in lines)
    return [line.removeprefix(str(path)).removeprefix(":") for line in lines]


def test_a_whole_report_is_read(tmp_path: Path) -> None:
    (report,) = read_reports(written(tmp_path, [GOOD]), SYRIA)
    assert report == Report(
        id="a",
        text=TEXT,
        date="2021-03-04",
        source="مراسل",
        group="story-1",
        labels={"affiliation": ("sdf",), "event_type": ("troop_movement", "arrest_raid")},
        factions=(Mention(5, 27, "sdf"),),
    )
    assert report.text[5:27] == "قوات سوريا الديمقراطية"


def test_id_and_text_are_enough(tmp_path: Path) -> None:
    (report,) = read_reports(written(tmp_path, [{"id": "a", "text": TEXT}]), SYRIA)
    assert report == Report("a", TEXT)
    assert report.labels == {}
    assert report.factions is None


def test_reports_keep_their_order_and_blank_lines_are_no_reports(tmp_path: Path) -> None:
    path = written(tmp_path, [row(id="b"), "", "   ", row(id="a"), row(id="c")])
    assert [report.id for report in read_reports(path, SYRIA)] == ["b", "a", "c"]


def test_a_number_is_as_good_an_id_as_a_word(tmp_path: Path) -> None:
    assert [report.id for report in read_reports(written(tmp_path, [row(id=0), row(id=7)]), SYRIA)] == ["0", "7"]


@pytest.mark.parametrize("date", ["2021", "2021-12", "2021-12-31", "2024-02-29", 2021, None])
def test_good_dates_are_kept(tmp_path: Path, date: Any) -> None:
    (report,) = read_reports(written(tmp_path, [row(date=date)]), SYRIA)
    assert report.date == (None if date is None else str(date))


def test_a_task_that_is_missing_is_not_annotated_and_an_empty_one_is_annotated_as_none(tmp_path: Path) -> None:
    (report,) = read_reports(written(tmp_path, [row(affiliation=[])]), SYRIA)
    assert report.labels == {"affiliation": ()}
    values = targets(report, SYRIA)
    assert values[SYRIA.slices["affiliation"]] == [0.0] * 15
    assert all(map(math.isnan, values[SYRIA.slices["event_type"]]))


def test_a_task_that_is_null_is_not_annotated(tmp_path: Path) -> None:
    (report,) = read_reports(written(tmp_path, [row(affiliation=None, event_type=["protest"])]), SYRIA)
    assert report.labels == {"event_type": ("protest",)}


def test_no_factions_and_none_found_are_told_apart(tmp_path: Path) -> None:
    first, second = read_reports(written(tmp_path, [row(id="a"), row(id="b", factions=[])]), SYRIA)
    assert (first.factions, second.factions) == (None, ())


def test_targets_are_one_at_the_labels_of_the_report() -> None:
    values = targets(Report("a", TEXT, labels={"affiliation": ("sdf", "turkey"), "event_type": ()}), SYRIA)
    assert {SYRIA.flat[place] for place, value in enumerate(values) if value == 1.0} == {"affiliation:sdf", "affiliation:turkey"}
    assert values.count(0.0) == 31


def test_unknown_keys_go_to_meta_beside_what_stands_there(tmp_path: Path) -> None:
    path = written(tmp_path, [row(url="https://example.org/1", casualties=3, meta={"kind": "feature"})])
    (report,) = read_reports(path, SYRIA)
    assert report.meta == {"kind": "feature", "url": "https://example.org/1", "casualties": 3}


def test_a_task_that_the_taxonomy_does_not_ask_goes_to_meta(tmp_path: Path) -> None:
    (report,) = read_reports(written(tmp_path, [row(affiliation=["sdf"], event_type=["protest"])]), SYRIA.only(["affiliation"]))
    assert report.labels == {"affiliation": ("sdf",)}
    assert report.meta == {"event_type": ["protest"]}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(id=...), "no 'id'"),
        (row(id=""), "no 'id'"),
        (row(id=None), "no 'id'"),
        (row(text=...), "no 'text'"),
        (row(text=""), "no 'text'"),
        (row(text="  \n "), "text: no letter or digit in it"),
        (row(text="😀🔥 !!"), "text: no letter or digit in it"),
        (row(text=["جملة"]), "text: found list, expected a string"),
        (row(text=7), "text: found int, expected a string"),
        (row(text=0), "text: found int, expected a string"),
        (row(text=[]), "text: found list, expected a string"),
        ('{"id": "z", "text": "قصف \\ud83d"}', "text: "),  # half of an emoji, which no tokenizer takes
        (row(date="04/03/2021"), "date: found '04/03/2021', expected YYYY, YYYY-MM or YYYY-MM-DD"),
        (row(date="2021-13"), "date: found '2021-13'"),
        (row(date="2021-3-4"), "date: found '2021-3-4'"),
        (row(date="2021-03-04T10:00"), "date: found '2021-03-04T10:00'"),
        (row(date=""), "date: found ''"),
        (row(date=20210304), "date: found 20210304"),
        (row(affiliation=["sfd"]), "unknown affiliation 'sfd'; known: assad_regime, "),
        (row(event_type=["protest", 3]), "unknown event_type 3; known: "),
        (row(event_type=["PROTEST"]), "unknown event_type 'PROTEST'"),
        (row(affiliation={"sdf": 1}), "affiliation: found dict, expected a list of labels"),
        (row(affiliation=3), "affiliation: found int, expected a list of labels"),
        (row(factions="sdf"), "factions: found str, expected a list"),
        (row(factions={"start": 0}), "factions: found dict, expected a list"),
        (row(factions=[{"start": 0, "end": 4}]), "factions[0]: found {'start': 0, 'end': 4}, expected a mapping with"),
        (row(factions=["sdf"]), "factions[0]: found 'sdf', expected a mapping with"),
        (row(factions=[[0, 4, "sdf"]]), "factions[0]: found [0, 4, 'sdf'], expected a mapping with"),
        (row(factions=[{"start": "0", "end": 4, "affiliation": "sdf"}]), "factions[0]: "),
        (row(factions=[{"start": 0.5, "end": 4, "affiliation": "sdf"}]), "factions[0]: "),
        (row(factions=[{"start": -1, "end": 4, "affiliation": "sdf"}]), "factions[0]: -1–4 is not within the text (0–50)"),
        (row(factions=[{"start": 4, "end": 4, "affiliation": "sdf"}]), "factions[0]: 4–4 is not within the text"),
        (row(factions=[{"start": 9, "end": 4, "affiliation": "sdf"}]), "factions[0]: 9–4 is not within the text"),
        (row(factions=[{"start": 45, "end": 51, "affiliation": "sdf"}]), "factions[0]: 45–51 is not within the text (0–50)"),
        (row(factions=[{"start": 0, "end": 4, "affiliation": "nato"}]), "factions[0]: unknown affiliation 'nato'; known: "),
        ('{"id": "z", "text": ', "not valid JSON ("),
        ("{'id': 'z'}", "not valid JSON ("),
        ('["id", "text"]', "found list, expected a JSON object"),
        ('"text"', "found str, expected a JSON object"),
        ("null", "found NoneType, expected a JSON object"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_reason(tmp_path: Path, bad: Any, reason: str) -> None:
    assert len(TEXT) == 50
    (line,) = mistakes(written(tmp_path, [row(id="a"), row(id="b"), bad, row(id="d")]))
    assert line.startswith(f"3: {reason}")


def test_a_span_may_reach_to_the_ends_of_the_text(tmp_path: Path) -> None:
    (report,) = read_reports(written(tmp_path, [row(factions=[{"start": 0, "end": 50, "affiliation": "sdf"}])]), SYRIA)
    assert report.factions == (Mention(0, 50, "sdf"),)


def test_a_date_that_no_calendar_has_is_refused(tmp_path: Path) -> None:
    (line,) = mistakes(written(tmp_path, [row(date="2021-02-30")]))
    assert line.startswith("1: date: found '2021-02-30'")


def test_a_date_in_other_digits_is_refused(tmp_path: Path) -> None:
    (line,) = mistakes(written(tmp_path, [row(date="٢٠٢١")]))
    assert line.startswith("1: date: found '٢٠٢١'")


def test_blank_lines_count_in_the_line_number(tmp_path: Path) -> None:
    (line,) = mistakes(written(tmp_path, [row(id="a"), "", "", "oops"]))
    assert line.startswith("4: not valid JSON")


def test_a_duplicate_id_tells_both_lines(tmp_path: Path) -> None:
    (line,) = mistakes(written(tmp_path, [row(id="a"), row(id="b"), row(id="c"), row(id="b")]))
    assert line == "4: duplicate id 'b', first on line 2. Give every report its own id."


def test_a_number_and_the_same_number_as_a_word_are_one_id(tmp_path: Path) -> None:
    (line,) = mistakes(written(tmp_path, [row(id=7), row(id="7")]))
    assert line.startswith("2: duplicate id '7', first on line 1")


def test_a_task_with_one_answer_takes_exactly_one(tmp_path: Path) -> None:
    lines = mistakes(
        written(
            tmp_path,
            [
                row(id="a", quad=["verbal_conflict"]),
                row(id="b", quad=[]),
                row(id="c", quad=["verbal_conflict", "material_conflict"]),
                row(id="d", quad="material_conflict"),
            ],
        ),
        QUAD,
    )
    assert lines == [
        "2: quad: found 0 labels, expected exactly one.",
        "3: quad: found 2 labels, expected exactly one.",
    ]


def test_all_mistakes_of_a_line_and_of_all_lines_are_told_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        [
            row(id="a"),
            row(id="", date="gestern", affiliation=["x", "y"], event_type=3),
            "{",
            row(id="a"),
            row(id="b", text="…"),
        ],
    )
    starts = [
        "2: no 'id'",
        "2: date: ",
        "2: unknown affiliation 'x'",
        "2: unknown affiliation 'y'",
        "2: event_type: found int",
        "3: not valid JSON",
        "4: duplicate id 'a'",
        "5: text: no letter",
    ]
    lines = mistakes(path)
    assert len(lines) == len(starts)
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


def test_of_very_many_mistakes_the_first_are_quoted_and_the_rest_counted(tmp_path: Path) -> None:
    lines = mistakes(written(tmp_path, ["{"] * 57))
    assert len(lines) == 21
    assert lines[-1] == " and 37 more mistakes"


def test_skip_bad_writes_the_bad_lines_as_they_stand_and_goes_on(tmp_path: Path) -> None:
    broken, unknown = '{"id": "x", "text":', row(id="y", affiliation=["أحد"])
    path = written(tmp_path, [row(id="a"), broken, unknown, row(id="b"), row(id="a")])
    reports = read_reports(path, SYRIA, tmp_path / "bad.jsonl")
    assert [report.id for report in reports] == ["a", "b"]
    assert (tmp_path / "bad.jsonl").read_text(encoding="utf-8").splitlines() == [
        broken,
        json.dumps(unknown, ensure_ascii=False),
        json.dumps(row(id="a"), ensure_ascii=False),
    ]


def test_skip_bad_of_a_good_file_writes_no_line(tmp_path: Path) -> None:
    assert len(read_reports(written(tmp_path, [GOOD]), SYRIA, tmp_path / "bad.jsonl")) == 1
    assert (tmp_path / "bad.jsonl").read_text(encoding="utf-8") == ""


def test_a_file_with_nothing_but_bad_lines_is_refused_even_with_skip_bad(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no reports in it"):
        read_reports(written(tmp_path, ["{"]), SYRIA, tmp_path / "bad.jsonl")


@pytest.mark.parametrize("name", ["empty.jsonl", "empty.csv"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    (line,) = mistakes(written(tmp_path, [], name))
    assert line.startswith(" no reports in it. Expected one JSON object a line")


def test_a_missing_file_tells_path_and_cure(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path / "none.jsonl")
    assert line == " cannot read the reports (No such file or directory). Name an existing JSONL or CSV file."


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_text(json.dumps(GOOD) + "\n", encoding="utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert [report.id for report in read_reports(path, SYRIA)] == ["a"]


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_bytes("\r\n".join(json.dumps(row(id=id)) for id in "abc").encode())
    assert [report.id for report in read_reports(path, SYRIA)] == ["a", "b", "c"]


def test_a_separator_within_a_text_ends_no_line(tmp_path: Path) -> None:
    text = "سطر\u2028سطر\u0085سطر\u000bسطر"
    (report,) = read_reports(written(tmp_path, [row(text=text)]), SYRIA)
    assert report.text == text


def test_a_file_that_is_not_utf_8_is_told_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_bytes(json.dumps(GOOD, ensure_ascii=False).encode("cp1256"))
    (line,) = mistakes(path)
    assert line.startswith("1: not UTF-8")
    assert line.endswith("Save the file as UTF-8.")


@pytest.mark.parametrize("before", [1, 5_000])
def test_a_wrong_byte_is_told_by_its_line(tmp_path: Path, before: int) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_bytes(b" " * 20 * before + b"\n" * before + b"\xc7" + b'{"id": "a"}\n')
    (line,) = mistakes(path)
    assert line.startswith(f"{before + 1}: not UTF-8")


HEADER = "id,text,date,group,affiliation,event_type,url\n"


def csv_file(folder: Path, rows: str, encoding: str = "utf-8") -> Path:
    path = folder / "reports.csv"
    path.write_text(HEADER + rows, encoding=encoding)
    return path


def test_labels_of_a_csv_cell_stand_between_bars(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f'a,"{TEXT}",2021-03,s1,sdf|turkey, protest | abuse ,http://x\n')
    (report,) = read_reports(path, SYRIA)
    assert report == Report(
        "a",
        TEXT,
        "2021-03",
        group="s1",
        labels={"affiliation": ("sdf", "turkey"), "event_type": ("protest", "abuse")},
        meta={"url": "http://x"},
    )


def test_an_empty_csv_cell_is_not_annotated_and_a_lone_bar_is_annotated_as_none(tmp_path: Path) -> None:
    (report,) = read_reports(csv_file(tmp_path, f"a,{TEXT},,,|,,\n"), SYRIA)
    assert report == Report("a", TEXT, labels={"affiliation": ()})


def test_a_csv_from_a_spreadsheet_has_a_byte_order_mark_commas_quotes_and_lines_in_cells(tmp_path: Path) -> None:
    path = csv_file(tmp_path, 'a,"قال: ""نعم"", ثم\nغادر",2021,,,,\r\n', "utf-8-sig")
    (report,) = read_reports(path, SYRIA)
    assert (report.id, report.text, report.date) == ("a", 'قال: "نعم", ثم\nغادر', "2021")


def test_bad_csv_rows_are_told_with_their_line(tmp_path: Path) -> None:
    rows = f"a,{TEXT},,,sdf,,\nb,{TEXT},,,sdf|nobody,,\nc,{TEXT},1.1.2021,,,,\na,{TEXT},,,,,\nd,{TEXT},,,,,,surplus\n,{TEXT},,,,,\n"
    lines = mistakes(csv_file(tmp_path, rows))
    starts = [
        "3: unknown affiliation 'nobody'",
        "4: date: found '1.1.2021'",
        "5: duplicate id 'a', first on line 2",
        "6: more cells than the header names: ['surplus']",
        "7: no 'id'",
    ]
    assert len(lines) == len(starts)
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


def test_a_csv_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ["name;body", f"a;{TEXT}"], "reports.csv")
    assert [line.split(".")[0] for line in mistakes(path)] == ["2: no 'id'", "2: no 'text'"]


def test_skip_bad_of_a_csv_can_be_mended_and_read_again(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f"a,{TEXT},,,sdf,,\nb,{TEXT},,,nobody,,\n")
    read_reports(path, SYRIA, tmp_path / "bad.jsonl")
    text = (tmp_path / "bad.jsonl").read_text(encoding="utf-8").replace("nobody", "turkey|sdf")
    (report,) = read_reports(written(tmp_path, [text.strip()], "mended.jsonl"), SYRIA)
    assert report == Report("b", TEXT, labels={"affiliation": ("turkey", "sdf")})


@pytest.mark.parametrize("changes", [{"source": 5}, {"group": 5}])
def test_a_number_in_the_place_of_a_word_is_the_word(tmp_path: Path, changes: dict[str, Any]) -> None:
    (report,) = read_reports(written(tmp_path, [row(**changes)]), SYRIA)
    assert [getattr(report, key) for key in changes] == ["5"]


def test_meta_that_is_no_mapping_is_not_lost(tmp_path: Path) -> None:
    path = written(tmp_path, [row(meta="بخط اليد")])
    (line,) = mistakes(path)
    assert line.startswith("1: meta: found str")


def test_a_report_of_no_story_is_a_story_of_its_own() -> None:
    assert Report("a", TEXT, group="g").story == Report("b", TEXT, group="g").story
    assert Report("a", TEXT).story != Report("b", TEXT).story
    assert Report("g", TEXT).story != Report("a", TEXT, group="g").story


WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
TEXTS = st.tuples(WORDS, st.sampled_from(("قصف", "a", "٣")), WORDS).map("".join)
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | WORDS
DATES = st.none() | st.dates().map(lambda day: day.isoformat()) | st.dates().map(lambda day: day.isoformat()[:7])


@st.composite
def reports(draw: st.DrawFn) -> Report:
    text = draw(TEXTS)
    spans = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).filter(lambda span: span[0] < span[1])
    mentions = st.builds(lambda span, camp: Mention(span[0], span[1], camp), spans, st.sampled_from(SYRIA.task("affiliation").ids))
    labels = {
        task.name: tuple(draw(st.lists(st.sampled_from(task.ids), unique=True, max_size=4)))
        for task in SYRIA.tasks
        if draw(st.booleans())
    }
    return Report(
        id=draw(WORDS.filter(bool)),
        text=text,
        date=draw(DATES),
        source=draw(st.none() | WORDS),
        group=draw(st.none() | WORDS),
        labels=labels,
        factions=draw(st.none() | st.lists(mentions, max_size=3).map(tuple)),
        meta=draw(st.dictionaries(WORDS, SCALARS | st.lists(SCALARS, max_size=2), max_size=3)),
    )


@settings(max_examples=200, deadline=None)
@given(some=st.lists(reports(), min_size=1, max_size=4, unique_by=lambda report: report.id), escaped=st.booleans())
def test_any_reports_survive_the_round_trip(tmp_path_factory: pytest.TempPathFactory, some: list[Report], escaped: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.jsonl"
    path.write_text("".join(json.dumps(report.to_dict(), ensure_ascii=escaped) + "\n" for report in some), encoding="utf-8")
    assert read_reports(path, SYRIA) == some


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "start", "end", "x"]), inner),
        max_leaves=12,
    )
)
def test_any_json_is_a_report_or_a_data_error(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    folder = tmp_path_factory.getbasetemp()
    rows = [value, *({**GOOD, key: value} for key in GOOD)]
    for number, one in enumerate(rows):
        path = written(folder, [json.dumps(one)], f"any-{number}.jsonl")
        try:
            (report,) = read_reports(path, SYRIA)
        except DataError as error:
            assert str(error).startswith(str(path))  # noqa: PT017
        else:
            assert isinstance(report.text, str)
            assert report.text


def test_shares_of_annotators_become_soft_targets(tmp_path: Path) -> None:
    shares = {"event_type": {"arrest_raid": 0.75, "shelling": 0.25}}
    (report,) = read_reports(written(tmp_path, [row(event_type=["arrest_raid"], affiliation=["sdf"], label_shares=shares)]), SYRIA)
    assert report.label_shares == shares
    assert report.meta == {}
    hard, soft = (dict(zip(SYRIA.flat, targets(report, SYRIA, soft), strict=True)) for soft in (False, True))
    assert hard == {name: float(name in ("affiliation:sdf", "event_type:arrest_raid")) for name in SYRIA.flat}
    assert soft == hard | {"event_type:arrest_raid": 0.75, "event_type:shelling": 0.25}


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ([], "expected a mapping of tasks"),
        ({"event_type": 0.5}, "expected a mapping of tasks"),
        ({"affiliation": {"sdf": 0.5}}, "the row has no 'affiliation'"),
        ({"event_type": {"picnic": 0.5}}, "unknown label 'picnic'"),
        ({"event_type": {"shelling": 1.5}}, "expected a number from 0 to 1"),
        ({"event_type": {"shelling": True}}, "expected a number from 0 to 1"),
        ({"event_type": {"shelling": "0.5"}}, "expected a number from 0 to 1"),
    ],
)
def test_bad_shares_are_told(tmp_path: Path, shares: Any, reason: str) -> None:
    (found,) = mistakes(written(tmp_path, [row(event_type=["shelling"], label_shares=shares)]))
    assert found.startswith("1: label_shares")
    assert reason in found


def test_shares_of_a_single_choice_add_up_to_one(tmp_path: Path) -> None:
    task = QUAD.tasks[0]
    one, other = task.ids[:2]
    path = written(tmp_path, [row(**{task.name: [one], "label_shares": {task.name: {one: 0.6, other: 0.6}}})])
    assert "add up to 1.2, expected 1" in mistakes(path, QUAD)[0]
