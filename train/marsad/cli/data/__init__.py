"""`marsad data`: from raw annotations to a checked, split data set; one verb, one file."""

from __future__ import annotations

import typer

from marsad.cli.data import dedupe

data = typer.Typer(
    name="data",
    help="From raw annotations to a checked, split data set.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for name, verb in (("dedupe", dedupe.dedupe),):
    data.command(name)(verb)
