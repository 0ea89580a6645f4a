"""Arguments that several verbs of `marsad data` have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ReportsFile = Annotated[Path, typer.Argument(help="Annotated reports, JSONL or CSV.", show_default=False)]
AnnotatorFiles = Annotated[
    list[Path], typer.Argument(metavar="A.jsonl B.jsonl ...", help="The same reports, one file an annotator.", show_default=False)
]
TaxonomyName = Annotated[
    str, typer.Option("--taxonomy", help="Tasks and labels: a YAML, or the name of one that comes with marsad.")
]
OutputFile = Annotated[Path, typer.Option("-o", "--output", help="JSONL to write; appears whole or not at all.")]
OptionalOutputFile = Annotated[Path | None, typer.Option("-o", "--output", help="JSONL to write; appears whole or not at all.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the choice.")]
