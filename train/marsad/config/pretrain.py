"""The YAML of `marsad pretrain`, as typed fields; a field's docstring is its help."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from marsad.config.schema import Section


class Source(Section):
    """One file of raw text."""

    path: Path
    """`.txt` (one text a line), `.jsonl` or `.parquet` (column `text`), plain or packed."""
    repeat: int = Field(1, ge=1)
    """How often its texts are read."""
    select: bool = False
    """Take from it only what reads most like `selection.like`."""


class Selection(Section):
    """Which part of a large corpus to read when time is short (Moore and Lewis 2010, with unigrams)."""

    like: Path
    """Texts of the target domain."""
    tokens: int = Field(gt=0)
    """Word pieces to take from the sources marked `select`."""


class Architecture(Section):
    """The shape of a new encoder."""

    shape: Literal["bert", "modernbert"] = "modernbert"
    """`modernbert`: rotary positions, local attention in two layers of three, classifiers on the mean of all places; `bert`: the
    classic, with learned positions, classifiers on the first place."""
    layers: int = Field(4, ge=1)
    """Transformer layers."""
    width: int = Field(256, ge=64, multiple_of=64)
    """Hidden size; one attention head for each 64, feed-forward of four times the width (`modernbert`: 1.5 times, gated)."""
    positions: int = Field(1024, ge=64)
    """The longest input, in word pieces."""


class WordVectors(Section):
    """Skip-gram vectors that the token embeddings start from (gensim; the extra `marsad[pretrain]`)."""

    epochs: int = Field(2, ge=0)
    """Passes over all sources; 0 starts from random embeddings."""
    window: int = Field(5, ge=1)
    """Word pieces to each side."""


class Stage(Section):
    """A part of the training with sequences of one length."""

    length: int = Field(ge=16)
    """Word pieces a sequence, [CLS] included."""
    batch_size: int = Field(ge=1)
    """Sequences a step."""
    share: float = Field(gt=0, le=1)
    """Part of all sequences' word pieces; the stages' shares add up to 1."""


class PretrainConfig(Section):
    """One run of masked language modelling."""

    name: str = Field(pattern=r"^[\w.-]+$")
    """Folder of the result, under `output`."""
    output: Path = Path("models")
    """Folder that the result's folder is made in."""
    seed: int = 1
    """Seed of weights, order and masks."""
    sources: tuple[Source, ...] = Field(min_length=1)
    """Where the text comes from."""
    selection: Selection | None = None
    """Read only the part of the corpus that matters."""
    init_from: str | None = None
    """Continue from this encoder (folder or hub id); without it, start from nothing."""
    revision: str | None = None
    """Commit of a hub encoder."""
    vocabulary: int | None = Field(None, ge=500)
    """Word pieces of a new tokenizer, trained on the sources. With `init_from` it may be left out: the encoder keeps its own;
    where it is given, new pieces start from the old ones that cover the same letters."""
    architecture: Architecture = Architecture()
    """Shape of a new model."""
    word_vectors: WordVectors = WordVectors()
    """Start of a new model's embeddings."""
    stages: tuple[Stage, ...] = Field(min_length=1)
    """Lengths, in order."""
    epochs: float = Field(1.0, gt=0)
    """Passes over the (selected, repeated) text."""
    learning_rate: float = Field(1.2e-3, gt=0)
    """Peak learning rate of AdamW; linear warm-up, linear decay."""
    warmup: float = Field(0.04, ge=0, lt=1)
    """Share of the steps in which the rate rises."""
    weight_decay: float = Field(0.01, ge=0)
    """Decay of AdamW."""
    mask_rate: float = Field(0.25, gt=0, lt=1)
    """Share of places to guess; whole words are masked."""
    held_out: int = Field(400, ge=1)
    """Texts kept apart to measure loss and accuracy on."""
    save_steps: int = Field(500, ge=1)
    """Steps between checkpoints."""
    compile: bool = False
    """`torch.compile` the model (needs a C++ compiler; pays on the CPU)."""
    report_to: str = "none"
    """`tensorboard`, `wandb` …, as in transformers."""
