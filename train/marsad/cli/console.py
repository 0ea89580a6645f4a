"""The two consoles, Arabic that stands right in a terminal, the table of scores."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from marsad.evaluation.bootstrap import Headline
    from marsad.taxonomy import Taxonomy

output = Console(highlight=False)
errors = Console(stderr=True, highlight=False)
ISOLATE = ("\u2067", "\u2069")
"""Right-to-left isolate and its end: a terminal that knows bidirectional text keeps the columns in order."""


def arabic(text: str) -> str:
    """Return Arabic for a table cell, isolated from the Latin cells beside it."""
    return f"{ISOLATE[0]}{text}{ISOLATE[1]}" if text else ""


def set_up_logging() -> None:
    """Show marsad's warnings on standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)])


def warn(message: str) -> None:
    """Print a warning on standard error."""
    errors.print(f"[bold yellow]warning:[/] {escape(message)}", soft_wrap=True)


def score_table(title: str, scores: Mapping[str, Any], taxonomy: Taxonomy, task: str) -> Table:
    """Return one task's scores as a table: precision, recall, F1, support and threshold of each label, then micro and macro."""
    table = Table(title=title, caption=f"{scores['n']} reports annotated for it")
    for heading in ("label", "", "P", "R", "F1", "n", "≥"):
        table.add_column(heading, justify="left" if heading == "label" else "right", no_wrap=heading == "label")
    for label, row in scores["labels"].items():
        names = taxonomy.task(task).label(label)
        threshold = "" if row["threshold"] is None else f"{row['threshold']:.2f}"
        figures = [f"{row[key]:.3f}" for key in ("precision", "recall", "f1")]
        table.add_row(label, arabic(names.ar), *figures, str(row["support"]), threshold)
    table.add_section()
    if scores["labels"]:
        micro = [f"{scores[key]:.3f}" for key in ("micro_precision", "micro_recall", "micro_f1")]
        table.add_row("[bold]micro", "", *micro, "", "")
        table.add_row("[bold]macro", "", "", "", f"{scores['macro_f1']:.3f}", "", "")
    return table


def headline_table(title: str, rows: Mapping[str, Mapping[str, Headline]]) -> Table:
    """Return the headline of each row (a model, a baseline) by task: F1 with its 95 % interval by story."""
    table = Table(title=title, caption="in brackets: 95 % intervals, stories drawn whole")
    tasks = list(dict.fromkeys(task for row in rows.values() for task in row))
    table.add_column("")
    for task in tasks:
        table.add_column(f"{task}\nmicro-F1", justify="right")
        table.add_column("\nmacro-F1", justify="right")
    for name, row in rows.items():
        cells = [_with_intervals(row[task]) if task in row else ("", "") for task in tasks]
        table.add_row(escape(name), *(cell for pair in cells for cell in pair))
    return table


def _with_intervals(one: Headline) -> tuple[str, str]:
    return figure(one.micro_f1, one.micro_f1_interval), figure(one.macro_f1, one.macro_f1_interval)


def figure(value: float, interval: Sequence[float | None]) -> str:
    """Return a share and its interval, as in `.732 (.690-.771)`."""
    low, high = interval
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f}-{high:.3f})"
