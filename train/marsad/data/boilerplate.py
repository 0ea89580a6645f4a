"""The words by which rubbish around a report is known: the phrases of `boilerplate.yaml`, and patterns made of them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import product

import yaml

from marsad.text import normalize

NUMBER = r"\d[\d.,]*\s?[km]?"
TIME = r"\d{1,2}:\d{2}"


@cache
def phrases() -> dict[str, tuple[str, ...]]:
    """Return the phrases of each kind, normalised; each choice between words is a phrase of its own."""
    content = yaml.safe_load(files("marsad.data").joinpath("boilerplate.yaml").read_text(encoding="utf-8"))
    return {
        kind: tuple(dict.fromkeys(normalize(one) for each in found for one in _choices(each))) for kind, found in content.items()
    }


def _choices(phrase: str) -> list[str]:
    return [" ".join(words) for words in product(*(word.split("/") for word in phrase.split()))]


@cache
def _any(kind: str) -> str:
    return "(?:" + "|".join(sorted(map(re.escape, phrases()[kind]), key=len, reverse=True)) + ")"


@cache
def count_of(kind: str) -> re.Pattern[str]:
    """Return what a normalised line of a number and a word of `kind` is, as in "1,204 views"."""
    return re.compile(rf"{NUMBER}\s?{_any(kind)}")


@cache
def day() -> re.Pattern[str]:
    """Return what a normalised line of nothing but a day is, with its hour or without."""
    hour = rf"{TIME}\s?{_any('halves')}?"
    return re.compile(rf"(?:{_any('days')}[\s\u060c,]+)?{_date()}(?:\s?[-–|\u060c,]?\s?{hour})?")  # an Arabic comma


@cache
def hour() -> re.Pattern[str]:
    """Return what a normalised line of an hour with its day is, as posts have it beneath, or one that tells how long ago."""
    numbers = r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}"
    ago = rf"{_any('before')} \d+ {_any('units')}|\d+\s?[hdwm] ago"
    return re.compile(rf"{TIME}\s?{_any('halves')}?\s?[·|-]\s?(?:{_date()}|{numbers})|{ago}")


def _date() -> str:
    return rf"\d{{1,2}} {_any('months')}(?:\s?/\s?{_any('months')})?,? \d{{4}}"
