"""A stand-in hub, this process set to speak to it, and a small model that nothing keeps from being published."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from tests.publishing.stand_in_hub import TOKEN, StandInHub

from marsad.modeling.folders import load_classifier, load_tokenizer, save_tokenizer, save_weights
from marsad.modeling.settings import ModelSettings
from marsad.publishing import hub as hub_module
from marsad.publishing.parcel import Parcel, pack
from marsad.taxonomy import Taxonomy

README = "---\nlicense: apache-2.0\n---\n\n# Tiny\n\nMade for a test, from texts made up for it.\n"


@pytest.fixture(scope="session")
def served_hub() -> Iterator[StandInHub]:
    """The stand-in hub, served for all tests."""
    hub = StandInHub()
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def hub(served_hub: StandInHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StandInHub:
    """The stand-in hub, empty; this process speaks to it, online, with its token and an empty cache."""
    served_hub.reset()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", served_hub.url)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    constants = {
        "ENDPOINT": served_hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": served_hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_CACHE": str(tmp_path / "hub-cache"),
    }
    for name, value in constants.items():
        monkeypatch.setattr(huggingface_hub.constants, name, value)
    monkeypatch.setattr(hub_module, "WAITS", (0.0, 0.0))
    return served_hub


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, syria: Taxonomy) -> Path:
    """A model as `marsad train` leaves it, with random weights, its records, and a README with a licence."""
    folder = tmp_path_factory.mktemp("publishable") / "tiny"
    folder.mkdir()
    labels = dict(enumerate(syria.flat))
    numbers = {label: number for number, label in labels.items()}
    names = {"id2label": labels, "label2id": numbers, "problem_type": "multi_label_classification"}
    save_weights(load_classifier(tiny_base, torch.float32, **names), folder, torch.float16)
    save_tokenizer(load_tokenizer(tiny_base), folder)
    thresholds = {task.name: dict.fromkeys(task.ids, 0.5) for task in syria.tasks}
    ModelSettings(syria, dict.fromkeys(syria.names, "max"), 64, 8, True, thresholds).save(folder)
    scores = {"n": 4, "micro_f1": 0.5, "macro_f1": 0.25, "micro_precision": 0.5, "micro_recall": 0.5, "labels": {}}
    (folder / "metrics.json").write_text(json.dumps({"n": 4, "tasks": dict.fromkeys(syria.names, scores)}), encoding="utf-8")
    run = {"data": {"/home/someone/secret/train.jsonl": "ab" * 32}, "reports": {"train": 8, "dev": 4}, "seconds": 60.0}
    run["machine"] = {"gpu": None, "cores": 2}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "config.yaml").write_text("encoder: /home/someone/secret/base\n", encoding="utf-8")
    (folder / "README.md").write_text(README, encoding="utf-8")
    return folder


@pytest.fixture
def copied_model(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may spoil."""
    return Path(shutil.copytree(model_folder, tmp_path / "copied"))


@pytest.fixture(scope="session")
def packed(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Parcel:
    """The model as a parcel, for tests that only read it."""
    return pack(model_folder, "org/tiny", tmp_path_factory.mktemp("packed"), "v1.0.0")
