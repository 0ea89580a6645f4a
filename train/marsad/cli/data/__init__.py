"""`marsad data`: from raw annotations to a checked data set; one verb, one file."""

from __future__ import annotations

import typer

from marsad.cli.data import clean, export, import_, stats, validate

data = typer.Typer(
    name="data",
    help="Bring annotations in, check, describe and clean them.\n\nExample: marsad data stats reports.jsonl",
    no_args_is_help=True,
)
for name, verb in (
    ("import", import_.import_),
    ("export", export.export),
    ("validate", validate.validate),
    ("stats", stats.stats),
    ("clean", clean.clean),
):
    data.command(name)(verb)
