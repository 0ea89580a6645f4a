"""Learning rates by layer, weights of rare labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, TrainerCallback

from marsad.config.schema import TrainConfig, TrainingSection
from marsad.training.finetune import finetune
from marsad.training.trainer import learning_rate, positive_weights


@pytest.fixture(scope="module")
def three_layers() -> BertForSequenceClassification:
    sizes = {"hidden_size": 8, "num_attention_heads": 1, "intermediate_size": 8, "vocab_size": 20}
    return BertForSequenceClassification(BertConfig(num_hidden_layers=3, **sizes))


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("bert.encoder.layer.2.output.dense.weight", 1e-3),
        ("bert.encoder.layer.1.attention.self.query.bias", 5e-4),
        ("bert.encoder.layer.0.output.LayerNorm.weight", 2.5e-4),
        ("bert.embeddings.word_embeddings.weight", 1.25e-4),
        ("bert.pooler.dense.weight", 7e-3),
        ("classifier.weight", 7e-3),
        ("classifier.bias", 7e-3),
        ("faction_head.weight", 7e-3),
    ],
)
def test_the_rate_falls_from_layer_to_layer(three_layers: BertForSequenceClassification, name: str, rate: float) -> None:
    training = TrainingSection(learning_rate=1e-3, layer_decay=0.5, head_learning_rate=7e-3)
    assert learning_rate(name, three_layers, training) == pytest.approx(rate)


def test_without_decay_all_learn_at_one_rate(three_layers: BertForSequenceClassification) -> None:
    training = TrainingSection(learning_rate=1e-3)
    assert {learning_rate(name, three_layers, training) for name, _ in three_layers.named_parameters()} == {1e-3}


class Groups(TrainerCallback):  # type: ignore[misc]
    """Keeps the optimiser's groups."""

    def __init__(self) -> None:
        self.found: list[tuple[float, float, int]] = []
        self.parameters = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        groups = kwargs["optimizer"].param_groups
        self.found = [(group["initial_lr"], group["weight_decay"], len(group["params"])) for group in groups]
        self.parameters = len(list(kwargs["model"].parameters()))


def test_the_optimiser_has_a_group_for_each_rate_and_every_weight_once(
    tiny_config: Callable[..., TrainConfig], few_reports: Callable[..., dict[str, Path]]
) -> None:
    groups = Groups()
    training = {"epochs": 1, "learning_rate": 1e-3, "layer_decay": 0.5, "head_learning_rate": 4e-3, "weight_decay": 0.1}
    finetune(tiny_config(data=few_reports(16), training=training), callbacks=[groups])
    assert {(rate, decay) for rate, decay, _ in groups.found} == {(r, d) for r in (4e-3, 1e-3, 5e-4) for d in (0.1, 0.0)}
    assert sum(count for _, _, count in groups.found) == groups.parameters
    assert len(groups.found) == 6


def test_positive_weights_are_negatives_over_positives() -> None:
    labels = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    assert positive_weights(labels).tolist() == [3.0, 1.0]


def test_reports_that_are_not_annotated_count_for_nothing() -> None:
    labels = torch.tensor([[1.0, math.nan], [0.0, math.nan], [0.0, 0.0], [math.nan, 0.0], [math.nan, 1.0], [math.nan, math.nan]])
    assert positive_weights(labels).tolist() == [2.0, 2.0]


def test_positive_weights_are_capped_and_never_below_one() -> None:
    labels = torch.zeros(100, 3)
    labels[:, 0] = 1
    labels[0, 1] = 1
    assert positive_weights(labels).tolist() == [1.0, 20.0, 20.0]
    assert positive_weights(labels, most=5.0).tolist() == [1.0, 5.0, 5.0]


def test_a_label_that_nobody_was_asked_about_weighs_one() -> None:
    assert positive_weights(torch.full((4, 2), math.nan)).tolist() == [1.0, 1.0]
