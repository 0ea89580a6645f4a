"""`marsad check`: what is wrong with a config and its data, and what a run would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from marsad.cli.console import arabic, output, warn

if TYPE_CHECKING:
    from marsad.training.preparation import Plan, Preparation

ConfigFile = Annotated[Path, typer.Argument(help="YAML of the run, as in configs/.", show_default=False)]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Values over the YAML's, as in training.epochs=3.")
]
AllowLeak = Annotated[bool, typer.Option("--allow-leak", help="Go on though dev holds near-duplicates of train; lists them.")]


def check(config: ConfigFile, overrides: Overrides = None, allow_leak: AllowLeak = False) -> None:
    """Find every mistake of a config and of its data at once, and say what `train` would do.

    Example: `marsad check configs/quickstart.yaml training.epochs=3`
    """
    from marsad.config.loading import load_config
    from marsad.config.schema import TrainConfig
    from marsad.training.preparation import plan, prepare

    preparation = prepare(load_config(config, TrainConfig, overrides or ()), allow_leak)
    _show(preparation, plan(preparation))
    for warning in preparation.warnings:
        warn(warning)


def _show(preparation: Preparation, found: Plan) -> None:
    held_out = f", {found.held_out} held out" if found.held_out else ""
    output.print(f"[bold]{preparation.config.name}[/]: {found.train} reports to train on, {found.dev} for dev{held_out}")
    middle, most, longest = found.tokens
    output.print(f"word pieces a report: median {middle:,}, 95 in 100 up to {most:,}, longest {longest:,}; nothing is cut")
    output.print(f"{found.windows:,} windows of up to {preparation.length} an epoch; at most {found.steps:,} steps")
    factions = preparation.config.task == "factions"
    for task in preparation.taxonomy.tasks:
        table = Table(title=f"{task.name} {arabic(task.ar)} ({'mentions of factions' if factions else task.kind})")
        for heading in ("label", "", "train", "dev"):
            table.add_column(heading, justify="left" if heading == "label" else "right")
        for id, (train, dev) in found.counts[task.name].items():
            table.add_row(id, arabic(task.label(id).ar), str(train), str(dev))
        output.print(table)
