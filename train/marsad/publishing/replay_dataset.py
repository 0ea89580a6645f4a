"""A reader of published reports, with `datasets` and with marsad. Run as a script, in a process of its own.

Standard input: `{"model", "revision"}`, where the model is a repository of data sets; the last line of standard output:
`{"files", "datasets", "marsad"}`: SHA-256 of the files, and by split the sum of the rows as each of the two reads them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from datasets import load_dataset
from huggingface_hub import snapshot_download

from marsad.data.reports import describe, sift_reports
from marsad.files import sha256
from marsad.taxonomy import read_taxonomy

RECORD = "marsad-data.json"
"""By this file marsad knows a repository of reports as its own; it names the splits, and tells whether texts are there."""
TAXONOMY = "taxonomy.yaml"
KEPT = ".gitattributes"


def rows_sum(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return how many rows there are and a SHA-256 of them; keys that are None or missing are the same."""
    filled = [{key: value for key, value in row.items() if value is not None} for row in rows]
    content = json.dumps(filled, ensure_ascii=False, sort_keys=True)
    return f"{len(filled)} rows, {hashlib.sha256(content.encode()).hexdigest()[:16]}"


def main(question: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a question; see the module."""
    repo, revision = question["model"], question["revision"]
    folder = Path(snapshot_download(repo, repo_type="dataset", revision=revision))
    found = load_dataset(repo, revision=revision)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return {
        "files": {path.name: sha256(path) for path in folder.iterdir() if path.name != KEPT},
        "datasets": {split: rows_sum(rows) for split, rows in found.items()},
        "marsad": {split: _with_marsad(folder, split) for split in record["splits"]} if record["text"] else {},
    }


def _with_marsad(folder: Path, split: str) -> str:
    path = folder / f"{split}.jsonl"
    reports, rejected = sift_reports(path, read_taxonomy(folder / TAXONOMY))
    return describe(path, rejected) if rejected else rows_sum(report.to_dict() for report in reports)


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(json.loads(sys.stdin.buffer.read()))) + "\n")
