from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad.errors import ModelError
from marsad.modeling.settings import FILE, ModelSettings, read_settings
from marsad.taxonomy import Taxonomy


@pytest.fixture(scope="module")
def trained(syria: Taxonomy) -> ModelSettings:
    thresholds = {task.name: {id: 0.3 + 0.01 * i for i, id in enumerate(task.ids)} for task in syria.tasks}
    return ModelSettings(syria, dict.fromkeys(syria.names, "logmeanexp"), 512, 64, True, thresholds)


@pytest.fixture
def saved(trained: ModelSettings, tmp_path: Path) -> Path:
    trained.save(tmp_path)
    return tmp_path


def message(folder: Path) -> str:
    with pytest.raises(ModelError) as error:
        read_settings(folder)
    return str(error.value)


def test_what_is_saved_is_read(saved: Path, trained: ModelSettings) -> None:
    assert read_settings(saved) == trained


def test_other_values_come_back_too(trained: ModelSettings, tmp_path: Path) -> None:
    one = trained.taxonomy.names[0]
    other = ModelSettings(trained.taxonomy.only([one]), {one: "max"}, 128, 0, False, {one: {}})
    other.save(tmp_path)
    assert read_settings(tmp_path) == other
    assert other != trained


def test_saving_again_replaces(saved: Path, trained: ModelSettings) -> None:
    trained.with_thresholds({}).save(saved)
    assert read_settings(saved).thresholds == {}


def test_temperatures_come_back_and_files_of_old_have_none(trained: ModelSettings, tmp_path: Path) -> None:
    warm = replace(trained, temperatures={"affiliation": 1.7})
    warm.save(tmp_path)
    assert read_settings(tmp_path).temperatures == {"affiliation": 1.7}
    content = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    del content["temperatures"]
    (tmp_path / FILE).write_text(json.dumps(content), encoding="utf-8")
    assert read_settings(tmp_path) == trained


def test_the_file_is_json_with_arabic_as_it_is_written(saved: Path, trained: ModelSettings) -> None:
    text = (saved / FILE).read_text(encoding="utf-8")
    content = json.loads(text)
    assert content["taxonomy"] == trained.taxonomy.to_dict()
    assert trained.taxonomy.tasks[0].labels[0].ar in text
    assert text.endswith("}\n")


def test_with_thresholds_leaves_the_old_ones(trained: ModelSettings) -> None:
    before = dict(trained.thresholds)
    changed = trained.with_thresholds({"affiliation": {"sdf": 0.9}})
    assert changed.thresholds == {"affiliation": {"sdf": 0.9}}
    assert trained.thresholds == before
    assert changed.taxonomy == trained.taxonomy


def test_a_missing_file_says_that_the_model_is_not_marsads(tmp_path: Path) -> None:
    found = message(tmp_path)
    assert str(tmp_path) in found
    assert FILE in found
    assert "not trained by marsad" in found


def test_a_missing_folder_is_told_the_same_way(tmp_path: Path) -> None:
    assert str(tmp_path / "gone") in message(tmp_path / "gone")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        '"marsad"',
        "{}",
        '{"format": 1}',
        '{"format": 1, "taxonomy": {}}',
        '{"format": 1, "taxonomy": null}',
        '{"format": 1, "taxonomy": {"tasks": {"a": {"kind": "multilabel", "labels": []}}}}',
    ],
)
def test_a_damaged_file_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    found = message(tmp_path)
    assert found.startswith(f"{tmp_path / FILE}: damaged")
    assert "Fetch or train the model again" in found


def test_bytes_that_are_no_text_are_damage(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00{")
    assert "damaged" in message(tmp_path)


def test_a_file_cut_off_anywhere_is_damaged(saved: Path) -> None:
    whole = (saved / FILE).read_bytes()
    for length in range(0, len(whole) - 2, 97):
        (saved / FILE).write_bytes(whole[:length])
        assert "damaged" in message(saved), length


@pytest.mark.parametrize("key", ["format", "taxonomy", "pooling", "length", "overlap", "date_prefix", "thresholds"])
def test_no_key_may_be_missing(key: str, saved: Path) -> None:
    content = json.loads((saved / FILE).read_text(encoding="utf-8"))
    del content[key]
    (saved / FILE).write_text(json.dumps(content), encoding="utf-8")
    assert f"{FILE}: damaged" in message(saved)
    assert key in message(saved)


def test_an_unknown_key_is_damage(saved: Path) -> None:
    content = json.loads((saved / FILE).read_text(encoding="utf-8"))
    (saved / FILE).write_text(json.dumps(content | {"windows": 3}), encoding="utf-8")
    assert "damaged" in message(saved)
    assert "windows" in message(saved)


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_another_format_asks_for_another_marsad(number: Any, saved: Path) -> None:
    content = json.loads((saved / FILE).read_text(encoding="utf-8"))
    (saved / FILE).write_text(json.dumps(content | {"format": number}), encoding="utf-8")
    assert "another version of marsad" in message(saved)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(taxonomy=JSON)
def test_any_other_taxonomy_is_a_users_error(taxonomy: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-taxonomy"
    folder.mkdir(exist_ok=True)
    rest = {"pooling": {}, "length": 16, "overlap": 0, "date_prefix": False, "thresholds": {}}
    (folder / FILE).write_text(json.dumps({"format": 1, "taxonomy": taxonomy, **rest}), encoding="utf-8")
    assert "damaged" in message(folder)
