"""`marsad data validate`: every mistake of a file of reports, and what is worth a look."""

from __future__ import annotations

import typer
from rich.markup import escape
from rich.table import Table

from marsad.cli.console import output
from marsad.cli.data.arguments import ReportsFile, TaxonomyName

SHOWN = 5
"""Places that a warning names; the rest is counted."""


def validate(reports: ReportsFile, taxonomy: TaxonomyName = "syria") -> None:
    """List all mistakes of a file of reports, line by line, and warnings; exit code 2 where there is a mistake.

    Example: `marsad data validate reports.jsonl`
    """
    from marsad.data.reports import sift_reports
    from marsad.data.validation import find_concerns
    from marsad.taxonomy import find_taxonomy, read_taxonomy

    known = read_taxonomy(find_taxonomy(taxonomy))
    good, rejected = sift_reports(reports, known)
    if rejected:
        table = Table(title="mistakes", show_lines=True)
        table.add_column("where", no_wrap=True)
        table.add_column("what is wrong", overflow="fold")
        for bad in rejected:
            table.add_row(f"line {bad.line}", escape("\n".join(bad.reasons)))
        output.print(table)
    concerns = find_concerns(good, known)
    if concerns:
        table = Table(title="warnings")
        table.add_column("what", overflow="fold")
        table.add_column("times", justify="right")
        table.add_column("where", overflow="fold")
        for concern in concerns:
            more = ", …" if len(concern.where) > SHOWN else ""
            table.add_row(concern.what, f"{len(concern.where):,}", escape(", ".join(concern.where[:SHOWN]) + more))
        output.print(table)
    output.print(f"{len(good):,} good reports, {len(rejected):,} bad lines, {len(concerns)} kinds of warnings")
    if rejected or not good:
        raise typer.Exit(2)
