"""The sentence that carries a label: the one without which its score falls the most."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from marsad.inference.prediction import Evidence
from marsad.modeling.windows import READABLE, sentences

CANDIDATES = 6
"""Sentences that are left out for a label: those that score the highest on their own."""
Score = Callable[[Sequence[str]], np.ndarray]
"""From texts to scores (texts, labels) in 0 to 1."""


def find_evidence(text: str, labels: Sequence[int], scores: np.ndarray, score: Score) -> dict[int, Evidence]:
    """Return the evidence in `text` for each of the `labels`, numbers in its own `scores` (labels,).

    Leave-one-out over sentences (Li et al. 2016, "Understanding Neural Networks through Representation Erasure"): all
    are scored alone in one go, and the best `CANDIDATES` of each label then left out, one at a time.
    A text of one sentence has nothing without it: that sentence is the evidence, and the whole score the drop.
    """
    places = sentences(text)
    if not labels or not places:
        return {}
    candidates = {label: list(range(len(places))) for label in labels}
    if len(places) > CANDIDATES:
        alone = score([text[start:end] for start, end in places])
        candidates = {label: np.argsort(-alone[:, label])[:CANDIDATES].tolist() for label in labels}
    left_out = sorted({at for own in candidates.values() for at in own})
    drops = scores - _readable_scores([text[: places[at][0]] + text[places[at][1] :] for at in left_out], scores, score)
    found = {}
    for label, own in candidates.items():
        row = max((left_out.index(at) for at in own), key=lambda row: drops[row, label])
        found[label] = Evidence(*places[left_out[row]], float(drops[row, label]))
    return found


def _readable_scores(texts: Sequence[str], whole: np.ndarray, score: Score) -> np.ndarray:
    """Return scores (texts, labels); a text with nothing left to read scores 0."""
    found = np.zeros((len(texts), len(whole)))
    rows = [row for row, text in enumerate(texts) if READABLE.search(text)]
    if rows:
        found[rows] = score([texts[row] for row in rows])
    return found
