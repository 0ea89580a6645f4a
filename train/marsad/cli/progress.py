"""The progress of training as a bar with loss, speed and scores; as lines where standard error is a file."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

LINES = 40
"""Lines that a whole training writes to a file about its steps, at most."""


class TrainingProgress(TrainerCallback):
    """One bar for all steps; a line for each evaluation."""

    def __init__(self, console: Console) -> None:
        self.started, self.first, self.told, self.seen = 0.0, 0, 0, 0
        self.progress = Progress(
            TextColumn("training"),
            BarColumn(),
            TextColumn("step {task.completed:.0f} of {task.total:.0f}"),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self.bar = self.progress.add_task("training", total=1, state="")

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Show the bar, on the first process only."""
        if state.is_world_process_zero:
            self.started, self.first, self.told = time.monotonic(), state.global_step, state.global_step
            self.seen = state.num_input_tokens_seen
            self.progress.update(self.bar, total=state.max_steps, completed=state.global_step)
            if self.progress.console.is_terminal:
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
        """Show loss and speed beside the bar, or now and then as a line."""
        if not logs or "loss" not in logs or not state.is_world_process_zero:
            return
        seconds = time.monotonic() - self.started
        speed = (state.num_input_tokens_seen - self.seen) / seconds
        now = f"loss {float(logs['loss']):.3f}" + (f", {speed:,.0f} pieces/s" if speed else "")
        self.progress.update(self.bar, state=now)
        done = state.global_step - self.first
        if not self.progress.console.is_terminal and state.global_step - self.told >= state.max_steps / LINES:
            self.told = state.global_step
            left = timedelta(seconds=round(seconds / done * (state.max_steps - state.global_step)))
            self._tell(f"step {state.global_step} of {state.max_steps}: {now}, {left} left")

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Print the scores on held-out reports or text above the bar."""
        found = {key.removeprefix("eval_"): value for key, value in (metrics or {}).items()}
        best = str(args.metric_for_best_model or "loss").removeprefix("eval_")
        more = [key for key in found if key.endswith(("micro_f1", "span_f1", "camp_accuracy", "accuracy")) and key != best]
        if state.is_world_process_zero and best in found:
            figures = ", ".join(f"{key.replace('_', ' ')} {found[key]:.3f}" for key in (best, *more))
            self._tell(f"epoch {state.epoch:.3g}, evaluated: {figures}")

    def _tell(self, line: str) -> None:
        self.progress.console.print(line, soft_wrap=True)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Take the bar away."""
        if self.progress.live.is_started:
            self.progress.stop()
