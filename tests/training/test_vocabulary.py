"""A new vocabulary starts from the old pieces that lie over the same letters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from marsad.modeling.tokenizer import train_tokenizer
from marsad.training.vocabulary import carry_embeddings, shared_letters

TEXTS = ["قصفت قوات النظام بلدة كفرنبل", "اعتقلت قوات النظام شابا في بلدة جاسم", "انسحبت قوات الجيش من بلدة تدمر"] * 10


def few_and_many() -> tuple[PreTrainedTokenizerFast, PreTrainedTokenizerFast]:
    few, many = train_tokenizer(TEXTS, 65, 64), train_tokenizer(TEXTS, 400, 64)
    assert len(few) < len(many)
    return few, many


def untrained(tokenizer: PreTrainedTokenizerFast) -> BertForMaskedLM:
    shape = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 64}
    return BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **shape))


def test_a_new_piece_shares_its_letters_with_the_old_ones_it_covers() -> None:
    few, many = few_and_many()
    shares = shared_letters(TEXTS, few, many)
    piece = many.convert_tokens_to_ids("كفرنبل")
    old = few.tokenize("كفرنبل")
    assert many.tokenize("كفرنبل") == ["كفرنبل"]
    assert len(old) > 1
    row = shares[[piece]].toarray()[0]
    for part in set(old):
        expected = len(part.removeprefix("##")) * old.count(part) / len("كفرنبل")
        assert row[few.convert_tokens_to_ids(part)] == pytest.approx(expected)
    assert row.sum() == pytest.approx(1)


def test_the_same_vocabulary_changes_nothing_that_was_seen() -> None:
    few, _ = few_and_many()
    model = untrained(few).eval()
    inputs = few(TEXTS[:3], return_tensors="pt", padding=True)
    before = model(**inputs).logits[..., np.unique(inputs["input_ids"])]
    carry_embeddings(model, TEXTS, few, few)
    after = model(**inputs).logits[..., np.unique(inputs["input_ids"])]
    torch.testing.assert_close(before, after)


def test_every_piece_and_bias_of_a_larger_vocabulary_is_a_mean_of_old_ones() -> None:
    few, many = few_and_many()
    model = untrained(few)
    old = model.get_input_embeddings().weight.detach().clone()
    carry_embeddings(model, TEXTS, few, many)
    new = model.get_input_embeddings().weight
    assert new.shape == (len(many), 64)
    assert model.get_output_embeddings().weight is new
    assert model.config.vocab_size == len(many)
    torch.testing.assert_close(new[many.mask_token_id], old[few.mask_token_id])
    parts = few.tokenize("كفرنبل")
    lengths = torch.tensor([float(len(part.removeprefix("##"))) for part in parts])
    mean = (old[few.convert_tokens_to_ids(parts)] * lengths[:, None]).sum(0) / lengths.sum()
    torch.testing.assert_close(new[many.convert_tokens_to_ids("كفرنبل")], mean)
    unknown = many.convert_tokens_to_ids("[UNK]")
    torch.testing.assert_close(new[unknown], old[few.unk_token_id])
