"""Whether a published model still gives the scores that were recorded: asked of fresh processes with empty caches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import get_token

from marsad.errors import ModelError
from marsad.publishing import check, replay_marsad, replay_plain
from marsad.publishing.check import Check
from marsad.publishing.endpoint import endpoint_environment
from marsad.publishing.hub import without_token
from marsad.publishing.replay_marsad import CHECK
from marsad.taxonomy import Taxonomy

MOST_SHOWN = 10
"""Differences of one kind that are told; the rest is counted."""


@dataclass(frozen=True)
class Verification:
    """What came of a verification. Without differences the model is the one that was published."""

    model: str
    revision: str | None
    reports: int
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Tell whether everything was as recorded."""
        return not self.differences

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and `passed`."""
        return {**vars(self), "differences": list(self.differences), "passed": self.passed}


def verify(
    model: str,
    revision: str | None = None,
    endpoint: str | None = None,
    published: Check | None = None,
    taxonomy: Taxonomy | None = None,
) -> Verification:
    """Fetch a model (hub id or folder) twice, into empty caches: with marsad, then with transformers alone; compare the scores.

    `published` is what its `marsad-check.json` must hold (None: believe it); `taxonomy` the one that its labels must be of.
    Raises `ModelError` where it cannot be loaded with marsad, or nothing was recorded.
    """
    name = str(Path(model).resolve()) if Path(model).is_dir() else model
    question = {"model": name, "revision": revision}
    ours = ask(["-m", replay_marsad.__name__], question, endpoint)
    recorded = Check.from_dict(ours["check"], model)
    differences = [*_marsad_differences(recorded, ours)]
    if published not in (None, recorded):
        differences.insert(0, f"{CHECK}: not the one that was published")
    if taxonomy is not None:
        theirs = Taxonomy.from_dict(ours["taxonomy"], f"{model}: marsad.json")
        differences += [f"taxonomy (here: the model's, there: yours): {line}" for line in theirs.differences(taxonomy)]
    differences += _plain_differences(recorded, question, endpoint)
    return Verification(model, revision, len(recorded.reports), tuple(differences))


def _marsad_differences(recorded: Check, found: Mapping[str, Any]) -> list[str]:
    whole = [one.whole for one in recorded.reports]
    return [
        *_shown(check.file_differences(recorded, found["files"])),
        *_shown(check.piece_differences(recorded, found["pieces"])),
        *_shown(check.score_differences(whole, found["whole"], "marsad")),
    ]


def _plain_differences(recorded: Check, question: Mapping[str, Any], endpoint: str | None) -> list[str]:
    texts = [one.text for one in recorded.reports]
    try:
        found = ask(["-I", replay_plain.__file__], {**question, "texts": texts}, endpoint)
    except ModelError as error:
        return [f"with transformers alone: {error}"]
    return _shown(check.score_differences([one.plain for one in recorded.reports], found, "transformers alone"))


def _shown(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_SHOWN
    return lines[:MOST_SHOWN] + ([f"and {more} more of this kind"] if more > 0 else [])


def ask(reader: list[str], question: Mapping[str, Any], endpoint: str | None) -> Any:
    """Run a reader in a process of its own whose cache is empty, and return its answer. Raises `ModelError`."""
    with tempfile.TemporaryDirectory(prefix="marsad-verify-") as home:
        done = subprocess.run(
            [sys.executable, *reader],
            input=json.dumps(question).encode(),
            env=_environment(Path(home)) | endpoint_environment(endpoint),
            capture_output=True,
            check=False,
        )
    if done.returncode != 0:
        last = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()][-1:]
        raise ModelError(f"{question['model']}: it cannot be read: {without_token(''.join(last))}")
    return json.loads(done.stdout.decode().splitlines()[-1])


def _environment(home: Path) -> dict[str, str]:
    """Return this process's environment with empty caches; the token goes with it, never through a file or an argument."""
    dropped = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TRANSFORMERS_VERBOSITY": "error"}
    own = {"HF_HOME": str(home), "MARSAD_CACHE": str(home / "marsad")}
    return kept | quiet | own | ({"HF_TOKEN": token} if (token := get_token()) else {})
