"""`marsad stats`: what stands in a file of predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from marsad.cli.console import arabic, errors, output, set_up_logging, warn

if TYPE_CHECKING:
    from marsad.inference.tally import Tally


def stats(
    predictions: Annotated[Path, typer.Argument(help="JSONL that `marsad predict` wrote.", show_default=False)],
    top: Annotated[int, typer.Option(min=0, help="Unknown forces to show.")] = 20,
    out: Annotated[Path | None, typer.Option(help="JSON file for all counts.")] = None,
) -> None:
    """Count labels and forces in predictions, and name the forces that the gazetteer does not have.

    Example: `marsad stats labels.jsonl --top 50`
    """
    set_up_logging()
    with errors.status("counting"):
        from marsad.data.rows import read_rows
        from marsad.errors import DataError
        from marsad.files import write_atomically
        from marsad.inference.tally import tally

        rows = list(read_rows(predictions))
        bad = [f"{predictions}:{line}: {row}" for line, _, row in rows if isinstance(row, str)]
        if bad:
            raise DataError("\n".join(bad))
        found = tally(((line, row) for line, _, row in rows if isinstance(row, dict)), str(predictions))
    _show(found, top)
    if out is not None:
        write_atomically(out, json.dumps(found.to_dict(), ensure_ascii=False, indent=2) + "\n")
        output.print(f"written: {out}", soft_wrap=True)


def _show(found: Tally, top: int) -> None:
    output.print(f"{found.rows:,} rows, {found.unread:,} of them not read")
    for task, labels in ({**found.labels, "forces by camp": found.camps}).items():
        table = Table(title=task)
        table.add_column("label")
        table.add_column("n", justify="right")
        for label, count in labels.items():
            table.add_row(label, f"{count:,}")
        if labels:
            output.print(table)
    output.print(f"{found.changes:,} forces change their camp within a report")
    if found.unknown:
        warn(f"{len(found.unknown):,} forces are not in the gazetteer. Look at those of many reports, and add what they are.")
        table = Table(title="unknown forces")
        for heading in ("name", "reports", "mentions", "camps"):
            table.add_column(heading, justify="left" if heading == "camps" else "right")
        for force in found.unknown[:top]:
            camps = ", ".join(f"{camp} {count}" for camp, count in force.camps.items())
            table.add_row(arabic(escape(force.name)), f"{force.reports:,}", f"{force.mentions:,}", camps)
        output.print(table)
