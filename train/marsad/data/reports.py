"""The report format: one report a line of JSONL (or a row of CSV), checked line by line, all mistakes told at once."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marsad.data.rows import read_rows
from marsad.errors import DataError
from marsad.taxonomy import Task, Taxonomy

DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
"""YYYY, YYYY-MM or YYYY-MM-DD; see `is_date`."""
MOST_SHOWN = 20
"""Bad lines that an error quotes; the rest is counted."""
LIST_SEPARATOR = "|"
"""Between the labels of one CSV cell."""
READABLE = re.compile(r"\w")
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character, as posts that were cut in mid-emoji hold it."""


@dataclass(frozen=True)
class Mention:
    """A named force in a text: `text[start:end]`, and its camp in this report."""

    start: int
    end: int
    affiliation: str


@dataclass(frozen=True)
class Report:
    """One annotated report. A task that is missing from `labels` was not annotated; `()` means none of its labels."""

    id: str
    text: str
    date: str | None = None
    source: str | None = None
    group: str | None = None
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    factions: tuple[Mention, ...] | None = None
    label_shares: dict[str, dict[str, float]] = field(default_factory=dict)
    """By task, where its annotators differed: the share of them that gave each label, 0 for labels left out."""
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def story(self) -> str:
        """The group, or the report's own id where it has none: reports of one story never part in a split."""
        return self.group or f"id:{self.id}"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a line of JSONL holds it."""
        row: dict[str, Any] = {"id": self.id, "text": self.text, "date": self.date, "source": self.source, "group": self.group}
        row = {key: value for key, value in row.items() if value is not None}
        row |= {task: list(labels) for task, labels in self.labels.items()}
        if self.factions is not None:
            row["factions"] = [vars(mention) for mention in self.factions]
        if self.label_shares:
            row["label_shares"] = self.label_shares
        return row | ({"meta": self.meta} if self.meta else {})


@dataclass(frozen=True)
class Rejected:
    """A line that is no report: its number (from 1), what stands there, and every reason."""

    line: int
    content: str
    reasons: tuple[str, ...]


def read_reports(path: Path, taxonomy: Taxonomy, skip_bad: Path | None = None) -> list[Report]:
    """Read and check the reports of a `.jsonl` or `.csv` file.

    Raises `DataError` that lists every bad line; with `skip_bad`, writes these lines there instead and goes on.
    """
    reports, rejected = sift_reports(path, taxonomy)
    if rejected and skip_bad is None:
        raise DataError(describe(path, rejected))
    if skip_bad is not None:
        skip_bad.write_text("".join(f"{bad.content}\n" for bad in rejected), encoding="utf-8")
    if not reports:
        raise DataError(f"{path}: no reports in it. Expected one JSON object a line with at least 'id' and 'text'.")
    return reports


def sift_reports(path: Path, taxonomy: Taxonomy) -> tuple[list[Report], list[Rejected]]:
    """Return the reports of a file, and the lines that are none. Raises `DataError` where it cannot be read."""
    reports: list[Report] = []
    rejected: list[Rejected] = []
    places: dict[str, int] = {}
    for line, content, row in read_rows(path):
        reasons = [row] if isinstance(row, str) else find_mistakes(row, taxonomy)
        if not reasons and not isinstance(row, str):
            first = places.setdefault(str(row["id"]), line)
            if first != line:
                reasons = [f"duplicate id {str(row['id'])!r}, first on line {first}. Give every report its own id."]
            else:
                reports.append(_report(row, taxonomy))
        if reasons:
            rejected.append(Rejected(line, content, tuple(reasons)))
    return reports, rejected


def describe(path: Path, rejected: list[Rejected]) -> str:
    """Return one line of text for each mistake, with file and line number."""
    lines = [f"{path}:{bad.line}: {reason}" for bad in rejected for reason in bad.reasons]
    more = len(lines) - MOST_SHOWN
    return "\n".join(lines[:MOST_SHOWN] + ([f"{path}: and {more} more mistakes"] if more > 0 else []))


def find_mistakes(row: dict[str, Any], taxonomy: Taxonomy) -> list[str]:
    """Return everything that is wrong with a row as a report, each with its cure."""
    reasons = [f"no {key!r}. Every report needs one." for key in ("id", "text") if row.get(key) in (None, "")]
    text = row.get("text")
    if text is not None and not isinstance(text, str):
        reasons.append(f"text: found {type(text).__name__}, expected a string.")
    elif text:
        reasons += _text_mistakes(text)
    date, meta = row.get("date"), row.get("meta")
    if date is not None and not is_date(str(date)):
        reasons.append(f"date: found {date!r}, expected YYYY, YYYY-MM or YYYY-MM-DD.")
    if meta is not None and not isinstance(meta, dict):
        reasons.append(f"meta: found {type(meta).__name__}, expected a mapping.")
    for task in taxonomy.tasks:
        if row.get(task.name) is not None:
            reasons += _label_mistakes(row[task.name], task)
    reasons += _share_mistakes(row, taxonomy)
    if row.get("factions") is not None and isinstance(text, str):
        reasons += _mention_mistakes(row["factions"], text, taxonomy)
    return reasons


def _text_mistakes(text: str) -> list[str]:
    if not READABLE.search(text):
        return ["text: no letter or digit in it. Leave the report out."]
    if SURROGATE.search(text):
        return ["text: half of a character (a lone surrogate) in it. Export the text again as UTF-8, or take the half out."]
    return []


def is_date(text: str) -> bool:
    """Tell whether `text` is a year, a month or a day of the calendar, as YYYY, YYYY-MM or YYYY-MM-DD."""
    try:
        return bool(DATE.fullmatch(text) and datetime.date.fromisoformat((text + "-01-01")[:10]))
    except ValueError:
        return False


def _label_mistakes(value: Any, task: Task) -> list[str]:
    labels = as_list(value)
    if labels is None:
        return [f"{task.name}: found {type(value).__name__}, expected a list of labels."]
    reasons = [
        f"unknown {task.name} {label!r}; known: {', '.join(task.ids)}. Add it to the taxonomy or mend the line."
        for label in labels
        if label not in task.ids
    ]
    if task.kind == "multiclass" and len(labels) != 1:
        reasons.append(f"{task.name}: found {len(labels)} labels, expected exactly one.")
    return reasons


def _share_mistakes(row: dict[str, Any], taxonomy: Taxonomy) -> list[str]:
    tasks = row.get("label_shares")
    if tasks is None:
        return []
    if not isinstance(tasks, dict) or not all(isinstance(shares, dict) for shares in tasks.values()):
        return [f"label_shares: found {tasks!r}, expected a mapping of tasks to mappings of labels to shares."]
    reasons = [
        f"label_shares.{name}: the row has no {name!r}. Give its labels too."
        for name in tasks
        if name in taxonomy.names and row.get(name) is None
    ]
    for task in taxonomy.tasks:
        shares = tasks.get(task.name, {})
        place = f"label_shares.{task.name}"
        reasons += [f"{place}: unknown label {id!r}; known: {', '.join(task.ids)}." for id in shares if id not in task.ids]
        wrong = [share for share in shares.values() if type(share) not in (int, float) or not 0 <= share <= 1]
        reasons += [f"{place}: found {share!r}, expected a number from 0 to 1." for share in wrong]
        if shares and not wrong and task.kind == "multiclass" and abs(sum(shares.values()) - 1) > 0.01:
            reasons.append(f"{place}: the shares add up to {sum(shares.values()):g}, expected 1.")
    return reasons


def _mention_mistakes(mentions: Any, text: str, taxonomy: Taxonomy) -> list[str]:
    camps = next((task.ids for task in taxonomy.tasks if task.name == "affiliation"), None)
    if not isinstance(mentions, list):
        return [f"factions: found {type(mentions).__name__}, expected a list of mappings with start, end, affiliation."]
    reasons = []
    for number, mention in enumerate(mentions):
        try:
            start, end, camp = mention["start"], mention["end"], mention["affiliation"]
            inside = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)
        except (TypeError, KeyError):
            reasons.append(f"factions[{number}]: found {mention!r}, expected a mapping with start, end, affiliation.")
            continue
        if not inside:
            reasons.append(f"factions[{number}]: {start}–{end} is not within the text (0–{len(text)}).")
        if camps is not None and camp not in camps:
            reasons.append(f"factions[{number}]: unknown affiliation {camp!r}; known: {', '.join(camps)}.")
    return reasons


def as_list(value: Any) -> list[Any] | None:
    """Return the labels of a cell: a list as it is, a CSV string cut at `|`, anything else None."""
    if isinstance(value, str):
        return [label.strip() for label in value.split(LIST_SEPARATOR) if label.strip()]
    return value if isinstance(value, list) else None


def _report(row: dict[str, Any], taxonomy: Taxonomy) -> Report:
    known = {"id", "text", "date", "source", "group", "factions", "label_shares", "meta", *taxonomy.names}
    labels = {name: tuple(as_list(row[name]) or ()) for name in taxonomy.names if row.get(name) is not None}
    mentions = row.get("factions")
    meta = dict(row.get("meta") or {})
    return Report(
        id=str(row["id"]),
        text=row["text"],
        date=None if row.get("date") is None else str(row["date"]),
        source=None if row.get("source") is None else str(row["source"]),
        group=None if row.get("group") is None else str(row["group"]),
        labels=labels,
        factions=None if mentions is None else tuple(Mention(m["start"], m["end"], m["affiliation"]) for m in mentions),
        label_shares={task: own for task, own in (row.get("label_shares") or {}).items() if task in labels},
        meta=meta | {key: value for key, value in row.items() if key not in known},
    )


def targets(report: Report, taxonomy: Taxonomy, soft: bool = False) -> list[float]:
    """Return 1.0 and 0.0 for the labels of all tasks in order, NaN throughout a task that was not annotated.

    With `soft`, where annotators differed, the share of them that gave each label.
    """
    values: list[float] = []
    for task in taxonomy.tasks:
        labels, shares = report.labels.get(task.name), report.label_shares.get(task.name)
        if soft and shares is not None:
            values += [float(shares.get(id, 0.0)) for id in task.ids]
            continue
        values += [math.nan if labels is None else float(id in labels) for id in task.ids]
    return values
