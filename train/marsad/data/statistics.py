"""What a set of reports holds: labels, pairs of labels, lengths, sources, months, obfuscation, what the vocabulary knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from marsad.data.reports import Report
from marsad.taxonomy import Taxonomy
from marsad.text import LETTER, TATWEEL, join_dotted, join_obfuscated, letter_from_digit

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BATCH = 512
ELONGATION = re.compile(f"(?<=[{LETTER}]){TATWEEL}+(?=[{LETTER}])")
"""A word drawn out by tatweels alone is typography, nothing hidden."""
LONG = 512
"""Word pieces that most encoders read at once."""


@dataclass(frozen=True)
class TaskStatistics:
    """How often a task's labels were given."""

    annotated: int
    """Reports annotated for the task."""
    none: int
    """Reports annotated as having none of its labels."""
    labels: dict[str, int]
    """Reports of each label, in the taxonomy's order."""
    pairs: dict[str, dict[str, int]]
    """Reports that have both labels."""


@dataclass(frozen=True)
class Lengths:
    """Lengths of reports in word pieces, and how the tokenizer copes with them."""

    pieces: tuple[int, ...]
    """Word pieces of each report."""
    words: int
    """Words of all reports, cut at white space."""
    unknown: int
    """Pieces that the vocabulary does not know."""
    pieces_used: int
    """Entries of the vocabulary that occur."""
    vocabulary: int

    @property
    def total(self) -> int:
        """Word pieces of all reports."""
        return sum(self.pieces)

    def percentile(self, share: float) -> int:
        """Return the length that `share` (0 to 100) of the reports do not exceed."""
        return int(np.percentile(self.pieces, share, method="lower"))

    @property
    def long(self) -> int:
        """Reports of more than 512 pieces."""
        return sum(pieces > LONG for pieces in self.pieces)


@dataclass(frozen=True)
class Statistics:
    """What a set of reports holds."""

    reports: int
    stories: int
    tasks: dict[str, TaskStatistics]
    mentions: dict[str, int]
    """Spans of each camp."""
    sources: dict[str, int]
    """Reports of each source, most first."""
    months: dict[str, int]
    """Reports of each month (YYYY-MM), in order; a date without a month stands as its year."""
    kinds: dict[str, int]
    """Reports of each `meta.kind`, most first."""
    undated: int
    obfuscated: int
    """Reports with a word hidden by fillers, dots or digits."""
    lengths: Lengths

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as a mapping, without the length of each report."""
        found = asdict(self)
        lengths = found["lengths"]
        lengths |= {"total": self.lengths.total, "median": self.lengths.percentile(50), "p95": self.lengths.percentile(95)}
        lengths |= {"longest": max(lengths.pop("pieces")), "over_512": self.lengths.long}
        return found


def describe_reports(reports: Sequence[Report], taxonomy: Taxonomy, tokenizer: PreTrainedTokenizerBase) -> Statistics:
    """Return the statistics of reports (at least one), their lengths in the word pieces of `tokenizer`."""
    return Statistics(
        reports=len(reports),
        stories=len({report.story for report in reports}),
        tasks={task.name: _task(reports, task.name, task.ids) for task in taxonomy.tasks},
        mentions=dict(Counter(mention.affiliation for report in reports for mention in report.factions or ()).most_common()),
        sources=dict(Counter(report.source for report in reports if report.source).most_common()),
        months=dict(sorted(Counter(report.date[:7] for report in reports if report.date).items())),
        kinds=dict(Counter(str(report.meta["kind"]) for report in reports if "kind" in report.meta).most_common()),
        undated=sum(report.date is None for report in reports),
        obfuscated=sum(is_obfuscated(report.text) for report in reports),
        lengths=_lengths([report.text for report in reports], tokenizer),
    )


def is_obfuscated(text: str) -> bool:
    """Tell whether a word of the text is hidden from filters, as in the social posts that write a dot between letters."""
    plain = ELONGATION.sub("", text)
    return any(rule(plain) != plain for rule in (join_obfuscated, join_dotted, letter_from_digit))


def _task(reports: Sequence[Report], name: str, ids: tuple[str, ...]) -> TaskStatistics:
    sets = [report.labels[name] for report in reports if name in report.labels]
    counts = Counter(label for labels in sets for label in labels)
    pairs = Counter(pair for labels in sets for pair in combinations(sorted(set(labels), key=ids.index), 2))
    return TaskStatistics(
        annotated=len(sets),
        none=sum(not labels for labels in sets),
        labels={id: counts[id] for id in ids},
        pairs={first: {second: pairs[first, second] for second in ids if pairs[first, second]} for first in ids},
    )


def _lengths(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> Lengths:
    pieces: list[int] = []
    used: Counter[int] = Counter()
    for start in range(0, len(texts), BATCH):
        rows = tokenizer(list(texts[start : start + BATCH]), add_special_tokens=False, return_attention_mask=False, verbose=False)[
            "input_ids"
        ]
        pieces += map(len, rows)
        used.update(id for row in rows for id in row)
    unknown = used.pop(tokenizer.unk_token_id, 0)
    words = sum(len(text.split()) for text in texts)
    return Lengths(tuple(pieces), words, unknown, len(used), len(tokenizer))
