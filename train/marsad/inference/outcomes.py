"""What becomes of each input, as a line: the rows that it gives, or why it was rejected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from marsad import __version__
from marsad.files import sha256
from marsad.inference.acled import acled_rows
from marsad.inference.files import Input, names, predict_inputs
from marsad.inference.predictor import Predictor, load
from marsad.inference.sources import Source
from marsad.inference.tagger import COMPANION

PARTS_OF_A_MODEL = (".json", ".safetensors", ".yaml", ".txt")


@dataclass(frozen=True)
class Options:
    """What is asked of the model for each report."""

    all_scores: bool = False
    evidence: bool = False
    acled: bool = False
    """Rows in ACLED's columns, some or none a report, instead of one row a report."""
    batch_size: int = 16

    def to_dict(self) -> dict[str, Any]:
        """Return what the rows depend on: all but the size of a batch."""
        return {key: value for key, value in asdict(self).items() if key != "batch_size"}


def open_predictor(model: str | None) -> Predictor:
    """Load a model as every engine reads files with it: in the fastest number type of the machine."""
    return load(model, dtype="auto")


class Local:
    """The engine of this process."""

    def __init__(self, predictor: Predictor, inputs: Iterable[Input], options: Options) -> None:
        self.predictor = predictor
        self.inputs = inputs
        self.options = options
        self.count = 0

    def lines(self, done: int) -> Iterator[str]:
        """Yield the outcomes of the inputs behind the first `done`."""
        return outcomes(self.predictor, islice(self._counted(), done, None), self.options)

    def read(self) -> int:
        """Return how many inputs were read."""
        return self.count

    def _counted(self) -> Iterator[Input]:
        for one in self.inputs:
            self.count += 1
            yield one


def outcomes(predictor: Predictor, inputs: Iterable[Input], options: Options) -> Iterator[str]:
    """Yield a line of JSON for each input, in order: the list of its rows, or for a rejected one an object with `error`."""
    for one, found in predict_inputs(predictor, inputs, options.batch_size, options.evidence or options.acled):
        rows: list[Any] | dict[str, Any]
        if found is None:
            rows = {**names(one), "error": one.error}
        elif options.acled:
            rows = list(acled_rows([(one, found)], predictor.settings.taxonomy))
        else:
            rows = [{**names(one), **found.to_dict(options.all_scores)}]
        yield json.dumps(rows, ensure_ascii=False)


def job_of(predictor: Predictor, source: Source, options: Options) -> dict[str, Any] | None:
    """Return what outcomes hang on, by SHA-256; None where the source can be read only once."""
    reports = source.fingerprint()
    if reports is None:
        return None
    return {"input": reports, "model": _model_sums(predictor.path), "options": options.to_dict(), "marsad": __version__}


def _model_sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that a model's answers hang on, its tagger's too."""
    files = (path for place in (folder, folder / COMPANION) for path in sorted(place.glob("*")) if path.suffix in PARTS_OF_A_MODEL)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}
