"""Batches of masked words, and encoders that guess them: the parts of pre-training that transformers has no good answer to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import Dataset, SequentialSampler
from transformers import BertForMaskedLM, EvalPrediction, ModernBertForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase, Trainer

from marsad.config.pretrain import Stage


class WordMasking:
    """Masks whole words until `rate` of the places is reached, the same count in every batch.

    Of the chosen places 80 % become [MASK], 10 % another piece, 10 % stay (Devlin et al. 2019).
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rate: float, seed: int) -> None:
        pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        self.continues = np.array([piece.startswith("##") for piece in pieces])
        self.special = np.zeros(len(pieces), bool)
        self.special[tokenizer.all_special_ids] = True
        self.mask, self.rate, self.seed = tokenizer.mask_token_id, rate, seed

    def __call__(self, rows: np.ndarray, index: int) -> dict[str, torch.Tensor]:
        """Return inputs for batch number `index` of shape (sequences, length); equal numbers give equal masks."""
        random = np.random.default_rng((self.seed, index))
        flat = rows.reshape(-1).astype(np.int64)
        word = np.cumsum(~self.continues[flat])
        turn = random.random(word[-1] + 1)[word]
        turn[self.special[flat]] = 2.0
        count = int(self.rate * flat.size)
        places = np.sort(np.argpartition(turn, count)[:count])
        labels = flat[places]
        dice = random.random(count)
        masked = flat.copy()
        masked[places] = np.where(dice < 0.8, self.mask, labels)
        other = places[dice >= 0.9]
        masked[other] = random.integers(len(self.continues), size=other.size)
        inputs = {"input_ids": masked.reshape(rows.shape), "places": places, "labels": labels}
        return {name: torch.from_numpy(array) for name, array in inputs.items()}


class MaskedBatches(Dataset[dict[str, torch.Tensor]]):
    """A token stream cut into the batches of all stages, in order. Item `i` is a whole batch, so a resumed run is exact.

    Every sequence is [CLS] and `length - 1` pieces in which texts run on over [SEP]: nothing is padded.
    """

    def __init__(self, ids: np.ndarray, stages: Iterable[Stage], masking: WordMasking, cls: int) -> None:
        self.masking, self.cls = masking, cls
        self.batches: list[np.ndarray] = []
        start = 0
        for stage in stages:
            end = start + int(stage.share * len(ids))
            step = stage.batch_size * (stage.length - 1)
            cuts = range(start, end - step + 1, step)
            self.batches += [ids[cut : cut + step].reshape(stage.batch_size, -1) for cut in cuts]
            start = end

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.batches)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """Return the masked batch `index`."""
        rows = self.batches[index]
        return self.masking(np.pad(rows, ((0, 0), (1, 0)), constant_values=self.cls), index)


class MaskedPlaces:
    """Makes a masked language model compute logits at the masked places only; its weights are those of the plain class."""

    def forward(self, input_ids: torch.Tensor, places: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the mean cross-entropy in nats a piece, and how many pieces were guessed right."""
        states = self.base_model(input_ids=input_ids).last_hidden_state.flatten(0, 1)[places]  # type: ignore[attr-defined]
        logits = self.guess(states).float()
        return {"loss": cross_entropy(logits, labels), "right": (logits.detach().argmax(-1) == labels).sum()[None]}

    def guess(self, states: torch.Tensor) -> torch.Tensor:
        """Return logits (places, vocabulary) from hidden states (places, width)."""
        raise NotImplementedError


class BertPlaces(MaskedPlaces, BertForMaskedLM):
    """`BertForMaskedLM` at the masked places."""

    def guess(self, states: torch.Tensor) -> torch.Tensor:
        """Return logits through BERT's head."""
        return self.cls(states)


class ModernBertPlaces(MaskedPlaces, ModernBertForMaskedLM):
    """`ModernBertForMaskedLM` at the masked places."""

    def guess(self, states: torch.Tensor) -> torch.Tensor:
        """Return logits through ModernBERT's head."""
        return self.decoder(self.head(states))


SHAPES: dict[str, type[PreTrainedModel]] = {"bert": BertPlaces, "modernbert": ModernBertPlaces}
"""By `model_type`, the encoders that can be pre-trained."""


class PretrainTrainer(Trainer):
    """`Trainer` whose data are whole batches in a fixed order."""

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        return SequentialSampler(train_dataset if train_dataset is not None else self.train_dataset)


def masked_accuracy(prediction: EvalPrediction) -> dict[str, float]:
    """Return the share of masked pieces that were guessed right."""
    return {"accuracy": float(np.sum(prediction.predictions) / np.size(prediction.label_ids))}


def only(batches: list[Any]) -> Any:
    """Collate nothing: the data set's item is the batch."""
    return batches[0]
