"""Reports in blocks, their windows in batches of like length, and the pass of a batch through a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from transformers import PreTrainedModel

from marsad.modeling.onnx import OnnxModel
from marsad.modeling.windows import Encoded, Window

TOKENS_A_WINDOW = 512
"""A batch holds at most `batch_size` times this many word pieces, padding included."""
LOOK_AHEAD = 2**20
"""Characters of the reports whose windows are sorted together: memory does not grow with the number of reports."""
LEAST = 256
"""Characters that a report counts for at least, so that a block holds at most some thousand posts."""
FULLNESS = 0.8
"""Least share of a row of a batch that is no padding."""
Row = tuple[str, str | None]
"""A report's text and its date."""
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Block:
    """Reports that are read together: their texts and dates, and their windows as the model and as its tagger wants them."""

    texts: list[str]
    dates: list[str | None]
    encoded: list[Encoded]
    tagged: list[Encoded]


def blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the reports in order, `LOOK_AHEAD` characters at a time; a longer one stands alone."""
    block: list[Row] = []
    size = 0
    for row in rows:
        cost = max(len(row[0]), LEAST)
        if block and size + cost > LOOK_AHEAD:
            yield block
            block, size = [], 0
        block.append(row)
        size += cost
    if block:
        yield block


def one_ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `work(item)` for each item, in order, while a thread is already at the next; items are drawn in this one."""
    with ThreadPoolExecutor(1, "marsad-ahead") as thread:
        waiting: Future[Result] | None = None
        for item in items:
            following = thread.submit(work, item)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def length_batches(windows: Sequence[Window], batch_size: int) -> Iterator[list[int]]:
    """Yield the windows' numbers in batches, longest first, each within `batch_size` × `TOKENS_A_WINDOW` pieces.

    No window is padded to more than 1 / `FULLNESS` of its length, so that short lists waste little too.
    """
    budget = batch_size * TOKENS_A_WINDOW
    batch: list[int] = []
    width = 0
    for index in sorted(range(len(windows)), key=lambda i: -len(windows[i].ids)):
        length = len(windows[index].ids)
        if batch and ((len(batch) + 1) * width > budget or length < FULLNESS * width):
            yield batch
            batch = []
        width = width if batch else length
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
        yield batch, run(model, *pad([windows[i] for i in batch], pad_id))


@torch.inference_mode()
def run(model: PreTrainedModel | OnnxModel, ids: Tensor, mask: Tensor) -> Tensor:
    """Return the logits of one padded batch, as float32 on the CPU: the only call of a model."""
    output = model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device))
    logits: Tensor = output.logits
    return logits.float().cpu()
