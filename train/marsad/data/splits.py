"""Splitting reports so that no story is on both sides: by hash, in proportion of the labels, or by what a report tells."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from marsad.data.reports import Report, is_date, targets
from marsad.errors import ConfigError
from marsad.taxonomy import Taxonomy
from marsad.text import PREFIXES, normalize

Condition = Callable[[Report], bool]


def split_by_story(reports: Sequence[Report], share: float, seed: int) -> tuple[list[Report], list[Report]]:
    """Return (rest, part): `part` holds about `share` of the stories, chosen by a hash of seed and group.

    A story stays on its side when others are added or removed, since its place depends on nothing else.
    """
    chosen = {story for story in {report.story for report in reports} if _place(story, seed) < share}
    rest = [report for report in reports if report.story not in chosen]
    return rest, [report for report in reports if report.story in chosen]


def _place(story: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}:{story}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def shared_stories(a: Sequence[Report], b: Sequence[Report]) -> list[str]:
    """Return the stories, and the texts of equal wording told as `text:ID`, that stand in both."""
    stories = {report.group for report in a if report.group} & {report.group for report in b if report.group}
    texts = {report.text for report in a}
    return sorted(stories) + sorted(f"text:{report.id}" for report in b if report.text in texts)


def split_stratified(reports: Sequence[Report], shares: Sequence[float], taxonomy: Taxonomy, seed: int) -> list[list[Report]]:
    """Return one part for each share, whole stories, every label in about the same proportion in each part.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML 2011) on stories: the rarest label first, each of its
    stories to the part that lacks most of it. `shares` are positive; they are taken as parts of their sum.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, report in enumerate(reports):
        places[report.story].append(place)
    stories = list(places.values())
    gold = np.nan_to_num([targets(report, taxonomy) for report in reports]).reshape(len(reports), len(taxonomy.flat))
    counts = np.array([[*gold[rows].sum(0), len(rows)] for rows in stories]).reshape(len(stories), gold.shape[1] + 1)
    parts = _stratify(counts, np.array(shares, float) / sum(shares), np.random.default_rng(seed))
    chosen = np.zeros(len(reports), int)
    for rows, part in zip(stories, parts, strict=True):
        chosen[rows] = part
    return [[report for report, own in zip(reports, chosen, strict=True) if own == part] for part in range(len(shares))]


def _stratify(counts: np.ndarray, shares: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Return the part of each story from `counts` (stories, labels and last the reports): how many of each it holds."""
    parts = np.full(len(counts), -1)
    wanted = shares[:, None] * counts.sum(0)
    order = dice.permutation(len(counts))
    while (parts < 0).any():
        left = counts[parts < 0, :-1].sum(0)
        label = int(np.where(left > 0, left, np.inf).argmin()) if (left > 0).any() else -1
        waiting = order[(parts[order] < 0) & (counts[order, label] > 0)]
        for story in waiting[np.argsort(-counts[waiting, label], kind="stable")]:
            parts[story] = part = np.lexsort((wanted[:, -1], wanted[:, label]))[-1]
            wanted[part] -= counts[story]
    return parts


def split_where(reports: Sequence[Report], condition: Condition) -> tuple[list[Report], list[Report]]:
    """Return (rest, part): `part` holds every story with a report that fulfils `condition`."""
    chosen = {report.story for report in reports if condition(report)}
    rest = [report for report in reports if report.story not in chosen]
    return rest, [report for report in reports if report.story in chosen]


def dated_from(day: str) -> Condition:
    """Tell reports of `day` (YYYY, YYYY-MM or YYYY-MM-DD) and later; undated ones are not. Raises `ConfigError`."""
    if not is_date(day):
        raise ConfigError(f"--after: found {day!r}, expected YYYY, YYYY-MM or YYYY-MM-DD, as in 2025-01.")
    return lambda report: report.date is not None and _first_day(report.date) >= _first_day(day)


def _first_day(date: str) -> str:
    return (date + "-01-01")[:10]


def from_sources(sources: Sequence[str]) -> Condition:
    """Tell reports of the outlets `sources`."""
    return lambda report: report.source in sources


def naming(forces: Sequence[str]) -> Condition:
    """Tell reports whose text names one of `forces`, as whole words of the normalised text (a one-letter prefix may lead)."""
    names = "|".join(re.escape(normalize(force)) for force in forces)
    pattern = re.compile(rf"\b[{PREFIXES}]?(?:{names})\b")
    return lambda report: pattern.search(normalize(report.text)) is not None
