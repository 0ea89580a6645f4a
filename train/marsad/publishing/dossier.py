"""What must lie in a model's folder before it is published; all that is missing is told at once, with its cure."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCard

from marsad.config.loading import read_yaml
from marsad.errors import ConfigError, ModelError
from marsad.modeling.folders import check_folder, load_tokenizer, save_tokenizer
from marsad.modeling.settings import ModelSettings, read_settings
from marsad.publishing.check import read_check_reports

FILES = ("config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*.json", "special_tokens_map.json", "vocab.txt")
"""Files of a model that transformers reads."""
RECORDS = ("marsad.json", "metrics.json", "config.yaml", "run.json")
"""Files that say what marsad does with it and what it came from."""
ABOUT = "on which texts the model was trained, and under which licences these stand"
ENDLESS = 10**6
"""A `model_max_length` over this was never set."""


@dataclass(frozen=True)
class Dossier:
    """A model's folder and what its files say."""

    folder: Path
    settings: ModelSettings
    config: Mapping[str, Any]
    """`config.json`."""
    recipe: Mapping[str, Any]
    """`config.yaml`."""
    run: Mapping[str, Any]
    """`run.json`."""
    metrics: Mapping[str, Any] | None
    """`metrics.json`; None for a model that was never evaluated."""
    front: Mapping[str, Any]
    """The front matter of the makers' `README.md`: the licence, and what else they say."""
    words: str
    """The rest of that README: above all, on which texts it was trained, and under which licence these stand."""


def read_dossier(folder: Path, force: bool = False) -> Dossier:
    """Read and check a model's folder; `force` lets one pass that was never evaluated.

    Raises `ModelError` with one line for each thing that is missing or wrong.
    """
    check_folder(folder)
    settings = read_settings(folder)
    mistakes: list[str] = []
    config = _json(folder, "config.json", mistakes)
    mistakes += _config_mistakes(config, settings) + _tokenizer_mistakes(folder)
    metrics = _metrics(folder, settings, force, mistakes)
    recipe = _recipe(folder, mistakes)
    run = _json(folder, "run.json", mistakes)
    front, words = read_words(folder, ABOUT, mistakes)
    if mistakes:
        raise ModelError("\n".join(f"{folder}: {mistake}" for mistake in mistakes))
    return Dossier(folder, settings, config, recipe, run, metrics, front, words)


def _json(folder: Path, name: str, mistakes: list[str]) -> dict[str, Any]:
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        mistakes.append(f"{name}: missing. Train the model again with `marsad train`, which writes it.")
        return {}
    except ValueError as error:
        mistakes.append(f"{name}: not valid JSON ({error}). Train the model again, or take the file from where it was whole.")
        return {}
    return content if isinstance(content, dict) else {}


def _config_mistakes(config: Mapping[str, Any], settings: ModelSettings) -> list[str]:
    mistakes = []
    tasks = settings.taxonomy.tasks
    single = len(tasks) == 1 and tasks[0].kind == "multiclass"
    expected = "single_label_classification" if single else "multi_label_classification"
    if not any(str(name).endswith("ForSequenceClassification") for name in config.get("architectures") or ()):
        mistakes.append(f"config.json: architectures {config.get('architectures')}, expected a …ForSequenceClassification.")
    if config.get("problem_type") != expected:
        mistakes.append(
            f"config.json: problem_type {config.get('problem_type')!r}, expected {expected!r}; "
            "without it a plain pipeline computes other scores. Write it there."
        )
    labels = [label for _, label in sorted((config.get("id2label") or {}).items(), key=lambda pair: int(pair[0]))]
    if labels != list(settings.taxonomy.flat):
        strange = sorted(set(labels) ^ set(settings.taxonomy.flat)) or ["the order"]
        mistakes.append(f"config.json: its labels are not those of marsad.json ({', '.join(strange)}). Train the model again.")
    if "auto_map" in config:
        mistakes.append("config.json: auto_map names code of the model's own, which marsad never runs. Remove the key.")
    return mistakes


def _tokenizer_mistakes(folder: Path) -> list[str]:
    """Tell where a tokenizer that is saved and loaded once more reads the check reports otherwise, or has no end."""
    texts = [report["text"] for report in read_check_reports()]
    try:
        tokenizer = load_tokenizer(folder)
        with tempfile.TemporaryDirectory() as place:
            save_tokenizer(tokenizer, Path(place))
            again = load_tokenizer(Path(place))
    except ModelError as error:
        return [str(error)]
    mistakes = []
    if tokenizer(texts, verbose=False)["input_ids"] != again(texts, verbose=False)["input_ids"]:
        mistakes.append("tokenizer.json: saved and loaded again it gives other word pieces. Save it with `save_tokenizer`.")
    if tokenizer.model_max_length > ENDLESS:
        mistakes.append("tokenizer_config.json: no model_max_length, so a plain pipeline breaks on long texts. Write it there.")
    return mistakes


def _metrics(folder: Path, settings: ModelSettings, force: bool, mistakes: list[str]) -> dict[str, Any] | None:
    if force and not (folder / "metrics.json").is_file():
        return None
    metrics = _json(folder, "metrics.json", mistakes)
    missing = [name for name in settings.taxonomy.names if not (metrics.get("tasks") or {}).get(name, {}).get("n")]
    if missing and force:
        return None
    if missing:
        mistakes.append(
            f"metrics.json: never evaluated on {', '.join(missing)}. Run `marsad evaluate {folder} REPORTS --out {folder}`, "
            "or publish with --force; the card will say so."
        )
    return metrics


def _recipe(folder: Path, mistakes: list[str]) -> dict[str, Any]:
    try:
        return read_yaml(folder / "config.yaml")
    except ConfigError as error:
        mistakes.append(f"config.yaml: {error} It is the config that the model was trained with.")
        return {}


def read_words(folder: Path, about: str, mistakes: list[str]) -> tuple[dict[str, Any], str]:
    """Return the front matter and the words of the makers' README, on `about`; what is missing goes to `mistakes`.

    Without a licence nobody may use what is published.
    """
    path = folder / "README.md"
    try:
        card = ModelCard(path.read_text(encoding="utf-8") if path.is_file() else "")
    except (yaml.YAMLError, ValueError) as error:
        mistakes.append(f"README.md: its front matter is not valid ({error}). Mend the lines between the two ---.")
        return {}, ""
    front: dict[str, Any] = card.data.to_dict()  # type: ignore[no-untyped-call]
    if not front.get("license"):
        mistakes.append(
            "README.md: no licence. Write a README.md with `license: apache-2.0` (or another) between two lines of ---, "
            f"and beneath it {about}."
        )
    elif not card.text.strip():
        mistakes.append(f"README.md: not a word beneath the front matter. Tell {about}.")
    return front, card.text.strip()
