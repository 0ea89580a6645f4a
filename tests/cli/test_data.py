"""`marsad data` from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from marsad.cli import app
from marsad.cli.data.import_ import Format
from marsad.data.importers import READERS
from marsad.errors import DataError

STORY = "قصفت قوات النظام بلدة جاسم بالمدفعية صباح اليوم."


def marsad(*words: object) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, words)], env={"COLUMNS": "160", "NO_COLOR": "1"})


def reports(path: Path, *rows: Mapping[str, object]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("verb", ["import", "export", "validate", "stats", "clean"])
def test_help_has_an_example(verb: str) -> None:
    done = marsad(verb, "--help")
    assert done.exit_code == 0
    assert f"marsad data {verb} " in done.output


def test_every_format_has_a_reader() -> None:
    assert [form.value for form in Format] == list(READERS)


def test_import_fails_whole_or_drops_with_a_warning(tmp_path: Path) -> None:
    export = reports(tmp_path / "e.jsonl", {"id": 1, "text": STORY, "label": ["shelling", "Rockets"]})
    out = tmp_path / "out.jsonl"
    failed = marsad("import", export, "--from", "doccano", "-o", out)
    assert isinstance(failed.exception, DataError)
    assert not out.exists()
    done = marsad("import", export, "--from", "doccano", "-o", out, "--drop-unmapped")
    assert done.exit_code == 0, done.output
    assert "the label 'Rockets'" in done.stderr
    assert json.loads(out.read_text(encoding="utf-8")) == {"id": "1", "text": STORY, "event_type": ["shelling"]}


def test_validate_lists_mistakes_and_warnings(tmp_path: Path) -> None:
    good = {"id": "1", "text": STORY, "date": "2021", "event_type": ["shelling"]}
    bad = {"id": "1", "text": STORY, "date": "21", "event_type": ["[bold]boom"]}
    done = marsad("validate", reports(tmp_path / "r.jsonl", good, bad))
    assert done.exit_code == 2
    assert all(part in done.output for part in ("line 2", "[bold]boom", "found '21'", "a label that no report has", "1 bad lines"))
    assert marsad("validate", reports(tmp_path / "g.jsonl", good)).exit_code == 0


def test_clean_writes_reports_and_every_cut(tmp_path: Path) -> None:
    raw = reports(tmp_path / "r.jsonl", {"id": "1", "text": f"{STORY}\nاترك تعليقاً\nأبو ليث: [هنا]"})
    done = marsad("clean", raw, "-o", tmp_path / "c.jsonl", "--cuts", tmp_path / "cuts.jsonl")
    assert done.exit_code == 0, done.output
    assert "comment thread" in done.output
    assert json.loads((tmp_path / "c.jsonl").read_text(encoding="utf-8"))["text"] == f"{STORY}\n"
    cut = json.loads((tmp_path / "cuts.jsonl").read_text(encoding="utf-8"))
    assert (cut["id"], cut["text"]) == ("1", "اترك تعليقاً\nأبو ليث: [هنا]")


def test_stats_prints_and_writes(tmp_path: Path, tiny_base: Path) -> None:
    file = reports(tmp_path / "r.jsonl", {"id": "1", "text": STORY, "date": "2021", "event_type": ["shelling"]})
    done = marsad("stats", file, "--tokenizer", tiny_base, "--html", tmp_path / "s.html", "--json", tmp_path / "s.json")
    assert done.exit_code == 0, done.output
    assert "Shelling" in done.output
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["tasks"]["event_type"]["labels"]["shelling"] == 1
    assert (tmp_path / "s.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_export_writes_tasks_and_interface(tmp_path: Path) -> None:
    file = reports(tmp_path / "r.jsonl", {"id": "1", "text": STORY, "event_type": ["shelling"]})
    done = marsad("export", file, "--to", "label-studio", "-o", tmp_path / "tasks.json")
    assert done.exit_code == 0, done.output
    (task,) = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    assert task["predictions"][0]["result"][0]["value"] == {"choices": ["shelling"]}
    assert (tmp_path / "tasks.xml").read_text(encoding="utf-8").startswith("<View>")


@pytest.mark.slow
def test_export_with_a_model_shows_its_labels(tmp_path: Path, tiny_model: Path) -> None:
    file = reports(tmp_path / "r.jsonl", {"id": "1", "text": f"أفاد مراسلنا أن {STORY}"})
    done = marsad("export", file, "--model", tiny_model, "-o", tmp_path / "tasks.json")
    assert done.exit_code == 0, done.output
    (task,) = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    assert task["predictions"][0]["model_version"] == f"marsad {tiny_model}"
    assert 0 < task["predictions"][0]["score"] <= 1
