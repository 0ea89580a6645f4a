"""A moving average of the weights: what is measured and saved wavers less than the weights of any one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

RAW = "raw.safetensors"
"""File of a checkpoint that holds the weights themselves; its model holds their average."""


class MovingAverage(TrainerCallback):
    """Follows a model's weights by `decay` a step, faster in the first steps, where there is little to average."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = weights_of(model)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move the average towards the model's weights."""
        decay = min(self.decay, (1 + state.global_step) / (10 + state.global_step))
        for name, parameter in kwargs["model"].named_parameters():
            self.weights[name].lerp_(parameter.detach(), 1 - decay)

    @contextmanager
    def worn_by(self, model: nn.Module) -> Iterator[None]:
        """Give the model the average, and afterwards its own weights again."""
        own = weights_of(model)
        set_weights(model, self.weights)
        try:
            yield
        finally:
            set_weights(model, own)

    def save_raw(self, model: nn.Module, folder: Path) -> None:
        """Keep the model's own weights in a checkpoint, from which a resumed run goes on."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(weights_of(model), folder / RAW)

    def resume(self, model: nn.Module, folder: Path) -> None:
        """Take the model's weights, just read from a checkpoint, for the average, and give it its own from there."""
        self.weights = weights_of(model)
        set_weights(model, load_file(folder / RAW))


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Return copies of a model's weights by name."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def set_weights(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Write `weights` over the model's, in place: optimiser and processes keep hold of the same tensors."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
