"""`marsad train`: from a YAML to a model's folder."""

from __future__ import annotations

from typing import Annotated

import typer

from marsad.cli.check import AllowLeak, ConfigFile, Overrides
from marsad.cli.console import errors, output, score_table, set_up_logging, span_table, warn


def train(
    config: ConfigFile,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint of a broken run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model, or a broken run, of this name.")] = False,
    allow_leak: AllowLeak = False,
) -> None:
    """Train a model as a YAML says, and print its scores on the dev reports.

    Example: `marsad train configs/quickstart.yaml training.epochs=3`
    """
    set_up_logging()
    with errors.status("loading"):
        from marsad.cli.progress import TrainingProgress
        from marsad.config.loading import load_config
        from marsad.config.schema import TrainConfig
        from marsad.modeling.settings import read_settings
        from marsad.training.factions import train_tagger
        from marsad.training.finetune import finetune

        loaded = load_config(config, TrainConfig, overrides or ())
    callbacks = [TrainingProgress(errors)]
    if loaded.task == "factions":
        folder, found = train_tagger(loaded, resume, overwrite, callbacks, allow_leak)
        output.print(span_table("factions on dev", found, read_settings(folder).taxonomy.tasks[0]))
        output.print(f"tagger: [bold]{folder}[/]")
        reports = found.n
    else:
        folder, dev = finetune(loaded, resume, overwrite, callbacks, allow_leak)
        taxonomy, reports = read_settings(folder).taxonomy, dev.n
        for name, scores in dev.tasks.items():
            output.print(score_table(f"{name} on dev", scores, taxonomy, name))
        output.print(f"model: [bold]{folder}[/]   read: {dev.tokens_read:,} of {dev.tokens_total:,} word pieces of dev")
    if reports < 50:
        warn(f"dev has {reports} reports only: its figures are rough; stopping and thresholds went by it.")
