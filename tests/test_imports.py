from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys

import pytest
import typer.main

from marsad import __version__
from marsad.cli import app

HEAVY = ("torch", "transformers", "datasets", "evaluate", "sklearn", "gensim")
VERBS = sorted(typer.main.get_group(app).commands)
LOADED = f"import sys; print('loaded:', *(name for name in {HEAVY!r} if name in sys.modules))"
HELP = """
from typer.testing import CliRunner
from marsad.cli import app
result = CliRunner().invoke(app, {words!r} + ["--help"], env={{"COLUMNS": "160", "NO_COLOR": "1"}})
print(result.output)
assert result.exit_code == 0, result.exception
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "160", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, encoding="utf-8", env=environment, check=False)


def test_importing_marsad_loads_nothing_heavy() -> None:
    result = run("-c", "import marsad\n" + LOADED)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["loaded:"]


def test_a_name_that_needs_torch_is_imported_on_first_use() -> None:
    result = run("-c", "import marsad; marsad.Predictor; marsad.load\n" + LOADED)
    assert result.returncode == 0, result.stderr
    assert "torch" in result.stdout


def test_an_unknown_name_is_an_attribute_error_that_loads_nothing() -> None:
    code = "import marsad\ntry:\n    marsad.Predictr\nexcept AttributeError as error:\n    print(error)\n" + LOADED
    first, second = run("-c", code).stdout.splitlines()
    assert first == "module 'marsad' has no attribute 'Predictr'"
    assert second.split() == ["loaded:"]


def test_every_public_name_is_there() -> None:
    code = "import marsad; [getattr(marsad, name) for name in marsad.__all__]; from marsad import *; print(Predictor.__name__)"
    result = run("-c", code)
    assert result.stdout.strip() == "Predictor", result.stderr


def test_importing_marsad_prints_nothing_and_sets_up_no_logging() -> None:
    result = run(
        "-c", "import logging, marsad; assert not logging.getLogger().handlers; assert not logging.getLogger('marsad').handlers"
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_there_are_verbs() -> None:
    assert {"check", "train", "evaluate", "predict"} <= set(VERBS)


def test_the_help_of_the_program_names_every_verb_and_loads_nothing_heavy() -> None:
    result = run("-c", HELP.format(words=[]) + LOADED)
    assert result.returncode == 0, result.stderr
    assert result.stdout.rstrip().endswith("loaded:")
    assert all(f" {verb} " in result.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_has_an_example_and_loads_nothing_heavy(verb: str) -> None:
    result = run("-c", HELP.format(words=[verb]) + LOADED)
    assert result.returncode == 0, result.stderr
    assert result.stdout.rstrip().endswith("loaded:")
    assert f"Example: marsad {verb} " in result.stdout


def test_python_m_marsad_answers_help_without_torch() -> None:
    result = run("-X", "importtime", "-m", "marsad", "--help")
    assert result.returncode == 0
    assert "Usage: " in result.stdout
    imported = {line.rsplit("|", 1)[1].strip() for line in result.stderr.splitlines() if line.startswith("import time:")}
    assert "marsad.cli" in imported
    assert not imported & set(HEAVY)


def test_an_unknown_verb_exits_with_2() -> None:
    result = run("-m", "marsad", "trian")
    assert result.returncode == 2
    assert "trian" in result.stderr


def test_the_version_is_the_one_that_is_installed() -> None:
    assert __version__ == importlib.metadata.version("marsad")
