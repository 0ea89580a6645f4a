"""Our settings as those of transformers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from marsad.config.schema import TrainConfig
from marsad.modeling.hardware import computes_in_bf16
from marsad.training.arguments import BEST, total_steps, training_arguments

MakeConfig = Callable[..., TrainConfig]


@pytest.mark.parametrize(
    ("reports", "batch", "accumulation", "epochs", "steps"),
    [(160, 16, 1, 3, 30), (161, 16, 1, 3, 33), (160, 16, 2, 3, 15), (161, 16, 2, 1, 6), (10, 16, 1, 2.5, 3), (1, 16, 8, 1, 1)],
)
def test_total_steps(tiny_config: MakeConfig, reports: int, batch: int, accumulation: int, epochs: float, steps: int) -> None:
    training = {"batch_size": batch, "gradient_accumulation": accumulation, "epochs": epochs}
    assert total_steps(tiny_config(training=training), reports) == steps


def test_settings_reach_the_trainer(tiny_config: MakeConfig, tmp_path: Path) -> None:
    training = {
        "epochs": 4,
        "batch_size": 8,
        "gradient_accumulation": 2,
        "learning_rate": 1e-4,
        "weight_decay": 0.2,
        "warmup": 0.25,
        "schedule": "cosine",
    }
    found = training_arguments(tiny_config(seed=5, training=training), tmp_path, 160)
    assert found.output_dir == str(tmp_path)
    assert (found.seed, found.data_seed) == (5, 5)
    assert found.num_train_epochs == 4
    assert found.per_device_train_batch_size == found.per_device_eval_batch_size == 8
    assert found.gradient_accumulation_steps == 2
    assert (found.learning_rate, found.weight_decay) == (1e-4, 0.2)
    assert found.lr_scheduler_type == "cosine"
    assert found.warmup_steps == 10, "a quarter of 4 × 160 / 16 steps"


def test_the_best_epoch_is_kept_and_nothing_leaves_the_machine(tiny_config: MakeConfig, tmp_path: Path) -> None:
    found = training_arguments(tiny_config(), tmp_path, 100)
    assert found.load_best_model_at_end
    assert found.metric_for_best_model == BEST
    assert found.greater_is_better
    assert found.report_to == []
    assert not found.push_to_hub


@pytest.mark.parametrize("wanted", [True, False])
def test_mixed_precision_on_demand(tiny_config: MakeConfig, tmp_path: Path, wanted: bool) -> None:
    assert training_arguments(tiny_config(training={"bf16": wanted}), tmp_path, 10).bf16 is wanted


def test_mixed_precision_where_the_machine_has_it(tiny_config: MakeConfig, tmp_path: Path) -> None:
    assert training_arguments(tiny_config(training={"bf16": "auto"}), tmp_path, 10).bf16 is computes_in_bf16()


@pytest.mark.skipif(torch.cuda.is_available() or not Path("/proc/cpuinfo").exists(), reason="asks Linux about its CPU")
def test_bf16_of_a_cpu_is_what_linux_says() -> None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    assert computes_in_bf16() is ("avx512_bf16" in flags or "amx_tile" in flags)
