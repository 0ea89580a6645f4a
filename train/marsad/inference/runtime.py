"""Which engine computes a model: torch from its weights, or ONNX Runtime from the files that were exported beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import torch
from transformers import AutoConfig, PreTrainedModel

from marsad.errors import ConfigError, ModelError
from marsad.files import sha256
from marsad.modeling import onnx
from marsad.modeling.attention import attend_locally
from marsad.modeling.onnx import FLOAT, FOLDER, INT8, Graph, OnnxModel, read_exported

log = logging.getLogger(__name__)

Runtime = Literal["torch", "onnx", "auto"]
"""`auto`: ONNX Runtime where it can compute the model and this CPU is one on which it was measured to be the faster."""

EXACT_INT8 = ("avx512_vnni", "avx_vnni", "amx_int8")
"""Abilities of a CPU, one of which lets it add products of int8 without overflow: elsewhere int8 files answer otherwise."""


def check_runtime(runtime: str) -> None:
    """Raise `ConfigError` for a name that is none of `Runtime`."""
    if runtime not in get_args(Runtime):
        raise ConfigError(f"runtime: found {runtime!r}, expected {', '.join(get_args(Runtime))}.")


def open_model(
    read: Callable[[Path, torch.dtype], PreTrainedModel],
    folder: Path,
    dtype: torch.dtype | None,
    device: torch.device,
    runtime: Runtime,
) -> PreTrainedModel | OnnxModel:
    """Return the model in `folder`, opened by `runtime`; torch's is read by `read`. `dtype` None: float32.

    Raises `ModelError` where the runtime `onnx` is asked for and cannot be had; `auto` takes torch then, and logs why.
    """
    if runtime == "torch":
        return _in_torch(read, folder, dtype, device)
    try:
        _check_request(folder, dtype, device)
        graph = _graph(folder, runtime)
    except ModelError as error:
        if runtime == "onnx":
            raise
        log.info("computed by torch: %s", error)
        return _in_torch(read, folder, dtype, device)
    log.info("%s: computed by ONNX Runtime from %s; decisions as torch's: %.2f %%", folder, graph.file, 100 * graph.decisions)
    return OnnxModel(folder / FOLDER / graph.file, AutoConfig.from_pretrained(folder, trust_remote_code=False))


def _in_torch(
    read: Callable[[Path, torch.dtype], PreTrainedModel], folder: Path, dtype: torch.dtype | None, device: torch.device
) -> PreTrainedModel:
    return attend_locally(read(folder, dtype or torch.float32)).to(device)


def has(*abilities: str) -> bool:
    """Tell whether the CPU has one of these abilities, by torch's names; of an older torch, which cannot tell, none."""
    known: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(known.get(name, False) for name in abilities)


def _check_request(folder: Path, dtype: torch.dtype | None, device: torch.device) -> None:
    """Raise `ModelError` where ONNX Runtime cannot compute the model as it is asked for."""
    if not (folder / FOLDER).is_dir():
        raise ModelError(f"{folder}: it was not exported to ONNX. Export it: marsad export {folder}")
    if not onnx.is_installed():
        raise ModelError(f"{folder}: onnxruntime is not installed. Install it: {onnx.CURE}")
    if device.type != "cpu":
        raise ModelError(f"{folder}: its ONNX files are computed on the CPU alone, not on {device}. Load with device='cpu'.")
    if dtype is not None:
        raise ModelError(f"{folder}: {dtype} is for torch, its ONNX files have types of their own. Leave dtype out.")


def _graph(folder: Path, runtime: Runtime) -> Graph:
    """Return the file to compute: int8 where it is there and the CPU is for it, else, unless `auto`, float32.

    Raises `ModelError` where it is missing or damaged, or `auto` and torch is the faster by `benchmarks/runtimes.py`.
    """
    exported = read_exported(folder)
    quick = exported.graph(INT8) if has(*EXACT_INT8) else None
    if runtime == "auto" and (quick is None or has("amx_bf16")):
        raise ModelError(
            f"{folder}: ONNX Runtime was found the faster with {INT8}, on a CPU with VNNI and without AMX; not all of that is here"
        )
    graph = quick or exported.graph(FLOAT)
    path = folder / FOLDER / (graph.file if graph else FLOAT)
    if graph is None or not path.is_file() or sha256(path) != graph.sha256:
        raise ModelError(f"{path}: missing, or not the file that was exported. Export again: marsad export {folder}")
    return graph
