"""What every run does, whatever it trains: prepare → train → save → measure what was saved → put the folder in its place."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback, set_seed

from marsad.config.loading import dump_config
from marsad.config.schema import TrainConfig
from marsad.data.reports import Report
from marsad.training.preparation import Preparation, prepare
from marsad.training.record import save_record
from marsad.training.trainer import LayerwiseTrainer
from marsad.training.work import close_work, from_first, full_disk_told, last_checkpoint, open_work

log = logging.getLogger(__name__)


class Scores(Protocol):
    """What was measured on dev, in the shape of `metrics.json`."""

    def to_dict(self) -> dict[str, Any]:
        """Return the content of `metrics.json`."""
        ...


Trained = TypeVar("Trained", bound=LayerwiseTrainer)
Measured = TypeVar("Measured", bound=Scores)


def run(
    config: TrainConfig,
    make: Callable[[Preparation, Path], Trained],
    save: Callable[[Trained, Preparation, Path], None],
    measure: Callable[[Path, Sequence[Report]], Measured],
    *,
    resume: bool,
    overwrite: bool,
    callbacks: Sequence[TrainerCallback],
    allow_leak: bool,
) -> tuple[Path, Measured]:
    """Return the model's folder and its dev scores. The folder appears whole or not at all.

    `make` builds the trainer that works in a folder, `save` fills the model's, `measure` scores the saved model on dev.
    Of several processes that torchrun started all train and the first alone saves and measures.
    Raises `ConfigError` for mistakes in config or data, and where a folder is in the way.
    """
    target = config.output / config.name
    preparation = prepare(config, allow_leak)
    for line in preparation.leak.describe(preparation.taxonomy, whole=True):
        log.warning(line)
    work = open_work(target, dump_config(config), resume, overwrite)
    set_seed(config.seed)
    started = time.time()
    with full_disk_told(work):
        trainer = make(preparation, work)
        trainer.remove_callback(PrinterCallback)
        for callback in (EarlyStoppingCallback(config.training.patience), *callbacks):
            trainer.add_callback(callback)
        trainer.train(resume_from_checkpoint=last_checkpoint(work) if resume else None)

        def finish() -> Measured:
            saved = work / "model"
            shutil.rmtree(saved, ignore_errors=True)
            saved.mkdir()
            save(trainer, preparation, saved)
            dev = measure(saved, preparation.dev)
            save_record(saved, preparation, dev.to_dict(), trainer.state, time.time() - started)
            close_work(work, saved, target)
            return dev

        return target, from_first(finish)
