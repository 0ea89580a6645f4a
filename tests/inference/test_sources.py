"""Files and folders of reports as inputs: JSONL, CSV and Parquet give the same, and are known again."""

from __future__ import annotations

import csv
import datetime
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from marsad import load
from marsad.errors import ConfigError, DataError
from marsad.inference.files import Input, predict_rows
from marsad.inference.parquet import prediction_schema, write_parquet
from marsad.inference.sources import find_source, place_output

ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": "قصفت قوات النظام بلدة جاسم.", "date": "2020-05", "source": "نشرة"},
    {"id": "b", "text": " ", "date": None, "source": None},
    {"id": None, "text": "هدوء في الحي.", "date": None, "source": None},
]
INPUTS = [Input("a", str(ROWS[0]["text"]), "2020-05", None, "نشرة"), Input("3", "هدوء في الحي.")]


def written(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["jsonl", "ndjson", "parquet"])
def test_every_form_gives_the_same_inputs(tmp_path: Path, ending: str) -> None:
    good, bad, last = find_source(written(tmp_path / f"in.{ending}")).inputs()
    assert [good, last] == INPUTS
    assert (bad.id, bad.error) == ("b", "line 2: empty text. Give the report's text.")


def test_csv_differs_in_the_line_alone(tmp_path: Path) -> None:
    good, bad, last = find_source(written(tmp_path / "in.csv")).inputs()
    assert (good.text, last.text, last.id) == (INPUTS[0].text, INPUTS[1].text, "4")
    assert "line 3" in str(bad.error)


def test_parquet_of_other_types(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 7, "text": "نص", "date": datetime.date(2020, 5, 1), "labels": ["x"]},
        {"id": 8, "text": None, "date": None},
    ]
    first, second = find_source(written(tmp_path / "in.parquet", rows)).inputs()
    assert first == Input("7", "نص", "2020-05-01")
    assert second.error


def test_many_row_groups_are_numbered_through(tmp_path: Path) -> None:
    table = pa.table({"text": [f"نص {number}" for number in range(1, 2001)]})
    parquet.write_table(table, tmp_path / "in.parquet", row_group_size=300)
    assert [(one.id, one.text) for one in find_source(tmp_path / "in.parquet").inputs()] == [
        (str(number), f"نص {number}") for number in range(1, 2001)
    ]


def test_parquet_without_text_or_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'text', only id, body"):
        list(find_source(written(tmp_path / "in.parquet", [{"id": "a", "body": "نص"}])).inputs())
    (tmp_path / "in.parquet").write_text("no parquet")
    with pytest.raises(DataError, match=r"in\.parquet: cannot be read as Parquet"):
        list(find_source(tmp_path / "in.parquet").inputs())


def test_a_folder_is_read_by_name_and_tells_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.jsonl", "sub/c.parquet", ".hidden/d.jsonl", ".e.jsonl", "readme.txt"):
        written(tmp_path / name)
    found = list(find_source(tmp_path).inputs())
    assert [one.file for one in found] == ["a.jsonl"] * 3 + ["b.csv"] * 3 + ["sub/c.parquet"] * 3
    assert [one.text for one in found if not one.error] == [one.text for one in INPUTS] * 3


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file of reports in this folder"):
        find_source(tmp_path)
    with pytest.raises(DataError, match="nowhere: no such file"):
        find_source(tmp_path / "nowhere")


def test_a_source_is_known_again(tmp_path: Path) -> None:
    path = written(tmp_path / "in" / "a.jsonl")
    before = find_source(tmp_path / "in").fingerprint()
    assert find_source(tmp_path / "in").fingerprint() == before
    path.write_text(path.read_text(encoding="utf-8").replace("جاسم", "جاسب"), encoding="utf-8")
    changed = find_source(tmp_path / "in").fingerprint()
    assert changed != before
    written(tmp_path / "in" / "b.jsonl")
    assert find_source(tmp_path / "in").fingerprint() not in (before, changed)


def test_a_pipe_is_read_only_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert find_source(tmp_path / "pipe.jsonl").fingerprint() is None


def test_where_the_answer_goes(tmp_path: Path) -> None:
    file, folder = find_source(written(tmp_path / "in.jsonl")), find_source(written(tmp_path / "in" / "a.jsonl").parent)
    (tmp_path / "out").mkdir()
    assert place_output(tmp_path / "out.csv", ".csv", file) == tmp_path / "out.csv"
    assert place_output(tmp_path / "other", ".jsonl", file) == tmp_path / "other"
    assert place_output(tmp_path / "out", ".parquet", file) == tmp_path / "out" / "labels.parquet"
    assert place_output(tmp_path / "other", ".jsonl", folder) == tmp_path / "other" / "labels.jsonl"
    assert place_output(tmp_path / "out", ".jsonl", None) == tmp_path / "out" / "labels.jsonl"


@pytest.mark.parametrize("output", ["in.jsonl", "in/out.jsonl", "in", "in/sub/out.csv"])
def test_the_answer_never_takes_the_place_of_the_reports(tmp_path: Path, output: str) -> None:
    written(tmp_path / "in.jsonl")
    written(tmp_path / "in" / "a.jsonl")
    source = find_source(tmp_path / ("in.jsonl" if output == "in.jsonl" else "in"))
    with pytest.raises(ConfigError, match="where the reports stand"):
        place_output(tmp_path / output, ".jsonl", source)


@pytest.mark.parametrize(("all_scores", "evidence", "folder"), [(False, False, False), (True, True, True)])
def test_parquet_holds_what_json_lines_hold(
    tmp_path: Path, tiny_model: Path, all_scores: bool, evidence: bool, folder: bool
) -> None:
    predictor = load(tiny_model, device="cpu")
    given = [Input(str(number), f"{ROWS[0]['text']} {'هدوء. ' * number}", file="a.csv" if folder else "") for number in range(3)]
    rows = list(predict_rows(predictor, given, all_scores, evidence=evidence))
    schema = prediction_schema(predictor.settings.taxonomy, predictor.tasks, all_scores, evidence, folder)
    write_parquet(iter(rows), tmp_path / "out.parquet", schema)
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == rows


def test_parquet_of_no_rows_has_its_columns(tmp_path: Path, tiny_model: Path) -> None:
    predictor = load(tiny_model, device="cpu")
    schema = prediction_schema(predictor.settings.taxonomy, (*predictor.tasks, "factions"), True, True, True)
    write_parquet([], tmp_path / "out.parquet", schema)
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.num_rows == 0
    assert table.column_names == ["id", "file", "affiliation", "event_type", "factions", "scores"]
