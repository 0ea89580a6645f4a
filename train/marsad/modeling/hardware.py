"""The number types that this machine multiplies in hardware."""

from __future__ import annotations

import torch


def computes_in_bf16(device: torch.device | None = None) -> bool:
    """Tell whether `device` (None: this machine's GPU, or its CPU where it has none) multiplies bfloat16 in hardware."""
    kind = device.type if device is not None else "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def fastest_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where `device` multiplies it, else float16 on a GPU and float32 on a CPU."""
    if computes_in_bf16(device):
        return torch.bfloat16
    return torch.float32 if device.type == "cpu" else torch.float16
