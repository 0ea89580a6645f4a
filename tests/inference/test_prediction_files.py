"""One row out for each row in, in order, with its id, whatever stands in the row."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from marsad import Predictor, load
from marsad.errors import DataError
from marsad.inference.files import Input, open_text, predict_rows, read_inputs, write_csv, write_jsonl
from marsad.taxonomy import Taxonomy

SHELLING = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم."
ARREST = "أفاد مراسلنا أن الجيش التركي اعتقلت شبانا في بلدة تدمر صباح اليوم."


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return load(tiny_model, device="cpu")


def lines(*rows: Any) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)


def inputs(content: str, name: str) -> list[Input]:
    return list(read_inputs(io.StringIO(content), name))


def from_file(path: Path) -> list[Input]:
    with open_text(path) as file:
        return list(read_inputs(file, path.name))


def csv_of(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    file = io.StringIO()
    write_csv(rows, file)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def test_json_lines() -> None:
    content = lines({"id": "a", "text": SHELLING, "date": "2020-05"}, {"text": ARREST}, {"id": 7, "text": "x", "other": [1]})
    expected = [Input("a", SHELLING, "2020-05"), Input("2", ARREST), Input("7", "x")]
    assert inputs(content, "x.jsonl") == inputs(content, "x.ndjson") == inputs(content, "X.JSONL") == expected


@pytest.mark.parametrize("opening", ["", "\n\n  \n", "\ufeff"])
def test_what_begins_with_a_brace_is_json_lines(opening: str) -> None:
    found = inputs(opening + lines({"id": "a", "text": SHELLING}, {"id": "b", "text": ARREST}), "stdin")
    assert found == [Input("a", SHELLING), Input("b", ARREST)]


def test_anything_else_is_one_report() -> None:
    text = f"عاجل:\n\n{SHELLING}\n{ARREST}\n"
    assert inputs(text, "report.txt") == [Input("report", text)]
    assert inputs(f"\ufeff{text}", "stdin") == [Input("stdin", text)]


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_an_empty_text_file_is_one_row_with_an_error(content: str) -> None:
    (found,) = inputs(content, "empty.txt")
    assert found.id == "empty"
    assert found.error


def test_csv() -> None:
    content = f'id,text,date\na,{SHELLING},2020\n,{ARREST},\nc,"واحد, ""اثنان""\nثلاثة",\n'
    assert inputs(content, "x.csv") == [Input("a", SHELLING, "2020"), Input("3", ARREST), Input("c", 'واحد, "اثنان"\nثلاثة')]


def test_a_byte_order_mark_is_no_part_of_anything(tmp_path: Path) -> None:
    for name, content in (
        ("a.csv", f"id,text\na,{SHELLING}\n"),
        ("a.jsonl", lines({"id": "a", "text": SHELLING})),
        ("a.txt", SHELLING),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8-sig")
        assert from_file(tmp_path / name) == [Input("a", SHELLING)], name


def test_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(f"id,text\r\na,{SHELLING}\r\nb,{ARREST}\r\n".encode())
    (tmp_path / "a.jsonl").write_bytes(
        lines({"id": "a", "text": SHELLING}, {"id": "b", "text": ARREST}).replace("\n", "\r\n").encode()
    )
    assert from_file(tmp_path / "a.csv") == from_file(tmp_path / "a.jsonl") == [Input("a", SHELLING), Input("b", ARREST)]


def test_bad_rows_keep_their_place_and_their_id() -> None:
    content = lines(
        {"id": "a", "text": SHELLING},
        "{broken",
        {"id": "no text"},
        "[1, 2]",
        {"id": "number", "text": 5},
        {"id": "blank", "text": " \n"},
        {"id": "", "text": ARREST},
        {"id": 0, "text": ARREST},
    )
    found = inputs(content, "x.jsonl")
    assert [one.id for one in found] == ["a", "2", "no text", "4", "number", "blank", "7", "0"]
    assert [number for number, one in enumerate(found, 1) if one.error] == [2, 3, 4, 5, 6]
    assert all(f"line {number}" in str(found[number - 1].error) for number in (2, 3, 4, 5, 6))


def test_bad_csv_rows_keep_their_place_and_their_id() -> None:
    found = inputs(f"id,text\na,{SHELLING}\nb,\nc,واحد,اثنان\nd,{ARREST}\n", "x.csv")
    assert [one.id for one in found] == ["a", "b", "c", "d"]
    assert [bool(one.error) for one in found] == [False, True, True, False]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        from_file(tmp_path / "nowhere.jsonl")


def test_a_report_in_another_encoding_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("قصفت".encode("cp1256"))
    with pytest.raises(DataError, match=r"a\.txt: not UTF-8"):
        from_file(tmp_path / "a.txt")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_a_row_in_another_encoding_stops_no_other_row(tmp_path: Path, name: str) -> None:
    first, bad, last = ({"id": id, "text": text} for id, text in (("a", SHELLING), ("b", "قصفت"), ("c", ARREST)))
    parts = [lines(first), lines(bad), lines(last)]
    if name == "a.csv":
        parts = [f"id,text\na,{SHELLING}\n", "b,قصفت\n", f"c,{ARREST}\n"]
    (tmp_path / name).write_bytes(parts[0].encode() + parts[1].encode("cp1256") + parts[2].encode())
    found = from_file(tmp_path / name)
    assert [one.text for one in found] == [SHELLING, "", ARREST]
    line = 2 if name == "a.jsonl" else 3
    assert found[1].error == f"line {line}: not UTF-8. Save it as UTF-8."


def test_brackets_without_end_stop_no_other_row() -> None:
    found = inputs(lines("[" * 100_000, {"id": "b", "text": ARREST}), "x.jsonl")
    assert "not valid JSON" in str(found[0].error)
    assert found[1] == Input("b", ARREST)


def test_half_characters_are_written_whole() -> None:
    (found,) = inputs('{"id": "a\\ud83d", "text": "قصف \\ud83d", "date": "\\ud83d", "source": "\\ud83d"}\n', "x.jsonl")
    assert found == Input("a\ufffd", "قصف \ufffd", "\ufffd", source="\ufffd")


def test_one_row_out_for_each_row_in(predictor: Predictor) -> None:
    given = [Input("a", SHELLING), Input("b", error="line 2: bad"), Input("c", ARREST), Input("c", SHELLING)]
    rows = list(predict_rows(predictor, given))
    assert [row["id"] for row in rows] == ["a", "b", "c", "c"]
    assert [[found["label"] for found in row["event_type"]] for row in rows] == [["shelling"], [], ["arrest_raid"], ["shelling"]]
    assert [row.get("error") for row in rows] == [None, "line 2: bad", None, None]
    assert rows[1]["affiliation"] == []
    assert all("scores" not in row for row in rows)


def test_rows_are_those_of_the_predictions(predictor: Predictor) -> None:
    (row,) = predict_rows(predictor, [Input("a", SHELLING, "2020")], all_scores=True)
    assert row == {"id": "a"} | predictor.predict({"text": SHELLING, "date": "2020"}).to_dict(all_scores=True)


def test_rows_of_many_chunks_keep_their_order(predictor: Predictor) -> None:
    given = [Input(str(n), error="bad") if n % 5 == 0 else Input(str(n), SHELLING) for n in range(1300)]
    rows = list(predict_rows(predictor, given))
    assert [row["id"] for row in rows] == [str(n) for n in range(1300)]
    assert all(("error" in row) == (n % 5 == 0) for n, row in enumerate(rows))


def test_only_bad_rows(predictor: Predictor) -> None:
    assert [row["error"] for row in predict_rows(predictor, [Input("a", error="x"), Input("b", error="y")])] == ["x", "y"]
    assert list(predict_rows(predictor, [])) == []


def test_half_a_character_in_one_row_does_not_stop_the_others(predictor: Predictor) -> None:
    given = inputs(
        lines({"id": "a", "text": SHELLING}, '{"id": "b", "text": "قصف \\ud83d"}', {"id": "c", "text": ARREST}), "x.jsonl"
    )
    rows = list(predict_rows(predictor, given))
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert [found["label"] for found in rows[2]["event_type"]] == ["arrest_raid"]


def test_json_lines_are_written_readable() -> None:
    file = io.StringIO()
    write_jsonl([{"id": "تقرير", "event_type": [{"label": "shelling", "score": 0.5}]}], file)
    assert file.getvalue() == '{"id": "تقرير", "event_type": [{"label": "shelling", "score": 0.5}]}\n'


def test_csv_joins_labels_best_first() -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "task": [{"label": "x", "score": 0.9}, {"label": "y", "score": 0.8}]},
        {"id": "b", "task": []},
    ]
    assert csv_of(rows) == [{"id": "a", "task": "x|y", "error": ""}, {"id": "b", "task": "", "error": ""}]


def test_csv_with_all_scores_has_a_column_for_each_label(predictor: Predictor, syria: Taxonomy) -> None:
    rows = csv_of(list(predict_rows(predictor, [Input("a", SHELLING), Input("b", error="bad")], all_scores=True)))
    assert list(rows[0]) == ["id", "affiliation", "event_type", *syria.flat, "error"]
    expected = predictor.predict(SHELLING)
    assert float(rows[0]["event_type:shelling"]) == pytest.approx(expected.scores("event_type")["shelling"], abs=1e-6)
    assert rows[0]["event_type"] == "shelling"
    assert rows[1]["event_type:shelling"] == ""
    assert rows[1]["error"] == "bad"


@pytest.mark.parametrize("all_scores", [False, True])
def test_a_bad_row_may_come_first_in_csv(predictor: Predictor, all_scores: bool) -> None:
    given = [Input("a", error="bad"), Input("b", error="worse"), Input("c", SHELLING)]
    rows = csv_of(list(predict_rows(predictor, given, all_scores=all_scores)))
    assert [(row["id"], row["event_type"], row["error"]) for row in rows] == [
        ("a", "", "bad"),
        ("b", "", "worse"),
        ("c", "shelling", ""),
    ]
    assert ("event_type:shelling" in rows[0]) is all_scores


def test_csv_of_bad_rows_alone(predictor: Predictor) -> None:
    rows = csv_of(list(predict_rows(predictor, [Input("a", error="bad")])))
    assert rows == [{"id": "a", "affiliation": "", "event_type": "", "error": "bad"}]


def test_csv_reads_back_what_was_written() -> None:
    rows = [{"id": 'a,"b"\nc', "task": []}, {"id": "=1+1", "task": []}]
    assert [row["id"] for row in csv_of(rows)] == ['a,"b"\nc', "=1+1"]
