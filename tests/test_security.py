"""Nothing that is loaded can run code: no pickle, no code of a model's own, no YAML that builds objects."""

from __future__ import annotations

import ast
import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from marsad.config.loading import LOADER, read_yaml
from marsad.errors import ConfigError, ModelError
from marsad.modeling.folders import check_folder, load_classifier, load_tokenizer

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "train").rglob("*.py"))


class Trap:
    """Opened as a pickle, it leaves a file behind."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.sign,)


@pytest.fixture
def planted(tiny_base: Path, tmp_path: Path) -> Path:
    """A copy of the encoder, to plant something in."""
    return Path(shutil.copytree(tiny_base, tmp_path / "planted"))


def test_a_pickle_is_refused_and_never_opened(planted: Path, tmp_path: Path) -> None:
    sign = tmp_path / "ran"
    (planted / "model.safetensors").unlink()
    (planted / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(sign)))
    with pytest.raises(ModelError, match="pickle"):
        check_folder(planted)
    with pytest.raises(ModelError):
        load_classifier(planted, torch.float32)
    assert not sign.exists()
    pickle.loads((planted / "pytorch_model.bin").read_bytes())  # noqa: S301  # the trap does work
    assert sign.exists()


def test_a_pickle_beside_safetensors_is_never_opened(planted: Path, tmp_path: Path) -> None:
    sign = tmp_path / "ran"
    (planted / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(sign)))
    load_classifier(planted, torch.float32)
    assert not sign.exists()


@pytest.mark.parametrize("kind", ["bert", "of-their-own"])
def test_code_of_a_models_own_is_never_run(planted: Path, tmp_path: Path, kind: str) -> None:
    sign = tmp_path / "ran"
    (planted / "theirs.py").write_text(
        f"open({str(sign)!r}, 'w').close()\nclass Config: pass\nclass Model: pass\n", encoding="utf-8"
    )
    names = {"AutoConfig": "theirs.Config", "AutoModelForSequenceClassification": "theirs.Model"}
    for name, content in (("config.json", names), ("tokenizer_config.json", {"AutoTokenizer": ["theirs.Model", None]})):
        path = planted / name
        path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": content}), encoding="utf-8")
    config = planted / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": kind}), encoding="utf-8")
    if kind == "bert":
        assert type(load_classifier(planted, torch.float32)).__module__.startswith("transformers.")
        load_tokenizer(planted)
    else:
        with pytest.raises(ModelError, match="cannot be read"):
            load_classifier(planted, torch.float32)
    assert not sign.exists()


def test_a_yaml_that_would_build_an_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"name: !!python/object/apply:pathlib.Path.touch [{tmp_path / 'ran'}]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid YAML"):
        read_yaml(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_unpickles_or_trusts_remote_code(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            assert not names & {"pickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"torch.load", "yaml.unsafe_load", "yaml.full_load", "eval", "exec"}
            for word in node.keywords:
                assert not (word.arg == "trust_remote_code" and ast.unparse(word.value) != "False")
                if called == "yaml.load" and word.arg == "Loader":
                    assert ast.unparse(word.value) in {"yaml.BaseLoader", "yaml.SafeLoader", "LOADER"}


def test_the_fast_yaml_loader_is_a_safe_one() -> None:
    assert LOADER in {yaml.SafeLoader, getattr(yaml, "CSafeLoader", None)}
