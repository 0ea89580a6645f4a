"""Where standard error is a file, training tells its steps and scores as lines, not as a bar."""

from __future__ import annotations

import re
from io import StringIO

from rich.console import Console
from transformers import TrainerControl, TrainerState, TrainingArguments

from marsad.cli.progress import LINES, TrainingProgress


def told(steps: int, best: str | None, metrics: dict[str, float]) -> list[str]:
    """Return the lines of a run of `steps` steps that logs at every one and is evaluated at its end."""
    file = StringIO()
    progress = TrainingProgress(Console(file=file, width=40))
    arguments = TrainingArguments(output_dir="unused", use_cpu=True, metric_for_best_model=best)
    state, control = TrainerState(max_steps=steps, is_world_process_zero=True), TrainerControl()
    progress.on_train_begin(arguments, state, control)
    for step in range(1, steps + 1):
        state.global_step, state.num_input_tokens_seen, state.epoch = step, 100 * step, step / steps
        progress.on_step_end(arguments, state, control)
        progress.on_log(arguments, state, control, {"loss": 1 / step})
    progress.on_evaluate(arguments, state, control, metrics)
    progress.on_train_end(arguments, state, control)
    return file.getvalue().splitlines()


def test_steps_loss_speed_and_time_left_are_told_now_and_then() -> None:
    *steps, scores = told(400, None, {"eval_loss": 2.5, "eval_accuracy": 0.25, "eval_runtime": 9.0})
    assert len(steps) == LINES
    assert re.fullmatch(r"step 10 of 400: loss 0\.100, [\d,]+ pieces/s, 0:00:\d\d left", steps[0])
    assert re.fullmatch(r"step 400 of 400: loss 0\.003, [\d,]+ pieces/s, 0:00:00 left", steps[-1])
    assert scores == "epoch 1, evaluated: loss 2.500, accuracy 0.250"


def test_dev_scores_begin_with_the_one_that_decides_and_stay_on_one_line() -> None:
    metrics = {"eval_loss": 1.0, "eval_dev_macro_f1": 0.5, "eval_affiliation_micro_f1": 0.75, "eval_event_type_micro_f1": 0.5}
    assert told(1, "dev_macro_f1", metrics)[-1] == (
        "epoch 1, evaluated: dev macro f1 0.500, affiliation micro f1 0.750, event type micro f1 0.500"
    )
