"""A search goes on where it stopped, shares its trials among workers, and ends in a config that trains."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from transformers import TrainerControl, TrainerState

from marsad.cli import main
from marsad.config.loading import load_config, with_values
from marsad.config.schema import TrainConfig
from marsad.config.search import SearchConfig
from marsad.errors import ConfigError
from marsad.training.search import Reporter, Search, search

SPACE: dict[str, Any] = {"training.learning_rate": {"log": [1.0e-4, 1.0e-2]}, "training.batch_size": {"choices": [8, 16]}}


@pytest.fixture
def config(tiny_config: Callable[..., TrainConfig], few_reports: Callable[..., dict[str, Path]]) -> TrainConfig:
    return tiny_config(data=few_reports(16), training={"epochs": 1})


def plan(**changes: Any) -> SearchConfig:
    return SearchConfig.model_validate({"trials": 2, "space": SPACE} | changes)


def files(found: Search) -> list[str]:
    return sorted(path.name for path in found.config.parent.iterdir())


def test_a_search_ends_in_the_best_config_and_goes_on(config: TrainConfig) -> None:
    told: list[int] = []
    found = search(config, plan(), tell=lambda row: told.append(row.number))
    assert told == [0, 1]
    assert [row.state for row in found.trials] == ["complete", "complete"]
    assert files(found) == ["best.yaml", "study.db", "study.lock"], "no trial's model is kept"
    best = max(found.trials, key=lambda row: row.score or 0.0)
    assert found.best == best.number
    assert load_config(found.config, TrainConfig) == with_values(config, best.values)
    (config.output / "tiny-search" / ".trial-77.partial").mkdir()
    more = search(config, plan(trials=3))
    assert more.trials[:2] == found.trials
    assert len(more.trials) == 3
    assert files(more) == ["best.yaml", "study.db", "study.lock"], "what a killed worker left is swept"
    assert search(config, plan(trials=1)).trials == more.trials, "nothing left to try"


def test_a_study_of_something_else_is_refused(config: TrainConfig) -> None:
    search(config, plan(trials=1))
    with pytest.raises(ConfigError, match="another space"):
        search(config, plan(space={"training.batch_size": {"choices": [8, 16]}}))
    with pytest.raises(ConfigError, match="another config"):
        search(with_values(config, {"seed": 5}), plan())


def test_keys_and_values_that_the_config_refuses_are_told_before_anything_runs(config: TrainConfig) -> None:
    space = {
        "training.learning_rat": {"uniform": [0.1, 0.2]},
        "training.dropout": {"uniform": [0.5, 1.5]},
        "name.x": {"choices": [1, 2]},
    }
    with pytest.raises(ConfigError) as found:
        search(config, plan(space=space))
    text = str(found.value)
    assert "space.training.learning_rat: 0.1: training.learning_rat: unknown key; did you mean 'learning_rate'?" in text
    assert "space.training.dropout: 1.5: training.dropout" in text
    assert "space.training.dropout: 0.5" not in text
    assert "space.name.x: 1: name.x: 'name' holds a value" in text
    assert not config.output.exists()


def test_a_trial_worse_than_the_median_is_pruned() -> None:
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(1, 0))
    for score, pruned in ((0.8, False), (0.3, True)):
        reporter = Reporter(study.ask(), "dev_macro_f1")
        state, metrics = TrainerState(epoch=1.0), {"eval_dev_macro_f1": score}
        if pruned:
            with pytest.raises(optuna.TrialPruned):
                reporter.on_evaluate(None, state, TrainerControl(), metrics)
        else:
            reporter.on_evaluate(None, state, TrainerControl(), metrics)
            study.tell(reporter.trial, score)


def written(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(content.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    return str(path)


@pytest.mark.slow
def test_two_workers_share_one_study(config: TrainConfig, tmp_path: Path) -> None:
    run, space = written(tmp_path, "run.yaml", config), written(tmp_path, "space.yaml", plan())
    command = [sys.executable, "-m", "marsad", "train", run, "--search", space, "--trials", "4"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "120"}
    workers = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment) for _ in range(2)]
    printed = [worker.communicate(timeout=600) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], printed
    found = search(config, plan(trials=4))
    assert 4 <= len(found.trials) <= 5, "the last two may end together"
    assert len({row.values["training.learning_rate"] for row in found.trials}) == len(found.trials)
    assert all("best.yaml" in out for out, _ in printed)
    assert sorted(line.split(":")[0] for _, err in printed for line in err.splitlines() if line.startswith("trial ")) == [
        f"trial {row.number}" for row in found.trials
    ]


@pytest.mark.parametrize(
    ("words", "reason"), [(["--trials", "3"], "goes with --search"), (["--search", "x.yaml", "--resume"], "goes on by itself")]
)
def test_options_that_do_not_go_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], reason: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["marsad", "train", "run.yaml", *words])
    with pytest.raises(SystemExit):
        main()
    assert reason in capsys.readouterr().err
