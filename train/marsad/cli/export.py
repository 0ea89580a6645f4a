"""`marsad export`: a model as ONNX files, float32 and int8, as far as they agree with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from marsad.cli.console import errors, output, set_up_logging, warn

if TYPE_CHECKING:
    from marsad.modeling.onnx import Exported


def export(
    model: Annotated[str, typer.Argument(help="Folder of a model, a hub id, or `default`.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the files; without it the model's own `onnx/`."),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Reports to compare on, JSONL or CSV; without it 20 that come along.")] = None,
) -> None:
    """Write a model, and its tagger of factions, for ONNX Runtime: in float32, and in int8 where that decides as torch does.

    Both read the same reports. Int8 must be at one with torch in 99.5 % of the decisions, or it is not written.

    Example: `marsad export models/quickstart`
    """
    set_up_logging()
    with errors.status("reading the model") as status:
        from marsad.modeling.folders import find_model
        from marsad.modeling.onnx import FOLDER
        from marsad.publishing.onnx import export as write
        from marsad.publishing.onnx import parts, read_reports

        folder = find_model(model)
        reports = None if data is None else read_reports(data)
        for part in parts(folder):
            status.update(f"exporting {folder / part}")
            target = (folder / part / FOLDER) if out is None else out / part
            show_export(write(folder / part, target, reports), target)


def show_export(found: Exported, target: Path) -> None:
    """Print how far ONNX files agree with torch, and warn of what was not written."""
    units = f"{found.decisions:,} decisions on {found.reports:,} reports, torch against ONNX Runtime"
    table = Table(title=escape(str(target)), caption=units)
    for heading in ("file", "MB", "decisions alike", "reports alike", "score off by up to"):
        table.add_column(heading, justify="left" if heading == "file" else "right")
    for graph in found.graphs:
        row = (f"{graph.bytes / 1e6:.1f}", f"{graph.decisions:.2%}", f"{graph.reports:.1%}", f"{graph.scores:.1e}")
        table.add_row(graph.file, *row)
    output.print(table)
    for graph in found.refused:
        warn(f"{target / graph.file}: not written: its decisions are torch's in {graph.decisions:.2%} of cases, fewer than 99.5 %")
