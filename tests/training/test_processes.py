"""Two processes of torchrun train the model that one trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.training.test_finetune import with_factions

from marsad.config.schema import TrainConfig
from marsad.training.factions import train_tagger
from marsad.training.finetune import finetune

MakeConfig = Callable[..., TrainConfig]
EXACT = {"epochs": 2, "batch_size": 8, "dropout": 0.0, "bf16": False}


def torchrun(config: TrainConfig, path: Path) -> subprocess.CompletedProcess[str]:
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "marsad", "train", str(path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, check=False)


def epochs(folder: Path, figure: str) -> list[float]:
    record: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return [row[f"eval_{figure}"] for row in record["history"] if f"eval_{figure}" in row]


@pytest.mark.slow
def test_two_processes_train_a_model_of_reports(
    tiny_config: MakeConfig, few_reports: Callable[..., dict[str, Path]], camps: dict[str, str], tmp_path: Path
) -> None:
    def some_named(report: Any) -> Any:
        return with_factions(report, camps) if int(report.id.removeprefix("r")) % 3 == 0 else report

    changes = {"data": few_reports(40, some_named), "training": EXACT | {"faction_loss": 0.5}}
    config = tiny_config(name="two", **changes)
    done = torchrun(config, tmp_path / "two.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("model:") == 1
    assert done.stderr.count("dev has 12 reports only") == 1
    alone, _ = finetune(tiny_config(name="one", **changes))
    two = config.output / "two"
    assert sorted(path.name for path in config.output.iterdir()) == ["one", "two"], "the working folder is gone"
    assert epochs(two, "reports") == [12, 12], "no report twice, though the processes' last batches are filled up"
    assert epochs(two, "loss") == pytest.approx(epochs(alone, "loss"), rel=0.05)
    assert len(epochs(two, "loss")) == 2


@pytest.mark.slow
def test_two_processes_train_a_tagger(tagger_config: MakeConfig, tmp_path: Path) -> None:
    config = tagger_config(name="two", training=EXACT | {"epochs": 1})
    done = torchrun(config, tmp_path / "two.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("tagger:") == 1
    alone, _ = train_tagger(tagger_config(name="one", training=EXACT | {"epochs": 1}))
    two = config.output / "two"
    assert epochs(two, "windows") == epochs(alone, "windows")
    assert epochs(two, "loss") == pytest.approx(epochs(alone, "loss"), rel=0.05)


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_told(
    tiny_config: MakeConfig, few_reports: Callable[..., dict[str, Path]], tmp_path: Path
) -> None:
    config = tiny_config(data=few_reports(16), training=EXACT | {"batch_size": 7})
    done = torchrun(config, tmp_path / "odd.yaml")
    assert done.returncode != 0
    assert "7 cannot be shared by 2 processes" in done.stderr
    assert not config.output.exists()
