"""What a model came from: config, versions, data, commit, machine, time. Saved beside its weights."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from marsad.files import sha256

PACKAGES = ("marsad", "torch", "transformers", "tokenizers", "datasets", "evaluate", "accelerate", "scikit-learn", "numpy")


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
