"""The tagger: a loaded token model that finds the forces a report names, and the camp of each mention."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from marsad.errors import ModelError
from marsad.gazetteer import Gazetteer, read_gazetteer
from marsad.inference.batching import forward
from marsad.inference.factions import group
from marsad.inference.prediction import Faction, Span
from marsad.inference.runtime import Runtime, open_model
from marsad.modeling.folders import check_folder, load_tagger, load_tokenizer
from marsad.modeling.names import Names, read_names
from marsad.modeling.onnx import OnnxModel
from marsad.modeling.settings import FILE, ModelSettings, read_settings
from marsad.modeling.tagging import Run, Word, best_path, bio_names, report_words, runs
from marsad.modeling.windows import Encoded, WindowCutter

GAZETTEER = "gazetteer.yaml"
"""File of a tagger's folder: the gazetteer that it was trained with."""
COMPANION = "factions"
"""Sub-folder of a model of reports in which its tagger lies; `predict` uses it where it is there."""


class FactionTagger:
    """A token model ready to read reports. Made by `open_tagger`."""

    def __init__(
        self,
        model: PreTrainedModel | OnnxModel,
        tokenizer: PreTrainedTokenizerBase,
        settings: ModelSettings,
        names: Names,
        gazetteer: Gazetteer | None = None,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.settings = settings
        self.names = names
        self.gazetteer = gazetteer
        """The forces by which mentions are grouped; without it, by their spelling."""
        self.camps = settings.taxonomy.tasks[0].ids
        self.cutter = WindowCutter(tokenizer, settings.length, settings.overlap, settings.date_prefix)

    def factions(
        self, texts: Sequence[str], dates: Sequence[str | None], encoded: Sequence[Encoded], batch_size: int = 16
    ) -> list[tuple[Faction, ...]]:
        """Return the forces that each text names, all mentions of one together; `encoded` is what the cutter made of the texts."""
        found = self._tag(texts, encoded, batch_size)
        return [group(text, date, spans, self.gazetteer) for text, date, spans in zip(texts, dates, found, strict=True)]

    def tag(self, texts: Sequence[str], dates: Sequence[str | None], batch_size: int = 16) -> list[tuple[Span, ...]]:
        """Return the mentions of forces in each text, in order, never overlapping.

        Attached one-letter words are not part of a mention, and neither is punctuation at its ends.
        """
        return self._tag(texts, self.cutter(texts, dates), batch_size)

    def _tag(self, texts: Sequence[str], encoded: Sequence[Encoded], batch_size: int) -> list[tuple[Span, ...]]:
        words = [report_words(one.windows) for one in encoded]
        scores = [np.zeros((len(own), 1 + 2 * len(self.camps)), np.float32) for own in words]
        owners = [(report, number) for report, one in enumerate(encoded) for number in range(len(one.windows))]
        places: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for report, own in enumerate(words):
            for row, word in enumerate(own):
                places.setdefault((report, word.window), []).append((row, word.piece))
        windows = [window for one in encoded for window in one.windows]
        for batch, logits in forward(self.model, windows, self.tokenizer.pad_token_id, batch_size):
            found = logits.log_softmax(-1).numpy()
            for line, number in enumerate(batch):
                for row, piece in places.get(owners[number], ()):
                    scores[owners[number][0]][row] = found[line, piece]
        return [self._spans(*one) for one in zip(texts, words, scores, strict=True)]

    def _spans(self, text: str, words: Sequence[Word], scores: np.ndarray) -> tuple[Span, ...]:
        tags = best_path(scores)
        spans = (self._span(text, words[run.first : run.last], run, tags, scores) for run in runs(tags))
        return tuple(span for span in spans if span is not None)

    def _span(self, text: str, words: Sequence[Word], run: Run, tags: Sequence[int], scores: np.ndarray) -> Span | None:
        start, end = _trim(text, self.names.cut(text, words[0].start, words[0].end), words[-1].end)
        rows = range(run.first, run.last)
        score = float(np.mean([np.exp(scores[row, tags[row]]) for row in rows]))
        return Span(start, end, self.camps[run.camp], score) if start < end else None


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the place without what is neither letter, digit nor mark at its ends."""
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not (text[end - 1].isalnum() or unicodedata.category(text[end - 1]).startswith("M")):
        end -= 1
    return start, end


def open_tagger(
    folder: Path,
    dtype: torch.dtype | None = None,
    device: torch.device | None = None,
    runtime: Runtime = "torch",
    tokenizer: PreTrainedTokenizerBase | None = None,
) -> FactionTagger:
    """Load the tagger in `folder`, its `tokenizer` only where it is not given; the other arguments are those of `load`.

    Raises `ModelError` where it is missing, damaged, or a model of reports.
    """
    check_folder(folder)
    settings = read_settings(folder)
    if settings.task != "factions":
        raise ModelError(f"{folder}: this model labels reports, not factions. Name a folder trained with 'task: factions'.")
    model = open_model(load_tagger, folder, dtype, device or torch.device("cpu"), runtime)
    if [model.config.id2label[number] for number in range(model.config.num_labels)] != bio_names(settings.taxonomy.tasks[0].ids):
        raise ModelError(f"{folder}: the labels of config.json are not those of {FILE}. Fetch or train the model again.")
    path = folder / GAZETTEER
    gazetteer = read_gazetteer(path, settings.taxonomy) if path.is_file() else None
    return FactionTagger(model, tokenizer or load_tokenizer(folder), settings, read_names(folder), gazetteer)
