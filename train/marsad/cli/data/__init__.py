"""`marsad data`: from raw annotations to a checked, split data set; one verb, one file."""

from __future__ import annotations

import typer

from marsad.cli.data import adjudicate, agreement, clean, dedupe, export, import_, label_errors, split, stats, suggest, validate

data = typer.Typer(
    name="data",
    help="From raw annotations to a checked, split data set.\n\nExample: `marsad data dedupe reports.jsonl -o grouped.jsonl`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for name, verb in (
    ("import", import_.import_),
    ("export", export.export),
    ("validate", validate.validate),
    ("stats", stats.stats),
    ("clean", clean.clean),
    ("dedupe", dedupe.dedupe),
    ("split", split.split),
    ("agreement", agreement.agreement),
    ("adjudicate", adjudicate.adjudicate),
    ("suggest", suggest.suggest),
    ("errors", label_errors.errors),
):
    data.command(name)(verb)
