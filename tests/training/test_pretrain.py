from __future__ import annotations

import json
import lzma
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from marsad.config.pretrain import PretrainConfig
from marsad.errors import ConfigError
from marsad.modeling.folders import dropouts
from marsad.training.masking import SHAPES
from marsad.training.pretrain import DROPOUT, pretrain


@pytest.fixture
def corpus(tmp_path: Path, filler: Callable[..., str]) -> Path:
    path = tmp_path / "corpus.txt.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(filler(40, number) + "\n" for number in range(300))
    return path


@pytest.fixture
def make(tmp_path: Path, corpus: Path) -> Callable[..., PretrainConfig]:
    def make(**changes: Any) -> PretrainConfig:
        content: dict[str, Any] = {
            "name": "tiny",
            "output": tmp_path / "models",
            "sources": [{"path": corpus}],
            "vocabulary": 500,
            "architecture": {"shape": "bert", "layers": 1, "width": 64, "positions": 64},
            "word_vectors": {"epochs": 0},
            "stages": [{"length": 32, "batch_size": 8, "share": 0.8}, {"length": 64, "batch_size": 4, "share": 0.2}],
            "learning_rate": 5e-3,
            "held_out": 20,
            "save_steps": 10,
        }
        return PretrainConfig.model_validate(content | changes)

    return make


@pytest.mark.parametrize("shape", ["bert", "modernbert"])
def test_a_new_encoder_learns_and_opens_as_the_plain_class(make: Callable[..., PretrainConfig], shape: str) -> None:
    config = make(architecture={"shape": shape, "layers": 1, "width": 64, "positions": 64}, epochs=3)
    folder, scores = pretrain(config)
    pieces = len(AutoTokenizer.from_pretrained(folder))
    assert scores["eval_loss"] < 0.8 * math.log(pieces)
    plain, report = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    assert type(plain).__name__ == {"bert": "BertForMaskedLM", "modernbert": "ModernBertForMaskedLM"}[shape]
    classifier = AutoModelForSequenceClassification.from_pretrained(folder)
    assert dropouts(classifier.config, DROPOUT).items() <= classifier.config.to_dict().items()


@pytest.mark.parametrize("shape", ["bert", "modernbert"])
def test_the_loss_is_the_plain_class_s_at_the_masked_places(make: Callable[..., PretrainConfig], shape: str) -> None:
    folder, _ = pretrain(make(architecture={"shape": shape, "layers": 1, "width": 64, "positions": 64}, epochs=0.2))
    plain = AutoModelForMaskedLM.from_pretrained(folder).eval()
    own = SHAPES[shape].from_pretrained(folder).eval()
    ids = torch.randint(5, 40, (2, 16), generator=torch.Generator().manual_seed(1))
    places, labels = torch.tensor([3, 9, 20]), torch.tensor([7, 8, 9])
    everywhere = torch.full((32,), -100)
    everywhere[places] = labels
    expected = plain(input_ids=ids, labels=everywhere.reshape(2, 16)).loss
    torch.testing.assert_close(own(ids, places, labels)["loss"], expected)


def test_the_record_tells_how_the_encoder_was_made(make: Callable[..., PretrainConfig]) -> None:
    folder, scores = pretrain(make(epochs=0.2))
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["held_out"]["eval_loss"] == scores["eval_loss"]
    assert record["tokens"] > 0
    assert yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["epochs"] == 0.2


class Break(TrainerCallback):  # type: ignore[misc]
    """Ends a run as a power cut does: in mid-step, after a checkpoint."""

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if state.global_step == 14:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["bert", "modernbert"])
def test_a_resumed_run_ends_with_the_same_weights(make: Callable[..., PretrainConfig], tmp_path: Path, shape: str) -> None:
    architecture = {"shape": shape, "layers": 1, "width": 64, "positions": 64}
    whole, _ = pretrain(make(name="whole", architecture=architecture))
    broken = make(name="broken", architecture=architecture)
    with pytest.raises(KeyboardInterrupt):
        pretrain(broken, callbacks=[Break()])
    assert not (tmp_path / "models" / "broken").exists()
    with pytest.raises(ConfigError, match="--resume"):
        pretrain(broken)
    folder, _ = pretrain(broken, resume=True)
    one, two = (load_file(path / "model.safetensors") for path in (whole, folder))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_an_encoder_is_taken_further(make: Callable[..., PretrainConfig], tiny_base: Path) -> None:
    short = [{"length": 32, "batch_size": 8, "share": 1}]
    folder, _ = pretrain(make(init_from=str(tiny_base), vocabulary=None, name="further", stages=short))
    old, new = load_file(tiny_base / "model.safetensors"), load_file(folder / "model.safetensors")
    assert old.keys() == new.keys()
    assert (AutoTokenizer.from_pretrained(folder).get_vocab()) == (AutoTokenizer.from_pretrained(tiny_base).get_vocab())
    assert not torch.allclose(old["bert.embeddings.word_embeddings.weight"], new["bert.embeddings.word_embeddings.weight"].float())


def test_an_encoder_is_taken_further_with_a_vocabulary_of_its_own(make: Callable[..., PretrainConfig], tiny_base: Path) -> None:
    short = [{"length": 32, "batch_size": 8, "share": 1}]
    base, _ = pretrain(make(init_from=str(tiny_base), vocabulary=None, name="base", stages=short, epochs=3))
    brief = {"epochs": 0.2, "learning_rate": 1e-5, "stages": short}
    folder, carried = pretrain(make(init_from=str(base), name="carried", **brief))
    old, new = (AutoTokenizer.from_pretrained(path) for path in (base, folder))
    assert len(old) != len(new)
    assert new.model_max_length == old.model_max_length
    plain, report = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    assert plain.config.vocab_size == len(new)
    _, random = pretrain(make(name="random", **brief))
    assert carried["eval_loss"] < random["eval_loss"]


def test_a_new_encoder_needs_the_size_of_its_vocabulary(make: Callable[..., PretrainConfig]) -> None:
    with pytest.raises(ConfigError, match="vocabulary: missing"):
        pretrain(make(vocabulary=None))


def test_word_vectors_start_an_encoder_better(make: Callable[..., PretrainConfig]) -> None:
    brief = {"epochs": 0.4, "learning_rate": 1e-4}
    _, random = pretrain(make(name="random", **brief))
    _, vectors = pretrain(make(name="vectors", word_vectors={"epochs": 3}, **brief))
    assert vectors["eval_loss"] < random["eval_loss"]


def test_mistakes_are_told_together(make: Callable[..., PretrainConfig], tmp_path: Path) -> None:
    stages = [{"length": 128, "batch_size": 8, "share": 0.7}]
    with pytest.raises(ConfigError) as found:
        pretrain(make(stages=stages, sources=[{"path": tmp_path / "corpus.txt.xz", "select": True}]))
    assert [line.split(":")[0] for line in str(found.value).splitlines()] == ["stages", "stages", "selection"]


def test_too_little_text(make: Callable[..., PretrainConfig], tmp_path: Path) -> None:
    (tmp_path / "few.txt").write_text("سطر واحد قصير\n" * 30, encoding="utf-8")
    with pytest.raises(ConfigError, match="too few"):
        pretrain(make(sources=[{"path": tmp_path / "few.txt"}]))


@pytest.mark.slow
def test_two_processes_train_one_encoder(make: Callable[..., PretrainConfig], tmp_path: Path) -> None:
    config = make(name="two")
    path = tmp_path / "two.yaml"
    path.write_text(yaml.safe_dump(json.loads(config.model_dump_json())), encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "marsad", "pretrain", str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("encoder:") == 1
    record = json.loads((tmp_path / "models" / "two" / "run.json").read_text(encoding="utf-8"))
    steps = [row["step"] for row in record["history"]]
    single, _ = pretrain(make(name="one"))
    alone = json.loads((single / "run.json").read_text(encoding="utf-8"))
    assert max(steps) * 2 <= max(row["step"] for row in alone["history"]) + 1
    assert record["held_out"]["eval_loss"] < 1.2 * alone["held_out"]["eval_loss"]
