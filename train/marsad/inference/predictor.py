"""The predictor: a loaded model that reads reports whole."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from filecmp import cmpfiles
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from marsad.data.reports import SURROGATE, is_date
from marsad.errors import ConfigError, DataError, ModelError
from marsad.inference.batching import Block, Row, blocks, forward, one_ahead
from marsad.inference.evidence import find_evidence
from marsad.inference.prediction import LabelScore, Prediction
from marsad.inference.runtime import Runtime, check_runtime, open_model
from marsad.inference.tagger import COMPANION, FactionTagger, open_tagger
from marsad.modeling.folders import find_model, load_classifier, load_tokenizer
from marsad.modeling.hardware import fastest_dtype
from marsad.modeling.heads import pool_tasks, probabilities
from marsad.modeling.onnx import OnnxModel, is_installed
from marsad.modeling.settings import FILE, ModelSettings, read_settings
from marsad.modeling.windows import Encoded, WindowCutter
from marsad.taxonomy import SEPARATOR, Taxonomy, find_taxonomy, read_taxonomy
from marsad.text import normalize

log = logging.getLogger(__name__)

Text = str | Mapping[str, Any]
"""A report: its text, or a mapping with `text` and, for models that read it, `date`."""
FACTIONS = "factions"
"""What `tasks` calls the forces that a tagger finds."""
LETTER = re.compile(r"[^\W\d_]")
"""What a text must hold, of whatever script, to be given labels."""
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
"""Files of a tokenizer. Where a tagger has the same, texts are cut once for both."""


class Predictor:
    """A model ready to read reports, with its tagger of factions where it has one. Made by `load`."""

    def __init__(
        self,
        path: Path,
        model: PreTrainedModel | OnnxModel,
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
        carries its sentence, at the cost of some ten texts a report. A text without a letter gets no label. Raises
        `DataError` for what is no text, `ConfigError` for an unknown task.
        """
        if isinstance(texts, str | Mapping):
            return self.predict([texts], batch_size, tasks, evidence)[0]
        return list(self.stream(texts, batch_size, tasks, evidence))

    def stream(
        self, texts: Iterable[Text], batch_size: int = 16, tasks: Sequence[str] | None = None, evidence: bool = False
    ) -> Iterator[Prediction]:
        """Yield what `predict` returns, one by one in order, in memory that does not grow with their number.

        `texts` is drawn some thousand reports ahead. Raises `ConfigError` at once, `DataError` when the text is drawn.
        """
        names = self._tasks(tasks)
        rows = (_row(report, number) for number, report in enumerate(texts))
        read = one_ahead(self._read, blocks(rows))
        return (prediction for block in read for prediction in self._predictions(block, batch_size, names, evidence))

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the model can be asked for: its tasks, and `factions` where it has a tagger."""
        return self.settings.taxonomy.names + ((FACTIONS,) if self.tagger else ())

    def _tasks(self, tasks: Sequence[str] | None) -> tuple[str, ...]:
        unknown = [task for task in tasks or () if task not in self.tasks]
        if unknown:
            raise ConfigError(f"unknown task {unknown[0]!r}; known: {', '.join(self.tasks)}")
        return self.tasks if tasks is None else tuple(task for task in self.tasks if task in tasks)

    def _read(self, rows: list[Row]) -> Block:
        texts, dates = [text for text, _ in rows], [date for _, date in rows]
        encoded = self.cutter(texts, dates)
        own = self.tagger.cutter if self.tagger else self.cutter
        tagged = encoded if own == self.cutter else own(texts, dates)
        return Block(texts, dates, encoded, tagged)

    def _predictions(self, block: Block, batch_size: int, tasks: Sequence[str], evidence: bool) -> list[Prediction]:
        labels = any(task != FACTIONS for task in tasks)
        scores = self.scores(block.encoded, batch_size) if labels else np.zeros((len(block.texts), 0))
        found = [self._prediction(*one, tasks) for one in zip(block.texts, block.encoded, scores, strict=True)]
        if evidence and labels:
            own = zip(found, block.texts, block.dates, scores, strict=True)
            found = [self._explained(*one, batch_size) for one in own]
        if FACTIONS in tasks and self.tagger:
            forces = self.tagger.factions(block.texts, block.dates, block.tagged, batch_size)
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

    def _prediction(self, text: str, encoded: Encoded, row: np.ndarray, tasks: Sequence[str]) -> Prediction:
        taxonomy = self.settings.taxonomy
        scores = {
            task.name: dict(zip(task.ids, map(float, row[taxonomy.slices[task.name]]), strict=True))
            for task in taxonomy.tasks
            if task.name in tasks
        }
        said = LETTER.search(text) is not None
        labels = {name: self._chosen(name, found) if said else () for name, found in scores.items()}
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
    runtime: Runtime = "torch",
    taxonomy: Taxonomy | str | Path | None = None,
) -> Predictor:
    """Load a model: a folder, a hub id, the name of a shipped one, or (None) the shipped default.

    A tagger in its sub-folder `factions` is loaded with it; a tagger's own folder gives a predictor of factions alone.
    `device` is a torch device (None: the first GPU, else the CPU); `dtype` a torch type or its name (None:
    float32, whose scores are those of a plain pipeline; `auto`: the fastest that the device multiplies in hardware).
    `runtime` is `torch`, `onnx` (after `marsad export`), or `auto`: ONNX where it was exported and is the faster here.
    `taxonomy` (a `Taxonomy`, a YAML, or a name that ships) is the one that you count by: a model with other labels is refused.
    Raises `ModelError` where the model is missing, not safe to read or of another taxonomy, `ConfigError` for an unknown
    dtype or runtime.
    """
    check_runtime(runtime)
    folder = find_model(str(path_or_hub_id or "default"), revision, onnx=runtime != "torch" and is_installed())
    settings = read_settings(folder)
    if taxonomy is not None:
        _check_labels(folder, settings.taxonomy, taxonomy)
    place = torch.device(device) if device is not None else torch.device("cuda" if torch.cuda.is_available() else "cpu")
    number = None if dtype is None else _dtype(dtype, place)
    alone = settings.task == "factions"
    own = folder if alone else folder / COMPANION
    tokenizer = load_tokenizer(folder)
    alike = len(cmpfiles(folder, own, TOKENIZER, shallow=False)[0]) == len(TOKENIZER)
    tagger = open_tagger(own, number, place, runtime, tokenizer if alike else None) if (own / FILE).is_file() else None
    if alone and tagger:
        none = replace(settings, taxonomy=settings.taxonomy.only(()))
        return Predictor(folder, tagger.model, tagger.tokenizer, none, tagger)
    model = open_model(load_classifier, folder, number, place, runtime)
    return Predictor(folder, model, tokenizer, settings, tagger)


def _check_labels(folder: Path, own: Taxonomy, wanted: Taxonomy | str | Path) -> None:
    """Raise `ModelError` that names the labels in which a model is off a taxonomy; tasks that it never learned are no fault."""
    known = wanted if isinstance(wanted, Taxonomy) else read_taxonomy(find_taxonomy(str(wanted)))
    if lines := own.differences(known.only([name for name in known.names if name in own.names])):
        told = "\n".join(f"{folder}: {line}" for line in lines)
        raise ModelError(
            f"{told}\n{folder}: of another taxonomy (here) than yours (there). Train a model for yours, or load it without."
        )


def _dtype(dtype: str | torch.dtype, device: torch.device) -> torch.dtype:
    if dtype == "auto":
        return fastest_dtype(device)
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ConfigError(f"dtype: found {dtype!r}, expected float32, bfloat16, float16 or auto.")
    return found


def _row(report: Text, number: int) -> Row:
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
