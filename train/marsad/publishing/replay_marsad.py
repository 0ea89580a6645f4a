"""A reader that has marsad. Run as a script, in a process of its own.

Standard input: `{"model", "revision"}`; the last line of standard output: `{"check", "taxonomy", "pieces", "whole", "files"}`,
where `check` is the content of the model's own `marsad-check.json`, whose reports are read; `{"check": null}` without one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from marsad.files import sha256
from marsad.inference.predictor import Predictor, load
from marsad.inference.tagger import COMPANION
from marsad.modeling.folders import find_model

CHECK = "marsad-check.json"
OWN = (
    "*.safetensors",
    "tokenizer*.json",
    "config.json",
    "marsad.json",
    "names.json",
    "gazetteer.yaml",
    "onnx/*.onnx",
    "onnx/*.json",
)
WATCHED = (*OWN, *(f"{COMPANION}/{pattern}" for pattern in OWN))
"""Files on which the answers hang: the model's, and those of its tagger."""


def read(predictor: Predictor, reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the word pieces and the scores of whole reports, and the sums of the files that these hang on."""
    texts = [report["text"] for report in reports]
    predictions = predictor.predict(reports)
    return {
        "pieces": predictor.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"],
        "whole": [
            {f"{task}:{label}": score for task, scores in one.all_scores.items() for label, score in scores.items()}
            for one in predictions
        ],
        "files": watched(predictor.path),
    }


def watched(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the files that the scores hang on."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(path for pattern in WATCHED for path in folder.glob(pattern))
    }


def main(question: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a question; see the module."""
    predictor = load(find_model(question["model"], question["revision"], onnx=True), device="cpu", runtime="torch")
    place = predictor.path / CHECK
    if not place.is_file():
        return {"check": None}
    check = json.loads(place.read_text(encoding="utf-8"))
    return {"check": check, "taxonomy": predictor.settings.taxonomy.to_dict(), **read(predictor, check["reports"])}


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(main(json.loads(sys.stdin.buffer.read()))) + "\n")
