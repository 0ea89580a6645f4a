"""`marsad audit`: what a model's labels owe to spelling, loaded words and names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from marsad.cli.console import errors, output, set_up_logging

if TYPE_CHECKING:
    from marsad.evaluation.robustness import Audit

MOST_LABELS = 3
"""Labels named in a cell; audit.json has all."""


def audit(
    model: Annotated[str, typer.Argument(help="Folder of a model, a hub id, or `default`.")],
    reports: Annotated[Path, typer.Argument(help="Annotated reports, JSONL or CSV.")],
    out: Annotated[Path | None, typer.Option(help="Folder for audit.json.")] = None,
    gazetteer: Annotated[str, typer.Option(help="YAML of forces, or `syria`, which comes with marsad.")] = "syria",
    seed: Annotated[int, typer.Option(help="Of the random edits.")] = 0,
) -> None:
    """Change the spelling, loaded words and forces' names of reports, and show what becomes of a model's labels.

    Example: `marsad audit models/quickstart models/quickstart/held-out.jsonl --out results/`
    """
    set_up_logging()
    with errors.status("reading"):
        from marsad.data.reports import read_reports
        from marsad.evaluation.robustness import audit as run
        from marsad.evaluation.robustness import read_swaps
        from marsad.files import write_atomically
        from marsad.gazetteer import find_gazetteer, read_gazetteer
        from marsad.inference.predictor import load

        predictor = load(model)
        taxonomy = predictor.settings.taxonomy
        found = read_reports(reports, taxonomy)
        forces = read_gazetteer(find_gazetteer(gazetteer), taxonomy)
    with errors.status(f"predicting {len(found):,} reports under each edit"):
        result = run(predictor, found, forces, read_swaps(), seed)
    for task in result.before:
        output.print(_table(result, task, f"{task} on {reports}"))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / "audit.json", json.dumps(result.to_dict(), ensure_ascii=False, indent=2) + "\n")
        output.print(f"written: {out / 'audit.json'}")


def _table(result: Audit, task: str, title: str) -> Table:
    table = Table(title=title, caption="changed: share of the edited reports whose set of labels is another than before")
    for heading in ("edit", "edited", "micro F1", "macro F1", "changed", "most gained", "most lost"):
        table.add_column(heading, justify="right" if heading in ("edited", "micro F1", "macro F1", "changed") else "left")
    before = result.before[task]
    table.add_row("[bold]none", "", f"{before['micro_f1']:.3f}", f"{before['macro_f1']:.3f}", "", "", "")
    kind = ""
    for edit in result.edits:
        if task not in edit.tasks:
            continue
        if edit.kind != kind:
            table.add_section()
        kind, found = edit.kind, edit.tasks[task]
        share = f"{found.changed / edit.edited:.1%}" if edit.edited else "—"
        figures = (str(edit.edited), f"{found.micro_f1:.3f}", f"{found.macro_f1:.3f}", share)
        table.add_row(edit.name, *figures, _most(found.gained), _most(found.lost))
    return table


def _most(labels: dict[str, int]) -> str:
    return ", ".join(f"{label} {count}" for label, count in list(labels.items())[:MOST_LABELS])
