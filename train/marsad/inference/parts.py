"""An answer in parts: finished ones lie in a folder beside it, so that a run that was broken off goes on behind them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count, islice, takewhile
from pathlib import Path
from typing import Any, Protocol, TextIO

from filelock import FileLock, Timeout

from marsad.errors import ConfigError, DataError
from marsad.files import atomic, replacing, write_atomically

PART = 1_000
"""Inputs a part: what a run that is killed loses at most, with what the model holds ahead."""
JOB = "job.json"
"""What the parts are the answer to."""
Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Totals:
    """Inputs of a finished run: all, those that were labelled and rejected, and those of them that an earlier run had done."""

    read: int
    labelled: int
    rejected: int
    resumed: int

    def to_dict(self) -> dict[str, int]:
        """Return the counts."""
        return asdict(self)


class Engine(Protocol):
    """What reads inputs and answers them in order."""

    def lines(self, done: int) -> Iterator[str]:
        """Yield a line of `marsad.inference.outcomes` for each input behind the first `done`."""

    def read(self) -> int:
        """Return how many inputs there were, the first `done` too, once all lines are out."""


class Parts:
    """The finished parts in `folder`: files of lines, one an input, numbered from 0. Made by `open_parts`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def files(self) -> list[Path]:
        """The parts in order, up to the first that is missing."""
        return list(takewhile(Path.is_file, (self.folder / f"part-{number:06}.jsonl" for number in count())))

    def lines(self) -> Iterator[str]:
        """Yield all lines, one an input."""
        for path in self.files:
            with path.open(encoding="utf-8", newline="\n") as file:
                yield from file

    def extend(self, lines: Iterable[str]) -> None:
        """Write `lines` behind what is there, a part at a time, each whole or not at all."""
        stream = iter(lines)
        for number in count(len(self.files)):
            part = list(islice(stream, PART))
            if not part:
                return
            with _told(self.folder):
                write_atomically(self.folder / f"part-{number:06}.jsonl", "".join(line + "\n" for line in part))


@contextmanager
def open_parts(output: Path, job: Mapping[str, Any] | None) -> Iterator[Parts]:
    """Open the parts of `output`, which are kept when the run breaks off and wait for the same `job` (None: nothing to wait for).

    Raises `ConfigError` where another job's parts lie there or another process writes them, `DataError` where nothing can be
    written.
    """
    folder = output.with_name(f".{output.name}.partial")
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(f"{output}: another process is writing it. Wait until it is done, or name another output.") from error
    parts = Parts(folder)
    try:
        _agree(output, folder, job)
        yield parts
    finally:
        kept = job is not None and bool(parts.files)
        lock.release()
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _agree(output: Path, folder: Path, job: Mapping[str, Any] | None) -> None:
    """Make sure that the parts in `folder` are of `job`, or that there are none."""
    known = folder / JOB
    begun = json.loads(known.read_text(encoding="utf-8")) if known.is_file() else None
    if begun is not None and job is not None and begun != job:
        changed = ", ".join(key for key in sorted({*begun, *job}) if begun.get(key) != job.get(key))
        raise ConfigError(
            f"{output}: an unfinished run lies in {folder}, but since then this has changed: {changed}. "
            f"Put it back and give the same command to go on, or remove the folder to begin anew (rm -r {folder})."
        )
    if begun is None or job is None:
        for path in folder.glob("part-*"):
            path.unlink()
        with _told(folder):
            write_atomically(known, json.dumps(job, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say where nothing could be written (a full disk, a missing right), and what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder}: cannot write there ({error.strerror}). Make room, or mend what is named; the parts that are finished "
            "are kept, and the same command goes on behind them."
        ) from error


def rejects_of(output: Path) -> Path:
    """Return where the rejected inputs of `output` are told: `OUT.rejects.jsonl`."""
    return output.with_suffix(".rejects.jsonl")


def write_in_parts(
    output: Path,
    job: Mapping[str, Any] | None,
    engine: Engine,
    write: Callable[[Rows, Path], None],
    show: Callable[[int, int], None] | None = None,
) -> Totals:
    """Write `output`, whole or not at all, with each input exactly once, and its rejects beside it.

    `write(rows, path)` puts rows into a file; `show(done, resumed)` is told of each input. Raises `DataError` where the disk is
    full or the counts do not agree, both with the parts kept; and what `open_parts` raises.
    """
    with open_parts(output, job) as parts:
        resumed = sum(1 for _ in parts.lines())
        parts.extend(_shown(engine.lines(resumed), resumed, show))
        counts = {"labelled": 0, "rejected": 0}
        rejects = rejects_of(output)
        with _told(parts.folder), replacing(output) as part, atomic(rejects) as file:
            write(_rows(parts.lines(), file, counts), part)
            read = engine.read()
            if read != sum(counts.values()):
                raise DataError(
                    f"{output}: {read:,} inputs were read, but {sum(counts.values()):,} answered: nothing is written. "
                    f"Was the input changed meanwhile? Remove {parts.folder} and begin anew."
                )
        if not counts["rejected"]:
            rejects.unlink()
        shutil.rmtree(parts.folder)
    return Totals(read, counts["labelled"], counts["rejected"], resumed)


def _shown(lines: Iterable[str], resumed: int, show: Callable[[int, int], None] | None) -> Iterator[str]:
    for done, line in enumerate(lines, start=resumed + 1):
        if show is not None:
            show(done, resumed)
        yield line


def _rows(lines: Iterable[str], rejects: TextIO, counts: dict[str, int]) -> Rows:
    """Yield the rows of labelled inputs; write the rejected ones to `rejects`; count both."""
    for line in lines:
        found = json.loads(line)
        if isinstance(found, dict):
            counts["rejected"] += 1
            rejects.write(line)
        else:
            counts["labelled"] += 1
            yield from found
