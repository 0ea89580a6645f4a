"""Files as large as they come, from outside: killed and started again, a disk that is full, Parquet in and out."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from marsad import load
from marsad.inference.files import predict_rows
from marsad.inference.sources import find_source

TEXTS = (
    "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم.",
    "أفاد مراسلنا أن الجيش التركي اعتقلت شبانا في بلدة تدمر صباح اليوم.",
    "افتتح الأهالي سوقا جديدا للخضار قرب المدرسة القديمة.",
)
ROWS = 5_000
BROKEN = (7, 1_700, 4_321)
"""Lines without a text to read."""
ENVIRONMENT = {**os.environ, "COLUMNS": "250", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1"}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    lines = [json.dumps({"id": f"r{number}", "text": TEXTS[number % 3]}, ensure_ascii=False) for number in range(1, ROWS + 1)]
    for line, bad in zip(BROKEN, ("{broken", '{"id": "r1700", "text": " "}', "[" * 50_000), strict=True):
        lines[line - 1] = bad
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "in.jsonl"


def command(model: Path, output: str) -> list[str]:
    return [sys.executable, "-m", "marsad", "predict", "in.jsonl", "-o", output, "--model", str(model)]


def run(folder: Path, model: Path, output: str, largest: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run `marsad predict`; no file may grow over `largest` bytes."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.run(
        command(model, output), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, preexec_fn=limit
    )


def killed_after(folder: Path, model: Path, output: str, part: str) -> None:
    """Run `marsad predict` and kill it, with the signal that nothing can catch, as soon as `part` is finished."""
    process = subprocess.Popen(command(model, output), cwd=folder, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    wanted = folder / f".{output}.partial" / part
    while not wanted.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"


def expected(reports: Path, model: Path) -> list[dict[str, Any]]:
    """Return the rows as the library gives them, at once; labels, for scores hang on the batch in their last digits."""
    rows = predict_rows(load(model, device="cpu"), find_source(reports).inputs())
    return [labels(row) for row in rows if "error" not in row]


def labels(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value if key == "id" else [one["label"] for one in value] for key, value in row.items()}


@pytest.mark.slow
def test_a_killed_run_goes_on_and_has_each_row_once(reports: Path, tiny_model: Path) -> None:
    folder, content = reports.parent, reports.read_bytes()
    killed_after(folder, tiny_model, "out.parquet", "part-000001.jsonl")
    assert not (folder / "out.parquet").exists()
    reports.write_bytes(content + b'{"text": "x"}\n')
    refused = run(folder, tiny_model, "out.parquet")
    assert refused.returncode == 2
    assert "this has changed: input" in refused.stderr
    reports.write_bytes(content)
    done = run(folder, tiny_model, "out.parquet")
    assert done.returncode == 0, done.stderr
    assert re.search(r"5,000 rows read \([234],000 of them by an earlier run\)", done.stderr)
    assert "3 of 5,000 rows could not be read; out.rejects.jsonl" in done.stderr
    assert [labels(row) for row in parquet.read_table(folder / "out.parquet").to_pylist()] == expected(reports, tiny_model)
    rejects = [json.loads(line) for line in (folder / "out.rejects.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["error"].partition(":")[0] for row in rejects] == [f"line {line}" for line in BROKEN]
    assert sorted(path.name for path in folder.iterdir()) == ["in.jsonl", "out.parquet", "out.rejects.jsonl"]


@pytest.mark.slow
def test_a_full_disk_is_told_and_loses_nothing(reports: Path, tiny_model: Path) -> None:
    folder = reports.parent
    full = run(folder, tiny_model, "out.jsonl", largest=400_000)
    assert full.returncode == 2
    assert ".out.jsonl.partial: cannot write there (File too large)" in full.stderr
    assert "the same command goes on" in full.stderr
    assert "Traceback" not in full.stderr
    assert sorted(path.name for path in folder.iterdir()) == [".out.jsonl.partial", "in.jsonl"]
    done = run(folder, tiny_model, "out.jsonl")
    assert "5,000 rows read (5,000 of them by an earlier run)" in done.stderr
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [labels(row) for row in rows] == expected(reports, tiny_model)
