"""Attention within a neighbourhood, block by block: what ModernBERT's local layers look at, and no more."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "marsad_local"
BLOCK = 128
"""Places whose queries are computed together, with the neighbourhood on both sides of them (128 was faster than 256)."""


def attend_locally(model: PreTrainedModel) -> PreTrainedModel:
    """Have the model compute its local attention by `local_attention`; its results stay the same to rounding."""
    AttentionInterface.register(NAME, local_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    return model


def local_attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """Return the attended values (texts, places, heads, width) as transformers' `sdpa` does.

    Where `sliding_window` bounds what a place looks at, the products of places further apart, which `attention_mask`
    would throw away, are never computed: cost grows with the length and not with its square.
    """
    length, window = query.shape[2], options.get("sliding_window")
    if window is None or attention_mask is None or length <= BLOCK + window:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    parts = []
    for start in range(0, length, BLOCK):
        own = slice(start, start + BLOCK)
        near = slice(max(0, start - window), start + BLOCK + window)
        mask = attention_mask[:, :, own, near]
        part, _ = sdpa_attention_forward(module, query[:, :, own], key[:, :, near], value[:, :, near], mask, **options)
        parts.append(part)
    return torch.cat(parts, dim=1), None
