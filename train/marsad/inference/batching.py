"""Windows of many reports in batches of like length, so that little is padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from marsad.modeling.onnx import OnnxModel
from marsad.modeling.windows import Window

TOKENS_A_WINDOW = 512
"""A batch holds at most `batch_size` times this many word pieces, padding included."""


def length_batches(windows: Sequence[Window], batch_size: int) -> Iterator[list[int]]:
    """Yield the windows' numbers in batches, longest first, each within `batch_size` × `TOKENS_A_WINDOW` pieces."""
    budget = batch_size * TOKENS_A_WINDOW
    batch: list[int] = []
    width = 0
    for index in sorted(range(len(windows)), key=lambda i: -len(windows[i].ids)):
        if batch and (len(batch) + 1) * width > budget:
            yield batch
            batch = []
        width = width if batch else len(windows[index].ids)
        batch.append(index)
    if batch:
        yield batch


def pad(windows: Sequence[Window], pad_id: int) -> tuple[Tensor, Tensor]:
    """Return piece numbers and attention mask, each (windows, longest)."""
    width = max(len(window.ids) for window in windows)
    ids = torch.full((len(windows), width), pad_id)
    mask = torch.zeros((len(windows), width), dtype=torch.long)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = torch.tensor(window.ids)
        mask[row, : len(window.ids)] = 1
    return ids, mask


def forward(
    model: PreTrainedModel | OnnxModel, windows: Sequence[Window], pad_id: int, batch_size: int
) -> Iterator[tuple[list[int], Tensor]]:
    """Yield batches of windows' numbers and the model's logits for them, as float32 on the CPU."""
    for batch in length_batches(windows, batch_size):
        ids, mask = pad([windows[i] for i in batch], pad_id)
        output = model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device))
        yield batch, output.logits.float().cpu()
