"""How often the sentence that marsad quotes for a label carries it more than a random other one.

python benchmarks/evidence.py REPORTS.jsonl [MODEL] [REPORTS AT MOST]

For every label given to a report of more than two sentences: the fall of its score without the quoted sentence, and without
another one drawn at random (seed 13). The first must be the larger on at least 90 % of the labels.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from marsad import Predictor, load
from marsad.data.reports import Report, read_reports
from marsad.modeling.windows import sentences
from marsad.taxonomy import find_taxonomy, read_taxonomy


def falls(predictor: Predictor, report: Report, dice: Random) -> list[tuple[str, float, float]]:
    """Return for each label given its task, the fall without the quoted sentence, and that without a random other one."""
    places = sentences(report.text)
    if len(places) <= 2:
        return []
    tasks = predictor.settings.taxonomy.names
    found = predictor.predict({"text": report.text, "date": report.date}, tasks=tasks, evidence=True)
    quoted = [(task, one, one.evidence) for task, labels in found.labels.items() for one in labels if one.evidence]
    others = [dice.choice([place for place in places if place != (e.start, e.end)]) for _, _, e in quoted]
    texts = [{"text": report.text[:start] + report.text[end:], "date": report.date} for start, end in others]
    without = predictor.predict(texts, tasks=tasks)
    return [(task, e.drop, one.score - rest.scores(task)[one.label]) for (task, one, e), rest in zip(quoted, without, strict=True)]


def main(reports: str, model: str = "default", most: str = "0") -> None:
    taxonomy = read_taxonomy(find_taxonomy("syria"))
    predictor, dice = load(model), Random(13)
    chosen = read_reports(Path(reports), taxonomy)[: int(most) or None]
    found = [one for report in chosen for one in falls(predictor, report, dice)]
    table = Table(title=f"{reports}: {len(chosen)} reports, {model}")
    for heading in ("task", "labels", "quoted beats random", "mean fall, quoted", "mean fall, random"):
        table.add_column(heading, justify="left" if heading == "task" else "right")
    for name in (*predictor.settings.taxonomy.names, "all"):
        rows = [(quoted, other) for task, quoted, other in found if name in (task, "all")]
        if rows:
            share = sum(quoted > other for quoted, other in rows) / len(rows)
            means = [sum(side) / len(rows) for side in zip(*rows, strict=True)]
            table.add_row(name, str(len(rows)), f"{share:.1%}", *(f"{mean:.3f}" for mean in means))
    Console(width=110).print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
