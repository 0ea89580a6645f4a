"""brat's standoff files: NAME.txt, and NAME.ann with a span a line.

The format is told at https://brat.nlplab.org/standoff.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from marsad.data.importers.mapping import ImportMap
from marsad.data.importers.record import Name, Record, Span
from marsad.data.rows import read_text
from marsad.errors import DataError

TEXT_BOUND = re.compile(r"T\S*\t(?P<label>\S+) (?P<extents>\d+ \d+(?:;\d+ \d+)*)\t(?P<quote>.*)")
ATTRIBUTE = re.compile(r"[AM]\S*\t(?P<question>\S+) \S+(?: (?P<label>.+))?")
OTHERS = "ER*#N"
"""Events, relations, equivalences, notes and references: they name no span of their own."""


def read_brat(path: Path, _: ImportMap) -> Iterator[Record]:
    """Yield a record for each `.ann` of a folder (or the one named), its attributes as labels `TYPE / VALUE` of the text."""
    files = sorted(path.rglob("*.ann")) if path.is_dir() else [path.with_suffix(".ann")]
    if not files:
        raise DataError(f"{path}: no .ann files in it. Name the folder that holds the .txt and .ann files.")
    for file in files:
        yield _record(file)


def _record(file: Path) -> Record:
    text = read_text(file.with_suffix(".txt"))
    names: list[Name] = []
    spans: list[Span] = []
    unread: list[str] = []
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if match := TEXT_BOUND.fullmatch(line):
            extent = _extent(match["extents"], text)
            if extent is None:
                unread.append(f"a span {match['label']!r} in several pieces")
            else:
                spans.append(Span(*extent, Name(match["label"]), match["quote"]))
        elif match := ATTRIBUTE.fullmatch(line):
            names.append(Name(match["label"] or "true", match["question"]))
        elif line.strip() and line[0] not in OTHERS:
            raise DataError(f"{file}:{number}: found {line!r}, expected a line of brat's standoff format.")
    fields = {"id": file.stem, "text": text}
    return Record(str(file), file.stem, fields, tuple(names), tuple(spans), unread=tuple(unread))


def _extent(extents: str, text: str) -> tuple[int, int] | None:
    """Return start and end of a span; one that brat broke at line ends is whole again, another in pieces is None."""
    pieces = [tuple(map(int, piece.split())) for piece in extents.split(";")]
    gaps = [text[before[1] : after[0]] for before, after in pairwise(pieces)]
    return None if any(gap.strip() for gap in gaps) else (pieces[0][0], pieces[-1][1])
