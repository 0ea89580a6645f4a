"""`marsad data split`: train, dev and test without a story in two of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from marsad.cli.console import arabic, errors, output, warn
from marsad.cli.data.arguments import ReportsFile, Seed, TaxonomyName
from marsad.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from marsad.data.reports import Report
    from marsad.data.splits import Condition
    from marsad.taxonomy import Taxonomy

Share = Annotated[float, typer.Option(min=0.0, max=0.9, help="Share of the reports.")]


def split(
    reports: ReportsFile,
    folder: Annotated[Path, typer.Option("-o", "--output", help="Folder for train.jsonl, dev.jsonl, test.jsonl.")],
    dev: Share = 0.1,
    test: Share = 0.1,
    after: Annotated[str | None, typer.Option(help="test: stories with a report of this date or later, as 2025-01.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="test: stories with a report of this outlet; may be repeated.")] = None,
    unseen_faction: Annotated[
        list[str] | None, typer.Option(help="test: stories that name this force; repeat it for other spellings and forces.")
    ] = None,
    seed: Seed = 13,
    taxonomy: TaxonomyName = "syria",
) -> None:
    """Split reports by story and near-duplicates, every label in about the same proportion; test also by date, outlet or force.

    Example: `marsad data split reports.jsonl -o data/ --dev 0.1 --after 2025-01`
    """
    with errors.status("splitting"):
        from marsad.data.duplicates import group_reports
        from marsad.data.reports import read_reports
        from marsad.data.splits import split_stratified, split_where
        from marsad.files import write_rows
        from marsad.taxonomy import find_taxonomy, read_taxonomy

        condition = _condition(after, source or [], unseen_faction or [])
        labels = read_taxonomy(find_taxonomy(taxonomy))
        found = group_reports(read_reports(reports, labels))
        rest, held_out = split_where(found, condition) if condition else (found, [])
        shares = {"train": 1 - dev - (0 if condition else test), "dev": dev, "test": 0 if condition else test}
        if shares["train"] <= 0:
            raise ConfigError(f"--dev {dev} and --test {test} leave nothing to train on. Their sum must be under 1.")
        wanted = {name: share for name, share in shares.items() if share}
        parts = dict(zip(wanted, split_stratified(rest, list(wanted.values()), labels, seed), strict=True))
        parts |= {"test": held_out} if condition else {}
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in parts.items():
            write_rows(folder / f"{name}.jsonl", (report.to_dict() for report in part))
    _show(parts, labels)
    for name in (name for name, part in parts.items() if not part):
        warn(f"{name} is empty.")
    output.print(f"written: {', '.join(str(folder / f'{name}.jsonl') for name in parts)}")


def _condition(after: str | None, sources: Sequence[str], forces: Sequence[str]) -> Condition | None:
    from marsad.data.splits import dated_from, from_sources, naming

    if sum(map(bool, (after, sources, forces))) > 1:
        raise ConfigError("--after, --source and --unseen-faction: give one of them; each says what test is.")
    if after:
        return dated_from(after)
    return from_sources(sources) if sources else naming(forces) if forces else None


def _show(parts: Mapping[str, Sequence[Report]], taxonomy: Taxonomy) -> None:
    output.print(", ".join(f"{name}: {len(part):,} reports" for name, part in parts.items()))
    for task in taxonomy.tasks:
        table = Table(title=f"{task.name} {arabic(task.ar)}")
        for heading in ("label", "", *parts):
            table.add_column(heading, justify="left" if heading == "label" else "right")
        for label in task.labels:
            counts = (sum(label.id in report.labels.get(task.name, ()) for report in part) for part in parts.values())
            table.add_row(label.id, arabic(label.ar), *map(str, counts))
        output.print(table)
