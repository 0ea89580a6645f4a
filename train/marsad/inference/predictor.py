"""The predictor: a loaded model that reads reports whole."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from marsad.data.reports import SURROGATE, is_date
from marsad.errors import ConfigError, DataError, ModelError
from marsad.inference.batching import forward
from marsad.inference.evidence import find_evidence
from marsad.inference.prediction import LabelScore, Prediction
from marsad.inference.tagger import COMPANION, FactionTagger, open_tagger
from marsad.modeling.folders import find_model, load_classifier, load_tokenizer
from marsad.modeling.heads import pool_tasks, probabilities
from marsad.modeling.settings import FILE, ModelSettings, read_settings
from marsad.modeling.windows import Encoded, WindowCutter
from marsad.taxonomy import SEPARATOR, Taxonomy, find_taxonomy, read_taxonomy
from marsad.text import normalize

log = logging.getLogger(__name__)

Text = str | Mapping[str, Any]
"""A report: its text, or a mapping with `text` and, for models that read it, `date`."""
FACTIONS = "factions"
"""What `tasks` calls the forces that a tagger finds."""
CHUNK = 512
"""Reports that are encoded and held at once."""


class Predictor:
    """A model ready to read reports, with its tagger of factions where it has one. Made by `load`."""

    def __init__(
        self,
        path: Path,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        settings: ModelSettings,
        tagger: FactionTagger | None = None,
    ) -> None:
        self.path = path
        """The model's folder."""
        self.tagger = tagger
        self.settings = settings
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.cutter = WindowCutter(tokenizer, settings.length, settings.overlap, settings.date_prefix)

    @overload
    def predict(  # type: ignore[overload-overlap]
        self, texts: Text, batch_size: int = ..., tasks: Sequence[str] | None = ..., evidence: bool = ...
    ) -> Prediction: ...

    @overload
    def predict(
        self, texts: Iterable[Text], batch_size: int = ..., tasks: Sequence[str] | None = ..., evidence: bool = ...
    ) -> list[Prediction]: ...

    def predict(
        self, texts: Text | Iterable[Text], batch_size: int = 16, tasks: Sequence[str] | None = None, evidence: bool = False
    ) -> Prediction | list[Prediction]:
        """Return one `Prediction` for one report, a list in the same order for several.

        A report is a string, or a mapping with `text` and optionally `date`. `batch_size` counts full windows a forward
        pass; `tasks` narrows the answer, where `factions` stands for the forces named. With `evidence` every label given
        carries its sentence, at the cost of some ten texts a report. Raises `DataError` for what is no text,
        `ConfigError` for an unknown task.
        """
        if isinstance(texts, str | Mapping):
            return self.predict([texts], batch_size, tasks, evidence)[0]
        reports = list(texts)
        names = self._tasks(tasks)
        return [
            prediction
            for start in range(0, len(reports), CHUNK)
            for prediction in self._chunk(reports[start : start + CHUNK], start, batch_size, names, evidence)
        ]

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the model can be asked for: its tasks, and `factions` where it has a tagger."""
        return self.settings.taxonomy.names + ((FACTIONS,) if self.tagger else ())

    def _tasks(self, tasks: Sequence[str] | None) -> tuple[str, ...]:
        unknown = [task for task in tasks or () if task not in self.tasks]
        if unknown:
            raise ConfigError(f"unknown task {unknown[0]!r}; known: {', '.join(self.tasks)}")
        return self.tasks if tasks is None else tuple(task for task in self.tasks if task in tasks)

    def _chunk(self, reports: list[Text], first: int, batch_size: int, tasks: Sequence[str], evidence: bool) -> list[Prediction]:
        rows = [_row(report, first + number) for number, report in enumerate(reports)]
        texts, dates = [text for text, _ in rows], [date for _, date in rows]
        encoded = self.cutter(texts, dates)
        labels = any(task != FACTIONS for task in tasks)
        scores = self.scores(encoded, batch_size) if labels else np.zeros((len(rows), 0))
        found = [self._prediction(one, row, tasks) for one, row in zip(encoded, scores, strict=True)]
        if evidence and labels:
            found = [self._explained(one, *row, own, batch_size) for one, row, own in zip(found, rows, scores, strict=True)]
        if FACTIONS in tasks and self.tagger:
            forces = self.tagger.factions(texts, dates, batch_size)
            found = [replace(one, factions=own) for one, own in zip(found, forces, strict=True)]
        return found

    def _explained(self, found: Prediction, text: str, date: str | None, scores: np.ndarray, batch_size: int) -> Prediction:
        """Return the prediction with the evidence of each of its labels."""
        numbers = {name: number for number, name in enumerate(self.settings.taxonomy.flat)}
        wanted = [numbers[task + SEPARATOR + one.label] for task, labels in found.labels.items() for one in labels]
        evidence = find_evidence(
            text, wanted, scores, lambda texts: self.scores(self.cutter(texts, [date] * len(texts)), batch_size)
        )
        labels = {
            task: tuple(replace(one, evidence=evidence.get(numbers[task + SEPARATOR + one.label])) for one in own)
            for task, own in found.labels.items()
        }
        return replace(found, labels=labels)

    @torch.inference_mode()
    def scores(self, encoded: Sequence[Encoded], batch_size: int = 16) -> np.ndarray:
        """Return scores (reports, labels of all tasks) in 0 to 1 of encoded reports."""
        windows = [window for one in encoded for window in one.windows]
        report = torch.tensor([number for number, one in enumerate(encoded) for _ in one.windows])
        logits = torch.zeros(len(windows), len(self.settings.taxonomy.flat))
        for batch, found in forward(self.model, windows, self.tokenizer.pad_token_id, batch_size):
            logits[torch.tensor(batch)] = found
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
    taxonomy: Taxonomy | str | Path | None = None,
) -> Predictor:
    """Load a model: a folder, a hub id, the name of a shipped one, or (None) the shipped default.

    A tagger in its sub-folder `factions` is loaded with it; a tagger's own folder gives a predictor of factions alone.
    `device` is a torch device (None: the first GPU, else the CPU); `dtype` a torch type or its name (None: float32).
    `taxonomy` (a `Taxonomy`, a YAML, or a name that ships) is the one that you count by: a model with other labels is refused.
    Raises `ModelError` where the model is missing, not safe to read or of another taxonomy, `ConfigError` for an unknown dtype.
    """
    folder = find_model(str(path_or_hub_id or "default"), revision)
    settings, number = read_settings(folder), _dtype(dtype)
    if taxonomy is not None:
        _check_labels(folder, settings.taxonomy, taxonomy)
    place = torch.device(device) if device is not None else torch.device("cuda" if torch.cuda.is_available() else "cpu")
    alone = settings.task == "factions"
    own = folder if alone else folder / COMPANION
    tagger = open_tagger(own, number, place) if (own / FILE).is_file() else None
    if alone and tagger:
        none = replace(settings, taxonomy=settings.taxonomy.only(()))
        return Predictor(folder, tagger.model, tagger.tokenizer, none, tagger)
    model = load_classifier(folder, number)
    return Predictor(folder, model.to(place), load_tokenizer(folder), settings, tagger)


def _check_labels(folder: Path, own: Taxonomy, wanted: Taxonomy | str | Path) -> None:
    """Raise `ModelError` that names the labels in which a model is off a taxonomy; tasks that it never learned are no fault."""
    known = wanted if isinstance(wanted, Taxonomy) else read_taxonomy(find_taxonomy(str(wanted)))
    if lines := own.differences(known.only([name for name in known.names if name in own.names])):
        told = "\n".join(f"{folder}: {line}" for line in lines)
        raise ModelError(
            f"{told}\n{folder}: of another taxonomy (here) than yours (there). Train a model for yours, or load it without."
        )


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
    return SURROGATE.sub("\ufffd", text), None if date in (None, "") else _date(str(date), number)


def _date(date: str, number: int) -> str | None:
    """Return the day as YYYY, YYYY-MM or YYYY-MM-DD, whatever its digits; None, with a warning, where it is told otherwise."""
    day = normalize(date).strip()[:10]
    if is_date(day):
        return day
    log.warning("text %d: the date %r is not YYYY, YYYY-MM or YYYY-MM-DD: read without it.", number, date)
    return None
