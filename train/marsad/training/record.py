"""What a model came from: config, versions, data, commit, machine, time. Saved beside its weights."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerState

from marsad.config.loading import dump_config
from marsad.files import sha256
from marsad.taxonomy import find_taxonomy
from marsad.training.preparation import Preparation
from marsad.training.work import write_json

PACKAGES = ("marsad", "torch", "transformers", "tokenizers", "datasets", "evaluate", "accelerate", "scikit-learn", "numpy")


def save_record(folder: Path, preparation: Preparation, dev: dict[str, Any], state: TrainerState, seconds: float) -> None:
    """Write config, run record, dev scores and held-out reports into a trained model's folder."""
    config = preparation.config
    files = [
        find_taxonomy(config.taxonomy),
        config.data.train,
        *config.data.also,
        *filter(None, [config.data.dev]),
        *sorted(preparation.base.glob("*.safetensors")),
    ]
    record = origin(files) | {
        "seed": config.seed,
        "reports": {"train": len(preparation.train), "dev": len(preparation.dev), "held_out": len(preparation.held_out)},
        "leak": {"stories": len(preparation.leak.stories), "near_duplicates": len(preparation.leak.twins)},
        "seconds": round(seconds, 1),
        "epochs": state.epoch,
        "history": state.log_history,
    }
    (folder / "config.yaml").write_text(dump_config(config), encoding="utf-8")
    write_json(folder / "run.json", record)
    write_json(folder / "metrics.json", dev)
    if preparation.held_out:
        lines = (json.dumps(report.to_dict(), ensure_ascii=False) for report in preparation.held_out)
        (folder / "held-out.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def origin(files: Iterable[Path]) -> dict[str, Any]:
    """Return versions, SHA-256 of `files`, git commit (None outside a checkout), machine and threads."""
    return {
        "command": " ".join(["marsad", *sys.argv[1:]]),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "data": {str(path): sha256(path) for path in files},
        "git": git_commit(),
        "machine": {
            "cpu": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }


def git_commit() -> str | None:
    """Return the commit of the current folder's checkout, with `+changes` where the tree differs from it."""
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, check=True, text=True).stdout.strip()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
