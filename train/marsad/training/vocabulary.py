"""A new vocabulary for an old encoder: its pieces start from the old pieces that cover the same letters."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np
import torch
from scipy.sparse import coo_array, csr_array
from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH = 1_000
"""Texts that are cut at once."""


def shared_letters(texts: Iterable[str], old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase) -> csr_array:
    """Return (new pieces, old pieces): how many letters of `texts` lie in both, each new piece's row adding up to 1.

    A row of a piece that never occurs is empty. Like fast vocabulary transfer (Gee et al., EMNLP 2022), but counted in
    running text, so it holds where the two tokenizers spell differently.
    """
    shape = (len(new), len(old))
    counts = csr_array(shape, dtype=np.float64)
    stream = iter(texts)
    while batch := list(islice(stream, BATCH)):
        starts = np.cumsum([0, *map(len, batch)])
        rows, columns = (_piece_of_letter(tokenizer, batch, starts) for tokenizer in (new, old))
        both = (rows >= 0) & (columns >= 0)
        counts += coo_array((np.ones(both.sum()), (rows[both], columns[both])), shape).tocsr()
    totals = counts.sum(axis=1)
    return csr_array(counts.multiply(1 / np.maximum(totals, 1)[:, None]))


def _piece_of_letter(tokenizer: PreTrainedTokenizerBase, texts: list[str], starts: np.ndarray) -> np.ndarray:
    """Return for each character of the joined `texts` the number of the piece it lies in, -1 for none."""
    pieces = np.full(starts[-1], -1)
    cut = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False, verbose=False)
    for start, numbers, places in zip(starts, cut["input_ids"], cut["offset_mapping"], strict=False):
        for number, (begin, end) in zip(numbers, places, strict=True):
            pieces[start + begin : start + end] = number
    return pieces


def carry_embeddings(
    model: PreTrainedModel, texts: Iterable[str], old: PreTrainedTokenizerBase, new: PreTrainedTokenizerBase
) -> None:
    """Give `model` the vocabulary of `new`, in place: embeddings and output biases are means over `shared_letters`.

    Special tokens keep their own; a piece that `texts` never show starts from the mean of all.
    """
    shares = shared_letters(texts, old, new)
    unseen = np.asarray(shares.sum(axis=1)) == 0
    special = {token: new.convert_tokens_to_ids(token) for token in new.all_special_tokens}
    head = model.get_output_embeddings()
    table, bias = (weight.detach().numpy() for weight in (model.get_input_embeddings().weight, head.bias))
    carried = []
    for values in (table, bias[:, None]):
        rows = shares @ values
        rows[unseen] = values.mean(0)
        for token, number in special.items():
            rows[number] = values[old.convert_tokens_to_ids(token)]
        carried.append(torch.from_numpy(rows).float())
    model.resize_token_embeddings(len(new), mean_resizing=False)
    with torch.no_grad():
        model.get_input_embeddings().weight.copy_(carried[0])
        model.get_output_embeddings().bias.copy_(carried[1][:, 0])
    model.config.update({f"{name}_token_id": getattr(new, f"{name}_token_id") for name in ("pad", "cls", "sep")})
