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
from marsad.modeling.tagging import UNKNOWN, bio_tags, window_tags
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
WINDOW_FEATURES = Features({"ids": List(Value("int32")), "tags": List(Value("int16")), "length": Value("int32")})
BATCH = 256


def cache_folder() -> Path:
    """Return the folder of everything that can be made again: `$MARSAD_CACHE`, or `~/.cache/marsad`."""
    return Path(os.environ.get("MARSAD_CACHE", "~/.cache/marsad")).expanduser()


def encode_reports(
    reports: Sequence[Report], cutter: WindowCutter, taxonomy: Taxonomy, camps: Sequence[str] = (), soft: bool = False
) -> Dataset:
    """Return one row a report: its windows, BIO tags of `camps`, targets of all tasks (NaN where not annotated), lengths.

    With `soft`, targets are shares of annotators where these differed.
    The rows are kept in `cache_folder()` under a hash of the reports, the tokenizer and the way of cutting.
    """

    def rows() -> Iterator[dict[str, Any]]:
        for start in range(0, len(reports), BATCH):
            batch = reports[start : start + BATCH]
            encoded = cutter([report.text for report in batch], [report.date for report in batch])
            for report, one in zip(batch, encoded, strict=True):
                yield {
                    "windows": [list(window.ids) for window in one.windows],
                    "tags": [bio_tags(window.offsets, _spans(report), camps) for window in one.windows] if camps else [],
                    "labels": targets(report, taxonomy, soft),
                    "length": sum(len(window.ids) for window in one.windows),
                    "tokens": one.tokens,
                }

    digest = _fingerprint(reports, cutter, [taxonomy.flat, list(camps), soft])
    return Dataset.from_generator(rows, features=FEATURES, cache_dir=str(cache_folder() / "reports"), fingerprint=digest)


def encode_windows(reports: Sequence[Report], cutter: WindowCutter, camps: Sequence[str]) -> Dataset:
    """Return one row a window of the reports whose factions are annotated: its pieces and their BIO tags; kept as above."""
    annotated = [report for report in reports if report.factions is not None]

    def rows() -> Iterator[dict[str, Any]]:
        for start in range(0, len(annotated), BATCH):
            batch = annotated[start : start + BATCH]
            encoded = cutter([report.text for report in batch], [report.date for report in batch])
            for report, one in zip(batch, encoded, strict=True):
                for window, tags in zip(one.windows, window_tags(one.windows, _spans(report), camps), strict=True):
                    yield {"ids": list(window.ids), "tags": tags, "length": len(window.ids)}

    digest = _fingerprint(annotated, cutter, ["windows", list(camps)])
    return Dataset.from_generator(rows, features=WINDOW_FEATURES, cache_dir=str(cache_folder() / "windows"), fingerprint=digest)


def _spans(report: Report) -> list[tuple[int, int, str]] | None:
    return None if report.factions is None else [(m.start, m.end, m.affiliation) for m in report.factions]


def _fingerprint(reports: Sequence[Report], cutter: WindowCutter, labels: list[Any]) -> str:
    digest = hashlib.sha256(cutter.tokenizer.backend_tokenizer.to_str().encode())
    settings = [cutter.length, cutter.overlap, cutter.date_prefix, *labels]
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


class WindowCollator:
    """Pads the windows of a batch to one width, under the names that transformers' token models ask for."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """Return `input_ids`, `attention_mask` and `labels`, each (windows, width)."""
        width = max(len(row["ids"]) for row in rows)
        return {
            "input_ids": _padded([row["ids"] for row in rows], width, self.pad_id),
            "attention_mask": _padded([[1] * len(row["ids"]) for row in rows], width, 0),
            "labels": _padded([row["tags"] for row in rows], width, UNKNOWN),
        }


def _padded(rows: Sequence[Sequence[int]], width: int, value: int) -> Tensor:
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows])
