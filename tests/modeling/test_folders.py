from __future__ import annotations

import io
import json
import pickle
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, BertConfig, BertForSequenceClassification

from marsad.errors import ModelError
from marsad.modeling.folders import (
    PATTERNS,
    check_folder,
    find_model,
    load_classifier,
    load_tokenizer,
    save_tokenizer,
    save_weights,
    shipped,
)

LABELS = ("affiliation:sdf", "affiliation:turkey", "event_type:shelling")


@pytest.fixture
def base(tiny_base: Path, tmp_path: Path) -> Path:
    """A copy of the tiny encoder's folder, to damage."""
    return Path(shutil.copytree(tiny_base, tmp_path / "model"))


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as error:
        action()
    return str(error.value)


def change(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | changes), encoding="utf-8")


def plant(folder: Path, name: str, mark: Path) -> Path:
    """Put Python into a model's folder that leaves `mark` when it runs."""
    code = f"open({str(mark)!r}, 'w').close()\n"
    code += "from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast\n"
    code += "class PlantedConfig(BertConfig):\n    model_type = 'planted'\n"
    code += "class PlantedModel(BertForSequenceClassification):\n    config_class = PlantedConfig\n"
    code += "class PlantedTokenizer(PreTrainedTokenizerFast):\n    pass\n"
    path = folder / name
    path.write_text(code, encoding="utf-8")
    return path


# finding and checking


def test_a_whole_folder_is_found_as_it_is(base: Path) -> None:
    check_folder(base)
    assert find_model(str(base)) == base


def test_a_vocabulary_without_tokenizer_json_is_enough(base: Path) -> None:
    (base / "tokenizer.json").rename(base / "vocab.txt")
    check_folder(base)


def test_tilde_is_home(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(base.parent))
    assert find_model("~/model") == base


def test_no_config(base: Path) -> None:
    (base / "config.json").unlink()
    found = refused(lambda: find_model(str(base)))
    assert found.startswith(f"{base}: no config.json")
    assert "Name a folder" in found


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    assert "no config.json" in refused(lambda: find_model(str(tmp_path)))


def test_no_weights(base: Path) -> None:
    (base / "model.safetensors").unlink()
    found = refused(lambda: find_model(str(base)))
    assert found.startswith(f"{base}: no weights (model.safetensors)")
    assert "pickle" not in found


def test_no_tokenizer(base: Path) -> None:
    (base / "tokenizer.json").unlink()
    assert "no tokenizer (tokenizer.json)" in refused(lambda: find_model(str(base)))


class Bomb:
    """A pickle that touches a file when it is opened."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.mark, "w")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth", "last.ckpt", "model.pkl"])
def test_weights_in_a_pickle_are_refused_and_never_opened(name: str, base: Path, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    (base / "model.safetensors").unlink()
    (base / name).write_bytes(pickle.dumps(Bomb(str(mark))))
    found = refused(lambda: find_model(str(base)))
    assert name in found
    assert "refused" in found
    assert "Convert them to model.safetensors" in found
    assert not mark.exists()


def test_load_classifier_itself_opens_no_pickle(base: Path, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    (base / "model.safetensors").unlink()
    (base / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(str(mark))))
    refused(lambda: load_classifier(base, torch.float32))
    assert not mark.exists()
    pickle.loads((base / "pytorch_model.bin").read_bytes())  # noqa: S301  # control: it would have gone off
    assert mark.exists()


def test_a_pickle_beside_safetensors_is_not_opened(base: Path, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    (base / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(str(mark))))
    load_classifier(find_model(str(base)), torch.float32)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["no-such-model", "./gone", "/gone/model", "~/gone", "a/b/c", ""])
def test_a_name_that_is_neither_folder_nor_hub_id(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = refused(lambda: find_model(name))
    assert "folder" in found
    assert "Name a folder" in found


def test_a_hub_id_that_is_not_there_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = refused(lambda: find_model("some-org/some-model", "0" * 40))
    assert found.startswith("some-org/some-model: no such folder, and the hub does not give it")
    assert "Check the name and the network" in found


@pytest.mark.parametrize("name", ["some org/model", "org/model name", "org/--", "org/"])
def test_a_hub_id_that_the_hub_would_not_take(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert name in refused(lambda: find_model(name))


def test_nothing_is_shipped_under_an_unknown_name() -> None:
    assert shipped("no-such-model") is None


def test_what_is_fetched_from_a_hub_is_neither_code_nor_pickle() -> None:
    for name in ("model.safetensors", "config.json", "tokenizer.json", "vocab.txt", "README.md"):
        assert any(Path(name).match(pattern) for pattern in PATTERNS), name
    for name in ("modeling_evil.py", "pytorch_model.bin", "model.pt", "weights.pkl", "x.so", "x.ckpt", "setup.sh"):
        assert not any(Path(name).match(pattern) for pattern in PATTERNS), name


# loading: nothing in the folder is run, and damage is a user's error


@pytest.fixture
def _yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone who answers yes to whatever is asked."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n" * 20))


@pytest.mark.usefixtures("_yes")
@pytest.mark.parametrize("model_type", ["bert", "planted"])
def test_python_planted_beside_the_config_is_never_run(model_type: str, base: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = plant(base, "planted.py", mark)
    places = {"AutoConfig": "planted.PlantedConfig", "AutoModelForSequenceClassification": "planted.PlantedModel"}
    change(base / "config.json", auto_map=places, trust_remote_code=True, model_type=model_type)
    find_model(str(base))
    if model_type == "bert":
        assert type(load_classifier(base, torch.float32)) is BertForSequenceClassification
    else:
        assert str(base) in refused(lambda: load_classifier(base, torch.float32))
    assert not mark.exists()
    runpy.run_path(str(code))  # control: it would have left its mark
    assert mark.exists()


@pytest.mark.usefixtures("_yes")
@pytest.mark.parametrize("class_name", ["PreTrainedTokenizerFast", "PlantedTokenizer"])
def test_a_planted_tokenizer_is_never_run(class_name: str, base: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    plant(base, "planted.py", mark)
    expected = load_tokenizer(base)("قصفت قوات النظام")["input_ids"]
    change(
        base / "tokenizer_config.json",
        auto_map={"AutoTokenizer": [None, "planted.PlantedTokenizer"]},
        tokenizer_class=class_name,
        trust_remote_code=True,
    )
    try:
        assert load_tokenizer(base)("قصفت قوات النظام")["input_ids"] == expected
    except ModelError as error:
        assert str(base) in str(error)  # noqa: PT017  # refusing is as good as reading
    assert not mark.exists()


def test_load_classifier_takes_the_encoder_and_gives_it_a_new_head(base: Path) -> None:
    names = dict(enumerate(LABELS))
    model = load_classifier(
        base, torch.float32, id2label=names, label2id={v: k for k, v in names.items()}, problem_type="multi_label_classification"
    )
    assert model.config.id2label == names
    assert model.config.problem_type == "multi_label_classification"
    assert model.classifier.weight.shape == (3, 64)
    saved = load_file(base / "model.safetensors")
    torch.testing.assert_close(
        model.bert.embeddings.word_embeddings.weight.detach(), saved["bert.embeddings.word_embeddings.weight"]
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_load_classifier_computes_in_the_type_asked_for(dtype: torch.dtype, base: Path) -> None:
    assert {parameter.dtype for parameter in load_classifier(base, dtype).parameters()} == {dtype}


@pytest.mark.parametrize(
    "content",
    [b"", b"no weights", b"\x10\x00\x00\x00\x00\x00\x00\x00{not json at all", b"\xff" * 64],
    ids=["empty", "short", "no json", "no length"],
)
def test_damaged_weights_are_a_users_error(content: bytes, base: Path) -> None:
    (base / "model.safetensors").write_bytes(content)
    assert str(base) in refused(lambda: load_classifier(find_model(str(base)), torch.float32))


def test_weights_cut_off_are_a_users_error(base: Path) -> None:
    path = base / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    assert str(base) in refused(lambda: load_classifier(base, torch.float32))


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"model_type": "no-such-model"}'])
def test_a_damaged_config_is_a_users_error(content: str, base: Path) -> None:
    (base / "config.json").write_text(content, encoding="utf-8")
    assert str(base) in refused(lambda: load_classifier(base, torch.float32))


def test_a_config_of_another_size_than_the_weights_is_a_users_error(base: Path) -> None:
    change(base / "config.json", hidden_size=32)
    assert str(base) in refused(lambda: load_classifier(base, torch.float32))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": "1.0", "model": {"type": "No"}}'])
def test_a_damaged_tokenizer_is_a_users_error(content: str, base: Path) -> None:
    (base / "tokenizer.json").write_text(content, encoding="utf-8")
    assert str(base) in refused(lambda: load_tokenizer(base))


# saving


@pytest.fixture
def small() -> BertForSequenceClassification:
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 50}
    return BertForSequenceClassification(BertConfig(**sizes, max_position_embeddings=16, num_labels=3)).eval()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_weights_are_saved_in_their_type_and_read_in_float32(
    dtype: torch.dtype, small: BertForSequenceClassification, tmp_path: Path
) -> None:
    expected = {name: weight.clone() for name, weight in small.state_dict().items() if weight.is_floating_point()}
    save_weights(small, tmp_path, dtype)
    saved = load_file(tmp_path / "model.safetensors")
    assert {weight.dtype for weight in saved.values()} == {dtype}
    content = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert content["dtype"] == "float32"
    assert "torch_dtype" not in content
    read = BertForSequenceClassification.from_pretrained(tmp_path)
    assert {parameter.dtype for parameter in read.parameters()} == {torch.float32}
    for name, weight in expected.items():
        torch.testing.assert_close(read.state_dict()[name], weight.to(dtype).float(), rtol=0, atol=0)


def test_saved_weights_can_be_read_by_everyone_and_no_pickle_lies_beside(
    small: BertForSequenceClassification, tmp_path: Path
) -> None:
    save_weights(small, tmp_path, torch.float16)
    assert (tmp_path / "model.safetensors").stat().st_mode & 0o777 == 0o644
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_saved_and_loaded_scores_the_same(small: BertForSequenceClassification, tmp_path: Path, base: Path) -> None:
    ids = torch.tensor([[2, 7, 9, 3]])
    with torch.no_grad():
        expected = small(input_ids=ids).logits
    save_weights(small, tmp_path / "out", torch.float32)
    save_tokenizer(load_tokenizer(base), tmp_path / "out")
    with torch.no_grad():
        found = load_classifier(find_model(str(tmp_path / "out")), torch.float32)(input_ids=ids).logits
    torch.testing.assert_close(found, expected)


def test_the_saved_config_names_what_pipelines_need(small: BertForSequenceClassification, tmp_path: Path) -> None:
    small.config.id2label = dict(enumerate(LABELS))
    small.config.problem_type = "multi_label_classification"
    save_weights(small, tmp_path, torch.float16)
    again = AutoConfig.from_pretrained(tmp_path)
    assert again.id2label == dict(enumerate(LABELS))
    assert again.problem_type == "multi_label_classification"
    assert again.architectures == ["BertForSequenceClassification"]
