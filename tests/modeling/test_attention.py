"""Local attention block by block gives what the whole product under a mask gives, whatever is padded."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, ModernBertConfig, ModernBertForTokenClassification

from marsad.modeling import attention
from marsad.modeling.attention import NAME, attend_locally


@pytest.fixture
def local_encoder() -> ModernBertForTokenClassification:
    torch.manual_seed(13)
    config = ModernBertConfig(
        vocab_size=90,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=256,
        local_attention=8,
        layer_types=["full_attention", "sliding_attention", "sliding_attention"],
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
        cls_token_id=2,
        sep_token_id=3,
    )
    return ModernBertForTokenClassification(config).eval()


@pytest.mark.parametrize("length", [1, 15, 21, 22, 64, 100])
@pytest.mark.parametrize("padded", [0, 1, 40])
def test_blocks_change_nothing(
    local_encoder: ModernBertForTokenClassification, monkeypatch: pytest.MonkeyPatch, length: int, padded: int
) -> None:
    monkeypatch.setattr(attention, "BLOCK", 16)
    ids = torch.randint(5, 90, (3, length), generator=torch.Generator().manual_seed(7))
    mask = torch.ones_like(ids)
    mask[0, max(1, length - padded) :] = 0
    with torch.inference_mode():
        whole = local_encoder(input_ids=ids, attention_mask=mask).logits
        blocks = attend_locally(local_encoder)(input_ids=ids, attention_mask=mask).logits
    assert local_encoder.config._attn_implementation == NAME
    assert torch.allclose(whole[mask.bool()], blocks[mask.bool()], atol=1e-5)


def test_what_lies_out_of_reach_is_not_looked_at(
    local_encoder: ModernBertForTokenClassification, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "BLOCK", 16)
    shapes = []
    product = torch.nn.functional.scaled_dot_product_attention

    def noted(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **options: Any) -> torch.Tensor:
        shapes.append((query.shape[2], key.shape[2]))
        return product(query, key, value, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", noted)
    ids = torch.full((1, 60), 7)
    with torch.inference_mode():
        attend_locally(local_encoder)(input_ids=ids, attention_mask=torch.ones_like(ids))
    assert shapes[0] == (60, 60), "the first layer sees everything"
    assert len(shapes) == 1 + 2 * 4
    assert max(keys for _, keys in shapes[1:]) <= 16 + 2 * 5


def test_an_encoder_without_local_layers_is_as_it_was() -> None:
    config = BertConfig(vocab_size=90, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48)
    model = BertForSequenceClassification(config).eval()
    ids = torch.randint(5, 90, (2, 300))
    mask = torch.ones_like(ids)
    mask[0, 100:] = 0
    with torch.inference_mode():
        before = model(input_ids=ids, attention_mask=mask).logits
        assert torch.allclose(attend_locally(model)(input_ids=ids, attention_mask=mask).logits, before, atol=1e-6)
