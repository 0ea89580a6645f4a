"""What a model's labels owe to spelling, to the writer's side and to single names: scores and labels after changes of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from marsad.config.loading import read_yaml
from marsad.data.reports import Report
from marsad.errors import ConfigError
from marsad.evaluation.evaluate import ScoredReports, score_reports
from marsad.evaluation.metrics import decide, score_task
from marsad.evaluation.spelling import SPELLINGS, Spelling
from marsad.files import shipped_file
from marsad.gazetteer import Force, Gazetteer
from marsad.inference.predictor import Predictor
from marsad.text import LETTER, PREFIXES

Edit = Callable[[Report, Random], str]
"""From a report and seeded dice to its changed text."""
FACTIONS = "forces of one camp"
ARTICLE, FUSED, LAM = "\u0627\u0644", "\u0644\u0644", "\u0644"
"""Alef and lam; lam and lam, as the article is written behind the word lam."""


@dataclass(frozen=True)
class TaskChange:
    """One task under one edit."""

    micro_f1: float
    macro_f1: float
    changed: int
    """Edited reports whose set of labels is another than before."""
    gained: dict[str, int]
    """Edited reports that got a label which they did not have, by label."""
    lost: dict[str, int]
    """Edited reports that lost a label, by label."""


@dataclass(frozen=True)
class EditResult:
    """What one edit does to the labels."""

    name: str
    kind: str
    """`spelling`, or `swap` of words or names."""
    edited: int
    """Reports whose text the edit changes."""
    tasks: dict[str, TaskChange]


@dataclass(frozen=True)
class Audit:
    """A model under all edits; `before` are micro and macro F1 of the untouched texts by task."""

    n: int
    seed: int
    before: dict[str, dict[str, float]]
    edits: tuple[EditResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as `audit.json` holds it."""
        return asdict(self)


def audit(
    predictor: Predictor,
    reports: Sequence[Report],
    gazetteer: Gazetteer,
    swaps: Mapping[str, Mapping[str, str]],
    seed: int = 0,
    batch_size: int = 16,
) -> Audit:
    """Predict `reports` as they are and under each edit, and compare. F1 is over all reports, labels over the edited ones.

    Only reports that an edit changes are read again. Forces are swapped within their camp, so only `affiliation` is held
    to that: an air force in place of a militia may rightly change the event.
    """
    plain = score_reports(predictor, reports, batch_size)
    thresholds = predictor.settings.thresholds
    results = []
    for name, (kind, edit) in _edits(gazetteer, swaps).items():
        texts = [edit(report, Random(f"{seed} {report.id}")) for report in reports]  # noqa: S311  # not for secrets
        edited = [number for number, report in enumerate(reports) if texts[number] != report.text]
        scores = plain.scores.copy()
        if edited:
            changed = [replace(reports[number], text=texts[number]) for number in edited]
            scores[edited] = score_reports(predictor, changed, batch_size).scores
        tasks = [task for task in plain.taxonomy.names if name != FACTIONS or task == "affiliation"]
        found = {task: _compare(plain, scores, edited, task, thresholds.get(task)) for task in tasks}
        results.append(EditResult(name, kind, len(edited), found))
    before = {task: _f1(plain, plain.scores, task, thresholds.get(task)) for task in plain.taxonomy.names}
    return Audit(len(reports), seed, before, tuple(results))


def read_swaps(path: Path | None = None) -> dict[str, dict[str, str]]:
    """Read named swaps of words (None: those that come with marsad). Raises `ConfigError` where they are no words."""
    path = path or shipped_file("gazetteers/loaded_words.yaml", "seeds/loaded_words.yaml")
    content = read_yaml(path)
    for name, words in content.items():
        if not isinstance(words, dict) or not all(isinstance(word, str) and word for pair in words.items() for word in pair):
            raise ConfigError(f"{path}: {name}: found {words!r}, expected a mapping from word to word.")
    return content


def swap_words(text: str, words: Mapping[str, str]) -> str:
    """Return `text` with each whole word of `words` replaced; one-letter words before it stay."""
    found = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    pattern = re.compile(f"(?<![{LETTER}])([{PREFIXES}]?)({found})(?![{LETTER}])")
    return pattern.sub(lambda match: match[1] + words[match[2]], text)


def swap_forces(report: Report, gazetteer: Gazetteer, dice: Random) -> str:
    """Return the text with each named force replaced by another of its camp on that day, one force always by the same."""
    text, others = report.text, dict[str, str]()
    for named in reversed(gazetteer.find(report.text, report.date)):
        other = others.setdefault(named.force.id, _other(named.force, report.date, gazetteer, dice))
        if text.startswith(FUSED, named.start):
            other = FUSED + other.removeprefix(ARTICLE) if other.startswith(ARTICLE) else LAM + other
        text = text[: named.start] + other + text[named.end :]
    return text


def _other(force: Force, date: str | None, gazetteer: Gazetteer, dice: Random) -> str:
    names = [other.name for other in gazetteer.forces if other.camp == force.camp and other.name != force.name]
    known = [name for name in names if (found := gazetteer.canonical(name, date)) and found.camp == force.camp]
    return dice.choice(known) if known else force.name


def _edits(gazetteer: Gazetteer, swaps: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, Edit]]:
    spellings = {name: ("spelling", _respelling(change)) for name, change in SPELLINGS.items()}
    words = {name: ("swap", _word_swap(words)) for name, words in swaps.items()}
    return spellings | words | {FACTIONS: ("swap", lambda report, dice: swap_forces(report, gazetteer, dice))}


def _respelling(change: Spelling) -> Edit:
    return lambda report, dice: change(report.text, dice)


def _word_swap(words: Mapping[str, str]) -> Edit:
    return lambda report, _: swap_words(report.text, words)


def _f1(scored: ScoredReports, scores: np.ndarray, task: str, thresholds: Mapping[str, float] | None) -> dict[str, float]:
    part, known = scored.taxonomy.slices[task], scored.known(task)
    question = scored.taxonomy.task(task)
    found = score_task(question, decide(question, scores[known, part], thresholds), scored.gold[known, part].astype(int))
    return {name: found[name] for name in ("micro_f1", "macro_f1")}


def _compare(
    scored: ScoredReports, scores: np.ndarray, edited: Sequence[int], task: str, thresholds: Mapping[str, float] | None
) -> TaskChange:
    question, part = scored.taxonomy.task(task), scored.taxonomy.slices[task]
    before = decide(question, scored.scores[edited, part], thresholds)
    after = decide(question, scores[edited, part], thresholds)
    gained, lost = (
        dict(Counter({label: int(count) for label, count in zip(question.ids, counts, strict=True) if count}).most_common())
        for counts in ((after > before).sum(0), (after < before).sum(0))
    )
    changed = int((before != after).any(1).sum())
    return TaskChange(**_f1(scored, scores, task, thresholds), changed=changed, gained=gained, lost=lost)
