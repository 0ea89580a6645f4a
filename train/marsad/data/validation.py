"""What is no mistake in a set of reports and yet worth a look."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from marsad.data.reports import Mention, Report, as_list, read_reports
from marsad.data.rows import read_rows
from marsad.errors import DataError
from marsad.taxonomy import Taxonomy
from marsad.text import PREFIXES, TATWEEL

NEAR_EMPTY = 5
"""Words; a text of fewer says hardly anything."""
PRIMARY = "primary_event"
"""Key of `meta` with the main one of a report's event types."""
EVENTS = "event_type"


@dataclass(frozen=True)
class Concern:
    """One kind of thing worth a look: what it is, and where, told by ids of reports or names of labels."""

    what: str
    where: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the concern as a mapping."""
        return {"what": self.what, "where": list(self.where)}


def find_concerns(reports: Sequence[Report], taxonomy: Taxonomy) -> list[Concern]:
    """Return the kinds of concern that occur, the most serious first."""
    found = {
        "the same text under several ids": _twins(reports),
        f"{PRIMARY} is not one of the report's {EVENTS}": [r.id for r in reports if not _primary_fits(r)],
        "a span that begins or ends inside a word, or with a space": [r.id for r in reports if _is_ragged(r)],
        "spans that overlap (the longest wins in training)": [r.id for r in reports if _overlaps(r)],
        f"a text of fewer than {NEAR_EMPTY} words": [r.id for r in reports if len(r.text.split()) < NEAR_EMPTY],
        "annotated for no task": [r.id for r in reports if not r.labels and r.factions is None],
        "no date (a force's camp may depend on it)": [r.id for r in reports if r.date is None],
        "a label that no report has": list(_unused(reports, taxonomy)),
    }
    return [Concern(what, tuple(where)) for what, where in found.items() if where]


def read_reports_for(model: str, path: Path, taxonomy: Taxonomy, skip_bad: Path | None = None) -> list[Report]:
    """Read reports on which a model of `taxonomy` is judged, as `read_reports` does.

    Its `DataError` ends with the labels that the model does not know, each with the number of reports that have it.
    """
    try:
        return read_reports(path, taxonomy, skip_bad)
    except DataError as error:
        raise DataError("\n".join([str(error), *_foreign_labels(model, path, taxonomy)])) from error


def _foreign_labels(model: str, path: Path, taxonomy: Taxonomy) -> list[str]:
    counts: dict[str, Counter[str]] = {task.name: Counter() for task in taxonomy.tasks}
    for _, _, row in read_rows(path):
        if isinstance(row, str):
            continue
        for task in taxonomy.tasks:
            counts[task.name].update({str(one) for one in as_list(row.get(task.name)) or ()} - set(task.ids))
    lines = [
        f"{path}: {task} has labels that {model} does not know: " + ", ".join(f"{label} ({n})" for label, n in own.most_common())
        for task, own in counts.items()
        if own
    ]
    return [*lines, f"{path}: if these are no slips, the reports follow another taxonomy: name a model of it."] if lines else []


def _twins(reports: Sequence[Report]) -> list[str]:
    places: dict[str, list[str]] = {}
    for report in reports:
        places.setdefault(report.text, []).append(report.id)
    return [" = ".join(ids) for ids in places.values() if len(ids) > 1]


def _primary_fits(report: Report) -> bool:
    events = report.labels.get(EVENTS)
    return PRIMARY not in report.meta or not events or report.meta[PRIMARY] in events


def _is_ragged(report: Report) -> bool:
    return any(_cuts_a_word(report.text, mention) for mention in report.factions or ())


def _cuts_a_word(text: str, mention: Mention) -> bool:
    """Tell whether a mention starts or ends inside a word; one-letter words written with the next may stay outside it."""
    quote = text[mention.start : mention.end]
    if quote != quote.strip():
        return True
    before = _last_word(text[: mention.start])
    return bool(before.strip(PREFIXES)) or _goes_on(text[mention.end : mention.end + 1], quote)


def _last_word(text: str) -> str:
    """Return the letters that stand right before the end of a text."""
    start = len(text)
    while start and text[start - 1].isalpha():
        start -= 1
    return text[start:]


def _goes_on(following: str, quote: str) -> bool:
    return quote[-1:].isalpha() and (following.isalpha() or following == TATWEEL or unicodedata.category(following or " ") == "Mn")


def _overlaps(report: Report) -> bool:
    ordered = sorted(report.factions or (), key=lambda mention: mention.start)
    return any(after.start < before.end for before, after in pairwise(ordered))


def _unused(reports: Sequence[Report], taxonomy: Taxonomy) -> Iterator[str]:
    for task in taxonomy.tasks:
        used = {label for report in reports for label in report.labels.get(task.name, ())}
        if any(task.name in report.labels for report in reports):
            yield from (f"{task.name}:{id}" for id in task.ids if id not in used)
