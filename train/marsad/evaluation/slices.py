"""Scores on parts of the reports: by source, year, length, kind, spelling, and where the evidence stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from transformers import PreTrainedTokenizerBase

from marsad.data.reports import Report
from marsad.evaluation.bootstrap import Headline, headlines
from marsad.evaluation.evaluate import ScoredReports
from marsad.text import REPAIRS

LEAST = 5
"""Annotated reports under which a slice is not shown."""
SOURCES = 10
"""Sources shown by name; the rest is `other`."""
PLAIN_WINDOW = 512
"""Word pieces that a plain BERT reads; evidence after them is `late`."""


def traits(reports: Sequence[Report], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[str | None]]:
    """Return per trait its value for each report, None where it is not known."""
    encoded = tokenizer([report.text for report in reports], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    offsets = encoded["offset_mapping"]
    return {
        "source": _sources(reports),
        "year": [report.date[:4] if report.date else None for report in reports],
        "length": [_length(len(places)) for places in offsets],
        "kind": [str(report.meta["kind"]) if report.meta.get("kind") else None for report in reports],
        "spelling": ["obfuscated" if _repaired(report.text) != report.text else "plain" for report in reports],
        "evidence": [_evidence(report, places) for report, places in zip(reports, offsets, strict=True)],
    }


def _sources(reports: Sequence[Report]) -> list[str | None]:
    names = [report.source.removeprefix("www.") if report.source else None for report in reports]
    top = {name for name, _ in Counter(filter(None, names)).most_common(SOURCES)}
    return [name if name is None or name in top else "other" for name in names]


def _length(pieces: int) -> str:
    return "up to 128 pieces" if pieces <= 128 else "129 to 512 pieces" if pieces <= PLAIN_WINDOW else "over 512 pieces"


def _repaired(text: str) -> str:
    for rule in REPAIRS:
        text = rule(text)
    return text


def _evidence(report: Report, places: Sequence[tuple[int, int]]) -> str | None:
    """Return `late` where the first mention of some gold camp begins after piece 512 of a report, `early` where none does."""
    if len(places) <= PLAIN_WINDOW or not report.factions:
        return None
    edge = places[PLAIN_WINDOW][0]
    first: dict[str, int] = {}
    for mention in report.factions:
        first[mention.affiliation] = min(mention.start, first.get(mention.affiliation, mention.start))
    gold = report.labels.get("affiliation", tuple(first))
    late = any(first[camp] >= edge for camp in gold if camp in first)
    return "a camp first after piece 512" if late else "camps within 512 pieces"


def slice_scores(
    scored: ScoredReports, found: np.ndarray, stories: Sequence[str], values: Mapping[str, Sequence[str | None]]
) -> dict[str, dict[str, dict[str, Headline]]]:
    """Return the headline of each task by trait and value; `found` is 0/1 (reports, labels of all tasks), see `traits`."""
    result: dict[str, dict[str, dict[str, Headline]]] = {}
    for trait, own in values.items():
        for value in _ordered(trait, own):
            rows = np.array([other == value for other in own])
            tasks = headlines(scored.select(rows), found[rows], [stories[i] for i in np.flatnonzero(rows)], LEAST)
            if tasks:
                result.setdefault(trait, {})[value] = tasks
    return result


def _ordered(trait: str, values: Sequence[str | None]) -> list[str]:
    """Return years and lengths in their order, all else by how many reports have it."""
    counts = Counter(value for value in values if value is not None)
    if trait == "length":
        return [name for name in map(_length, (1, 129, 513)) if name in counts]
    return sorted(counts, key=lambda value: value if trait == "year" else (value == "other", -counts[value], value))
