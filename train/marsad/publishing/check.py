"""`marsad-check.json`: the scores that a published model must give, so that anybody can see that nothing was lost on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from marsad.errors import ModelError
from marsad.inference.predictor import load
from marsad.publishing import replay_marsad, replay_plain
from marsad.publishing.replay_marsad import CHECK

FORMAT = 1
TOLERANCE = 1e-4
"""Most by which a score may differ from the recorded one."""
REPORTS = Path(__file__).with_name("check_reports.jsonl")
"""Twenty of the seed reports, whose scores are recorded."""


@dataclass(frozen=True)
class Answer:
    """A report, its word pieces, and its scores: of the whole report by marsad, of its first window by a plain pipeline."""

    text: str
    date: str | None
    pieces: tuple[int, ...]
    whole: Mapping[str, float]
    plain: Mapping[str, float]


@dataclass(frozen=True)
class Check:
    """What a model answered when it was published, and the sums of the files that gave it."""

    files: Mapping[str, str]
    reports: tuple[Answer, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the content of `marsad-check.json`."""
        return {
            "format": FORMAT,
            "tolerance": TOLERANCE,
            "files": dict(self.files),
            "reports": [asdict(one) for one in self.reports],
        }

    @classmethod
    def from_dict(cls, content: Any, where: str) -> Check:
        """Read the content of `marsad-check.json`. Raises `ModelError` where it is missing or damaged."""
        if content is None:
            raise ModelError(f"{where}: no {CHECK}, so it was not published by marsad and nothing can be compared.")
        try:
            if content["format"] != FORMAT:
                raise ModelError(f"{where}: its {CHECK} was made by another version of marsad. Update marsad.")
            answers = tuple(Answer(**{**one, "pieces": tuple(one["pieces"])}) for one in content["reports"])
            return cls(dict(content["files"]), answers)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{where}: its {CHECK} is damaged ({error}). Publish the model again.") from error


def read_check_reports() -> list[dict[str, Any]]:
    """Return the twenty reports whose scores are recorded: `text` and `date`."""
    return [json.loads(line) for line in REPORTS.read_text(encoding="utf-8").splitlines()]


def record_check(folder: Path) -> Check:
    """Predict the twenty reports with the model in `folder`, with marsad and with a plain pipeline. Raises `ModelError`."""
    reports = read_check_reports()
    ours = replay_marsad.read(load(folder, device="cpu", runtime="torch"), reports)
    plain = replay_plain.read(str(folder), None, [report["text"] for report in reports])
    answers = [
        Answer(report["text"], report.get("date"), tuple(pieces), whole, first)
        for report, pieces, whole, first in zip(reports, ours["pieces"], ours["whole"], plain, strict=True)
    ]
    return Check(ours["files"], tuple(answers))


def file_differences(recorded: Check, found: Mapping[str, str]) -> list[str]:
    """Return which of the files that the scores hang on are others than those recorded."""
    names = sorted(recorded.files.keys() | found.keys())
    return [f"{name}: not the file that was published" for name in names if recorded.files.get(name) != found.get(name)]


def piece_differences(recorded: Check, found: Sequence[Sequence[int]]) -> list[str]:
    """Return which texts are cut into other word pieces than those recorded."""
    lines = []
    for number, (answer, pieces) in enumerate(zip(recorded.reports, found, strict=True), start=1):
        if tuple(pieces) != answer.pieces:
            at = next((i for i, (a, b) in enumerate(zip(answer.pieces, pieces, strict=False)) if a != b), "the end")
            lines.append(
                f"report {number}: other word pieces, from number {at} on; the tokenizer is not the one that was published"
            )
    return lines


def score_differences(recorded: Sequence[Mapping[str, float]], found: Sequence[Mapping[str, float]], reader: str) -> list[str]:
    """Return, a report a line, where scores are off the recorded ones by more than `TOLERANCE`, or labels are others."""
    lines = []
    for number, (old, new) in enumerate(zip(recorded, found, strict=True), start=1):
        if old.keys() != new.keys():
            lines.append(f"report {number} with {reader}: other labels: {', '.join(sorted(old.keys() ^ new.keys()))}")
            continue
        worst = max(old, key=lambda label: abs(old[label] - new[label]))
        if abs(old[worst] - new[worst]) > TOLERANCE:
            lines.append(f"report {number} with {reader}: {worst} is {new[worst]:.5f}, recorded {old[worst]:.5f}")
    return lines
