"""Word vectors as the start of an encoder's embeddings: minutes of skip-gram spare it millions of pieces of training."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from marsad.config.pretrain import WordVectors
from marsad.data.corpus import TokenStream
from marsad.errors import ConfigError

SPREAD = 0.04
"""Standard deviation of the token embeddings made from word vectors."""


def train_vectors(
    streams: Sequence[TokenStream], vocabulary: int, width: int, settings: WordVectors, seed: int, threads: int
) -> np.ndarray:
    """Return skip-gram vectors (vocabulary, width) of word pieces, zero for those that never occur.

    Five negatives, frequent pieces thinned at 1e-4 (Mikolov et al. 2013). Raises `ConfigError` without gensim.
    """
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise ConfigError(
            "word_vectors: gensim is not installed. Install marsad[pretrain], or set word_vectors.epochs to 0."
        ) from error
    names = np.array([str(number) for number in range(vocabulary)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pieces.txt"
        with path.open("w", encoding="ascii") as file:
            for stream in streams:
                file.writelines(" ".join(names[piece]) + "\n" for piece in stream)
        model = Word2Vec(
            corpus_file=str(path),
            vector_size=width,
            window=settings.window,
            min_count=1,
            sg=1,
            negative=5,
            sample=1e-4,
            workers=threads,
            epochs=settings.epochs,
            seed=seed,
        )
    vectors = np.zeros((vocabulary, width), np.float32)
    vectors[[int(name) for name in model.wv.index_to_key]] = model.wv.vectors
    return vectors


def sinusoids(positions: int, width: int) -> torch.Tensor:
    """Return (positions, width) sine and cosine waves (Vaswani et al. 2017) with the spread of BERT's start, 0.02."""
    angles = torch.arange(positions)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
    return torch.cat([angles.sin(), angles.cos()], 1) * 0.02 * 2**0.5


def start_embeddings(model: PreTrainedModel, vectors: np.ndarray) -> None:
    """Start the token embeddings from word vectors (vocabulary, width), and learned positions from waves."""
    seen = np.abs(vectors).sum(1) > 0
    centred = np.where(seen[:, None], vectors - vectors[seen].mean(0), 0.0)
    table = torch.from_numpy(centred * SPREAD / centred[seen].std()).float()
    positions = getattr(model.base_model.embeddings, "position_embeddings", None)
    with torch.no_grad():
        model.get_input_embeddings().weight[torch.from_numpy(seen)] = table[torch.from_numpy(seen)]
        if positions is not None:
            positions.weight.copy_(sinusoids(*positions.weight.shape))
