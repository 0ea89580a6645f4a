"""The statistics of a set of reports as one HTML page with everything in it: no script, no file beside it, no network."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from marsad.data.statistics import LONG, Statistics, TaskStatistics
from marsad.taxonomy import Taxonomy

STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "marsad", "font.family": "sans-serif", "font.size": 9}
"""Text stays text, and the same figures give the same page byte for byte."""
BLUE = "#2a6f97"
MOST_SOURCES = 40


def statistics_page(found: Statistics, taxonomy: Taxonomy, title: str, tokenizer: str) -> str:
    """Return the page; lengths are told in the word pieces of `tokenizer`."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("marsad.data").joinpath("statistics.html").read_text(encoding="utf-8"))
    with rc_context(STYLE):
        return template.render(
            found=found,
            tasks=taxonomy.tasks,
            title=title,
            tokenizer=tokenizer,
            sources=list(found.sources.items())[:MOST_SOURCES],
            months=_months(found.months),
            lengths=_lengths(found.lengths.pieces),
            pairs={task.name: _pairs(found.tasks[task.name], task.ids) for task in taxonomy.tasks},
        )


def _months(months: dict[str, int]) -> Markup:
    """Return bars, one a month that has reports; every twelfth is named."""
    figure = Figure(figsize=(9, 2.2), layout="constrained")
    axes = figure.add_subplot(ylabel="reports")
    axes.bar(range(len(months)), list(months.values()), color=BLUE, width=0.9)
    step = max(1, len(months) // 12)
    axes.set_xticks(range(0, len(months), step), list(months)[::step], rotation=45, ha="right")
    return _svg(figure)


def _lengths(pieces: Sequence[int]) -> Markup:
    """Return the histogram of lengths, a line where most encoders end."""
    figure = Figure(figsize=(9, 2.2), layout="constrained")
    axes = figure.add_subplot(xlabel="word pieces", ylabel="reports")
    axes.hist(pieces, bins=40, color=BLUE)
    axes.axvline(LONG, color="#b5403a", linewidth=1)
    return _svg(figure)


def _pairs(task: TaskStatistics, ids: Sequence[str]) -> Markup:
    """Return a square that is the darker, the more reports of the row's label have the column's label too."""
    counts = [[task.pairs[a].get(b, 0) or task.pairs[b].get(a, 0) for b in ids] for a in ids]
    shares = [[count / max(task.labels[a], 1) for count in row] for a, row in zip(ids, counts, strict=True)]
    figure = Figure(figsize=(2.5 + 0.38 * len(ids), 1.5 + 0.34 * len(ids)), layout="constrained")
    axes = figure.add_subplot()
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks([n + 0.5 for n in range(len(ids))], ids, rotation=60, ha="right")
    axes.set_yticks([n + 0.5 for n in range(len(ids))], ids)
    axes.invert_yaxis()
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            if count:
                color = "white" if shares[row][column] > 0.6 else "black"
                axes.text(column + 0.5, row + 0.5, str(count), ha="center", va="center", fontsize=7, color=color)
    return _svg(figure)


def _svg(figure: Figure) -> Markup:
    """Return a figure as an SVG element to stand in a page."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return Markup(re.sub(r"\A.*?(?=<svg)", "", file.getvalue(), flags=re.DOTALL))  # noqa: S704  # matplotlib escapes all text
