"""Graphs that answer as the model does, at any size; and what is said where they cannot be written."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from transformers import ModernBertConfig, ModernBertForTokenClassification, set_seed

from marsad.errors import ModelError
from marsad.modeling import onnx
from marsad.modeling.onnx import OnnxModel, write_graph


def test_a_modernbert_graph_reads_near_pieces_and_padding_as_the_model_does(tmp_path: Path) -> None:
    set_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_labels": 5}
    config = ModernBertConfig(vocab_size=60, pad_token_id=0, local_attention=8, initializer_range=0.3, **shape)
    model = ModernBertForTokenClassification(config).eval()
    write_graph(model, tmp_path / "model.onnx")
    graph = OnnxModel(tmp_path / "model.onnx", config)
    for texts, pieces in ((1, 3), (2, 16), (5, 70)):
        ids = torch.randint(5, 60, (texts, pieces))
        mask = torch.ones_like(ids)
        mask[-1, pieces // 2 + 1 :] = 0
        with torch.inference_mode():
            expected, found = (one(input_ids=ids, attention_mask=mask).logits[mask.bool()] for one in (model, graph))
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_without_the_packages_the_cure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "find_spec", lambda name: None if name.startswith("onnx") else find_spec(name))
    assert not onnx.is_installed()
    for write in (lambda: write_graph(None, tmp_path / "a.onnx"), lambda: OnnxModel(tmp_path / "a.onnx", None)):
        with pytest.raises(ModelError, match=r"not installed: pip install 'marsad\[onnx\]'"):
            write()
