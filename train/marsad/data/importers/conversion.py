"""From another tool's records to reports; what has no place in the taxonomy is counted, and refused unless dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from marsad.data.importers.mapping import FACTIONS, ImportMap, Lookup
from marsad.data.importers.offsets import find_span
from marsad.data.importers.record import Name, Record
from marsad.data.reports import Mention, Report, find_mistakes, is_date
from marsad.errors import DataError
from marsad.taxonomy import SEPARATOR, Taxonomy

KEYS = ("text", "date", "source", "group")
"""Keys of a report that an export may hold under the same name; `id` the importers give."""


@dataclass(frozen=True)
class Imported:
    """The reports of an export, and how often each thing that could not be mapped stood there."""

    reports: tuple[Report, ...]
    dropped: dict[str, int]
    annotators: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts."""
        return {"reports": len(self.reports), "dropped": self.dropped, "annotators": list(self.annotators)}


@dataclass
class Losses:
    """What could not be mapped: how often, and where first."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, place: str) -> None:
        """Count one loss."""
        self.counts[what] += 1
        self.places.setdefault(what, place)

    def __str__(self) -> str:
        """Return a line for each kind of loss, the most frequent first."""
        return "\n".join(f"{self.places[what]}: {what} ({count} times)" for what, count in self.counts.most_common())


def convert(
    records: Iterable[Record], mapping: ImportMap, taxonomy: Taxonomy, annotator: str | None = None, drop_unmapped: bool = False
) -> Imported:
    """Return the reports that `records` tell of, one for each annotation; of one `annotator` alone where it is named.

    Raises `DataError` with everything that cannot be mapped and its count, unless `drop_unmapped`; always where two
    reports have one id.
    """
    found = list(records)
    annotators = tuple(sorted({record.annotator for record in found if record.annotator}))
    if annotator is not None and annotator not in annotators:
        raise DataError(f"no annotation by {annotator!r}; annotators: {', '.join(annotators) or 'none are named'}.")
    chosen = [record for record in found if annotator in (None, record.annotator)]
    losses = Losses()
    lookup = Lookup(mapping, taxonomy)
    made = [(record, report) for record in chosen if (report := _report(record, lookup, taxonomy, losses)) is not None]
    if losses.counts and not drop_unmapped:
        cure = "Give each a line in the map (null for what means nothing), or leave all of them out with --drop-unmapped."
        raise DataError(f"{losses}\n{cure}")
    return Imported(tuple(_distinct(made)), dict(losses.counts.most_common()), annotators)


def _report(record: Record, lookup: Lookup, taxonomy: Taxonomy, losses: Losses) -> Report | None:
    """Return the report that a record tells of, or None where it holds no usable text."""
    mapping = lookup.mapping
    values = {key: record.fields.get(mapping.fields.get(key, key)) for key in KEYS}
    extra = {key: record.fields.get(name) for key, name in mapping.fields.items() if key not in (*KEYS, "id")}
    for what in record.unread:
        losses.add(what, record.place)
    labels, mentions = _annotation(record, str(values["text"] or ""), lookup, taxonomy, losses)
    report = Report(
        id=str(record.fields[mapping.fields["id"]]) if mapping.fields.get("id") in record.fields else record.id,
        text=str(values["text"] or ""),
        date=_date(values["date"], mapping.date_format, record.place, losses),
        source=_string(values["source"]),
        group=_string(values["group"]),
        labels=labels,
        factions=mentions,
        meta={key: value for key, value in extra.items() if value not in (None, "")}
        | ({"annotator": record.annotator} if record.annotator else {}),
    )
    reasons = find_mistakes(report.to_dict(), taxonomy)
    if not report.text:
        known = ", ".join(sorted(record.fields))
        reasons = [f"no field {mapping.fields.get('text', 'text')!r} with a text; fields: {known}. Name it under 'fields: text:'"]
    for reason in reasons:
        losses.add(f"a record left out: {reason}", record.place)
    return None if reasons else report


def _annotation(
    record: Record, text: str, lookup: Lookup, taxonomy: Taxonomy, losses: Losses
) -> tuple[dict[str, tuple[str, ...]], tuple[Mention, ...] | None]:
    """Return labels by task and the mentions; a span whose name is a label of reports labels its report."""
    names = list(record.names)
    mentions: dict[tuple[int, int], set[str]] = {}
    marked = FACTIONS in lookup.mapping.answered
    for span in record.spans:
        camps = lookup.camp(span.name)
        if camps is None and lookup.labels(span.name) is not None:
            names.append(span.name)
            continue
        marked = True
        extent = find_span(text, span.start, span.end, span.quote, lookup.mapping.offsets == "utf-16")
        if camps is None:
            losses.add(f"the span label {str(span.name)!r}", record.place)
        elif extent is None:
            losses.add("a span whose offsets do not give the text that it quotes, or lie outside the text", record.place)
        elif camps:
            mentions.setdefault(extent, set()).update(camps)
    flat = {label for name in names for label in _known(name, lookup, record.place, losses)}
    labels = {
        task.name: tuple(id for id in task.ids if task.name + SEPARATOR + id in flat)
        for task in taxonomy.tasks
        if task.name in lookup.mapping.answered or any(label.startswith(task.name + SEPARATOR) for label in flat)
    }
    return labels, tuple(_settled(mentions, record.place, losses)) if marked else None


def _known(name: Name, lookup: Lookup, place: str, losses: Losses) -> tuple[str, ...]:
    labels = lookup.labels(name)
    if labels is None:
        several = lookup.candidates(name)
        losses.add(f"the label {str(name)!r}" + (f", which could be {' or '.join(several)}" if several else ""), place)
    return labels or ()


def _settled(mentions: dict[tuple[int, int], set[str]], place: str, losses: Losses) -> Iterator[Mention]:
    """Yield the mentions in order of the text. Overlapping ones stay: the longest wins where a model learns them."""
    for (start, end), camps in sorted(mentions.items()):
        if len(camps) > 1:
            losses.add("a span of several camps at once", place)
        else:
            yield Mention(start, end, *camps)


def _date(value: Any, form: str | None, place: str, losses: Losses) -> str | None:
    written = str(value or "").strip()
    if not written:
        return None
    if form is not None:
        try:
            return datetime.strptime(written, form).date().isoformat()
        except ValueError:
            losses.add(f"the date {written!r}, which is not as date_format says", place)
            return None
    day = written.split("T")[0].split(" ")[0]
    if is_date(day):
        return day
    losses.add(f"the date {written!r} (name its form under date_format, as in %d/%m/%Y)", place)
    return None


def _string(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


def _distinct(made: list[tuple[Record, Report]]) -> Iterator[Report]:
    """Yield the reports; those of several annotators get `ID@ANNOTATOR`, and a group, so that no split parts them."""
    people: dict[str, set[str | None]] = {}
    for record, report in made:
        people.setdefault(report.id, set()).add(record.annotator)
    places: dict[str, str] = {}
    twice: list[str] = []
    for record, report in made:
        shared = len(people[report.id]) > 1 and record.annotator
        known = replace(report, id=f"{report.id}@{record.annotator}", group=report.group or report.id) if shared else report
        if known.id in places:
            twice.append(f"{record.place}: id {known.id!r} a second time, first {places[known.id]}. Every report needs its own id.")
        places.setdefault(known.id, record.place)
        yield known
    if twice:
        raise DataError("\n".join(twice))
