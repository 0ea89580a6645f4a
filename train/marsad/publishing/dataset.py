"""Annotated reports as a repository of data sets: JSON lines for marsad, Parquet for `datasets`, a card. Nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml
from datasets import Dataset, Features, List, Value
from huggingface_hub import DatasetCardData

from marsad.data.reports import Report, read_reports
from marsad.errors import DataError
from marsad.files import sha256, write_atomically, write_rows
from marsad.publishing import replay_dataset
from marsad.publishing.card import HEADING, template
from marsad.publishing.dossier import read_words
from marsad.publishing.replay_dataset import RECORD, TAXONOMY, rows_sum
from marsad.publishing.verify import Verification, ask
from marsad.taxonomy import CAMPS, Task, Taxonomy

TEMPLATE = Path(__file__).with_name("dataset_template.md")
SPLITS = ("train", "dev", "test")
"""Files of a folder that `marsad data split` writes; a single file is published as the first of them."""
FIELDS = ("id", "text", "date", "source", "group")
FIELDS_WITHOUT_TEXT = ("id", "date", "source")
ABOUT = "who wrote and annotated the reports, how, what they are not good for, and under which licences the texts stand"
FORMAT = 1


@dataclass(frozen=True)
class DataParcel:
    """A folder of annotated reports ready to be sent."""

    kind: ClassVar[str] = "dataset"
    folder: Path
    card: str
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    """By split, as both files of it hold them."""
    text: bool
    """Whether the texts go along."""

    def verify(self, repo: str, revision: str, endpoint: str | None) -> Verification:
        """Fetch a revision into an empty cache, with `datasets` and with marsad; compare files and rows. Raises `ModelError`."""
        found = ask(["-m", replay_dataset.__name__], {"model": repo, "revision": revision}, endpoint)
        sums = {path.name: sha256(path) for path in self.folder.iterdir()}
        names = sorted(sums.keys() | found["files"].keys())
        differences = [f"{name}: not the file that was sent" for name in names if sums.get(name) != found["files"].get(name)]
        ours = {split: rows_sum(rows) for split, rows in self.rows.items()}
        readers = ("datasets", "marsad") if self.text else ("datasets",)
        differences += [
            f"{split} with {reader}: {found[reader].get(split, 'not there')}, sent: {sum}"
            for reader in readers
            for split, sum in ours.items()
            if found[reader].get(split) != sum
        ]
        return Verification(repo, revision, sum_of_lengths(self.rows), tuple(differences))


def sum_of_lengths(rows: Mapping[str, Sequence[Any]]) -> int:
    """Return how many there are in all splits."""
    return sum(map(len, rows.values()))


def pack_reports(source: Path, repo: str, place: Path, taxonomy: Taxonomy, tag: str | None = None, text: bool = True) -> DataParcel:
    """Check annotated reports and lay out in the empty folder `place` what is published as `repo`.

    `source` is a JSONL or CSV file, or a folder with some of train, dev and test.jsonl; the licence and the data sheet are
    those of the README.md beside the reports. Without `text` only ids, dates, sources and labels are published: no text, and so
    no spans of factions. `meta`, the makers' own notes, is never published. Raises `DataError` with all that is missing.
    """
    reports = {split: read_reports(path, taxonomy) for split, path in _files(source).items()}
    mistakes = _twice(reports)
    front, words = read_words(source if source.is_dir() else source.parent, ABOUT, mistakes)
    if mistakes:
        raise DataError("\n".join(f"{source}: {mistake}" for mistake in mistakes))
    rows = {split: [_row(report, taxonomy, text) for report in found] for split, found in reports.items()}
    for split, own in rows.items():
        write_rows(place / f"{split}.jsonl", own)
        Dataset.from_list(own, features=_features(taxonomy, text)).to_parquet(place / f"{split}.parquet")
    write_atomically(place / TAXONOMY, yaml.safe_dump(taxonomy.to_dict(), allow_unicode=True, sort_keys=False))
    write_atomically(place / RECORD, json.dumps({"format": FORMAT, "text": text, "splits": list(rows)}, indent=1) + "\n")
    card = _card(reports, repo, tag, taxonomy, text, front, words)
    write_atomically(place / "README.md", card)
    return DataParcel(place, card, rows, text)


def _files(source: Path) -> dict[str, Path]:
    if not source.is_dir():
        return {SPLITS[0]: source}
    found = {split: source / f"{split}.jsonl" for split in SPLITS if (source / f"{split}.jsonl").is_file()}
    if not found:
        raise DataError(f"{source}: none of train.jsonl, dev.jsonl, test.jsonl in it. Name a file, or split it first.")
    return found


def _twice(reports: Mapping[str, Sequence[Report]]) -> list[str]:
    """Return the ids that stand in two splits."""
    counts = Counter(report.id for own in reports.values() for report in own)
    return [f"the id {id!r} is in several splits. Give every report its own id." for id, count in counts.items() if count > 1]


def _row(report: Report, taxonomy: Taxonomy, text: bool) -> dict[str, Any]:
    """Return a report with every key in it, so that all rows have one shape; None where there is nothing."""
    row = {field: getattr(report, field) for field in (FIELDS if text else FIELDS_WITHOUT_TEXT)}
    for task in taxonomy.names:
        row[task] = list(report.labels[task]) if task in report.labels else None
    if text:
        row["factions"] = None if report.factions is None else [dict(vars(mention)) for mention in report.factions]
    return row


def _features(taxonomy: Taxonomy, text: bool) -> Features:
    features: dict[str, Any] = {field: Value("string") for field in (FIELDS if text else FIELDS_WITHOUT_TEXT)}
    features |= {task: List(Value("string")) for task in taxonomy.names}
    if text:
        features["factions"] = List({"start": Value("int64"), "end": Value("int64"), "affiliation": Value("string")})
    return Features(features)


def _card(
    reports: Mapping[str, Sequence[Report]],
    repo: str,
    tag: str | None,
    taxonomy: Taxonomy,
    text: bool,
    front: Mapping[str, Any],
    words: str,
) -> str:
    """Return the README; like that of a model it depends on nothing but its arguments."""
    camps = next((task for task in taxonomy.tasks if task.name == CAMPS), None)
    return template(TEMPLATE).render(
        card_data=_front_matter(reports, repo, front).to_yaml(),
        repo=repo,
        revision=tag,
        text=text,
        reports=reports,
        total=sum_of_lengths(reports),
        dates={split: sorted(one.date for one in own if one.date) for split, own in reports.items()},
        stories={split: len({one.story for one in own}) for split, own in reports.items()},
        sources=len({one.source for own in reports.values() for one in own if one.source}),
        tasks=taxonomy.tasks,
        counts={task.name: {split: _counts(own, task) for split, own in reports.items()} for task in taxonomy.tasks},
        camps=camps if text and any(one.factions for own in reports.values() for one in own) else None,
        mentions={split: Counter(m.affiliation for one in own for m in one.factions or ()) for split, own in reports.items()},
        taxonomy=taxonomy,
        words=HEADING.sub(r"#\1", words),
    )


def _counts(reports: Sequence[Report], task: Task) -> dict[str, int]:
    """Return the reports of each label, and under "" those annotated as having none, under "-" those not annotated."""
    known = [report.labels[task.name] for report in reports if task.name in report.labels]
    counts = Counter(label for labels in known for label in labels)
    return {id: counts[id] for id in task.ids} | {"": known.count(()), "-": len(reports) - len(known)}


def _front_matter(reports: Mapping[str, Sequence[Report]], repo: str, front: Mapping[str, Any]) -> DatasetCardData:
    total = sum_of_lengths(reports)
    size = next((name for most, name in ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K")) if total < most), "100K<n<1M")
    given = {key: front[key] for key in ("license_name", "license_link") if key in front}
    files = [{"split": split, "path": f"{split}.parquet"} for split in reports]
    return DatasetCardData(
        language="ar",
        license=front["license"],
        pretty_name=str(front.get("pretty_name") or repo.rpartition("/")[2]),
        task_categories=["text-classification", "token-classification"],
        task_ids=["multi-label-classification", "named-entity-recognition"],
        size_categories=size,
        tags=sorted({"arabic", "conflict", "marsad", *(front.get("tags") or [])}),
        configs=[{"config_name": "default", "data_files": files}],
        **given,
    )
