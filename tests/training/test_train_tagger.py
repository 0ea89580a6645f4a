"""A tagger learns camps and places, survives being killed, and leaves a folder that transformers reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, ModernBertConfig, ModernBertForMaskedLM, TrainerCallback

from marsad import load
from marsad.config.loading import load_config
from marsad.config.schema import TrainConfig
from marsad.errors import ConfigError
from marsad.modeling.folders import save_tokenizer, save_weights
from marsad.modeling.tagging import bio_names
from marsad.taxonomy import Taxonomy
from marsad.training.factions import train_tagger
from marsad.training.preparation import plan, prepare
from marsad.training.work import close_work

MakeConfig = Callable[..., TrainConfig]
FewReports = Callable[..., dict[str, Path]]


class Kill(TrainerCallback):  # type: ignore[misc]
    """Ends a run by force at the end of its second epoch."""

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if round(state.epoch) == 2:
            raise KeyboardInterrupt


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_a_tagger_learns(tiny_tagger: Path) -> None:
    scores = read(tiny_tagger, "metrics.json")["scores"]
    assert scores["entity"]["f1"] > 0.95
    assert scores["span"]["f1"] >= scores["entity"]["f1"]
    assert scores["camp_accuracy"] > 0.95


def test_the_folder_is_a_plain_token_model_and_whole(tiny_tagger: Path, syria: Taxonomy) -> None:
    assert {path.name for path in tiny_tagger.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "marsad.json",
        "names.json",
        "gazetteer.yaml",
        "config.yaml",
        "run.json",
        "metrics.json",
    }
    config = read(tiny_tagger, "config.json")
    assert config["architectures"] == ["BertForTokenClassification"]
    names = bio_names(syria.task("affiliation").ids)
    assert [config["id2label"][str(number)] for number in range(len(names))] == names, "all camps, in the taxonomy's order"
    assert {tensor.dtype for tensor in load_file(tiny_tagger / "model.safetensors").values()} == {torch.float16}
    assert load_config(tiny_tagger / "config.yaml", TrainConfig).task == "factions"
    assert any("eval_dev_entity_f1" in entry for entry in read(tiny_tagger, "run.json")["history"])


@pytest.mark.slow
def test_a_killed_run_is_resumed_to_the_same_weights(tagger_config: MakeConfig) -> None:
    changes = {"training": {"epochs": 3, "dropout": 0.1}}
    whole, _ = train_tagger(tagger_config(name="whole", **changes))
    broken = tagger_config(name="broken", **changes)
    with pytest.raises(KeyboardInterrupt):
        train_tagger(broken, callbacks=[Kill()])
    assert not (broken.output / "broken").exists()
    resumed, _ = train_tagger(broken, resume=True)
    one, other = load_file(whole / "model.safetensors"), load_file(resumed / "model.safetensors")
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
def test_the_class_follows_the_encoder(tagger_config: MakeConfig, tiny_base: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    special = {f"{name}_token_id": tokenizer.pad_token_id for name in ("pad", "bos", "eos", "cls", "sep")}
    config = ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=64,
        **special,
    )
    base = tmp_path / "modern"
    save_weights(ModernBertForMaskedLM(config), base, torch.float32)
    save_tokenizer(tokenizer, base)
    folder, _ = train_tagger(tagger_config(encoder=str(base), training={"epochs": 1, "dropout": None}))
    assert read(folder, "config.json")["architectures"] == ["ModernBertForTokenClassification"]
    assert load(folder, device="cpu").predict("قوات النظام").factions is not None


def test_reports_without_factions_are_refused_before_anything_is_computed(
    tagger_config: MakeConfig, few_reports: FewReports
) -> None:
    with pytest.raises(ConfigError, match="no training report names a force under 'factions'"):
        prepare(tagger_config(data=few_reports(16)))


def test_an_unknown_gazetteer_is_told_with_the_other_mistakes(tagger_config: MakeConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as found:
        prepare(tagger_config(gazetteer="nowhere", data={"train": tmp_path / "missing.jsonl"}))
    assert "nowhere" in str(found.value)
    assert "missing.jsonl" in str(found.value)


def test_the_plan_counts_mentions(tagger_config: MakeConfig) -> None:
    preparation = prepare(tagger_config())
    found = plan(preparation)
    mentions = sum(len(report.factions or ()) for report in preparation.train)
    assert sum(train for train, _ in found.counts["affiliation"].values()) == mentions > found.train


@pytest.mark.parametrize(
    ("changes", "told"), [({"tasks": {"affiliation": {}}}, "take 'tasks' out"), ({"task": "reports"}, "at least one task")]
)
def test_tasks_are_of_reports_alone(tagger_config: MakeConfig, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        tagger_config(**changes)


def test_a_model_that_is_replaced_keeps_its_tagger(tmp_path: Path) -> None:
    target, work = tmp_path / "model", tmp_path / ".model.partial"
    (target / "factions").mkdir(parents=True)
    (target / "factions" / "config.json").write_text("{}", encoding="utf-8")
    (target / "old.json").write_text("{}", encoding="utf-8")
    (work / "model").mkdir(parents=True)
    close_work(work, work / "model", target)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*.json")) == ["factions/config.json"]


def test_a_model_of_reports_can_be_the_encoder(tagger_config: MakeConfig, tiny_model: Path) -> None:
    folder, _ = train_tagger(tagger_config(encoder=str(tiny_model), training={"epochs": 1}))
    assert load_file(folder / "model.safetensors")["classifier.weight"].shape[0] == 1 + 2 * 15
