"""Raw text for pre-training: read as a stream, cut into word pieces once, kept as a memory-mapped file."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from datasets import load_dataset

from marsad.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BUILDERS = {".txt": "text", ".jsonl": "json", ".parquet": "parquet"}
"""File ending (before .xz, .zst or .gz) and the `datasets` builder that streams it."""
PACKED = (".xz", ".zst", ".gz")
BATCH = 2_000
"""Texts that are cut into word pieces at once."""


def read_texts(path: Path) -> Iterator[str]:
    """Yield the texts of a `.txt` (one a line), `.jsonl` or `.parquet` (column `text`) file, packed or not.

    Raises `ConfigError` where the file is missing or its ending unknown.
    """
    name = path.with_suffix("") if path.suffix in PACKED else path
    ending = name.suffix
    if not path.is_file() or ending not in BUILDERS:
        found = "no such file" if not path.is_file() else f"unknown ending {path.suffix!r}"
        raise ConfigError(f"{path}: {found}; expected one of {', '.join(BUILDERS)}, plain or packed (.xz, .zst, .gz).")
    rows = load_dataset(BUILDERS[ending], data_files=glob.escape(str(path)), split="train", streaming=True)
    for row in rows:
        if "text" not in row:
            raise ConfigError(f"{path}: no column 'text' in it, only {', '.join(row)}. Rename the column that holds the text.")
        if row["text"]:
            yield row["text"]


@dataclass(frozen=True)
class TokenStream:
    """Texts as one long array of piece numbers; text `i` is `ids[ends[i-1]:ends[i]]`, without special tokens."""

    ids: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.ends)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the pieces of each text."""
        for start, end in zip(self.ends - self.lengths, self.ends, strict=True):
            yield self.ids[start:end]

    @property
    def lengths(self) -> np.ndarray:
        """The number of pieces of each text."""
        return np.diff(self.ends, prepend=0)

    def take(self, order: Sequence[int] | np.ndarray, separator: int) -> np.ndarray:
        """Return the pieces of the texts `order` in that order, a `separator` after each."""
        starts = self.ends - self.lengths
        end = np.array([separator], self.ids.dtype)
        pieces = [part for index in order for part in (self.ids[starts[index] : self.ends[index]], end)]
        return np.concatenate(pieces) if pieces else np.zeros(0, self.ids.dtype)


def joined(streams: Sequence[TokenStream]) -> TokenStream:
    """Return several streams as one, in memory."""
    shifts = np.cumsum([0, *(stream.ids.size for stream in streams)])
    ends = [stream.ends + shift for stream, shift in zip(streams, shifts, strict=False)]
    return TokenStream(np.concatenate([stream.ids for stream in streams]), np.concatenate(ends))


def encode_texts(texts: Iterable[str], tokenizer: PreTrainedTokenizerBase, path: Path) -> TokenStream:
    """Write the word pieces of `texts` to `path`, whole or not at all, and map them into memory."""
    lengths: list[int] = []
    stream = iter(texts)
    part = path.with_suffix(".part")
    with part.open("wb") as out:
        while batch := list(islice(stream, BATCH)):
            rows = tokenizer(batch, add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
            out.writelines(np.asarray(row, _number(len(tokenizer))).tobytes() for row in rows)
            lengths.extend(map(len, rows))
    np.save(path.with_suffix(".ends.npy"), np.cumsum(lengths, dtype=np.int64))
    part.replace(path)
    return open_stream(path, len(tokenizer))


def open_stream(path: Path, vocabulary: int) -> TokenStream:
    """Map what `encode_texts` wrote with a tokenizer of `vocabulary` pieces."""
    ends = np.load(path.with_suffix(".ends.npy"))
    ids = np.memmap(path, _number(vocabulary), "r") if len(ends) and ends[-1] else np.zeros(0, _number(vocabulary))
    return TokenStream(ids, ends)


def _number(vocabulary: int) -> np.dtype:
    """Return the smallest type that holds a piece's number."""
    return np.dtype(np.uint16 if vocabulary < 2**16 else np.uint32)


def likeness(stream: TokenStream, like: TokenStream, vocabulary: int) -> np.ndarray:
    """Return for each text how much more it reads like `like` than like its own corpus, in nats a word piece.

    The cross-entropy difference of Moore and Lewis (ACL 2010), with unigrams smoothed by one.
    """
    own, target = (np.bincount(s.ids, minlength=vocabulary) + 1.0 for s in (stream, like))
    gain = np.log(target / target.sum()) - np.log(own / own.sum())
    lengths = stream.lengths
    sums = np.diff(np.concatenate([[0.0], np.cumsum(gain[stream.ids])])[stream.ends], prepend=0.0)
    return np.where(lengths > 0, sums / np.maximum(lengths, 1), -np.inf)
