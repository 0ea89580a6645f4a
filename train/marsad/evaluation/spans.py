"""Scores of a tagger of factions: places and camps, by camp, on names it never saw, beside two baselines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marsad.data.reports import Report, is_date
from marsad.errors import DataError
from marsad.gazetteer import Gazetteer
from marsad.inference.tagger import FactionTagger
from marsad.modeling.names import key

Place = tuple[int, int, str]
"""Start and end in the text, and the camp."""


@dataclass(frozen=True)
class Figures:
    """Precision, recall and F1 of what was found; `support` counts gold."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class SpanScores:
    """Exact matches: `entity` asks for both ends and the camp, `span` for the ends alone."""

    entity: Figures
    span: Figures
    camp_accuracy: float | None
    """Share of the right camp among mentions found with both ends right; None where there are none."""
    camps: Mapping[str, Figures]
    """`entity` by camp, of those in gold or found."""

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as nested dictionaries."""
        camps = {camp: vars(own) for camp, own in self.camps.items()}
        return {**vars(self), "entity": vars(self.entity), "span": vars(self.span), "camps": camps}


@dataclass(frozen=True)
class FactionEvaluation:
    """A tagger's scores on annotated reports. `to_dict` is the shape of its `metrics.json`."""

    n: int
    """Reports whose factions are annotated."""
    scores: SpanScores
    unseen: SpanScores
    """On the mentions whose names training never saw, gold and found."""
    baselines: Mapping[str, SpanScores]
    """`gazetteer` (names and camps by date, no model; where the tagger has one); `majority camp` of each found name in training."""

    def to_dict(self) -> dict[str, Any]:
        """Return `{"task": "factions", "n", "scores", "unseen", "baselines"}`."""
        baselines = {name: own.to_dict() for name, own in self.baselines.items()}
        own = {"scores": self.scores.to_dict(), "unseen": self.unseen.to_dict(), "baselines": baselines}
        return {"task": "factions", "n": self.n, **own}


def evaluate_factions(tagger: FactionTagger, reports: Sequence[Report], batch_size: int = 16) -> FactionEvaluation:
    """Tag the `reports` whose factions are annotated, and score the mentions. Raises `DataError` where there are none."""
    annotated = [report for report in reports if report.factions is not None]
    if not annotated:
        raise DataError("no report has 'factions', so there is nothing to score mentions by. Annotate some ([] means none).")
    texts, dates = [report.text for report in annotated], [report.date for report in annotated]
    tagged = tagger.tag(texts, dates, batch_size)
    found = [[(span.start, span.end, span.affiliation) for span in spans] for spans in tagged]
    gold = [[(m.start, m.end, m.affiliation) for m in report.factions or ()] for report in annotated]
    camps = tagger.camps

    def unseen(places: Sequence[Sequence[Place]]) -> list[list[Place]]:
        names = tagger.names.counts
        return [[p for p in own if key(text[p[0] : p[1]]) not in names] for text, own in zip(texts, places, strict=True)]

    baselines = {"majority camp": _majority(tagger, texts, found)}
    if tagger.gazetteer:
        baselines["gazetteer"] = _named(tagger.gazetteer, texts, dates)
    return FactionEvaluation(
        len(annotated),
        score_spans(gold, found, camps),
        score_spans(unseen(gold), unseen(found), camps),
        {name: score_spans(gold, own, camps) for name, own in baselines.items()},
    )


def score_spans(gold: Sequence[Sequence[Place]], found: Sequence[Sequence[Place]], camps: Sequence[str]) -> SpanScores:
    """Score the places `found` in each report against `gold`; only exact matches count."""
    pairs = [(set(own), set(other)) for own, other in zip(gold, found, strict=True)]
    ends = [({p[:2] for p in own}, {p[:2] for p in other}) for own, other in pairs]
    right = sum(len(own & other) for own, other in pairs)
    placed = sum(len(own & other) for own, other in ends)
    real, given = (Counter(place[2] for pair in pairs for place in pair[side]) for side in (0, 1))
    hits = Counter(place[2] for own, other in pairs for place in own & other)
    return SpanScores(
        _figures(right, real.total(), given.total()),
        _figures(placed, real.total(), given.total()),
        right / placed if placed else None,
        {camp: _figures(hits[camp], real[camp], given[camp]) for camp in camps if real[camp] or given[camp]},
    )


def _figures(hits: int, gold: int, found: int) -> Figures:
    f1 = 2 * hits / (gold + found) if gold + found else 0.0
    return Figures(hits / found if found else 0.0, hits / gold if gold else 0.0, f1, gold)


def _majority(tagger: FactionTagger, texts: Sequence[str], found: Sequence[Sequence[Place]]) -> list[list[Place]]:
    """Return the tagger's places in the camp that their name had most often in training, or the most frequent of all camps."""
    totals: Counter[str] = Counter()
    for camps in tagger.names.counts.values():
        totals.update(camps)
    most = max(tagger.camps, key=totals.__getitem__)
    return [
        [(start, end, tagger.names.camp(text[start:end]) or most) for start, end, _ in own]
        for text, own in zip(texts, found, strict=True)
    ]


def _named(gazetteer: Gazetteer, texts: Sequence[str], dates: Sequence[str | None]) -> list[list[Place]]:
    """Return the places of the gazetteer's names, in the camps that they have on the reports' dates."""
    return [
        [(hit.start, hit.end, hit.force.camp) for hit in gazetteer.find(text, date if date and is_date(date) else None)]
        for text, date in zip(texts, dates, strict=True)
    ]
