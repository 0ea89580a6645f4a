"""Our settings as `TrainingArguments`: the one file that follows transformers when its names move."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from transformers import TrainingArguments

from marsad.config.schema import TrainConfig
from marsad.errors import ConfigError
from marsad.modeling.hardware import computes_in_bf16
from marsad.training.work import processes

BEST = "dev_macro_f1"
"""Figure that early stopping and the choice of the best epoch go by."""
BEST_FACTIONS = "dev_entity_f1"
"""The same for a tagger of factions."""


def training_arguments(config: TrainConfig, folder: Path, rows: int) -> TrainingArguments:
    """Return the arguments of a run on `rows` training reports (windows for factions) whose checkpoints go to `folder`."""
    training = config.training
    return TrainingArguments(
        output_dir=str(folder),
        use_cpu=not torch.cuda.is_available(),
        seed=config.seed,
        data_seed=config.seed,
        num_train_epochs=training.epochs,
        per_device_train_batch_size=process_batch(config),
        per_device_eval_batch_size=training.batch_size,
        gradient_accumulation_steps=training.gradient_accumulation,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        lr_scheduler_type=training.schedule,
        warmup_steps=int(training.warmup * total_steps(config, rows)),
        optim="adamw_torch_fused",
        bf16=computes_in_bf16() if training.bf16 == "auto" else training.bf16,
        remove_unused_columns=False,
        ddp_find_unused_parameters=False,
        label_names=["labels"],
        dataloader_pin_memory=torch.cuda.is_available(),
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=BEST if config.task == "reports" else BEST_FACTIONS,
        greater_is_better=True,
        logging_strategy="steps",
        logging_steps=10,
        report_to=training.report_to,
        disable_tqdm=True,
    )


def total_steps(config: TrainConfig, rows: int) -> int:
    """Return the optimiser's steps of a whole run, which are as many in one process as in several."""
    batch = config.training.batch_size * config.training.gradient_accumulation
    return math.ceil(config.training.epochs * math.ceil(rows / batch))


def process_batch(config: TrainConfig) -> int:
    """Return what each process takes of a batch. Raises `ConfigError` where the processes cannot share it evenly."""
    size, count = config.training.batch_size, processes().num_processes
    if size % count:
        raise ConfigError(f"training.batch_size: {size} cannot be shared by {count} processes. Make it a multiple of {count}.")
    return size // count
