"""What can be told without learning: a camp where a force of it is named, an event where a word for it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from marsad.config.loading import read_yaml
from marsad.data.reports import Report
from marsad.errors import ConfigError
from marsad.files import shipped_file
from marsad.gazetteer import Gazetteer, find_gazetteer, key, read_gazetteer
from marsad.taxonomy import Taxonomy
from marsad.text import read_words

BEFORE = "[\u0648\u0641]?[\u0628\u0644\u0643\u0633\u064a\u062a]?(?:\u0627\u0644)?"
"""Waw or fa; ba, lam, kaf, the sin of the future, ya or ta of the present tense; the article."""
ANY_ENDING = "*"
Keywords = Mapping[str, re.Pattern[str]]
"""For each event type the pattern of its words in normalised text."""


def gazetteer_scores(
    reports: Sequence[Report], gazetteer: Gazetteer, taxonomy: Taxonomy, keywords: Keywords | None = None
) -> np.ndarray:
    """Return n / (n + 1) of the n places that speak for each label (reports, labels of all tasks): one place is 0.5.

    A camp's places are its forces by the report's date, an event type's its keywords; other tasks, and event types without
    `keywords`, are NaN.
    """
    scores = np.full((len(reports), len(taxonomy.flat)), np.nan)
    column = {label: number for number, label in enumerate(taxonomy.flat)}
    for task in ("affiliation", *(("event_type",) if keywords is not None else ())):
        scores[:, taxonomy.slices[task]] = 0.0
    for row, report in zip(scores, reports, strict=True):
        for named in gazetteer.find(report.text, report.date):
            row[column[f"affiliation:{named.force.camp}"]] += 1
        text = " ".join(word.spelling for word in read_words(report.text)) if keywords else ""
        for event, pattern in (keywords or {}).items():
            row[column[f"event_type:{event}"]] = sum(1 for _ in pattern.finditer(text))
    return scores / (scores + 1)


def shipped_scores(reports: Sequence[Report], taxonomy: Taxonomy) -> np.ndarray:
    """Return `gazetteer_scores` of the gazetteer and keywords that come with marsad, NaN where they are of another war."""
    try:
        gazetteer = read_gazetteer(find_gazetteer("syria"), taxonomy)
        keywords = read_keywords(find_keywords(), taxonomy)
    except ConfigError:
        return np.full((len(reports), len(taxonomy.flat)), np.nan)
    return gazetteer_scores(reports, gazetteer, taxonomy, keywords)


def find_keywords() -> Path:
    """Return the file of event keywords that comes with marsad."""
    return shipped_file("gazetteers/event_keywords.yaml", "seeds/event_keywords.yaml")


def read_keywords(path: Path, taxonomy: Taxonomy) -> Keywords:
    """Read lists of words by event type from a YAML. Raises `ConfigError` with all mistakes."""
    content = read_yaml(path)
    known = taxonomy.task("event_type").ids
    mistakes = [f"{path}: unknown event_type {name!r}; known: {', '.join(known)}." for name in content if name not in known]
    mistakes += [
        f"{path}: {name}: found {words!r}, expected a list of words."
        for name, words in content.items()
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and key(word) for word in words)
    ]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return {name: _pattern(words) for name, words in content.items()}


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Return what finds any of `words`, each of which may be several, a star standing for any ending."""
    branches = [
        r"\S* ".join(map(re.escape, map(_spelled, phrase.split(f"{ANY_ENDING} "))))
        + (r"\S*" if phrase.endswith(ANY_ENDING) else "")
        for phrase in words
    ]
    return re.compile(rf"(?<!\S){BEFORE}(?:{'|'.join(branches)})(?!\S)")


def _spelled(words: str) -> str:
    return " ".join(key(words))
