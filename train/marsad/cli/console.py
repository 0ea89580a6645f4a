"""The two consoles, Arabic that stands right in a terminal, the table of scores."""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from marsad.evaluation.bootstrap import Headline
    from marsad.evaluation.spans import FactionEvaluation, Figures
    from marsad.taxonomy import Task, Taxonomy

FIRST = os.environ.get("RANK", "0") == "0"
"""Whether this is the first, or only, of the processes that torchrun started."""
output = Console(highlight=False, quiet=not FIRST)
"""Standard output; of several processes that torchrun started, the first one's."""
errors = Console(stderr=True, highlight=False)
ISOLATE = ("\u2067", "\u2069")
"""Right-to-left isolate and its end: a terminal that knows bidirectional text keeps the columns in order."""


def arabic(text: str) -> str:
    """Return Arabic for a table cell, isolated from the Latin cells beside it."""
    return f"{ISOLATE[0]}{text}{ISOLATE[1]}" if text else ""


def set_up_logging() -> None:
    """Show marsad's warnings on standard error, of several processes the first one's."""
    level = logging.WARNING if FIRST else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)])


def warn(message: str) -> None:
    """Print a warning on standard error, once for all processes."""
    if FIRST:
        errors.print(f"[bold yellow]warning:[/] {escape(message)}", soft_wrap=True)


@contextmanager
def rows_progress(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Show a bar with rows and rows a second; yields what is told the rows that are done, and those done before."""
    columns = (TextColumn("predicting"), BarColumn(), TextColumn("{task.completed:,.0f} rows"), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        bar, start = progress.add_task("predicting", total=None, rate=""), time.monotonic()

        def show(done: int, before: int) -> None:
            rate = (done - before) / max(time.monotonic() - start, 1e-9)
            progress.update(bar, completed=done, rate=f"{rate:,.1f} rows/s" if done > before else "")

        yield show


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


def span_table(title: str, found: FactionEvaluation, task: Task) -> Table:
    """Return a tagger's scores as a table: exact mentions by camp, all, on new names, and the baselines' beside them."""
    table = Table(title=title, caption=f"{found.n} reports annotated for it; exact mentions, camp included")
    for heading in ("", "", "P", "R", "F1", "n", "span F1", "camp right"):
        table.add_column(heading, justify="left" if heading == "" and not table.columns else "right")
    for camp, own in found.scores.camps.items():
        table.add_row(camp, arabic(task.label(camp).ar), *_cells(own), "", "")
    table.add_section()
    rows = {"all": found.scores, "names not in training": found.unseen}
    for name, scores in (rows | {f"baseline: {name}": own for name, own in found.baselines.items()}).items():
        camp_right = "" if scores.camp_accuracy is None else f"{scores.camp_accuracy:.3f}"
        table.add_row(f"[bold]{name}", "", *_cells(scores.entity), f"{scores.span.f1:.3f}", camp_right)
    return table


def _cells(own: Figures) -> tuple[str, str, str, str]:
    return f"{own.precision:.3f}", f"{own.recall:.3f}", f"{own.f1:.3f}", str(own.support)


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
