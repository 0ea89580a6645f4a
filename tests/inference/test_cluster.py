"""A Ray cluster of two workers, one of them killed at work: the same outcomes in the same order as one process."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from marsad import load
from marsad.inference.cluster import Cluster
from marsad.inference.outcomes import Local, Options
from marsad.inference.sources import find_source

pytest.importorskip("ray", reason="marsad[ray] is not installed")
QUIET = "افتتح الأهالي سوقا جديدا للخضار قرب المدرسة القديمة. " * 3
TEXT = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم."
ROWS = 6_000
"""Some blocks for each worker."""
DONE = 5


def labels(line: str) -> Any:
    """Return an outcome without scores, which hang on the batch in their last digits."""
    found = json.loads(line)
    if isinstance(found, dict):
        return found
    return [{key: value if key == "id" else [one["label"] for one in value] for key, value in row.items()} for row in found]


def actors() -> list[psutil.Process]:
    """The processes of this one's cluster that hold a model."""
    return [child for child in psutil.Process().children(recursive=True) if "Labeller" in " ".join(child.cmdline())]


@pytest.mark.slow
def test_a_killed_worker_costs_no_row(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2] / "train"), os.environ.get("PYTHONPATH", "")]))
    lines = (json.dumps({"text": f"{TEXT} {number} {QUIET}"} if number % 50 else {"id": "bad"}) for number in range(ROWS))
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    source, options = find_source(tmp_path / "in.jsonl"), Options()
    cluster = Cluster(source, str(tiny_model), options, workers=2)
    stream = cluster.lines(DONE)
    found = [next(stream)]
    os.kill(actors()[0].pid, signal.SIGKILL)
    found += stream
    alone = Local(load(tiny_model, device="cpu"), source.inputs(), options)
    assert [labels(line) for line in found] == [labels(line) for line in alone.lines(DONE)]
    assert cluster.read() == alone.read() == ROWS
