"""A run learns, can be repeated, survives being killed, and leaves a whole folder or none."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, TrainerCallback

from marsad import load
from marsad.config.loading import load_config
from marsad.config.schema import TrainConfig
from marsad.data.reports import Mention, Report
from marsad.errors import ConfigError
from marsad.modeling.folders import load_tokenizer, save_tokenizer
from marsad.taxonomy import Taxonomy
from marsad.training.finetune import finetune

MakeConfig = Callable[..., TrainConfig]
FewReports = Callable[..., dict[str, Path]]
SHELLING = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم."
SHORT = {"epochs": 1}


class Killed(Exception):  # noqa: N818
    """The machine went down."""


class Kill(TrainerCallback):  # type: ignore[misc]
    """Ends a run by force at the end of an epoch, before its checkpoint is written."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if round(state.epoch) == self.epoch:
            raise Killed


class Steps(TrainerCallback):  # type: ignore[misc]
    """Keeps the gradients of each step, and the helper head's weights at the beginning and at the end."""

    def __init__(self) -> None:
        self.gradients: list[dict[str, torch.Tensor]] = []
        self.helper: list[torch.Tensor] = []

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self._keep_helper(model)

    def on_train_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self._keep_helper(model)

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self.gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})

    def _keep_helper(self, model: Any) -> None:
        self.helper += [p.detach().clone() for name, p in model.named_parameters() if name == "faction_head.weight"]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return found


def equal(a: Path, b: Path) -> bool:
    one, other = weights(a), weights(b)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_a_run_learns_both_tasks(tiny_model: Path) -> None:
    tasks = read(tiny_model, "metrics.json")["tasks"]
    assert tasks["affiliation"]["micro_f1"] > 0.9
    assert tasks["event_type"]["micro_f1"] > 0.9


def test_the_folder_holds_all_that_is_promised_and_nothing_else(tiny_model: Path) -> None:
    assert {path.name for path in tiny_model.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "marsad.json",
        "config.yaml",
        "run.json",
        "metrics.json",
    }
    assert [path.name for path in tiny_model.parent.iterdir()] == [tiny_model.name], "the working folder is gone"


def test_weights_are_float16_and_named_by_task_and_label(tiny_model: Path, syria: Taxonomy) -> None:
    assert {tensor.dtype for tensor in weights(tiny_model).values()} == {torch.float16}
    config = read(tiny_model, "config.json")
    assert [config["id2label"][str(number)] for number in range(len(syria.flat))] == list(syria.flat)
    assert config["problem_type"] == "multi_label_classification"
    assert config["dtype"] == "float32", "half the size on disk, the whole precision in memory"
    assert config["architectures"] == ["BertForSequenceClassification"]


def test_float32_weights_on_demand(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    folder, _ = finetune(tiny_config(data=few_reports(16), training=SHORT, save_dtype="float32"))
    assert {tensor.dtype for tensor in weights(folder).values()} == {torch.float32}


def test_the_record_tells_what_the_model_came_from(tiny_model: Path, tiny_reports: Path) -> None:
    record = read(tiny_model, "run.json")
    assert {"python", "marsad", "torch", "transformers", "tokenizers", "datasets"} <= set(record["versions"])
    assert all(record["versions"][name] for name in ("python", "torch", "transformers"))
    for path in (tiny_reports / "train.jsonl", tiny_reports / "dev.jsonl"):
        assert record["data"][str(path)] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert any("syria" in name for name in record["data"])
    assert record["seed"] == 13
    assert record["git"] is None or len(record["git"].removesuffix("+changes")) == 40
    assert record["reports"]["train"] > record["reports"]["dev"] > record["reports"]["held_out"] == 0
    assert record["epochs"] == 14
    assert sum("eval_dev_macro_f1" in entry for entry in record["history"]) == 14


def test_the_saved_config_is_the_run(tiny_model: Path) -> None:
    config = load_config(tiny_model / "config.yaml", TrainConfig)
    assert config.name == tiny_model.name
    assert config.training.learning_rate == 2e-3
    assert config.windows.length == 64


def test_metrics_have_the_shape_of_the_contract(tiny_model: Path, syria: Taxonomy) -> None:
    metrics = read(tiny_model, "metrics.json")
    assert {"n", "tasks", "tokens_read", "tokens_total"} <= set(metrics)
    assert metrics["tokens_read"] == metrics["tokens_total"] > 0
    assert metrics["n"] == read(tiny_model, "run.json")["reports"]["dev"]
    thresholds = read(tiny_model, "marsad.json")["thresholds"]
    for name in ("affiliation", "event_type"):
        scores = metrics["tasks"][name]
        assert all(0 <= scores[key] <= 1 for key in ("micro_f1", "macro_f1", "micro_precision", "micro_recall"))
        assert tuple(scores["labels"]) == syria.task(name).ids
        for label, row in scores["labels"].items():
            assert {"precision", "recall", "f1", "support", "threshold"} <= set(row)
            assert row["threshold"] == thresholds[name][label]
    assert metrics["tasks"]["event_type"]["labels"]["shelling"]["support"] > 10


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    data, training = few_reports(32), {"epochs": 2, "dropout": 0.1}
    first, again, other = (
        finetune(tiny_config(name=name, seed=seed, data=data, training=training))[0]
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert equal(first, again)
    assert not equal(first, other)


@pytest.mark.parametrize(("faction_loss", "average"), [(0.0, 0.0), (0.5, 0.0), (0.5, 0.8)])
def test_a_killed_run_is_resumed_to_the_very_weights_of_an_unbroken_one(
    tiny_config: MakeConfig, few_reports: FewReports, camps: dict[str, str], faction_loss: float, average: float
) -> None:
    changes = {
        "data": few_reports(32, lambda report: with_factions(report, camps)),
        "training": {"epochs": 4, "dropout": 0.1, "faction_loss": faction_loss, "batch_size": 8, "average": average},
    }
    whole, _ = finetune(tiny_config(name="whole", **changes))
    broken = tiny_config(name="broken", **changes)
    with pytest.raises(Killed):
        finetune(broken, callbacks=[Kill(2)])
    assert not (broken.output / "broken").exists()
    with pytest.raises(ConfigError, match=r"--resume.*--overwrite"):
        finetune(broken)
    with pytest.raises(ConfigError, match="another config"):
        finetune(tiny_config(name="broken", **changes, seed=99), resume=True)
    resumed, _ = finetune(broken, resume=True)
    assert equal(whole, resumed)
    assert read(whole, "metrics.json") == read(resumed, "metrics.json")
    assert sorted(path.name for path in broken.output.iterdir()) == ["broken", "whole"]


def test_a_broken_run_can_be_started_anew(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    config = tiny_config(data=few_reports(16), training={"epochs": 2})
    with pytest.raises(Killed):
        finetune(config, callbacks=[Kill(2)])
    folder, _ = finetune(config, overwrite=True)
    assert (folder / "model.safetensors").is_file()


def test_there_must_be_something_to_resume(tiny_config: MakeConfig) -> None:
    with pytest.raises(ConfigError, match="no checkpoint"):
        finetune(tiny_config(), resume=True)


def test_an_existing_model_is_replaced_only_on_demand(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    data = few_reports(16)
    folder, _ = finetune(tiny_config(data=data, training=SHORT))
    before = weights(folder)
    with pytest.raises(ConfigError, match="--overwrite"):
        finetune(tiny_config(data=data, training=SHORT, seed=2))
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(folder).items())
    finetune(tiny_config(data=data, training=SHORT, seed=2), overwrite=True)
    assert not all(torch.equal(tensor, before[name]) for name, tensor in weights(folder).items())
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_a_mistake_in_the_data_leaves_nothing_behind(tiny_config: MakeConfig, few_reports: FewReports, tmp_path: Path) -> None:
    data = few_reports(16)
    with pytest.raises(ConfigError, match="missing"):
        finetune(tiny_config(data=data | {"train": tmp_path / "missing.jsonl"}, training=SHORT))
    folder, _ = finetune(tiny_config(data=data, training=SHORT))
    assert (folder / "model.safetensors").is_file()


def test_soft_labels_move_the_weights_and_hard_ones_do_not(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    """The first step's gradient: shares count with `labels: soft` only."""

    def doubted(report: Report) -> Report:
        return replace(report, label_shares={"event_type": dict.fromkeys(report.labels["event_type"], 0.6)})

    gradients = []
    for name, labels, data in (
        ("plain", "hard", few_reports(16)),
        ("hard", "hard", few_reports(16, doubted)),
        ("soft", "soft", few_reports(16, doubted)),
    ):
        steps, training = Steps(), {"epochs": 1, "batch_size": 16, "bf16": False}
        finetune(tiny_config(name=name, data=data | {"labels": labels}, training=training), callbacks=[steps])
        gradients.append(steps.gradients[0]["classifier.bias"])
    plain, hard, soft = gradients
    assert torch.equal(plain, hard)
    assert not torch.allclose(plain, soft, rtol=1e-2)


def test_soft_labels_need_shares(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    with pytest.raises(ConfigError, match="label_shares"):
        finetune(tiny_config(data=few_reports(16) | {"labels": "soft"}, training=SHORT))


def deed_taxonomy(path: Path, with_camps: bool) -> Path:
    deeds = {"kind": "multiclass", "labels": [{"id": "shelling"}, {"id": "arrest_raid"}, {"id": "armed_clash"}]}
    sides = {"kind": "multilabel", "labels": [{"id": "assad_regime"}, {"id": "sdf"}, {"id": "turkey"}, {"id": "isis"}]}
    tasks = {"affiliation": sides} if with_camps else {}
    path.write_text(yaml.safe_dump({"version": 7, "tasks": tasks | {"event_type": deeds}}), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_single_label_task_alone(tiny_config: MakeConfig, few_reports: FewReports, tmp_path: Path) -> None:
    config = tiny_config(
        taxonomy=str(deed_taxonomy(tmp_path / "deeds.yaml", with_camps=False)), tasks={"event_type": {}}, data=few_reports(200)
    )
    folder, dev = finetune(config)
    assert read(folder, "config.json")["problem_type"] == "single_label_classification"
    assert dev.tasks["event_type"]["accuracy"] > 0.9
    assert dev.tasks["event_type"]["micro_f1"] > 0.9
    loud, quiet = load(folder, device="cpu").predict([SHELLING, "سوق"])
    assert [found.label for found in loud.event_type] == ["shelling"]
    assert len(quiet.event_type) == 1, "exactly one answer, whatever the text"
    assert sum(loud.scores("event_type").values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_single_label_and_multi_label_tasks_in_one_model(tiny_config: MakeConfig, few_reports: FewReports, tmp_path: Path) -> None:
    config = tiny_config(taxonomy=str(deed_taxonomy(tmp_path / "both.yaml", with_camps=True)), data=few_reports(200))
    folder, dev = finetune(config)
    assert read(folder, "config.json")["problem_type"] == "multi_label_classification"
    assert dev.tasks["event_type"]["accuracy"] > 0.9
    assert dev.tasks["affiliation"]["micro_f1"] > 0.9
    assert "accuracy" not in dev.tasks["affiliation"]
    found = load(folder, device="cpu").predict(SHELLING)
    assert [one.label for one in found.event_type] == ["shelling"]
    assert [one.label for one in found.affiliation] == ["assad_regime"]
    assert sum(found.scores("event_type").values()) == pytest.approx(1, abs=1e-5)
    assert set(read(folder, "marsad.json")["thresholds"]) == {"affiliation"}


def test_one_task_of_the_taxonomy_is_learned_alone(tiny_config: MakeConfig, few_reports: FewReports, syria: Taxonomy) -> None:
    folder, dev = finetune(tiny_config(data=few_reports(16), tasks={"event_type": {}}, training=SHORT))
    assert list(dev.tasks) == ["event_type"]
    assert list(load(folder, device="cpu").predict(SHELLING).scores("event_type")) == list(syria.task("event_type").ids)
    assert weights(folder)["classifier.weight"].shape[0] == len(syria.task("event_type").ids)


@pytest.mark.slow
def test_reports_annotated_for_one_task_each_teach_both(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    def forget(report: Report) -> Report:
        kept = ("affiliation", "event_type")[int(report.id.removeprefix("r")) % 2]
        return replace(report, labels={kept: report.labels[kept]})

    _, dev = finetune(tiny_config(data=few_reports(400, forget)))
    assert dev.tasks["affiliation"]["n"] + dev.tasks["event_type"]["n"] == dev.n
    assert dev.tasks["affiliation"]["micro_f1"] > 0.9
    assert dev.tasks["event_type"]["micro_f1"] > 0.9


def test_a_report_without_the_task_moves_nothing(tiny_config: MakeConfig, few_reports: FewReports, tmp_path: Path) -> None:
    """The gradient of annotated reports is the same with others beside them; with others annotated as none it is not."""
    data = few_reports(8)
    rows = [json.loads(line) for line in data["train"].read_text(encoding="utf-8").splitlines()]
    more = [{"id": f"m{number}", "text": f"{row['text']} {SHELLING}"} for number, row in enumerate(rows)]
    gradients = []
    for name, added in (("alone", []), ("beside", more), ("none", [row | {"event_type": []} for row in more])):
        train = tmp_path / f"{name}.jsonl"
        train.write_text("".join(json.dumps(row) + "\n" for row in rows + added), encoding="utf-8")
        steps, training = Steps(), {"epochs": 1, "batch_size": 16, "bf16": False}
        config = tiny_config(name=name, data=data | {"train": train}, tasks={"event_type": {}}, training=training)
        finetune(config, callbacks=[steps])
        gradients.append(steps.gradients[0])
    alone, beside, none = gradients
    assert all(torch.allclose(alone[name], beside[name], atol=1e-6, rtol=1e-3) for name in alone)
    assert not torch.allclose(alone["classifier.weight"], none["classifier.weight"], rtol=1e-2)


def test_a_task_that_no_report_is_annotated_for_is_refused(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    data = few_reports(16, lambda report: replace(report, labels={"affiliation": report.labels["affiliation"]}))
    with pytest.raises(ConfigError, match="event_type"):
        finetune(tiny_config(data=data, training=SHORT))


def with_factions(report: Report, camps: dict[str, str]) -> Report:
    mentions = (
        Mention(report.text.index(force), report.text.index(force) + len(force), camp)
        for force, camp in camps.items()
        if force in report.text
    )
    return replace(report, factions=tuple(mentions))


def test_the_helper_head_learns_and_stays_behind(tiny_config: MakeConfig, few_reports: FewReports, camps: dict[str, str]) -> None:
    data, steps = few_reports(32, lambda report: with_factions(report, camps)), Steps()
    folder, _ = finetune(tiny_config(data=data, training={"epochs": 2, "faction_loss": 1.0}), callbacks=[steps])
    first, last = steps.helper
    assert first.shape[0] == 1 + 2 * len(camps)
    assert not torch.equal(first, last)
    assert not [name for name in weights(folder) if "faction" in name]
    assert load(folder, device="cpu").predict(SHELLING).windows == 1


def test_the_helper_loss_without_annotated_factions_is_refused(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    with pytest.raises(ConfigError, match=r"training\.faction_loss"):
        finetune(tiny_config(data=few_reports(16), training={"epochs": 1, "faction_loss": 1.0}))


@pytest.mark.parametrize("imbalance", ["none", "pos_weight", "focal", "asl"])
@pytest.mark.parametrize("pooling", ["logmeanexp", "max", "mean"])
def test_every_loss_and_every_pooling_trains(
    tiny_config: MakeConfig, few_reports: FewReports, filler: Callable[..., str], imbalance: str, pooling: str
) -> None:
    steps = Steps()
    task = {"imbalance": imbalance, "pooling": pooling}
    data = few_reports(16, lambda report: replace(report, text=f"{filler(90, int(report.id[1:]))} {report.text}"))
    config = tiny_config(data=data, tasks={"affiliation": task, "event_type": task}, training=SHORT)
    folder, dev = finetune(config, callbacks=[steps])
    (step,) = steps.gradients
    assert all(gradient.isfinite().all() for gradient in step.values())
    assert step["classifier.weight"].abs().sum() > 0
    assert step["bert.embeddings.word_embeddings.weight"].abs().sum() > 0
    assert all(math.isfinite(figure) for figure in load(folder, device="cpu").predict(SHELLING).scores("affiliation").values())
    assert read(folder, "marsad.json")["pooling"] == {"affiliation": pooling, "event_type": pooling}
    assert dev.tokens_read == dev.tokens_total


def test_losses_and_poolings_are_not_all_one(tiny_config: MakeConfig, few_reports: FewReports, filler: Callable[..., str]) -> None:
    data = few_reports(16, lambda report: replace(report, text=f"{filler(90, int(report.id[1:]))} {report.text}"))

    def gradient(name: str, **task: str) -> torch.Tensor:
        steps = Steps()
        finetune(tiny_config(name=name, data=data, tasks={"affiliation": task}, training=SHORT), callbacks=[steps])
        return steps.gradients[0]["classifier.weight"]

    plain = gradient("plain")
    others = [gradient(name, imbalance=name) for name in ("pos_weight", "focal", "asl")]
    others += [gradient(name, pooling=name) for name in ("logmeanexp", "mean")]
    assert not any(torch.allclose(plain, other, rtol=1e-3) for other in others)


def test_accumulated_small_batches_weigh_as_one_large(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    data, found = few_reports(16), []
    for batch, accumulation in ((16, 1), (4, 4)):
        steps = Steps()
        training = {"epochs": 1, "batch_size": batch, "gradient_accumulation": accumulation, "dropout": 0.0, "bf16": False}
        finetune(tiny_config(name=f"b{batch}", data=data, training=training), callbacks=[steps])
        assert len(steps.gradients) == 1
        found.append(steps.gradients[0])
    for name, gradient in found[0].items():
        assert torch.allclose(gradient, found[1][name], atol=1e-6, rtol=1e-3), name


def test_held_out_reports_lie_beside_the_model(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    data: dict[str, Any] = {"train": few_reports(60)["train"], "dev": None, "dev_share": 0.2, "test_share": 0.3}
    folder, dev = finetune(tiny_config(data=data, training=SHORT))
    held = [json.loads(line)["id"] for line in (folder / "held-out.jsonl").read_text(encoding="utf-8").splitlines()]
    counts = read(folder, "run.json")["reports"]
    assert counts["held_out"] == len(held) == len(set(held)) > 0
    assert counts["train"] + counts["dev"] + counts["held_out"] == 60
    assert dev.n == counts["dev"]


def test_early_stopping_ends_a_run_that_learns_no_more(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    training = {"epochs": 30, "patience": 2, "learning_rate": 1e-9}
    folder, _ = finetune(tiny_config(data=few_reports(16), training=training))
    assert read(folder, "run.json")["epochs"] < 10


def test_a_base_in_several_weight_files_will_do(
    tiny_config: MakeConfig, few_reports: FewReports, tiny_base: Path, tmp_path: Path
) -> None:
    parts = tmp_path / "parts"
    AutoModelForMaskedLM.from_pretrained(tiny_base).save_pretrained(parts, max_shard_size="60KB")
    save_tokenizer(load_tokenizer(tiny_base), parts)
    assert len(list(parts.glob("*.safetensors"))) > 1
    folder, _ = finetune(tiny_config(encoder=str(parts), data=few_reports(16), training=SHORT))
    assert (folder / "model.safetensors").is_file()


def test_windows_longer_than_the_encoder_reads_are_refused(tiny_config: MakeConfig, few_reports: FewReports) -> None:
    with pytest.raises(ConfigError, match=r"windows\.length: 65 .* 64"):
        finetune(tiny_config(data=few_reports(16), windows={"length": 65}, training=SHORT))
