"""The folder of a run in progress, and its way to the folder of the finished model: whole, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from safetensors import SafetensorError

from marsad.errors import ConfigError
from marsad.inference.tagger import COMPANION

Made = TypeVar("Made")


def open_work(target: Path, config: str, resume: bool, overwrite: bool) -> Path:
    """Return the folder in which the run that makes `target` works; `config` is its YAML, written out.

    Under torchrun the first process makes it and the others wait. Raises `ConfigError` where a model or a broken run is in
    the way, or there is nothing to resume.
    """
    work = target.with_name(f".{target.name}.partial")
    if processes().is_main_process:
        _open(work, target, config, resume, overwrite)
    processes().wait_for_everyone()
    return work


def processes() -> PartialState:
    """Return what Accelerate knows of the processes of this run; one that torchrun did not start is alone."""
    return PartialState(cpu=not torch.cuda.is_available())


def leave_together() -> None:
    """End this process's part in a run of several, when all have come so far: torch aborts one whose group is open at its exit."""
    state = processes()
    state.wait_for_everyone()
    state.destroy_process_group()


def from_first(make: Callable[[], Made]) -> Made:
    """Return, in every process of this run, what `make` returns in the first, where alone it is called."""
    made: list[Made] = broadcast_object_list([make() if processes().is_main_process else None])
    return made[0]


def _open(work: Path, target: Path, config: str, resume: bool, overwrite: bool) -> None:
    kept = work / "config.yaml"
    if target.exists() and not overwrite:
        raise ConfigError(f"{target}: a model of this name exists. Choose another 'name', or replace it with --overwrite.")
    if resume:
        if not kept.exists() or last_checkpoint(work) is None:
            raise ConfigError(f"{work}: no checkpoint to go on from. Start the run without --resume.")
        if kept.read_text(encoding="utf-8") != config:
            raise ConfigError(f"{kept}: the broken run had another config. Give the same one, or start anew with --overwrite.")
        return
    if work.exists() and not overwrite:
        raise ConfigError(f"{work}: a broken run lies here. Go on with --resume, or start anew with --overwrite.")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    kept.write_text(config, encoding="utf-8")


def last_checkpoint(work: Path) -> str | None:
    """Return the newest whole checkpoint of a run, or None; one that a killed run left half written is passed over."""
    whole = [path.parent for path in work.glob("checkpoint-*/trainer_state.json") if _is_json(path)]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None


def _is_json(path: Path) -> bool:
    """Tell whether a checkpoint's last file was written to its end."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


@contextmanager
def full_disk_told(work: Path) -> Iterator[None]:
    """Turn "no space left", which torch and safetensors tell each in their own way, into a `ConfigError` with the cure."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        if "No space left" not in str(error) and "file write failed" not in str(error):
            raise
        raise ConfigError(
            f"{work}: the disk is full. The checkpoints written before are whole: free some space and go on with --resume."
        ) from error


def close_work(work: Path, made: Path, target: Path) -> None:
    """Put the finished folder `made` in its place and remove the run's; an older model there is kept until then.

    TensorBoard's logs go with it, in `runs/`, and so does the older model's tagger of factions, which has its own encoder.
    """
    if (logs := work / "runs").is_dir():
        logs.replace(made / "runs")
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.replace(old)
    if (companion := old / COMPANION).is_dir():
        companion.replace(made / COMPANION)
    made.replace(target)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(work)


def write_json(path: Path, content: object) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
