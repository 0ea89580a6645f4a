"""The progress of training as a bar with loss and dev scores."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class TrainingProgress(TrainerCallback):
    """One bar for all steps; a line for each epoch's dev scores."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            TextColumn("training"),
            BarColumn(),
            TextColumn("step {task.completed:.0f} of {task.total:.0f}"),
            TextColumn("{task.fields[loss]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self.bar = self.progress.add_task("training", total=1, loss="")

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Show the bar, on the first process only."""
        if state.is_world_process_zero:
            self.progress.update(self.bar, total=state.max_steps, completed=state.global_step)
            self.progress.start()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move the bar."""
        self.progress.update(self.bar, completed=state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show the loss beside the bar."""
        if logs and "loss" in logs:
            self.progress.update(self.bar, loss=f"loss {float(logs['loss']):.3f}")

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Print an epoch's dev scores above the bar."""
        found = metrics or {}
        figures = [
            f"{key.removeprefix('eval_').replace('_', ' ')} {value:.3f}"
            for key, value in found.items()
            if key.endswith(("micro_f1", "span_f1", "camp_accuracy"))
        ]
        name = str(args.metric_for_best_model)
        best = found.get(f"eval_{name}")
        if state.is_world_process_zero and best is not None:
            self.progress.console.print(
                f"epoch {state.epoch:.0f}: {name.replace('_', ' ')} {best:.3f}" + "".join(f", {one}" for one in figures)
            )

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Take the bar away."""
        self.progress.stop()
