"""The folder of a run in progress, and its way to the folder of the finished model: whole, or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from transformers.trainer_utils import get_last_checkpoint

from marsad.errors import ConfigError


def open_work(target: Path, config: str, resume: bool, overwrite: bool) -> Path:
    """Return the folder in which the run that makes `target` works; `config` is its YAML, written out.

    Raises `ConfigError` where a model or a broken run is in the way, or there is nothing to resume.
    """
    work = target.with_name(f".{target.name}.partial")
    kept = work / "config.yaml"
    if target.exists() and not overwrite:
        raise ConfigError(f"{target}: a model of this name exists. Choose another 'name', or replace it with --overwrite.")
    if resume:
        if not kept.exists() or last_checkpoint(work) is None:
            raise ConfigError(f"{work}: no checkpoint to go on from. Start the run without --resume.")
        if kept.read_text(encoding="utf-8") != config:
            raise ConfigError(f"{kept}: the broken run had another config. Give the same one, or start anew with --overwrite.")
        return work
    if work.exists() and not overwrite:
        raise ConfigError(f"{work}: a broken run lies here. Go on with --resume, or start anew with --overwrite.")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    kept.write_text(config, encoding="utf-8")
    return work


def last_checkpoint(work: Path) -> str | None:
    """Return the newest checkpoint of a run, or None."""
    return get_last_checkpoint(str(work))


def close_work(work: Path, made: Path, target: Path) -> None:
    """Put the finished folder `made` in its place and remove the run's; an older model there is kept until then."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.replace(old)
    made.replace(target)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(work)


def write_json(path: Path, content: object) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
