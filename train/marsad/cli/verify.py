"""`marsad verify`: whether a published model still answers as it did when it was published."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from marsad.cli.console import errors, output, set_up_logging


def verify(
    model: Annotated[str, typer.Argument(help="Hub id (ORG/NAME) or folder.")],
    revision: Annotated[str | None, typer.Option(help="Tag or commit; without it, the newest.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Address of another hub.")] = None,
    taxonomy: Annotated[str | None, typer.Option(help="Your taxonomy: say which labels of the model are others.")] = None,
) -> None:
    """Fetch a model into an empty cache, with marsad and with transformers alone, and compare the scores recorded with it.

    Example: `marsad verify ORG/NAME --revision v1.0.0`
    """
    set_up_logging()
    with errors.status("fetching the model twice"):
        from marsad.publishing.endpoint import choose_endpoint

        choose_endpoint(endpoint)
        from marsad.publishing.verify import verify as prove
        from marsad.taxonomy import find_taxonomy, read_taxonomy

        known = read_taxonomy(find_taxonomy(taxonomy)) if taxonomy else None
        result = prove(model, revision, endpoint, taxonomy=known)
    for line in result.differences:
        errors.print(f"[bold red]differs:[/] {escape(line)}", soft_wrap=True)
    if not result.passed:
        raise typer.Exit(1)
    output.print(f"{escape(model)}: the same scores as recorded for all {result.reports} reports, with marsad and without")
