"""Where a model lies: a shipped name, a folder, or a hub id; and what a folder must hold to be read safely."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from marsad.errors import ModelError
from marsad.files import SUMS, broken_sums

PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.md", "*.yaml")
"""Files of a hub model that are fetched: never a pickle, never code."""
ONNX = ("*.onnx",)
"""Files that are fetched too where ONNX Runtime is there to read them."""
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "embedding_dropout", "mlp_dropout", "classifier_dropout")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def shipped(name: str) -> Path | None:
    """Return the folder of a model that comes with marsad (`default`, `mini-base`), or None."""
    package = Path(str(importlib.resources.files("marsad")))
    places = (package / "models" / name, package.parents[1] / "models" / name)
    return next((place for place in places if (place / "config.json").is_file()), None)


def find_model(name: str, revision: str | None = None, onnx: bool = False) -> Path:
    """Return the local folder of a model; a hub model is fetched (or taken from the cache) at `revision`, its `onnx/` if asked.

    Raises `ModelError` where nothing is found or the folder's weights are missing or not safetensors.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = shipped(name) or _fetch(name, revision, (*PATTERNS, *ONNX) if onnx else PATTERNS)
    check_folder(folder)
    return folder


def check_folder(folder: Path) -> None:
    """Raise `ModelError` unless `folder` holds config, tokenizer and safetensors, and is as its `SHA256SUMS` says if it has one."""
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder}: no config.json, so this is no model folder. Name a folder made by marsad or transformers.")
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
        if pickles:
            raise ModelError(
                f"{folder}: the weights are a pickle ({', '.join(pickles)}), which can run code when opened: refused. "
                "Convert them to model.safetensors on a machine that you can throw away, or name another model."
            )
        raise ModelError(f"{folder}: no weights (model.safetensors) in it. Fetch or train the model again.")
    if not (folder / "tokenizer.json").is_file() and not (folder / "vocab.txt").is_file():
        raise ModelError(f"{folder}: no tokenizer (tokenizer.json) in it. Copy it from the base model.")
    if broken := broken_sums(folder, ("*.json", "*.safetensors")):
        raise ModelError(
            "\n".join(f"{folder}: {mistake}. Have the folder delivered again, or remove {SUMS}." for mistake in broken)
        )


def _fetch(name: str, revision: str | None, patterns: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of httpx, whichever version it is

    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise ModelError(
            f"{name}: no such folder, and no model of that name comes with marsad. Name a folder or a hub id (ORG/NAME)."
        )
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(patterns)))
    except (OSError, ValueError, HTTPError) as error:
        raise ModelError(f"{name}: no such folder, and the hub does not give it: {_why(error, revision)}") from error


def _why(error: BaseException, revision: str | None) -> str:
    """Return why a hub model cannot be had, and the cure."""
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, RevisionNotFoundError):
        return f"it has no revision {revision!r}. Name one of its tags, or none."
    if isinstance(error, RepositoryNotFoundError):
        return "there is no such model, or it is private. Check the name; for a private one set HF_TOKEN."
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return f"{str(error).splitlines()[0]} This is refused."
    return f"{type(error).__name__}. Check the name and the network, or fetch it elsewhere and name its folder."


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load a folder's tokenizer as it stands in `tokenizer.json`. Raises `ModelError`."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, use_fast=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: the tokenizer cannot be read: {error}") from error
    if not tokenizer.is_fast:
        raise ModelError(f"{folder}: the tokenizer keeps no character offsets. Use a model with a tokenizer.json.")
    return tokenizer


def dropouts(settings: PreTrainedConfig, rate: float) -> dict[str, float]:
    """Return the dropout settings that an encoder of this config has, each with `rate`.

    ModernBERT's attention keeps its own: with dropout it has no fast kernel on the CPU.
    """
    return {name: rate for name in DROPOUTS if hasattr(settings, name)}


def load_classifier(folder: Path, dtype: torch.dtype, **settings: Any) -> PreTrainedModel:
    """Load a folder's weights under a head that labels texts; `settings` change its config. Raises `ModelError`."""
    return _load(AutoModelForSequenceClassification, folder, dtype, settings)


def load_tagger(folder: Path, dtype: torch.dtype, **settings: Any) -> PreTrainedModel:
    """Load a folder's weights under a head that labels word pieces; `settings` change its config. Raises `ModelError`."""
    return _load(AutoModelForTokenClassification, folder, dtype, settings)


def _load(family: Any, folder: Path, dtype: torch.dtype, settings: dict[str, Any]) -> PreTrainedModel:
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, **settings)
        with no_bars():
            return family.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                trust_remote_code=False,
                use_safetensors=True,
                ignore_mismatched_sizes="id2label" in settings,  # a head for other labels starts anew
            )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder}: the model cannot be read ({error}). Fetch or train it again.") from error


@contextmanager
def no_bars() -> Iterator[None]:
    """Keep transformers from drawing its bars on standard error, and leave its setting as it was."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save a tokenizer under the class that reads `tokenizer.json` as it stands, by the name every transformers knows."""
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    content = json.loads(path.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def save_weights(model: PreTrainedModel, folder: Path, dtype: torch.dtype) -> None:
    """Save weights in `dtype`; the config still asks for float32, so that every reader computes in that."""
    model.to(dtype).save_pretrained(folder)
    path = folder / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content.pop("torch_dtype", None)
    path.write_text(json.dumps(content | {"dtype": "float32"}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for weights in folder.glob("*.safetensors"):
        weights.chmod(0o644)


def scale_head(folder: Path, factors: Sequence[float]) -> None:
    """Multiply the rows of a saved classification head by `factors`, one a label; no other weight changes.

    Raises `ModelError` where the folder's one file of weights has no linear head of so many labels.
    """
    model = load_classifier(folder, torch.float32)
    heads = [name for name, part in model.named_modules() if isinstance(part, nn.Linear) and part.out_features == len(factors)]
    path = folder / "model.safetensors"
    if not heads or not path.is_file():
        raise ModelError(f"{folder}: no linear head of {len(factors)} labels in a model.safetensors. Train the model again.")
    with safe_open(path, "pt") as file:
        weights, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118  # no mapping
    rows = torch.tensor(factors)
    for name in (f"{heads[-1]}.weight", f"{heads[-1]}.bias"):
        if name in weights:
            head = weights[name]
            weights[name] = (head.float() * rows.view(-1, *[1] * (head.dim() - 1))).to(head.dtype)
    part = path.with_suffix(".part")
    save_file(weights, part, metadata)
    part.chmod(0o644)
    part.replace(path)
