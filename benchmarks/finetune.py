"""Word pieces a second of `marsad train` against the plain way (as run_classification.py trains), and the dev F1 of both.

python benchmarks/finetune.py [CONFIG [KEY=VALUE]...] [--n REPORTS] [--runs RUNS] [--length PIECES]

CONFIG: configs/quickstart.yaml unless told. --n: training reports, all unless told, and a third as many for dev. --runs: 1.

Plain: float32, every report padded or cut to --length word pieces (512), binary cross-entropy, a plain Trainer. Encoder, reports,
split, epochs, batch size, learning rate and schedule are the config's on both sides. Pieces are those read, padding not counted;
the clock runs from a step's begin to its end, so evaluation and checkpoints count on neither side. Thresholds are set on dev.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from rich.console import Console
from rich.table import Table
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed

from marsad.config.loading import load_config, with_values
from marsad.config.schema import TrainConfig
from marsad.data.reports import Report, targets
from marsad.evaluation.evaluate import Evaluation, ScoredReports, measure
from marsad.evaluation.thresholds import tune_thresholds
from marsad.files import write_rows
from marsad.modeling.heads import probabilities
from marsad.training.finetune import finetune, new_classifier
from marsad.training.preparation import Preparation, prepare


@dataclass(frozen=True)
class Run:
    """One training."""

    seconds: float
    pieces: int
    f1: dict[str, float]


class Clock(TrainerCallback):  # type: ignore[misc]
    """Adds up the time of all steps."""

    def __init__(self) -> None:
        self.started = self.seconds = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Start."""
        self.started = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Stop."""
        self.seconds += time.perf_counter() - self.started


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("config", nargs="?", type=Path, default=Path("configs/quickstart.yaml"))
    arguments.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    arguments.add_argument("--n", type=int)
    arguments.add_argument("--runs", type=int, default=1)
    arguments.add_argument("--length", type=int, default=512)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        preparation = prepare(
            _fixed(load_config(given.config, TrainConfig, given.overrides), given.n, Path(folder)), allow_leak=True
        )
        found = [{"plain": plain(preparation, Path(folder), given.length), "marsad": ours(preparation)} for _ in range(given.runs)]
    table = Table(
        title=f"{given.config}: {len(preparation.train)} reports, {given.runs} run(s), {torch.get_num_threads()} thread(s)"
    )
    for heading in ("", "pieces/s", "seconds", "pieces read", *(f"{name} micro-F1" for name in preparation.taxonomy.names)):
        table.add_column(heading, justify="right")
    for name in ("plain", "marsad"):
        runs = [both[name] for both in found]
        figures = [f"{statistics.median(run.f1[task] for run in runs):.3f}" for task in preparation.taxonomy.names]
        rate, seconds = statistics.median(map(speed, runs)), statistics.median(run.seconds for run in runs)
        table.add_row(name, f"{rate:,.0f}", f"{seconds:,.1f}", f"{runs[0].pieces:,}", *figures)
    Console(width=120).print(table)
    ratios = [speed(both["marsad"]) / speed(both["plain"]) for both in found]
    print(f"marsad reads {statistics.median(ratios):.2f} times the pieces a second")


def speed(run: Run) -> float:
    return run.pieces / run.seconds


def _fixed(config: TrainConfig, n: int | None, folder: Path) -> TrainConfig:
    """Return the config on files of its own split, all epochs run, its model in `folder`."""
    preparation = prepare(config, allow_leak=True)
    for name, reports in (("train", preparation.train[:n]), ("dev", preparation.dev[: n and n // 3])):
        write_rows(folder / f"{name}.jsonl", (report.to_dict() for report in reports))
    data = {"train": folder / "train.jsonl", "also": (), "dev": folder / "dev.jsonl", "test_share": 0.0}
    changes: dict[str, Any] = {f"data.{key}": value for key, value in data.items()}
    return with_values(config, changes | {"output": folder, "training.patience": 10_000, "save_dtype": "float32"})


def ours(preparation: Preparation) -> Run:
    encoded = preparation.cutter([report.text for report in preparation.train], [report.date for report in preparation.train])
    pieces = sum(len(window.ids) for report in encoded for window in report.windows)
    clock = Clock()
    _, dev = finetune(preparation.config, overwrite=True, callbacks=[clock], allow_leak=True)
    return Run(clock.seconds, round(pieces * preparation.config.training.epochs), micro_f1(dev))


def plain(preparation: Preparation, folder: Path, length: int) -> Run:
    config, taxonomy, clock = preparation.config, preparation.taxonomy, Clock()
    train, dev = (padded(preparation, reports, length) for reports in (preparation.train, preparation.dev))
    set_seed(config.seed)
    trainer = Trainer(
        model=new_classifier(preparation),
        args=TrainingArguments(
            output_dir=str(folder / "plain"),
            use_cpu=not torch.cuda.is_available(),
            seed=config.seed,
            num_train_epochs=config.training.epochs,
            per_device_train_batch_size=config.training.batch_size,
            per_device_eval_batch_size=config.training.batch_size,
            learning_rate=config.training.learning_rate,
            lr_scheduler_type=config.training.schedule,
            warmup_steps=config.training.warmup,
            weight_decay=config.training.weight_decay,
            save_strategy="no",
            disable_tqdm=True,
            report_to="none",
        ),
        train_dataset=train,
        callbacks=[clock],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    scores = probabilities(torch.from_numpy(np.asarray(trainer.predict(dev).predictions)).float(), taxonomy).numpy()
    gold = np.array([targets(report, taxonomy) for report in preparation.dev])
    scored = ScoredReports(taxonomy, scores, gold, 0, 0)
    pieces = sum(map(sum, train["attention_mask"]))
    found = measure(scored, tune_thresholds(scores, gold, taxonomy))
    return Run(clock.seconds, round(pieces * config.training.epochs), micro_f1(found))


def padded(preparation: Preparation, reports: Sequence[Report], length: int) -> Dataset:
    texts = [report.text for report in reports]
    rows = preparation.tokenizer(texts, padding="max_length", truncation=True, max_length=min(length, preparation.length))
    labels = np.nan_to_num([targets(report, preparation.taxonomy) for report in reports]).astype("float32").tolist()
    return Dataset.from_dict({"input_ids": rows["input_ids"], "attention_mask": rows["attention_mask"], "labels": labels})


def micro_f1(found: Evaluation) -> dict[str, float]:
    return {name: float(task["micro_f1"]) for name, task in found.tasks.items()}


if __name__ == "__main__":
    main()
