"""What may be searched, and what is told where it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from marsad.config.loading import load_config
from marsad.config.search import SearchConfig
from marsad.errors import ConfigError


def load(folder: Path, **content: Any) -> SearchConfig:
    path = folder / "search.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_config(path, SearchConfig)


def test_ranges_and_choices(tmp_path: Path) -> None:
    space = {
        "a": {"log": [1.0e-5, 1.0e-3]},
        "b": {"integer": [2, 9]},
        "c": {"choices": [8, 0.5, True, "x"]},
        "d": {"uniform": [0, 1]},
    }
    found = load(tmp_path, space=space).space
    assert [found[key].extremes for key in "abcd"] == [(1.0e-5, 1.0e-3), (2, 9), (8, 0.5, True, "x"), (0, 1)]
    assert [type(value) for value in found["c"].extremes] == [int, float, bool, str]


@pytest.mark.parametrize(
    ("dimension", "reason"),
    [
        ({}, "found nothing; expected exactly one of uniform, log, integer, choices"),
        ({"uniform": [0, 1], "log": [1, 2]}, "found uniform, log; expected exactly one"),
        ({"uniform": [1, 0]}, r"found \[1, 0\]; expected a lower and a higher number"),
        ({"log": [0, 1]}, "above 0"),
        ({"choices": [8]}, "choices"),
        ({"logg": [1, 2]}, "did you mean 'log'"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, dimension: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as found:
        load(tmp_path, space={"training.learning_rate": dimension})
    assert "search.yaml: space.training.learning_rate" in str(found.value)


def test_a_search_needs_a_space(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="space"):
        load(tmp_path, space={})
