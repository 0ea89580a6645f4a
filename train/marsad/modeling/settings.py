"""`marsad.json`: what marsad knows of a model beyond what transformers does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from marsad.config.schema import Pooling, Subject
from marsad.errors import ConfigError, ModelError
from marsad.taxonomy import Taxonomy

FILE = "marsad.json"
FORMAT = 1


@dataclass(frozen=True)
class ModelSettings:
    """Tasks, pooling, windows and thresholds of a trained model."""

    taxonomy: Taxonomy
    pooling: dict[str, Pooling]
    length: int
    overlap: int
    date_prefix: bool
    thresholds: dict[str, dict[str, float]]
    """Per multilabel task and label the least score that counts."""
    temperatures: dict[str, float] = field(default_factory=dict)
    """Per task what its head was divided by to calibrate the scores; 1 where it is missing, as in older files."""
    task: Subject = "reports"
    """What the model labels; a tagger of `factions` has the one task of the camps, and no pooling and no thresholds."""

    def with_thresholds(self, thresholds: dict[str, dict[str, float]]) -> ModelSettings:
        """Return the same settings with other thresholds."""
        return replace(self, thresholds=thresholds)

    def save(self, folder: Path) -> None:
        """Write `marsad.json` into `folder`."""
        content = {"format": FORMAT, **vars(self), "taxonomy": self.taxonomy.to_dict()}
        (folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_settings(folder: Path) -> ModelSettings:
    """Read the `marsad.json` of `folder`. Raises `ModelError` where it is missing or damaged."""
    path = folder / FILE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise ModelError(f"{path}: made by another version of marsad. Update marsad, or train again.")
        return ModelSettings(taxonomy=Taxonomy.from_dict(content.pop("taxonomy"), str(path)), **content)
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder}: no {FILE}, so this model was not trained by marsad. Train one, or name another folder."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
        raise ModelError(f"{path}: damaged ({error}). Fetch or train the model again.") from error
