"""A reader that has transformers and no marsad, as most who download a model have. Run as a script, in a process of its own.

Standard input: `{"model", "revision", "texts"}`; the last line of standard output: a list of `{label: score}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any


class NoMarsad:
    """A finder of modules that knows that there is no marsad."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Refuse marsad, leave everything else to the other finders."""
        if name.partition(".")[0] == "marsad":
            raise ModuleNotFoundError("marsad is not here", name=name)


def read(model: str, revision: str | None, texts: Sequence[str]) -> list[dict[str, float]]:
    """Return the scores that a plain pipeline gives to the first window of each text; what is behind it is cut off."""
    from transformers import pipeline

    classify = pipeline("text-classification", model=model, revision=revision, top_k=None, device="cpu", trust_remote_code=False)
    return [{found["label"]: float(found["score"]) for found in classify([text], truncation=True)[0]} for text in texts]


if __name__ == "__main__":
    sys.meta_path.insert(0, NoMarsad())
    question = json.loads(sys.stdin.buffer.read())
    answer = read(question["model"], question["revision"], question["texts"])
    if "marsad" in sys.modules:
        raise SystemExit("marsad was imported: this proves nothing")
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
