"""The verbs on factions, from outside: train, evaluate, predict, stats, ACLED's columns."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TEXT = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم."


def marsad(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "160", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1", "MARSAD_CACHE": str(folder / "cache")}
    words = [sys.executable, "-m", "marsad", *map(str, arguments)]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_train_and_evaluate_a_tagger(tmp_path: Path, tiny_base: Path, named: Path) -> None:
    config = {
        "name": "factions",
        "task": "factions",
        "gazetteer": "syria",
        "encoder": str(tiny_base),
        "data": {"train": str(named / "train.jsonl"), "dev": str(named / "dev.jsonl")},
        "windows": {"length": 64, "overlap": 8},
        "training": {"epochs": 2, "learning_rate": 0.002, "dropout": 0.0},
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert "mentions of factions" in marsad(tmp_path, "check", "run.yaml").stdout
    done = marsad(tmp_path, "train", "run.yaml", "output=made")
    assert "factions on dev" in done.stdout
    assert "dev entity f1" in done.stderr
    done = marsad(tmp_path, "evaluate", "made/factions", named / "dev.jsonl", "--out", "results")
    assert "names not in training" in done.stdout
    assert "baseline: gazetteer" in done.stdout
    written = json.loads((tmp_path / "results" / "metrics.json").read_text(encoding="utf-8"))
    assert written == json.loads((tmp_path / "made" / "factions" / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_predictions_are_counted_and_exported(tmp_path: Path, tiny_model: Path, tiny_tagger: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    shutil.copytree(tiny_tagger, tmp_path / "model" / "factions")
    row = {"id": "a", "text": TEXT, "date": "2021-03-04", "source": "نشرة"}
    (tmp_path / "in.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    marsad(tmp_path, "predict", "in.jsonl", "--model", "model", "--evidence", "-o", "out.jsonl")
    found = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    [force] = found["factions"]
    assert [TEXT[start:end] for start, end in force["mentions"]] == ["قوات النظام"]
    evidence = found["event_type"][0]["evidence"]
    assert TEXT[evidence["start"] : evidence["end"]] == TEXT
    done = marsad(tmp_path, "stats", "out.jsonl", "--out", "counts.json")
    assert "1 rows, 0 of them not read" in done.stdout
    assert json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))["camps"] == {"assad_regime": 1}
    marsad(tmp_path, "predict", "in.jsonl", "--model", "model", "--format", "acled", "-o", "events.csv")
    with (tmp_path / "events.csv").open(encoding="utf-8", newline="") as file:
        [event] = csv.DictReader(file)
    assert (event["event_date"], event["actor1"], event["source"]) == ("2021-03-04", "Assad regime", "نشرة")
    assert (event["notes"], event["fatalities"]) == (TEXT, "")
