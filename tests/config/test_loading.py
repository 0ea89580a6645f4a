from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from marsad.config.loading import dump_config, load_config
from marsad.config.pretrain import PretrainConfig
from marsad.config.schema import TrainConfig
from marsad.config.search import SearchConfig
from marsad.errors import ConfigError
from marsad.taxonomy import find_taxonomy, read_taxonomy

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
NAMES = [str(path.relative_to(ROOT)) for path in CONFIGS]
GOOD = """
name: run
data: {train: reports.jsonl}
tasks: {affiliation: {}}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str, *overrides: str) -> list[str]:
    """Return the lines of the error, each without the file's name, which every one must open with."""
    path = written(folder, text)
    with pytest.raises(ConfigError) as found:
        load_config(path, TrainConfig, overrides)
    lines = str(found.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_a_good_config_has_its_values_and_the_defaults(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD + "training: {epochs: 3}\n"), TrainConfig)
    assert config.name == "run"
    assert config.data.train == Path("reports.jsonl")
    assert (config.training.epochs, config.training.batch_size) == (3.0, 16)
    assert config.tasks["affiliation"].pooling == "max"


def test_all_mistakes_are_told_at_once_each_with_its_place(tmp_path: Path) -> None:
    text = """
    name: run
    data: {}
    tasks: {affiliation: {pooling: maximum}}
    windows: {length: 100, overlap: 60}
    training: {learning_rat: 0.1, epochs: many, batch_size: 0}
    """
    found = mistakes(tmp_path, text)
    places = {line.split(":")[0] for line in found}
    assert places == {
        "data.train",
        "tasks.affiliation.pooling",
        "windows",
        "training.learning_rat",
        "training.epochs",
        "training.batch_size",
    }
    assert len(found) == len(places)


@pytest.mark.parametrize(
    ("text", "place", "meant"),
    [
        ("training: {learning_rat: 0.1}", "training.learning_rat", "learning_rate"),
        ("encodr: x", "encodr", "encoder"),
        ("windows: {lenght: 128}", "windows.lenght", "length"),
    ],
)
def test_a_misspelt_key_is_answered_with_the_near_one(tmp_path: Path, text: str, place: str, meant: str) -> None:
    assert mistakes(tmp_path, f"{GOOD}{text}\n") == [f"{place}: unknown key; did you mean {meant!r}?"]


def test_a_misspelt_key_below_a_name_of_the_users_own(tmp_path: Path) -> None:
    text = GOOD.replace("affiliation: {}", "affiliation: {poolin: max}")
    assert mistakes(tmp_path, text) == ["tasks.affiliation.poolin: unknown key; did you mean 'pooling'?"]


def test_a_key_like_no_other_is_answered_with_all_that_are_known(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, GOOD + "windows: {qqq: 1}\n")
    assert line == "windows.qqq: unknown key; known: length, overlap, date_prefix."


def test_a_wrong_type_tells_what_was_found_and_what_was_expected(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, GOOD + "training: {batch_size: sixteen}\n")
    assert line.startswith("training.batch_size: found 'sixteen';")
    assert "integer" in line


def test_a_value_outside_its_limits_tells_the_limit(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, GOOD + "training: {learning_rate: -0.1}\n")
    assert line.startswith("training.learning_rate: found -0.1;")
    assert "greater than 0" in line


def test_a_value_that_is_none_of_the_choices_tells_the_choices(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, GOOD + "training: {schedule: sine}\n")
    assert line.startswith("training.schedule: found 'sine';")
    assert all(choice in line for choice in ("linear", "cosine", "constant_with_warmup"))


def test_a_wrong_value_where_two_types_are_allowed_is_one_mistake_at_the_key_itself(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD + "training: {bf16: banana}\n")
    assert len(found) == 1
    assert found[0].startswith("training.bf16: found 'banana';")


def test_a_number_with_exponent_and_no_point_is_the_number_meant(tmp_path: Path) -> None:
    assert yaml.safe_load("2e-5") == "2e-5"  # the trap: PyYAML gives a string
    assert load_config(written(tmp_path, GOOD + "training: {learning_rate: 2e-5}\n"), TrainConfig).training.learning_rate == 2e-5


def test_a_number_with_exponent_that_cannot_be_read_gets_the_cure(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, GOOD + "training: {learning_rate: '2,0e-5'}\n")
    assert line.startswith("training.learning_rate: found '2,0e-5';")
    assert line.endswith("write 2.0e-5.")


def test_a_word_in_the_place_of_a_number_is_not_answered_with_the_cure_for_exponents(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, GOOD + "training: {epochs: three}\n")
    assert "exponent" not in line


def test_a_missing_key_tells_the_fields_help(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "name: run\ndata: {}\ntasks: {affiliation: {}}\n") == [
        "data.train: missing. Annotated reports (JSONL or CSV)."
    ]
    assert set(mistakes(tmp_path, "name: run\n")) == {
        "data: missing. Reports.",
        "tasks: found {}; value error, expected at least one task, by its name in the taxonomy.",
    }


def test_a_missing_key_in_a_list_of_sections_tells_its_help(tmp_path: Path) -> None:
    path = written(tmp_path, "name: run\nsources: [{repeat: 2}]\nstages: [{length: 64, batch_size: 8, share: 1}]\n")
    with pytest.raises(ConfigError, match=r"sources\.0\.path: missing\. `\.txt` \(one text a line\)"):
        load_config(path, PretrainConfig)


def test_overlap_over_half_a_window_is_refused(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, GOOD + "windows: {length: 100, overlap: 51}\n")
    assert "51" in line
    assert "half" in line
    assert load_config(written(tmp_path, GOOD + "windows: {length: 100, overlap: 50}\n"), TrainConfig).windows.overlap == 50


@pytest.mark.parametrize("name", ["a/b", "../x", "two words", ""])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    (line,) = mistakes(tmp_path, GOOD.replace("name: run", f"name: {name!r}"))
    assert line.startswith("name: ")


def test_overrides_win_over_the_file_and_make_missing_sections(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + "training: {epochs: 3, batch_size: 4}\n")
    config = load_config(
        path,
        TrainConfig,
        ["training.epochs=5", "windows.length=64", "windows.overlap=8", "data.dev=dev.jsonl", "name=other", "tasks.event_type={}"],
    )
    assert (config.training.epochs, config.training.batch_size) == (5.0, 4)
    assert config.windows.length == 64
    assert config.data.dev == Path("dev.jsonl")
    assert config.name == "other"
    assert set(config.tasks) == {"affiliation", "event_type"}


def test_an_override_keeps_what_stands_behind_the_first_equals_sign(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, GOOD), TrainConfig, ["data.train=a=b.jsonl"]).data.train == Path("a=b.jsonl")


def test_an_override_is_read_as_yaml(tmp_path: Path) -> None:
    config = load_config(
        written(tmp_path, GOOD), TrainConfig, ["windows.date_prefix=true", "training.dropout=null", "data.dev_share=0.25"]
    )
    assert config.windows.date_prefix is True
    assert config.training.dropout is None
    assert config.data.dev_share == 0.25


def test_a_wrong_override_is_checked_like_the_file(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD, "training.epoch=3", "training.batch_size=none at all")
    assert "training.epoch: unknown key; did you mean 'epochs'?" in found
    assert any(line.startswith("training.batch_size: found 'none at all';") for line in found)
    assert len(found) == 2


@pytest.mark.parametrize("override", ["training.epochs", "=3", " =3"])
def test_an_override_without_key_or_value_is_refused(tmp_path: Path, override: str) -> None:
    with pytest.raises(ConfigError) as found:
        load_config(written(tmp_path, GOOD), TrainConfig, [override])
    assert str(found.value) == f"{override}: expected KEY=VALUE, as in training.epochs=3."


def test_an_override_below_a_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^name\.part=3: 'name' holds a value, not a section"):
        load_config(written(tmp_path, GOOD), TrainConfig, ["name.part=3"])


def test_an_override_that_is_broken_yaml_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^data\.train=\[: .*not valid YAML.*quotes"):
        load_config(written(tmp_path, GOOD), TrainConfig, ["data.train=["])


def test_a_missing_file_tells_path_and_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as found:
        load_config(tmp_path / "none.yaml", TrainConfig)
    assert (
        str(found.value) == f"{tmp_path / 'none.yaml'}: cannot read the config (No such file or directory). Name an existing YAML."
    )


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the config"):
        load_config(tmp_path, TrainConfig)


@pytest.mark.parametrize("text", ["name: [a, b\n", "name: a\n\tseed: 1\n", "a: b: c\n"])
def test_broken_yaml_tells_the_path_and_the_line(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as found:
        load_config(path, TrainConfig)
    assert str(found.value).startswith(f"{path}: not valid YAML")
    assert re.search(r"line \d", str(found.value))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes("name: مرصد\n".encode("cp1256"))
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(path, TrainConfig)


@pytest.mark.parametrize(("text", "kind"), [("- a\n- b\n", "list"), ("", "NoneType"), ("just words\n", "str")])
def test_yaml_that_is_no_mapping_is_refused(tmp_path: Path, text: str, kind: str) -> None:
    (line,) = mistakes(tmp_path, text)
    assert line.startswith(f"found {kind}, expected a mapping")


def test_a_loaded_config_does_not_change(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD), TrainConfig)
    with pytest.raises(ValueError, match="frozen"):
        config.training.epochs = 1.0  # type: ignore[misc]


def test_a_dumped_config_loads_as_the_same(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD), TrainConfig, ["training.learning_rate=2e-5", "data.dev=تطوير.jsonl"])
    text = dump_config(config)
    assert "تطوير.jsonl" in text
    assert "patience: 3" in text
    assert load_config(written(tmp_path, text), TrainConfig) == config


def schema_of(path: Path) -> type[BaseModel]:
    schemas: dict[str, type[BaseModel]] = {"pretrain": PretrainConfig, "search": SearchConfig}
    return schemas.get(path.parent.name, TrainConfig)


def test_there_are_configs() -> None:
    assert CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=NAMES)
def test_every_config_loads(path: Path) -> None:
    config = load_config(path, schema_of(path))
    assert isinstance(config, schema_of(path))


@pytest.mark.parametrize("path", [path for path in CONFIGS if schema_of(path) is TrainConfig], ids=str)
def test_every_training_config_asks_for_tasks_of_its_taxonomy(path: Path) -> None:
    config = load_config(path, TrainConfig)
    name = config.taxonomy if find_taxonomy(config.taxonomy).is_file() else str(ROOT / config.taxonomy)
    taxonomy = read_taxonomy(find_taxonomy(name))
    assert set(config.tasks) <= set(taxonomy.names)


@pytest.mark.parametrize("path", CONFIGS, ids=NAMES)
def test_every_config_opens_with_what_it_is_and_its_command(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = lines[: next(number for number, line in enumerate(lines) if not line.startswith("#"))]
    assert head, "the first line is no comment"
    assert len(head[0].removeprefix("#").split()) >= 3, "the first line tells what the config is"
    verbs = re.findall(rf"\bmarsad (\w+) .*{re.escape(str(path.relative_to(ROOT)))}", "\n".join(head))
    assert ("pretrain" if schema_of(path) is PretrainConfig else "train") in verbs


@pytest.mark.parametrize("schema", [TrainConfig, PretrainConfig, SearchConfig])
def test_every_field_has_help(schema: type[BaseModel]) -> None:
    assert not list(without_help(schema))


def without_help(schema: type[BaseModel]) -> list[str]:
    found = []
    for name, field in schema.model_fields.items():
        if not (field.description or "").strip():
            found.append(f"{schema.__name__}.{name}")
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += without_help(field.annotation)
    return found
