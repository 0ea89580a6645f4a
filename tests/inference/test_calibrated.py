"""A calibrated head: the file holds the logits divided by the temperature, and pooling of windows stays as it was trained."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.conftest import made_up_reports, quiet_text

from marsad import Predictor, load
from marsad.errors import ModelError
from marsad.evaluation.calibration import rescale
from marsad.modeling.folders import scale_head
from marsad.modeling.settings import FILE, read_settings


def at(model: Path, folder: Path, temperature: float) -> Predictor:
    """Return a copy of `model` whose event types are at `temperature`, from whatever they were."""
    shutil.copytree(model, folder)
    settings = read_settings(folder)
    before = settings.temperatures.get("event_type", 1.0)
    factors = [before / temperature if task.name == "event_type" else 1.0 for task in settings.taxonomy.tasks for _ in task.ids]
    scale_head(folder, factors)
    replace(settings, temperatures={**settings.temperatures, "event_type": temperature}).save(folder)
    return load(folder, device="cpu")


def scores(predictor: Predictor, texts: list[str]) -> np.ndarray:
    return np.array([[s for task in found.all_scores.values() for s in task.values()] for found in predictor.predict(texts)])


def test_short_and_long_reports_have_their_logits_divided(tiny_model: Path, tmp_path: Path) -> None:
    short = made_up_reports(1)[0].text
    texts = [short, f"{quiet_text(200)} {short} {quiet_text(200, 1)}"]
    plain, warm = at(tiny_model, tmp_path / "plain", 1.0), at(tiny_model, tmp_path / "warm", 2.0)
    assert plain.predict(texts[1]).windows > 3
    expected = rescale(scores(plain, texts), plain.settings.taxonomy, {"event_type": 2.0})
    assert scores(warm, texts) == pytest.approx(expected, abs=2e-3)
    assert np.abs(scores(warm, texts) - scores(plain, texts)).max() > 0.01


def test_no_other_weight_changes(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    before = load_file(tiny_model / "model.safetensors")
    scale_head(tmp_path / "model", [0.5] * len(read_settings(tiny_model).taxonomy.flat))
    after = load_file(tmp_path / "model" / "model.safetensors")
    assert {name for name in before if not torch.equal(before[name], after[name])} == {"classifier.bias", "classifier.weight"}
    assert torch.equal(after["classifier.weight"], before["classifier.weight"] / 2)
    assert all(after[name].dtype == before[name].dtype for name in before)


def test_a_head_of_another_width_is_refused(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="no linear head of 7 labels"):
        scale_head(tiny_model, [1.0] * 7)


def test_training_notes_a_temperature_for_every_task(tiny_model: Path) -> None:
    content = json.loads((tiny_model / FILE).read_text(encoding="utf-8"))
    assert set(content["temperatures"]) == {"affiliation", "event_type"}
    assert all(0.49 <= value <= 5.1 for value in content["temperatures"].values())
    assert any(value != 1.0 for value in content["temperatures"].values())
