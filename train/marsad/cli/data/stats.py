"""`marsad data stats`: what a file of reports holds, as tables and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from marsad.cli.console import arabic, errors, output
from marsad.cli.data.arguments import ReportsFile, TaxonomyName

if TYPE_CHECKING:
    from marsad.data.statistics import Statistics, TaskStatistics
    from marsad.taxonomy import Task

MOST = 15
"""Sources and pairs shown in the terminal; the page shows more."""


def stats(
    reports: ReportsFile,
    html: Annotated[Path | None, typer.Option("--html", help="Page to write too; needs nothing beside it.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="File to write the figures to too.")] = None,
    tokenizer: Annotated[str, typer.Option(help="Model in whose word pieces lengths are told.")] = "mini-base",
    taxonomy: TaxonomyName = "syria",
) -> None:
    """Count labels, pairs of labels, lengths, sources, months, kinds, hidden words and unknown word pieces.

    Example: `marsad data stats reports.jsonl --html stats.html`
    """
    with errors.status("counting"):
        import json

        from marsad.data.reports import read_reports
        from marsad.data.statistics import describe_reports
        from marsad.files import write_atomically
        from marsad.modeling.folders import find_model, load_tokenizer
        from marsad.taxonomy import find_taxonomy, read_taxonomy

        known = read_taxonomy(find_taxonomy(taxonomy))
        found = describe_reports(read_reports(reports, known), known, load_tokenizer(find_model(tokenizer)))
        if html is not None:
            from marsad.data.statistics_page import statistics_page

            write_atomically(html, statistics_page(found, known, str(reports), tokenizer))
        if json_file is not None:
            write_atomically(json_file, json.dumps(found.to_dict(), ensure_ascii=False, indent=1) + "\n")
    for task in known.tasks:
        output.print(_labels(task, found.tasks[task.name], found.reports))
        if pairs := _pairs(found.tasks[task.name]):
            output.print(_counts(f"{task.name}: labels together", pairs, found.tasks[task.name].annotated))
    for title, counts in (("sources", found.sources), ("kinds", found.kinds), ("years", _years(found.months))):
        if counts:
            output.print(_counts(title, counts, found.reports))
    output.print(_facts(found, tokenizer))


def _labels(task: Task, counts: TaskStatistics, reports: int) -> Table:
    table = Table(
        title=f"{task.name} {arabic(task.ar)}",
        caption=f"{counts.annotated:,} of {reports:,} reports annotated; none: {counts.none:,}",
    )
    for heading in ("label", "", "English", "reports", "share"):
        table.add_column(heading, justify="left" if heading in ("label", "English") else "right", no_wrap=heading == "label")
    for id, count in counts.labels.items():
        label = task.label(id)
        table.add_row(id, arabic(label.ar), label.en, f"{count:,}", _share(count, counts.annotated))
    return table


def _pairs(counts: TaskStatistics) -> dict[str, int]:
    pairs = {f"{first} + {second}": n for first, others in counts.pairs.items() for second, n in others.items()}
    return dict(sorted(pairs.items(), key=lambda pair: -pair[1]))


def _years(months: dict[str, int]) -> dict[str, int]:
    years: dict[str, int] = {}
    for month, count in months.items():
        years[month[:4]] = years.get(month[:4], 0) + count
    return years


def _counts(title: str, counts: dict[str, int], total: int) -> Table:
    table = Table(title=title, caption=f"and {len(counts) - MOST:,} more" if len(counts) > MOST else None)
    for heading in ("", "reports", "share"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, count in list(counts.items())[:MOST]:
        table.add_row(escape(name), f"{count:,}", _share(count, total))
    return table


def _facts(found: Statistics, tokenizer: str) -> Table:
    lengths = found.lengths
    table = Table(title="texts", show_header=False, caption=f"word pieces of {escape(tokenizer)}")
    rows = {
        "reports, stories": f"{found.reports:,}, {found.stories:,}",
        "faction spans": f"{sum(found.mentions.values()):,}",
        "without a date": f"{found.undated:,} ({_share(found.undated, found.reports)})",
        "with hidden words": f"{found.obfuscated:,} ({_share(found.obfuscated, found.reports)})",
        "word pieces: median, 95 in 100 up to, longest": ", ".join(f"{lengths.percentile(p):,}" for p in (50, 95, 100)),
        "over 512 word pieces": f"{lengths.long:,} ({_share(lengths.long, found.reports)})",
        "word pieces a word": f"{lengths.total / max(lengths.words, 1):.2f}",
        "unknown word pieces": f"{lengths.unknown:,} ({_share(lengths.unknown, lengths.total)})",
        "vocabulary used": f"{lengths.pieces_used:,} of {lengths.vocabulary:,} ({_share(lengths.pieces_used, lengths.vocabulary)})",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "—"
