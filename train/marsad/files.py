"""Files that are there whole or not at all, and the sums by which a folder's files are known."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

SUMS = "SHA256SUMS"
"""A folder's sums, as `sha256sum --check` reads them."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Name a file beside `path` to write; it takes the place of `path` at the end, unless something failed."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic(path: Path) -> Iterator[TextIO]:
    """Open a file beside `path` for writing UTF-8; it takes the place of `path` at the end, unless something failed."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield file


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with atomic(path) as file:
        file.write(text)


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write mappings as JSON lines with readable Arabic, whole or not at all."""
    with atomic(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def shipped_file(packaged: str, checkout: str) -> Path:
    """Return a file that comes with marsad: `packaged` in the installed package, `checkout` in a clone."""
    package = Path(__file__).parent
    installed = package / packaged
    return installed if installed.is_file() else package.parents[1] / checkout


def named_file(name: str, packaged: str, checkout: str) -> Path:
    """Return the file that a user names: a path, or the name of one that comes with marsad; an unknown name as a path."""
    shipped = shipped_file(packaged, checkout)
    return Path(name) if Path(name).is_file() or not shipped.is_file() else shipped


def sizes(folder: Path) -> dict[str, int]:
    """Return the files of a folder, in its sub-folders too, in order, and their sizes in bytes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(folder: Path) -> None:
    """Write the SHA-256 of each file of `folder` (not of its sub-folders) into its `SHA256SUMS`."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != SUMS)
    write_atomically(folder / SUMS, "".join(f"{sha256(path)}  {path.name}\n" for path in files))


def broken_sums(folder: Path, covered: tuple[str, ...] = ()) -> list[str]:
    """Return what in `folder` is not as its `SHA256SUMS` says; nothing where there is none.

    Files that match one of the patterns `covered` must stand in it.
    """
    if not (folder / SUMS).is_file():
        return []
    mistakes, known = [], set()
    for number, line in enumerate((folder / SUMS).read_text(encoding="utf-8").splitlines(), start=1):
        sum, _, name = line.partition("  ")
        path = folder / name
        known.add(name)
        if not name or Path(name).name != name:
            mistakes.append(f"{SUMS}:{number}: found {line!r}, expected a sum, two spaces and the name of a file beside it")
        elif not path.is_file():
            mistakes.append(f"{name}: missing")
        elif sha256(path) != sum:
            mistakes.append(f"{name}: another content than the one that was delivered")
    strangers = {path.name for pattern in covered for path in folder.glob(pattern)} - known
    return mistakes + [f"{name}: not in {SUMS}" for name in sorted(strangers)]
