"""`marsad data`: from raw annotations to a checked, split data set; one verb, one file."""

from __future__ import annotations

import typer

from marsad.cli.data import adjudicate, agreement, dedupe, label_errors, split, suggest

data = typer.Typer(
    name="data",
    help="From raw annotations to a checked, split data set.\n\nExample: `marsad data dedupe reports.jsonl -o grouped.jsonl`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for verb in (
    dedupe.dedupe,
    split.split,
    agreement.agreement,
    adjudicate.adjudicate,
    suggest.suggest,
    label_errors.errors,
):
    data.command(verb.__name__)(verb)
