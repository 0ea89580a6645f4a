"""`marsad pretrain`: an encoder from raw text, or one taken further."""

from __future__ import annotations

from typing import Annotated

import typer

from marsad.cli.check import ConfigFile, Overrides
from marsad.cli.console import errors, output, set_up_logging


def pretrain(
    config: ConfigFile,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint of a broken run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model, or a broken run, of this name.")] = False,
) -> None:
    """Train a base encoder on raw text by masked language modelling, from nothing or continued.

    Example: `marsad pretrain configs/pretrain/mini-base.yaml`
    """
    set_up_logging()
    with errors.status("loading"):
        from marsad.cli.progress import TrainingProgress
        from marsad.config.loading import load_config
        from marsad.config.pretrain import PretrainConfig
        from marsad.training.pretrain import pretrain as run
        from marsad.training.work import leave_together

        loaded = load_config(config, PretrainConfig, overrides or ())
    folder, scores = run(loaded, resume, overwrite, [TrainingProgress(errors)])
    leave_together()
    output.print(f"encoder: [bold]{folder}[/]   held out: loss {scores['eval_loss']:.3f}, accuracy {scores['eval_accuracy']:.3f}")
