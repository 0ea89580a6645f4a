"""Reports as a `datasets.Dataset` of windows and targets, made once and kept by content."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, Features, List, Value
from torch import Tensor

from marsad.data.reports import Report, targets
from marsad.modeling.tagging import UNKNOWN, bio_tags
from marsad.modeling.windows import WindowCutter
from marsad.taxonomy import Taxonomy

FEATURES = Features(
    {
        "windows": List(List(Value("int32"))),
        "tags": List(List(Value("int16"))),
        "labels": List(Value("float32")),
        "length": Value("int32"),
        "tokens": Value("int32"),
    }
)
BATCH = 256


def cache_folder() -> Path:
    """Return the folder of everything that can be made again: `$MARSAD_CACHE`, or `~/.cache/marsad`."""
    return Path(os.environ.get("MARSAD_CACHE", "~/.cache/marsad")).expanduser()


def encode_reports(reports: Sequence[Report], cutter: WindowCutter, taxonomy: Taxonomy, camps: Sequence[str] = ()) -> Dataset:
    """Return one row a report: its windows, BIO tags of `camps`, targets of all tasks (NaN where not annotated), lengths.

    The rows are kept in `cache_folder()` under a hash of the reports, the tokenizer and the way of cutting.
    """

    def rows() -> Iterator[dict[str, Any]]:
        for start in range(0, len(reports), BATCH):
            batch = reports[start : start + BATCH]
            encoded = cutter([report.text for report in batch], [report.date for report in batch])
            for report, one in zip(batch, encoded, strict=True):
                spans = None if report.factions is None else [(m.start, m.end, m.affiliation) for m in report.factions]
                yield {
                    "windows": [list(window.ids) for window in one.windows],
                    "tags": [bio_tags(window.offsets, spans, camps) for window in one.windows] if camps else [],
                    "labels": targets(report, taxonomy),
                    "length": sum(len(window.ids) for window in one.windows),
                    "tokens": one.tokens,
                }

    digest = _fingerprint(reports, cutter, taxonomy, camps)
    return Dataset.from_generator(rows, features=FEATURES, cache_dir=str(cache_folder() / "reports"), fingerprint=digest)


def _fingerprint(reports: Sequence[Report], cutter: WindowCutter, taxonomy: Taxonomy, camps: Sequence[str]) -> str:
    digest = hashlib.sha256(cutter.tokenizer.backend_tokenizer.to_str().encode())
    settings = [cutter.length, cutter.overlap, cutter.date_prefix, taxonomy.flat, list(camps)]
    digest.update(json.dumps(settings).encode())
    for report in reports:
        digest.update(json.dumps(report.to_dict(), sort_keys=True, default=str).encode())
    return digest.hexdigest()[:32]


class Collator:
    """Pads all windows of a batch of reports to one width."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """Return `input_ids`, `attention_mask`, `tags` (windows, width), `report` (windows,), `labels` (reports, labels)."""
        windows = [window for row in rows for window in row["windows"]]
        width = max(map(len, windows))
        tags = [tag for row in rows for tag in row["tags"]]
        batch = {
            "input_ids": _padded(windows, width, self.pad_id),
            "attention_mask": _padded([[1] * len(window) for window in windows], width, 0),
            "report": torch.tensor([number for number, row in enumerate(rows) for _ in row["windows"]]),
            "labels": torch.tensor([row["labels"] for row in rows]),
        }
        return batch | ({"tags": _padded(tags, width, UNKNOWN)} if tags else {})


def _padded(rows: Sequence[Sequence[int]], width: int, value: int) -> Tensor:
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows])
