"""The story of an export: graph → int8 → the same reports by torch and by ONNX Runtime → written only as far as they agree."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from marsad.errors import DataError, ModelError
from marsad.files import sha256
from marsad.inference.batching import forward
from marsad.inference.files import open_text, read_inputs
from marsad.inference.predictor import Predictor, load
from marsad.inference.tagger import COMPANION, FactionTagger, open_tagger
from marsad.modeling.onnx import FLOAT, FOLDER, INT8, RECORD, Exported, Graph, OnnxModel, quantize, weights_sums, write_graph
from marsad.modeling.settings import read_settings
from marsad.modeling.tagging import best_path, report_words
from marsad.publishing.check import TOLERANCE, read_check_reports

LEAST = 0.995
"""Share of decisions in which an int8 file must be at one with torch, or it is not written."""
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What is decided of a report, and the scores that it hangs on: of its labels, or of the tags of its words."""

    chosen: np.ndarray
    scores: np.ndarray


def parts(model: Path) -> list[str]:
    """Return the folders within a model's folder that are models: itself (`.`), and its tagger of factions where it has one."""
    return [".", COMPANION] if (model / COMPANION).is_dir() else ["."]


def read_reports(path: Path) -> list[dict[str, Any]]:
    """Return the reports of a file, `text` and `date`. Raises `DataError` where one cannot be read, or there is none."""
    with open_text(path) as file:
        inputs = list(read_inputs(file, str(path)))
    if mistakes := [f"{path}: {one.error}" for one in inputs if one.error is not None]:
        raise DataError("\n".join(mistakes))
    if not inputs:
        raise DataError(f"{path}: no reports in it. Name a file with some.")
    return [{"text": one.text, "date": one.date} for one in inputs]


def export(model: Path, target: Path | None = None, reports: Sequence[Report] | None = None) -> Exported:
    """Write the model in the folder `model` as ONNX files to `target`, and return how far they agree with it.

    `target` None is its `onnx/`, where `load` finds them; `reports` None are the twenty of the package. Pooling of windows is
    no part of the files. An int8 file that agrees in less than `LEAST` of the decisions is not written, and stands in `refused`.
    Raises `ModelError` where float32 is off by more than `TOLERANCE`; files that were there before are left then.
    """
    target = target or model / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target) as place:
        found = _write(model, Path(place), read_check_reports() if reports is None else reports)
        for file in (RECORD, FLOAT, INT8):
            (target / file).unlink(missing_ok=True)
        for path in sorted(Path(place).iterdir(), key=lambda path: path.name == RECORD):  # without its record nothing is read
            path.replace(target / path.name)
    return found


def _write(model: Path, place: Path, reports: Sequence[Report]) -> Exported:
    weights = weights_sums(model)
    reader = _open(model)
    write_graph(reader.model, place / FLOAT)
    quantize(place / FLOAT, place / INT8)
    expected = _answers(reader, reports)
    exact, small = (_compare(place / file, expected, reader, reports) for file in (FLOAT, INT8))
    if not exact.scores <= TOLERANCE:
        raise ModelError(
            f"{model}: as ONNX its scores are off torch's by up to {exact.scores:.1e}, more than {TOLERANCE:.0e}: not written. "
            "The exporter of this torch does not know this encoder rightly; use the model with torch."
        )
    agrees = small.decisions >= LEAST
    if not agrees:
        (place / INT8).unlink()
    found = Exported(
        weights,
        reports=len(reports),
        decisions=sum(answer.chosen.size for answer in expected),
        graphs=(exact, small) if agrees else (exact,),
        refused=() if agrees else (small,),
    )
    found.save(place)
    return found


def _open(model: Path) -> Predictor | FactionTagger:
    if read_settings(model).task == "factions":
        return open_tagger(model, runtime="torch")
    return load(model, device="cpu", runtime="torch")


def _compare(path: Path, expected: Sequence[Answer], reader: Predictor | FactionTagger, reports: Sequence[Report]) -> Graph:
    other = copy.copy(reader)
    other.model = OnnxModel(path, reader.model.config)
    pairs = list(zip(expected, _answers(other, reports), strict=True))
    same = [one.chosen == two.chosen for one, two in pairs]
    return Graph(
        file=path.name,
        bytes=path.stat().st_size,
        sha256=sha256(path),
        decisions=float(np.concatenate(same).mean()),
        reports=float(np.mean([own.all() for own in same])),
        scores=float(np.max([np.abs(one.scores - two.scores).max(initial=0) for one, two in pairs])),
    )


def _answers(reader: Predictor | FactionTagger, reports: Sequence[Report]) -> list[Answer]:
    return _label_answers(reader, reports) if isinstance(reader, Predictor) else _tag_answers(reader, reports)


def _label_answers(predictor: Predictor, reports: Sequence[Report]) -> list[Answer]:
    answers = []
    for found in predictor.predict(reports, tasks=predictor.settings.taxonomy.names):
        chosen = {(task, one.label) for task, labels in found.labels.items() for one in labels}
        scores = {(task, label): score for task, own in found.all_scores.items() for label, score in own.items()}
        answers.append(Answer(np.array([name in chosen for name in scores]), np.array(list(scores.values()))))
    return answers


@torch.inference_mode()
def _tag_answers(tagger: FactionTagger, reports: Sequence[Report]) -> list[Answer]:
    """Return the tag of each word as the tagger decides it, and the scores of all tags there."""
    encoded = tagger.cutter([one["text"] for one in reports], [None] * len(reports))
    windows = [window for one in encoded for window in one.windows]
    found: dict[int, np.ndarray] = {}
    for batch, logits in forward(tagger.model, windows, tagger.tokenizer.pad_token_id, 16):
        found |= dict(zip(batch, logits.softmax(-1).numpy(), strict=True))
    answers, first = [], 0
    for one in encoded:
        scores = np.array([found[first + word.window][word.piece] for word in report_words(one.windows)])
        answers.append(Answer(np.array(best_path(np.log(scores)), dtype=int), scores))
        first += len(one.windows)
    return answers
