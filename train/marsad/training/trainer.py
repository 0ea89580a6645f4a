"""The subclasses of `Trainer`: the head may learn faster; a report is several windows, a task may be missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, Trainer
from transformers.trainer_pt_utils import LengthGroupedSampler

from marsad.config.schema import Pooling, TaskSection, TrainingSection
from marsad.modeling.heads import pool_tasks, task_loss
from marsad.modeling.tagging import UNKNOWN
from marsad.taxonomy import Taxonomy
from marsad.training.average import MovingAverage

LAYER = re.compile(r"\.layers?\.(\d+)\.")
FACTION_HEAD = "faction_head"
"""Attribute under which a model carries the helper head while it trains."""


class LengthGroups(LengthGroupedSampler):
    """Batches of like length whose order hangs on seed and epoch alone, so all processes and a resumed run draw the same one."""

    def __init__(self, batch_size: int, lengths: list[int], seed: int) -> None:
        super().__init__(batch_size, lengths=lengths, generator=torch.Generator())
        self.seed = seed

    def set_epoch(self, epoch: int) -> None:
        """Shuffle for the epoch that begins."""
        self.generator.manual_seed(self.seed + epoch)


class LayerwiseTrainer(Trainer):
    """Trains with a learning rate of its own for the head, and one for each layer, on words of which some are hidden."""

    def __init__(self, *, training: TrainingSection, **kwargs: Any) -> None:
        self.training = training
        super().__init__(**kwargs)
        # else Trainer takes the models' loss for a sum over the tokens of all processes and steps; ours and theirs are means
        self.model_accepts_loss_kwargs = False
        self.average = MovingAverage(self.model, training.average) if training.average else None
        if self.average is not None:
            self.add_callback(self.average)

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Return AdamW with a group for each learning rate, matrices decayed, biases and norms not."""
        if getattr(self, "optimizer", None) is None:
            network = model or self.model
            decayed = set(self.get_decay_parameter_names(network))
            groups: dict[tuple[float, float], list[nn.Parameter]] = {}
            for name, parameter in network.named_parameters():
                decay = self.args.weight_decay if name in decayed else 0.0
                rate = learning_rate(name, self.model, self.training)
                groups.setdefault((rate, decay), []).append(parameter)
            made = [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()]
            kind, settings = self.get_optimizer_cls_and_kwargs(self.args, network)
            self.optimizer = kind(made, **settings)
        return self.optimizer

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measure the average of the weights, where there is one."""
        with self._averaged():
            return super().evaluate(*args, **kwargs)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        """Save the average of the weights as the model, and the weights themselves beside it."""
        if self.average is not None and self.args.should_save:
            self.average.save_raw(self.model, Path(output_dir or self.args.output_dir))
        with self._averaged():
            super()._save(output_dir, state_dict)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        """Take up the average and the weights again."""
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.average is not None:
            self.average.resume(self.model, Path(resume_from_checkpoint))

    def _averaged(self) -> AbstractContextManager[None]:
        return nullcontext() if self.average is None else self.average.worn_by(self.model)

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> LengthGroups:
        """Return our sampler: the parent's shuffles by each process's own dice, so some rows would come twice and some never."""
        rows = self.train_dataset if train_dataset is None else train_dataset
        batch = self.training.batch_size * self.training.gradient_accumulation
        return LengthGroups(batch, list(rows["length"]), self.args.data_seed)

    def training_step(self, model: nn.Module, inputs: dict[str, Any], *rest: Any) -> Tensor:
        """Take a step on texts of which a share of the word pieces is hidden."""
        return super().training_step(model, {**inputs, "input_ids": self._hidden(inputs["input_ids"])}, *rest)

    def _hidden(self, ids: Tensor) -> Tensor:
        """Return piece numbers with a share of them, other than special ones, turned into [MASK]'s."""
        rate, tokenizer = self.training.word_dropout, self.processing_class
        if not rate:
            return ids
        special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids, device=ids.device))
        return ids.masked_fill((torch.rand(ids.shape, device=ids.device) < rate) & ~special, tokenizer.mask_token_id)


class ReportTrainer(LayerwiseTrainer):
    """Trains on reports: windows pooled to reports, one masked loss a task."""

    def __init__(
        self,
        *,
        taxonomy: Taxonomy,
        tasks: Mapping[str, TaskSection],
        pos_weight: Tensor,
        **kwargs: Any,
    ) -> None:
        self.taxonomy, self.tasks, self.pos_weight = taxonomy, tasks, pos_weight
        self.pooling: dict[str, Pooling] = {name: task.pooling for name, task in tasks.items()}
        super().__init__(**kwargs)

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the weighted sum of the tasks' losses, with `return_outputs` also the pooled logits (reports, labels)."""
        labels, report, tags = inputs["labels"], inputs["report"], inputs.get("tags")
        helper = None if tags is None else getattr(self.model, FACTION_HEAD, None)
        output = model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], output_hidden_states=helper is not None
        )
        logits = pool_tasks(output.logits.float(), report, len(labels), self.taxonomy.slices, self.pooling)
        loss = self._loss(logits, labels)
        if helper is not None and tags is not None:
            found = helper(output.hidden_states[-1]).flatten(0, 1).float()
            # summed and divided, not averaged: a batch without tags gives the helper zero gradients, which other processes wait for
            missed = cross_entropy(found, tags.flatten(), ignore_index=UNKNOWN, reduction="sum")
            loss = loss + self.training.faction_loss * missed / (tags != UNKNOWN).sum().clamp(min=1)
        return (loss, {"logits": logits}) if return_outputs else loss

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        total = logits.new_zeros(())
        for name, part in self.taxonomy.slices.items():
            target, kind, task = labels[:, part], self.taxonomy.task(name).kind, self.tasks[name]
            known = ~target.isnan().any(1)
            weight = self.pos_weight[part].to(logits.device)
            total = total + task.weight * task_loss(logits[:, part], target, known, kind, task.imbalance, weight)
        return total


def learning_rate(name: str, model: PreTrainedModel, training: TrainingSection) -> float:
    """Return the peak rate of a parameter: the head's own, else decayed by its layer's distance from the top."""
    body = name.startswith(f"{model.base_model_prefix}.") and ".pooler." not in name
    if not body:
        return training.head_learning_rate or training.learning_rate
    layers = getattr(model.config, "num_hidden_layers", 0)
    found = LAYER.search(name)
    depth = int(found.group(1)) + 1 if found else 0
    return float(training.learning_rate * training.layer_decay ** (layers - depth))


def positive_weights(labels: Tensor, most: float = 20.0) -> Tensor:
    """Return negatives over positives for each label, between 1 and `most`; `labels` (reports, labels) may hold NaN."""
    positives = labels.nansum(0)
    negatives = (~labels.isnan()).sum(0) - positives
    return (negatives / positives.clamp(min=1)).clamp(1, most)
