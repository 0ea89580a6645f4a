"""From several annotations of a report to one: the majority, or a decision where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marsad.data.agreement import FACTIONS, Annotations, answer, by_report
from marsad.data.reports import Report
from marsad.errors import DataError
from marsad.taxonomy import Taxonomy

MOST_SHOWN = 10


@dataclass(frozen=True)
class Adjudicated:
    """The merged reports, and how many answers were unanimous, of a majority, or decided."""

    reports: tuple[Report, ...]
    unanimous: int
    majority: int
    decided: int
    tied: int
    """Let through with `allow_ties`."""

    def to_dict(self) -> dict[str, int]:
        """Return the counts."""
        return {name: value for name, value in vars(self).items() if name != "reports"} | {"reports": len(self.reports)}


def adjudicate(
    annotations: Annotations, taxonomy: Taxonomy, decisions: Sequence[Report] = (), allow_ties: bool = False
) -> Adjudicated:
    """Merge annotations by report id; reports keep the order in which they first occur.

    A label, or a mention, is kept if more than half of those who annotated its task gave it. `decisions` go over any
    vote, on the keys that they have. Where annotators differ and nothing is decided, the report's `label_shares` keep the
    vote. Raises `DataError` with the ids where a vote is tied, or a multiclass task has no majority, and no decision is
    there; with `allow_ties` a tied label is left out, and of a multiclass task the label with most votes taken.
    """
    decided = {report.id: report for report in decisions}
    counts: Counter[str] = Counter()
    merged, tied = [], []
    for id, own in by_report(annotations).items():
        answers: dict[str, frozenset[Any] | None] = {}
        shares: dict[str, dict[str, float]] = {}
        for key in (*taxonomy.names, FACTIONS):
            how, found = _settle(own, key, taxonomy, decided.get(id))
            counts[how] += 1
            answers[key] = found
            if how == "tied":
                tied.append(f"{id} ({key})")
            if how in ("tied", "majority") and key != FACTIONS:
                shares[key] = _shares(own, key, taxonomy)
        merged.append(replace(_with(next(iter(own.values())), answers, taxonomy), label_shares=shares))
    if tied and not allow_ties:
        more = f" and {len(tied) - MOST_SHOWN} more" if len(tied) > MOST_SHOWN else ""
        raise DataError(
            f"{len(tied)} answers have no majority: {', '.join(tied[:MOST_SHOWN])}{more}. "
            "Decide them in a file of reports (marsad data agreement -o writes what to decide) and give it with --decisions, "
            "or let --allow-ties leave them out."
        )
    return Adjudicated(tuple(merged), counts["unanimous"], counts["majority"], counts["decided"], len(tied))


def _settle(own: Mapping[str, Report], key: str, taxonomy: Taxonomy, decision: Report | None) -> tuple[str, frozenset[Any] | None]:
    """Return how an answer came about and the answer; None where nobody annotated it."""
    final = None if decision is None else answer(decision, key)
    given = [found for report in own.values() if (found := answer(report, key)) is not None]
    if len(set(given)) > 1 and final is not None:
        return "decided", final
    if not given:
        return "absent", final
    if len(set(given)) == 1:
        return ("unanimous", given[0]) if final is None or final == given[0] else ("decided", final)
    votes = Counter(one for found in given for one in found)
    kept = frozenset(one for one, count in votes.items() if 2 * count > len(given))
    single = key in taxonomy.names and taxonomy.task(key).kind == "multiclass"
    if single and len(kept) != 1:
        return "tied", frozenset([max(taxonomy.task(key).ids, key=votes.__getitem__)])
    if any(2 * count == len(given) for count in votes.values()):
        return "tied", kept
    return "majority", kept


def _shares(own: Mapping[str, Report], key: str, taxonomy: Taxonomy) -> dict[str, float]:
    """Return the share of those who annotated a task that gave each label, labels that nobody gave left out."""
    given = [found for report in own.values() if (found := answer(report, key)) is not None]
    shares = {id: sum(id in found for found in given) / len(given) for id in taxonomy.task(key).ids}
    return {id: round(share, 4) for id, share in shares.items() if share}


def _with(report: Report, answers: Mapping[str, frozenset[Any] | None], taxonomy: Taxonomy) -> Report:
    """Return `report` with `answers`, labels in the taxonomy's order and mentions in the text's."""
    labels = {
        task.name: tuple(id for id in task.ids if id in found)
        for task in taxonomy.tasks
        if (found := answers[task.name]) is not None
    }
    mentions = answers[FACTIONS]
    factions = None if mentions is None else tuple(sorted(mentions, key=lambda mention: (mention.start, mention.end)))
    return replace(report, labels=labels, factions=factions)
