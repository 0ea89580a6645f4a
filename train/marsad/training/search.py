"""The story of a search: a study in SQLite → trials, each a run of the config with some keys changed → the best config."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from marsad.config.loading import dump_config, with_values
from marsad.config.schema import TrainConfig
from marsad.config.search import Dimension, SearchConfig
from marsad.errors import ConfigError
from marsad.files import write_atomically
from marsad.training.arguments import BEST, BEST_FACTIONS
from marsad.training.factions import train_tagger
from marsad.training.finetune import finetune
from marsad.training.work import processes

try:
    import optuna
except ImportError as error:
    raise ConfigError("--search: optuna is not installed. Install marsad[search].") from error

BEAT = 60
"""Seconds between two signs of life of a worker; after five missed ones its trial is tried again by another."""

FINISHED = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)


@dataclass(frozen=True)
class TrialRow:
    """One trial: what was tried, and how it went."""

    number: int
    state: str
    """`complete`, `pruned`, `fail`, `running` or `waiting`."""
    score: float | None
    """Of its best epoch so far: macro-F1 on dev, with `task: factions` entity F1."""
    epochs: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Search:
    """A study's trials, the number of the best, and where its config lies."""

    trials: tuple[TrialRow, ...]
    best: int
    config: Path

    def to_dict(self) -> dict[str, Any]:
        """Return the trials and the best one's number and config."""
        return {"best": self.best, "config": str(self.config), "trials": [asdict(trial) for trial in self.trials]}


class Reporter(TrainerCallback):
    """Tells a trial the dev score of each epoch, and stops the run where the pruner says so."""

    def __init__(self, trial: optuna.Trial, figure: str) -> None:
        self.trial, self.figure, self.best = trial, f"eval_{figure}", float("-inf")

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Report an epoch's score. Raises `TrialPruned` where others were better by then."""
        score = (metrics or {})[self.figure]
        self.best = max(self.best, score)
        self.trial.report(score, step=round(state.epoch or 0))
        if self.trial.should_prune():
            raise optuna.TrialPruned


def search(
    config: TrainConfig, plan: SearchConfig, allow_leak: bool = False, tell: Callable[[TrialRow], None] = lambda _: None
) -> Search:
    """Run trials until the study in `OUTPUT/NAME-search` has `plan.trials`, write the best one's config there, return all.

    Several processes may call it at once and share the trials; a later call goes on. The trials' models are not kept.
    `tell` hears of each trial that this process ends. Raises `ConfigError` for mistakes.
    """
    _check(config, plan)
    folder = config.output / f"{config.name}-search"
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with FileLock(folder / "study.lock"):  # two workers that both find no tables yet would both make them
        study = _open_study(folder / "study.db", config, plan)

    def objective(trial: optuna.Trial) -> float:
        # of its own, so that workers that start together do not draw the same values
        trial.study.sampler = optuna.samplers.TPESampler(n_startup_trials=plan.startup_trials, seed=plan.seed + trial.number)
        values = {key: _suggest(trial, key, dimension) for key, dimension in plan.space.items()}
        return _score(trial, with_values(config, values | {"name": f"trial-{trial.number}", "output": folder}), allow_leak)

    enough = optuna.study.MaxTrialsCallback(plan.trials, FINISHED)
    if len(study.get_trials(states=FINISHED)) < plan.trials:
        study.optimize(objective, callbacks=[enough, lambda _, trial: tell(_row(trial))])
    _sweep(folder, study)
    best = study.best_trial
    path = folder / "best.yaml"
    write_atomically(path, _header(best, path) + dump_config(with_values(config, best.params)))
    return Search(tuple(map(_row, study.get_trials())), best.number, path)


def _check(config: TrainConfig, plan: SearchConfig) -> None:
    """Try the ends of each range on the config: unknown keys and values out of bounds are told before anything runs."""
    if processes().num_processes > 1:
        raise ConfigError("--search: started by torchrun. Start it plainly, several times for several workers.")
    mistakes = []
    for key, dimension in plan.space.items():
        for value in dimension.extremes:
            try:
                with_values(config, {key: value})
            except ConfigError as error:
                mistakes += [f"space.{key}: {value!r}: {line}" for line in str(error).splitlines()]
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _open_study(path: Path, config: TrainConfig, plan: SearchConfig) -> optuna.Study:
    """Return the study kept in `path`. Raises `ConfigError` where it is one of another config or space."""
    with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{path.resolve()}",
            engine_kwargs={"connect_args": {"timeout": 60}},
            heartbeat_interval=BEAT,
            grace_period=5 * BEAT,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=2),
        )
    pruner = optuna.pruners.MedianPruner(plan.startup_trials, plan.startup_epochs)
    study = optuna.create_study(storage=storage, study_name="search", direction="maximize", pruner=pruner, load_if_exists=True)
    own = {"config": dump_config(config), "space": plan.model_dump(mode="json")["space"]}
    for name, value in own.items():
        if study.user_attrs.get(name, value) != value:
            raise ConfigError(f"{path}: its trials had another {name}. Take the old one, another 'name', or remove the folder.")
        study.set_user_attr(name, value)
    return study


def _suggest(trial: optuna.Trial, key: str, dimension: Dimension) -> Any:
    if dimension.choices is not None:
        return trial.suggest_categorical(key, dimension.choices)
    if dimension.integer is not None:
        return trial.suggest_int(key, *dimension.integer)
    if dimension.log is not None:
        return trial.suggest_float(key, *dimension.log, log=True)
    assert dimension.uniform is not None
    return trial.suggest_float(key, *dimension.uniform)


def _score(trial: optuna.Trial, config: TrainConfig, allow_leak: bool) -> float:
    """Return the best dev score of a run with `config`, and leave nothing of it behind."""
    factions = config.task == "factions"
    reporter = Reporter(trial, BEST_FACTIONS if factions else BEST)
    train: Callable[..., Any] = train_tagger if factions else finetune
    try:
        train(config, overwrite=True, callbacks=[reporter], allow_leak=allow_leak)
    finally:
        for path in (config.output / config.name, config.output / f".{config.name}.partial"):
            shutil.rmtree(path, ignore_errors=True)
    return reporter.best


def _sweep(folder: Path, study: optuna.Study) -> None:
    """Remove what killed workers left of their trials."""
    running = {f".trial-{trial.number}.partial" for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING])}
    for path in folder.glob(".trial-*.partial"):
        if path.name not in running:
            shutil.rmtree(path, ignore_errors=True)


def _row(trial: optuna.trial.FrozenTrial) -> TrialRow:
    scores = trial.intermediate_values
    return TrialRow(
        trial.number, trial.state.name.lower(), max(scores.values(), default=None), max(scores, default=0), dict(trial.params)
    )


def _header(best: optuna.trial.FrozenTrial, path: Path) -> str:
    return f"# The best of a search: trial {best.number}, {best.value:.4f} on dev.\n#   marsad train {path}\n"
