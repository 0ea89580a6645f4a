"""The predictor: a loaded model that reads reports whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from marsad.data.reports import SURROGATE
from marsad.errors import ConfigError, DataError
from marsad.inference.batching import length_batches, pad
from marsad.inference.prediction import LabelScore, Prediction
from marsad.modeling.folders import find_model, load_classifier, load_tokenizer
from marsad.modeling.heads import pool_tasks, probabilities
from marsad.modeling.settings import ModelSettings, read_settings
from marsad.modeling.windows import Encoded, WindowCutter

Text = str | Mapping[str, Any]
"""A report: its text, or a mapping with `text` and, for models that read it, `date`."""
CHUNK = 512
"""Reports that are encoded and held at once."""


class Predictor:
    """A model ready to read reports. Made by `load`."""

    def __init__(self, path: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: ModelSettings) -> None:
        self.path = path
        """The model's folder."""
        self.settings = settings
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.cutter = WindowCutter(tokenizer, settings.length, settings.overlap, settings.date_prefix)

    @overload
    def predict(  # type: ignore[overload-overlap]
        self, texts: Text, batch_size: int = ..., tasks: Sequence[str] | None = ...
    ) -> Prediction: ...

    @overload
    def predict(self, texts: Iterable[Text], batch_size: int = ..., tasks: Sequence[str] | None = ...) -> list[Prediction]: ...

    def predict(
        self, texts: Text | Iterable[Text], batch_size: int = 16, tasks: Sequence[str] | None = None
    ) -> Prediction | list[Prediction]:
        """Return one `Prediction` for one report, a list in the same order for several.

        A report is a string, or a mapping with `text` and optionally `date`. `batch_size` counts full windows a forward
        pass; `tasks` narrows the answer. Raises `DataError` for what is no text, `ConfigError` for an unknown task.
        """
        if isinstance(texts, str | Mapping):
            return self.predict([texts], batch_size, tasks)[0]
        reports = list(texts)
        names = self._tasks(tasks)
        return [
            prediction
            for start in range(0, len(reports), CHUNK)
            for prediction in self._chunk(reports[start : start + CHUNK], start, batch_size, names)
        ]

    def _tasks(self, tasks: Sequence[str] | None) -> tuple[str, ...]:
        return self.settings.taxonomy.names if tasks is None else self.settings.taxonomy.only(list(tasks)).names

    def _chunk(self, reports: list[Text], first: int, batch_size: int, tasks: Sequence[str]) -> list[Prediction]:
        rows = [_row(report, first + number) for number, report in enumerate(reports)]
        encoded = self.cutter([text for text, _ in rows], [date for _, date in rows])
        scores = self.scores(encoded, batch_size)
        return [self._prediction(one, row, tasks) for one, row in zip(encoded, scores, strict=True)]

    @torch.inference_mode()
    def scores(self, encoded: Sequence[Encoded], batch_size: int = 16) -> np.ndarray:
        """Return scores (reports, labels of all tasks) in 0 to 1 of encoded reports."""
        windows = [window for one in encoded for window in one.windows]
        report = torch.tensor([number for number, one in enumerate(encoded) for _ in one.windows])
        logits = torch.zeros(len(windows), len(self.settings.taxonomy.flat))
        for batch in length_batches(windows, batch_size):
            ids, mask = pad([windows[i] for i in batch], self.tokenizer.pad_token_id)
            output = self.model(input_ids=ids.to(self.model.device), attention_mask=mask.to(self.model.device))
            logits[torch.tensor(batch)] = output.logits.float().cpu()
        taxonomy, warmth = self.settings.taxonomy, self._temperatures()
        # The head is saved divided by the temperatures, so that a plain pipeline is calibrated too; windows are pooled as trained.
        pooled = pool_tasks(logits * warmth, report, len(encoded), taxonomy.slices, self.settings.pooling) / warmth
        return probabilities(pooled, taxonomy).numpy()

    def _temperatures(self) -> torch.Tensor:
        """Return (labels,) of all tasks."""
        settings = self.settings
        return torch.tensor([settings.temperatures.get(task.name, 1.0) for task in settings.taxonomy.tasks for _ in task.ids])

    def _prediction(self, encoded: Encoded, row: np.ndarray, tasks: Sequence[str]) -> Prediction:
        taxonomy = self.settings.taxonomy
        scores = {
            task.name: dict(zip(task.ids, map(float, row[taxonomy.slices[task.name]]), strict=True))
            for task in taxonomy.tasks
            if task.name in tasks
        }
        labels = {name: self._chosen(name, found) for name, found in scores.items()}
        return Prediction(labels, scores, len(encoded.windows), encoded.tokens, encoded.read)

    def _chosen(self, task: str, scores: dict[str, float]) -> tuple[LabelScore, ...]:
        ranked = sorted((LabelScore(label, score) for label, score in scores.items()), key=lambda found: -found.score)
        if self.settings.taxonomy.task(task).kind == "multiclass":
            return tuple(ranked[:1])
        least = self.settings.thresholds[task]
        return tuple(found for found in ranked if found.score >= least[found.label])


def load(
    path_or_hub_id: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    revision: str | None = None,
) -> Predictor:
    """Load a model: a folder, a hub id, the name of a shipped one, or (None) the shipped default.

    `device` is a torch device (None: the first GPU, else the CPU); `dtype` a torch type or its name (None: float32).
    Raises `ModelError` where the model is missing or not safe to read, `ConfigError` for an unknown dtype.
    """
    folder = find_model(str(path_or_hub_id or "default"), revision)
    settings = read_settings(folder)
    model = load_classifier(folder, _dtype(dtype))
    place = torch.device(device) if device is not None else torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Predictor(folder, model.to(place), load_tokenizer(folder), settings)


def _dtype(dtype: str | torch.dtype | None) -> torch.dtype:
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype or torch.float32
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ConfigError(f"dtype: found {dtype!r}, expected float32, bfloat16 or float16.")
    return found


def _row(report: Text, number: int) -> tuple[str, str | None]:
    text = report if isinstance(report, str) else report.get("text")
    if not isinstance(text, str):
        raise DataError(f"text {number}: found {type(text).__name__}, expected a string or a mapping with 'text'.")
    if not text.strip():
        raise DataError(f"text {number}: empty. Leave it out, or give the report's text.")
    date = None if isinstance(report, str) else report.get("date")
    return SURROGATE.sub("\ufffd", text), None if date is None else str(date)
