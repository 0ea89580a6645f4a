"""Word pieces a second of `marsad pretrain` against the plain way (as run_mlm.py trains) on the same model and machine.

python benchmarks/pretraining_speed.py [MODEL]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedModel

from marsad.modeling.folders import find_model, load_tokenizer
from marsad.training.masking import SHAPES, WordMasking

SEQUENCES, LENGTH, RATE = 48, 128, 0.25
WARM_UP, STEPS = 2, 7


def pieces_a_second(model: PreTrainedModel, step: Callable[[], torch.Tensor]) -> float:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    times = []
    for _ in range(WARM_UP + STEPS):
        started = time.perf_counter()
        torch.autograd.backward(step())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        times.append(time.perf_counter() - started)
    return SEQUENCES * LENGTH / statistics.median(times[WARM_UP:])


def plain(folder: Path, batch: dict[str, torch.Tensor]) -> float:
    """float32, logits and loss over the whole vocabulary at every place."""
    model = AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(folder)).train()
    labels = torch.full((SEQUENCES * LENGTH,), -100)
    labels[batch["places"]] = batch["labels"]
    labels = labels.reshape(SEQUENCES, LENGTH)
    return pieces_a_second(model, lambda: model(input_ids=batch["input_ids"], labels=labels).loss)


def ours(folder: Path, batch: dict[str, torch.Tensor], compile: bool) -> float:
    """bfloat16 autocast, logits at the masked places only."""
    config = AutoConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    model = SHAPES[config.model_type](config).train()
    if compile:
        model.compile(dynamic=False)

    def step() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            loss: torch.Tensor = model(**batch)["loss"]
            return loss

    return pieces_a_second(model, step)


def main() -> None:
    folder = find_model(sys.argv[1] if len(sys.argv) > 1 else "mini-base")
    tokenizer = load_tokenizer(folder)
    rows = np.random.default_rng(0).integers(10, len(tokenizer), (SEQUENCES, LENGTH))
    batch = WordMasking(tokenizer, RATE, seed=0)(rows, 0)
    base = plain(folder, batch)
    print(f"plain (float32, all places)          {base:8,.0f} pieces a second   1.0")
    for name, compile in (("bfloat16, masked places", False), ("bfloat16, masked places, compiled", True)):
        speed = ours(folder, batch, compile)
        print(f"{name:36} {speed:8,.0f} pieces a second   {speed / base:.1f}")


if __name__ == "__main__":
    main()
