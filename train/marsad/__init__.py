"""marsad reads Arabic reports on armed conflict: which camps took part, and what happened.

>>> import marsad
>>> marsad.predict("قصفت قوات النظام بالمدفعية بلدة كنصفرة").affiliation  # doctest: +SKIP
(LabelScore(label='assad_regime', score=0.98),)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from pathlib import Path

    from marsad.inference.prediction import Change, Evidence, Faction, LabelScore, Prediction, Span
    from marsad.inference.predictor import Predictor, Text, load

__version__ = "0.1.0"
__all__ = ["Change", "Evidence", "Faction", "LabelScore", "Prediction", "Predictor", "Span", "load", "predict"]

_PLACES = {
    "Change": "marsad.inference.prediction",
    "Evidence": "marsad.inference.prediction",
    "Faction": "marsad.inference.prediction",
    "Span": "marsad.inference.prediction",
    "LabelScore": "marsad.inference.prediction",
    "Prediction": "marsad.inference.prediction",
    "Predictor": "marsad.inference.predictor",
    "load": "marsad.inference.predictor",
}


@overload
def predict(  # type: ignore[overload-overlap]
    text_or_texts: Text, model: str | Path | None = ..., tasks: Sequence[str] | None = ..., evidence: bool = ...
) -> Prediction: ...


@overload
def predict(
    text_or_texts: Iterable[Text], model: str | Path | None = ..., tasks: Sequence[str] | None = ..., evidence: bool = ...
) -> list[Prediction]: ...


def predict(
    text_or_texts: Text | Iterable[Text],
    model: str | Path | None = None,
    tasks: Sequence[str] | None = None,
    evidence: bool = False,
) -> Prediction | list[Prediction]:
    """Return what `model` (None: the shipped one) says of one report, or of several in order.

    A report is a string or a mapping with `text` and `date`. The model stays loaded for the next call; `load` gives it
    with more to choose. `tasks` narrows the answer (`factions` are the forces named); with `evidence` every label carries
    the sentence that it hangs on. Raises `DataError` for an empty text, `ModelError` where the model cannot be read.
    """
    return _loaded(None if model is None else str(model)).predict(text_or_texts, tasks=tasks, evidence=evidence)


@lru_cache(maxsize=2)
def _loaded(model: str | None) -> Predictor:
    from marsad.inference.predictor import load

    return load(model)


def __getattr__(name: str) -> Any:
    """Import on first use: `import marsad` alone loads no torch."""
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'marsad' has no attribute {name!r}")
