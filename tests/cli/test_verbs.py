"""The verbs from outside: exit codes, what goes to which stream, files whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

SHELLING = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم."
ARREST = "أفاد مراسلنا أن الجيش التركي اعتقلت شبانا في بلدة تدمر صباح اليوم."
Done = subprocess.CompletedProcess[str]


def marsad(folder: Path, *arguments: object, stdin: str | bytes = "", **environment: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "marsad", *map(str, arguments)],
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        cwd=folder,
        env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1", **environment},
        capture_output=True,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def reports_file(path: Path) -> Path:
    rows = [{"id": "a", "text": SHELLING}, {"id": "b", "text": " "}, {"id": "c", "text": ARREST}]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def labels(row: dict[str, list[dict[str, str]]], task: str) -> list[str]:
    return [found["label"] for found in row[task]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, tiny_reports: Path) -> tuple[Path, Done]:
    """A short run of `marsad train` in its own folder, with two values given over the YAML's."""
    folder = tmp_path_factory.mktemp("run")
    config = {
        "name": "short",
        "encoder": str(tiny_base),
        "data": {"train": str(tiny_reports / "train.jsonl"), "dev": str(tiny_reports / "dev.jsonl")},
        "tasks": {"affiliation": {}, "event_type": {}},
        "windows": {"length": 64, "overlap": 8},
        "training": {"epochs": 50, "learning_rate": 0.002, "dropout": 0.0},
    }
    (folder / "short.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = marsad(folder, "train", "short.yaml", "training.epochs=3", "output=made", MARSAD_CACHE=str(folder / "cache"))
    return folder, done


@pytest.mark.slow
def test_train_makes_a_model_and_prints_its_scores(run: tuple[Path, Done]) -> None:
    folder, done = run
    assert done.returncode == 0, done.stderr
    assert (folder / "made" / "short" / "model.safetensors").is_file()
    assert sorted(path.name for path in (folder / "made").iterdir()) == ["short"]
    for expected in ("affiliation on dev", "event_type on dev", "assad_regime", "shelling", "micro", "macro", "made/short"):
        assert expected in done.stdout
    assert "Traceback" not in done.stderr
    assert yaml.safe_load((folder / "made" / "short" / "config.yaml").read_text(encoding="utf-8"))["training"]["epochs"] == 3
    record = json.loads((folder / "made" / "short" / "run.json").read_text(encoding="utf-8"))
    assert "train short.yaml training.epochs=3" in record["command"]


@pytest.mark.slow
def test_train_does_not_replace_a_model_unasked(run: tuple[Path, Done]) -> None:
    folder, _ = run
    done = marsad(folder, "train", "short.yaml", "training.epochs=3", "output=made")
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_evaluate_prints_a_table_and_writes_the_metrics(run: tuple[Path, Done], tiny_reports: Path) -> None:
    folder, _ = run
    done = marsad(folder, "evaluate", "made/short", tiny_reports / "dev.jsonl", "--out", "results")
    assert done.returncode == 0, done.stderr
    for expected in ("affiliation on", "event_type on", "assad_regime", "shelling", "word pieces"):
        assert expected in done.stdout
    written = json.loads((folder / "results" / "metrics.json").read_text(encoding="utf-8"))
    of_training = json.loads((folder / "made" / "short" / "metrics.json").read_text(encoding="utf-8"))
    assert {key: written[key] for key in of_training} == of_training
    low, high = written["intervals"]["tasks"]["affiliation"]["micro_f1"]
    assert f"({low:.3f}-{high:.3f})" in done.stdout
    assert (folder / "results" / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")


@pytest.mark.slow
def test_compare_says_in_a_sentence_which_is_better(run: tuple[Path, Done], tiny_model: Path, tiny_reports: Path) -> None:
    folder, _ = run
    arguments = ("compare", "made/short", tiny_model, "--data", tiny_reports / "dev.jsonl", "--out", "compared.json")
    done = marsad(folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert f"event_type micro-F1: {tiny_model} is better than made/short (+" in done.stdout
    written = json.loads((folder / "compared.json").read_text(encoding="utf-8"))
    assert all(one["low"] <= one["difference"] <= one["high"] for one in written["comparisons"][0]["differences"])


def test_compare_wants_two_models(tmp_path: Path) -> None:
    done = marsad(tmp_path, "compare", "one", "one", "--data", "gold.jsonl")
    assert done.returncode == 2
    assert "two different models" in done.stderr


@pytest.mark.slow
def test_evaluate_names_the_bad_line_or_leaves_it_out(tiny_model: Path, tiny_reports: Path, tmp_path: Path) -> None:
    good = (tiny_reports / "dev.jsonl").read_text(encoding="utf-8").splitlines()[:5]
    (tmp_path / "gold.jsonl").write_text("\n".join([*good, '{"id": "x", "text": "نص", "event_type": ["rain"]}']), encoding="utf-8")
    done = marsad(tmp_path, "evaluate", tiny_model, "gold.jsonl")
    assert done.returncode == 2
    assert "gold.jsonl:6: unknown event_type 'rain'" in done.stderr
    done = marsad(tmp_path, "evaluate", tiny_model, "gold.jsonl", "--skip-bad", "bad.jsonl")
    assert done.returncode == 0, done.stderr
    assert "1 bad lines" in done.stderr
    assert "5 reports" in done.stdout
    assert "rain" in (tmp_path / "bad.jsonl").read_text(encoding="utf-8")


@pytest.mark.slow
def test_predict_writes_json_lines_to_standard_output(tiny_model: Path, tmp_path: Path) -> None:
    done = marsad(tmp_path, "predict", reports_file(tmp_path / "in.jsonl"), "--model", tiny_model)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert labels(rows[0], "event_type") == ["shelling"]
    assert labels(rows[2], "affiliation") == ["turkey"]
    assert "line 2" in rows[1]["error"]
    assert "1 of 3 rows could not be read" in done.stderr


@pytest.mark.slow
def test_predict_reads_standard_input(tiny_model: Path, tmp_path: Path) -> None:
    content = reports_file(tmp_path / "in.jsonl").read_text(encoding="utf-8")
    done = marsad(tmp_path, "predict", "-", "--model", tiny_model, stdin=b"\xef\xbb\xbf" + content.encode())
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "b", "c"]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-o", "out.csv"), ("-o", "out.data", "--format", "csv")])
def test_predict_writes_csv(tiny_model: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    reports_file(tmp_path / "in.jsonl")
    done = marsad(tmp_path, "predict", "in.jsonl", "--model", tiny_model, "--all-scores", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "3 rows" in done.stderr
    with (tmp_path / arguments[1]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["event_type"]) for row in rows] == [("a", "shelling"), ("c", "arrest_raid")]
    assert float(rows[0]["event_type:shelling"]) > float(rows[0]["event_type:protest"])
    [reject] = [json.loads(line) for line in (tmp_path / "out.rejects.jsonl").read_text(encoding="utf-8").splitlines()]
    assert reject == {"id": "b", "error": "line 2: empty text. Give the report's text."}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.jsonl", "out.rejects.jsonl", arguments[1]]), (
        "no part is left"
    )


@pytest.mark.slow
def test_predict_csv_to_standard_output(tiny_model: Path, tmp_path: Path) -> None:
    done = marsad(tmp_path, "predict", reports_file(tmp_path / "in.jsonl"), "--model", tiny_model, "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["id"], row["event_type"]) for row in rows] == [("a", "shelling"), ("b", ""), ("c", "arrest_raid")]


@pytest.mark.slow
def test_predict_a_text_gives_a_table(tiny_model: Path, tmp_path: Path) -> None:
    done = marsad(tmp_path, "predict", "--text", SHELLING, "--date", "2020-01-05", "--model", tiny_model)
    assert done.returncode == 0, done.stderr
    for expected in ("affiliation", "assad_regime", "Assad regime", "event_type", "shelling"):
        assert expected in done.stdout


@pytest.mark.slow
def test_predict_a_text_as_json(tiny_model: Path, tmp_path: Path) -> None:
    done = marsad(tmp_path, "predict", "--text", ARREST, "--format", "jsonl", "--model", tiny_model)
    assert labels(json.loads(done.stdout), "event_type") == ["arrest_raid"]


@pytest.mark.slow
def test_predict_a_table_for_each_row_whatever_its_id(tiny_model: Path, tmp_path: Path) -> None:
    rows = [{"id": "[/b]", "text": SHELLING}, {"id": "[x12]", "text": " "}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = marsad(tmp_path, "predict", "in.jsonl", "--format", "table", "--model", tiny_model)
    assert done.returncode == 0, done.stderr
    assert "[/b]" in done.stdout
    assert "[x12]" in done.stdout
    assert "empty text" in done.stdout


@pytest.mark.slow
def test_a_file_that_breaks_off_leaves_the_old_answer(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes("قصفت".encode("cp1256"))
    (tmp_path / "out.jsonl").write_text("old", encoding="utf-8")
    done = marsad(tmp_path, "predict", "in.txt", "-o", "out.jsonl", "--model", tiny_model)
    assert done.returncode == 2
    assert "UTF-8" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.jsonl"]


@pytest.mark.slow
def test_standard_input_in_another_encoding_is_told_so(tiny_model: Path, tmp_path: Path) -> None:
    done = marsad(tmp_path, "predict", "-", "--model", tiny_model, stdin="قصفت قوات".encode("cp1256"))
    assert done.returncode == 2
    assert "UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_missing_input_is_named(tiny_model: Path, tmp_path: Path) -> None:
    done = marsad(tmp_path, "predict", "nowhere.jsonl", "-o", "out.jsonl", "--model", tiny_model)
    assert done.returncode == 2
    assert "nowhere.jsonl" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("in.jsonl", "--text", "نص"), ()])
def test_either_a_file_or_a_text(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = marsad(tmp_path, "predict", *arguments)
    assert done.returncode == 2
    assert "either INPUT or --text" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize("model", ["nowhere", "./made/nothing", "nobody/nothing"])
def test_an_unknown_model_is_a_clear_message(tmp_path: Path, model: str) -> None:
    done = marsad(tmp_path, "predict", "--text", SHELLING, "--model", model)
    assert done.returncode == 2
    assert f"error: {model}: no such folder" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_an_unknown_config_is_a_clear_message(tmp_path: Path) -> None:
    done = marsad(tmp_path, "train", "nowhere.yaml")
    assert done.returncode == 2
    assert "nowhere.yaml: cannot read the config" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
