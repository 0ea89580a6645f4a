"""`marsad data clean`: what web pages and social networks put around a report, cut."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from marsad.cli.console import arabic, output, warn
from marsad.cli.data.arguments import OutputFile, ReportsFile, TaxonomyName

if TYPE_CHECKING:
    from marsad.data.cleaning import Cleaned
    from marsad.data.reports import Report

SAMPLE = 60
"""Characters shown of one cut of each kind."""


def clean(
    reports: ReportsFile,
    output_file: OutputFile,
    cuts_file: Annotated[Path | None, typer.Option("--cuts", help="JSONL to write every cut to, with its text.")] = None,
    taxonomy: TaxonomyName = "syria",
) -> None:
    """Cut related headlines, comment threads, share buttons, menus, bylines and time stamps; move faction spans along.

    Example: `marsad data clean reports.jsonl -o clean.jsonl --cuts cuts.jsonl`
    """
    from marsad.data.cleaning import clean_report
    from marsad.data.reports import read_reports
    from marsad.files import write_rows
    from marsad.taxonomy import find_taxonomy, read_taxonomy

    raw = read_reports(reports, read_taxonomy(find_taxonomy(taxonomy)))
    cleaned = [clean_report(report) for report in raw]
    write_rows(output_file, (one.report.to_dict() for one in cleaned))
    if cuts_file is not None:
        write_rows(
            cuts_file,
            (
                {"id": before.id, **vars(cut), "text": before.text[cut.start : cut.end]}
                for before, after in zip(raw, cleaned, strict=True)
                for cut in after.cuts
            ),
        )
    output.print(_table(raw, cleaned))
    if lost := sum(len(one.lost) for one in cleaned):
        warn(f"{lost:,} faction spans stood in what was cut and are gone.")
    if whole := [one.report.id for one in cleaned if one.only_rubbish]:
        warn(f"{len(whole):,} reports hold nothing else and stay as they are: {', '.join(whole[:5])}. Leave them out yourself.")


def _table(raw: list[Report], cleaned: list[Cleaned]) -> Table:
    """Return a table with reports, cuts and characters of each kind, and one cut to see."""
    cuts = [(before, cut) for before, after in zip(raw, cleaned, strict=True) for cut in after.cuts]
    characters = sum(len(report.text) for report in raw)
    removed = sum(cut.end - cut.start for _, cut in cuts)
    table = Table(title="what was cut", caption=f"{removed:,} of {characters:,} characters ({removed / characters:.1%})")
    for heading in ("kind", "reports", "cuts", "characters", "such as"):
        table.add_column(heading, justify="left" if heading in ("kind", "such as") else "right")
    for kind, count in Counter(cut.kind for _, cut in cuts).most_common():
        own = [(report, cut) for report, cut in cuts if cut.kind == kind]
        report, cut = own[0]
        sample = " ".join(report.text[cut.start : cut.end].split())[:SAMPLE]
        size = sum(cut.end - cut.start for _, cut in own)
        table.add_row(kind, f"{len({r.id for r, _ in own}):,}", f"{count:,}", f"{size:,}", arabic(sample))
    return table
