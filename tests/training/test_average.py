"""The average of the weights: by hand, and what a run does with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState

from marsad.config.schema import TrainConfig
from marsad.training.average import MovingAverage
from marsad.training.finetune import finetune


def test_the_average_by_hand() -> None:
    model = nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 0.0)
    average = MovingAverage(model, 0.5)
    for step, (value, expected) in enumerate(((11.0, 9.0), (9.0, 9.0), (19.0, 15.92308)), start=1):
        torch.nn.init.constant_(model.weight, value)
        average.on_step_end(None, TrainerState(global_step=step), TrainerControl(), model=model)
        assert average.weights["weight"].item() == pytest.approx(expected), "decay (1 + n) / (10 + n) while below 0.5"
    with average.worn_by(model):
        assert model.weight.item() == pytest.approx(15.92308)
    assert model.weight.item() == 19.0


class Last(TrainerCallback):  # type: ignore[misc]
    """Keeps the weights as the last step left them."""

    def __init__(self) -> None:
        self.weight = torch.empty(0)

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self.weight = model.classifier.weight.detach().clone()


def test_the_average_is_what_a_run_saves(
    tiny_config: Callable[..., TrainConfig], few_reports: Callable[..., dict[str, Path]]
) -> None:
    saved, last = {}, {}
    for name, decay in (("plain", 0.0), ("mean", 0.999)):
        steps, training = Last(), {"epochs": 1, "batch_size": 8, "average": decay}
        config = tiny_config(name=name, data=few_reports(16), training=training, save_dtype="float32")
        folder, _ = finetune(config, callbacks=[steps])
        saved[name] = load_file(folder / "model.safetensors")["classifier.weight"]
        last[name] = steps.weight
    assert torch.equal(last["plain"], last["mean"]), "training goes its way untouched"
    factors = saved["plain"] / last["plain"]  # the temperatures of calibration
    assert torch.allclose(factors, factors[:, :1].expand_as(factors), rtol=1e-3)
    factors = saved["mean"] / last["mean"]
    assert not torch.allclose(factors, factors[:, :1].expand_as(factors), rtol=1e-3)
