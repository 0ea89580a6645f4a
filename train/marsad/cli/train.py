"""`marsad train`: from a YAML to a model's folder, or to the best YAML of many trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from marsad.cli.check import AllowLeak, ConfigFile, Overrides
from marsad.cli.console import errors, output, score_table, set_up_logging, span_table, warn
from marsad.errors import ConfigError

if TYPE_CHECKING:
    from marsad.config.schema import TrainConfig
    from marsad.training.search import Search, TrialRow


def train(
    config: ConfigFile,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint of a broken run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model, or a broken run, of this name.")] = False,
    allow_leak: AllowLeak = False,
    search: Annotated[
        Path | None, typer.Option(help="YAML of keys to vary, as in configs/search/: run trials, write the best config.")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="With --search, trials in all, over the YAML's.")] = None,
) -> None:
    """Train a model as a YAML says, and print its scores on the dev reports.

    Example: `marsad train configs/quickstart.yaml training.epochs=3`
    """
    set_up_logging()
    if search is None and trials is not None:
        raise ConfigError("--trials: goes with --search, which names the keys to vary.")
    if search is not None and (resume or overwrite):
        raise ConfigError(
            "--search: a search goes on by itself. Leave --resume and --overwrite out; remove its folder to begin anew."
        )
    with errors.status("loading"):
        from marsad.config.loading import load_config
        from marsad.config.schema import TrainConfig

        loaded = load_config(config, TrainConfig, overrides or ())
    if search is None:
        _train(loaded, resume, overwrite, allow_leak)
    else:
        _search(loaded, search, trials, allow_leak)


def _train(config: TrainConfig, resume: bool, overwrite: bool, allow_leak: bool) -> None:
    with errors.status("loading"):
        from marsad.cli.progress import TrainingProgress
        from marsad.modeling.settings import read_settings
        from marsad.training.factions import train_tagger
        from marsad.training.finetune import finetune
        from marsad.training.work import leave_together

    callbacks = [TrainingProgress(errors)]
    if config.task == "factions":
        folder, found = train_tagger(config, resume, overwrite, callbacks, allow_leak)
        output.print(span_table("factions on dev", found, read_settings(folder).taxonomy.tasks[0]))
        output.print(f"tagger: [bold]{folder}[/]")
        reports = found.n
    else:
        folder, dev = finetune(config, resume, overwrite, callbacks, allow_leak)
        taxonomy, reports = read_settings(folder).taxonomy, dev.n
        for name, scores in dev.tasks.items():
            output.print(score_table(f"{name} on dev", scores, taxonomy, name))
        output.print(f"model: [bold]{folder}[/]   read: {dev.tokens_read:,} of {dev.tokens_total:,} word pieces of dev")
    leave_together()
    if reports < 50:
        warn(f"dev has {reports} reports only: its figures are rough; stopping and thresholds went by it.")


def _search(config: TrainConfig, plan: Path, trials: int | None, allow_leak: bool) -> None:
    with errors.status("loading"):
        from marsad.config.loading import load_config
        from marsad.config.search import SearchConfig
        from marsad.training.search import search

        loaded = load_config(plan, SearchConfig, () if trials is None else (f"trials={trials}",))
    found = search(config, loaded, allow_leak, lambda row: errors.print(f"trial {row.number}: {_score(row)}"))
    output.print(_table(found))
    output.print(f"best: [bold]{found.config}[/]   train it with: marsad train {found.config}", soft_wrap=True)


def _table(found: Search) -> Table:
    """Return the trials, best first, unfinished ones last."""
    keys = list(dict.fromkeys(key for row in found.trials for key in row.values))
    table = Table(title=f"{len(found.trials)} trials; the best is {found.best}")
    for heading in ("trial", "on dev", *keys):
        table.add_column(heading, justify="right")
    for row in sorted(found.trials, key=lambda row: (row.state != "complete", -(row.score or 0.0))):
        values = [
            f"{row.values[key]:.3g}" if isinstance(row.values.get(key), float) else str(row.values.get(key, "")) for key in keys
        ]
        table.add_row(str(row.number), _score(row), *values, style="bold" if row.number == found.best else "")
    return table


def _score(row: TrialRow) -> str:
    score = "" if row.score is None else f"{row.score:.4f}"
    return score if row.state == "complete" else f"{score} {row.state} after {row.epochs} epochs".strip()
