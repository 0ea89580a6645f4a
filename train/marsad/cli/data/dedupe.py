"""`marsad data dedupe`: near-duplicates into groups."""

from __future__ import annotations

from collections import Counter

from marsad.cli.console import errors, output
from marsad.cli.data.arguments import OutputFile, ReportsFile, TaxonomyName


def dedupe(reports: ReportsFile, output_file: OutputFile, taxonomy: TaxonomyName = "syria") -> None:
    """Find near-duplicates and write each cluster's name into `group`; no group that is there is parted, no report is lost.

    Example: `marsad data dedupe reports.jsonl -o grouped.jsonl`
    """
    with errors.status("comparing"):
        from marsad.data.duplicates import group_reports
        from marsad.data.reports import read_reports
        from marsad.files import write_rows
        from marsad.taxonomy import find_taxonomy, read_taxonomy

        found = read_reports(reports, read_taxonomy(find_taxonomy(taxonomy)))
        grouped = group_reports(found)
        write_rows(output_file, (report.to_dict() for report in grouped))
    changed = sum(before.group != after.group for before, after in zip(found, grouped, strict=True))
    sizes = Counter(report.group for report in grouped if report.group)
    shared = [size for size in sizes.values() if size > 1]
    output.print(
        f"{len(grouped):,} reports: {sum(shared):,} in {len(shared):,} groups of two or more; {changed:,} got another group"
    )
    output.print(f"written: {output_file}")
