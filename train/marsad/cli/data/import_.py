"""`marsad data import`: another tool's annotations as reports."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from marsad.cli.console import errors, set_up_logging, warn
from marsad.cli.data.arguments import OutputFile, TaxonomyName


class Format(StrEnum):
    """Formats that can be imported."""

    label_studio = "label-studio"
    doccano = "doccano"
    prodigy = "prodigy"
    brat = "brat"
    csv = "csv"
    acled = "acled"
    conll = "conll"


def import_(
    file: Annotated[Path, typer.Argument(help="The export: a file, a folder of brat, a ZIP of doccano.", show_default=False)],
    format: Annotated[Format, typer.Option("--from", help="Tool that wrote it.", show_default=False)],
    output_file: OutputFile,
    map: Annotated[Path | None, typer.Option("--map", help="YAML that maps the export's names to the taxonomy's.")] = None,
    taxonomy: TaxonomyName = "syria",
    annotator: Annotated[str | None, typer.Option(help="Take the annotations of this one alone.")] = None,
    drop_unmapped: Annotated[bool, typer.Option("--drop-unmapped", help="Leave out what cannot be mapped, and count it.")] = False,
) -> None:
    """Turn an export of an annotation tool, a spreadsheet or ACLED's table into reports.

    Example: `marsad data import export.json --from label-studio --map MAP.yaml -o reports.jsonl`
    """
    set_up_logging()
    from marsad.data.importers import READERS
    from marsad.data.importers.conversion import convert
    from marsad.data.importers.mapping import read_map
    from marsad.errors import DataError
    from marsad.files import write_rows
    from marsad.taxonomy import find_taxonomy, read_taxonomy

    known = read_taxonomy(find_taxonomy(taxonomy))
    mapping = read_map(map, known)
    found = convert(READERS[format](file, mapping), mapping, known, annotator, drop_unmapped)
    for what, count in found.dropped.items():
        warn(f"dropped {count} times: {what}")
    if not found.reports:
        raise DataError(f"{file}: nothing in it became a report. See the warnings above, or choose another --from.")
    write_rows(output_file, (report.to_dict() for report in found.reports))
    people = f" by {', '.join(found.annotators)}" if found.annotators else ""
    errors.print(f"{len(found.reports):,} reports{people} written to {output_file}", markup=False)
