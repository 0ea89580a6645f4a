"""`marsad data adjudicate`: several annotations of a report into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marsad.cli.console import errors, output
from marsad.cli.data.agreement import read_annotations
from marsad.cli.data.arguments import AnnotatorFiles, OutputFile, TaxonomyName


def adjudicate(
    files: AnnotatorFiles,
    output_file: OutputFile,
    decisions: Annotated[
        Path | None, typer.Option(help="Reports whose labels go over any vote, on the tasks that they have.")
    ] = None,
    allow_ties: Annotated[bool, typer.Option("--allow-ties", help="Leave labels with half of the votes out.")] = False,
    taxonomy: TaxonomyName = "syria",
) -> None:
    """Merge annotators by majority, label by label; a tie needs a decision. Where they differed, `label_shares` keep the vote.

    Example: `marsad data adjudicate anna.jsonl badr.jsonl --decisions chief.jsonl -o reports.jsonl`
    """
    with errors.status("merging"):
        from marsad.data.adjudication import adjudicate as merge
        from marsad.data.reports import read_reports
        from marsad.files import write_rows
        from marsad.taxonomy import find_taxonomy, read_taxonomy

        labels = read_taxonomy(find_taxonomy(taxonomy))
        decided = [] if decisions is None else read_reports(decisions, labels)
        found = merge(read_annotations(files, labels), labels, decided, allow_ties)
        write_rows(output_file, (report.to_dict() for report in found.reports))
    output.print(
        f"{len(found.reports):,} reports; answers: {found.unanimous:,} unanimous, {found.majority:,} by majority, "
        f"{found.decided:,} decided, {found.tied:,} tied"
    )
    output.print(f"written: {output_file}")
