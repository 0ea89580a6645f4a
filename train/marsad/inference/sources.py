"""Where reports to predict lie: a file, or a folder of files; their rows as inputs, and by what they are known again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from marsad.errors import ConfigError, DataError
from marsad.files import sha256
from marsad.inference.files import Input, open_text, read_input, read_inputs
from marsad.inference.parquet import parquet_rows

ENDINGS = (".jsonl", ".ndjson", ".csv", ".parquet")
"""Files of a folder that are read."""


@dataclass(frozen=True)
class Source:
    """Files of reports, in the order in which they are read."""

    path: Path
    """What the user named."""
    files: tuple[Path, ...]

    @property
    def folder(self) -> bool:
        """Whether it is a folder: its inputs then tell their file."""
        return self.files != (self.path,)

    def inputs(self) -> Iterator[Input]:
        """Yield the reports of all files. Raises `DataError` for a file that cannot be read at all."""
        for path in self.files:
            name = path.relative_to(self.path).as_posix() if self.folder else ""
            for one in _inputs(path):
                yield replace(one, file=name) if name else one

    def fingerprint(self) -> list[list[str]] | None:
        """Return (path as named, SHA-256) of each file; None where one is a pipe, which is read only once."""
        if not all(path.is_file() for path in self.files):
            return None
        return [[path.as_posix(), sha256(path)] for path in self.files]


def find_source(path: Path) -> Source:
    """Return the reports at `path`: a file, or a folder's JSONL, CSV and Parquet files by name, sub-folders too, hidden ones not.

    Raises `DataError` where there is nothing to read.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder. Name existing JSONL, CSV, Parquet or text.")
    if not path.is_dir():
        return Source(path, (path,))
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in ENDINGS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not files:
        raise DataError(f"{path}: no file of reports in this folder. Put {', '.join(ENDINGS)} files there.")
    return Source(path, tuple(files))


def place_output(output: Path, ending: str, source: Source | None) -> Path:
    """Return the file to write: `output`, or `labels` with `ending` in it where it is a folder, or is to be one beside `source`.

    Raises `ConfigError` where it would take the place of the source, or be read as a part of it the next time.
    """
    if output.is_dir() or (source is not None and source.folder and not output.suffix):
        output = output / f"labels{ending}"
    if source is None:
        return output
    target, own = output.resolve(), source.path.resolve()
    if target == own or (source.folder and own in target.parents):
        raise ConfigError(f"{output}: it would stand where the reports stand ({source.path}). Name an output somewhere else.")
    return output


def _inputs(path: Path) -> Iterator[Input]:
    if path.suffix.lower() == ".parquet":
        yield from (read_input(number, row, "") for number, row in parquet_rows(path))
        return
    with open_text(path) as file:
        yield from read_inputs(file, path.name)
