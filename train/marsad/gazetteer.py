"""Named forces and their camps, read from a YAML, and their places in a text by any spelling. Nothing about any war is in code."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path

from pydantic import Field

from marsad.config.loading import load_config
from marsad.config.schema import Section
from marsad.errors import ConfigError
from marsad.files import named_file
from marsad.taxonomy import Taxonomy
from marsad.text import ATTACHED, MARKS, STOPS, TATWEEL, Word, normalize, read_words

LAM, ALEF = "\u0644", "\u0627"
TRAIL = re.compile(f"[{MARKS}{TATWEEL}]*")
FIRST_DAY = "-01-01"


class Force(Section):
    """An armed force, or the body of a state or party, under the meaning that its name has in one period."""

    id: str = Field(min_length=1)
    """Name of the entry, its own."""
    name: str
    """The name, in the spelling of a dictionary."""
    en: str = ""
    """The name in English."""
    camp: str
    """An affiliation of the taxonomy."""
    aliases: tuple[str, ...] = ()
    """Other names of it in reports."""
    valid_from: date | None = None
    """First day of this meaning."""
    valid_to: date | None = None
    """Last day of this meaning."""
    note: str = ""
    """One line for readers."""

    def covers(self, day: date) -> bool:
        """Tell whether the names have this meaning on `day`."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)

    def meets(self, other: Force) -> bool:
        """Tell whether the two periods share a day."""
        return max(self.valid_from or date.min, other.valid_from or date.min) <= min(
            self.valid_to or date.max, other.valid_to or date.max
        )


class GazetteerFile(Section):
    """The YAML of a gazetteer."""

    version: int = 1
    """Counts changes of meaning."""
    titles: tuple[str, ...] = ()
    """Words that belong to a name when they stand before it."""
    forces: tuple[Force, ...] = Field(min_length=1)
    """One entry for each force, and for each period where its name changes the camp."""


@dataclass(frozen=True)
class NamedForce:
    """A place where a text names a force: `text[start:end]`, without attached one-letter words."""

    start: int
    end: int
    force: Force


@dataclass(frozen=True)
class Gazetteer:
    """All forces, and the titles (militia, movement …) that belong to a name when they stand before it."""

    forces: tuple[Force, ...]
    titles: tuple[str, ...] = ()

    @cached_property
    def names(self) -> dict[tuple[str, ...], tuple[Force, ...]]:
        """The forces that bear each name, as tuples of normalised words; a name that is given beats one made with a title."""
        given = _owners(self.forces)
        titled: dict[tuple[str, ...], tuple[Force, ...]] = {
            key(title) + name: forces for title in self.titles for name, forces in given.items()
        }
        return titled | given

    @cached_property
    def lengths(self) -> dict[str, int]:
        """The words of the longest name that begins with a word."""
        longest: dict[str, int] = {}
        for name in self.names:
            longest[name[0]] = max(longest.get(name[0], 0), len(name))
        return longest

    def canonical(self, name: str, date: str | None = None) -> Force | None:
        """Return the force that `name` means on `date` (YYYY, YYYY-MM or YYYY-MM-DD), or None.

        A year or a month counts as its first day; without a date the first entry that bears the name is taken.
        """
        words = list(read_words(name))
        match = self._longest(words, 0, _day(date)) if words else None
        return match[0] if match is not None and match[1] == len(words) else None

    def find(self, text: str, date: str | None = None) -> list[NamedForce]:
        """Return the forces that `text` names, in order, never overlapping: whole words, the longest name wins; see `canonical`."""
        words, day, found, place = list(read_words(text)), _day(date), [], 0
        while place < len(words):
            match = self._longest(words, place, day)
            if match is not None:
                force, length, prefix = match
                start = _behind(text, words[place], prefix)
                end = words[place + length - 1].end
                found.append(NamedForce(start, TRAIL.match(text, end).end(), force))  # type: ignore[union-attr]
            place += match[1] if match is not None else 1
        return found

    def _longest(self, words: list[Word], place: int, day: date | None) -> tuple[Force, int, int] | None:
        """Return the force named at `words[place]`, the words of its name and the letters before it; fewest letters win."""
        lengths = self.lengths
        readings = [reading for reading in _readings(words[place].spelling) if reading[0] in lengths]
        most = max((lengths[first] for first, _ in readings), default=0)
        for length in range(min(most, len(words) - place), 0, -1):
            rest = tuple(word.spelling for word in words[place + 1 : place + length])
            for first, cut in readings:
                force = _meant(self.names.get((first, *rest), ()), day)
                if force is not None:
                    return force, length, cut
        return None


def find_gazetteer(name: str) -> Path:
    """Return the file of a gazetteer: a path, or the name of one that comes with marsad (`syria`)."""
    return named_file(name, f"gazetteers/{name}.yaml", "seeds/factions.yaml" if name == "syria" else f"seeds/{name}.yaml")


def read_gazetteer(path: Path, taxonomy: Taxonomy) -> Gazetteer:
    """Read a gazetteer from a YAML file; its camps are affiliations of `taxonomy`. Raises `ConfigError` with all mistakes."""
    found = load_config(path, GazetteerFile)
    camps = taxonomy.task("affiliation").ids
    mistakes = [
        f"{force.id}: unknown camp {force.camp!r}; known: {', '.join(camps)}. Mend it, or add it to the taxonomy."
        for force in found.forces
        if force.camp not in camps
    ]
    mistakes += [
        f"{force.id}: valid_from {force.valid_from} is after valid_to {force.valid_to}. Change them round."
        for force in found.forces
        if not force.meets(force)
    ]
    mistakes += [
        f"{force.id}: the name {name!r} has no letter or digit. Leave it out."
        for force in found.forces
        for name in (force.name, *force.aliases)
        if not key(name)
    ]
    mistakes += _clashes(found.forces)
    if mistakes:
        raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return Gazetteer(found.forces, found.titles)


@lru_cache(maxsize=4096)
def key(name: str) -> tuple[str, ...]:
    """Return the normalised words of a name, by which it is found."""
    return tuple(word.spelling for word in read_words(name) if word.spelling not in STOPS)


@lru_cache(maxsize=2**16)
def _readings(word: str) -> tuple[tuple[str, int], ...]:
    """Return a normalised word as it is, and without each run of one-letter words before it, with the letters taken off.

    Of lam and the article (لل) nothing is taken off: the word reads as with the article, and the span keeps all.
    """
    rests = [(word[length:], length) for length in range(len(ATTACHED.match(word).group()) + 1)]  # type: ignore[union-attr]
    return (*rests, *((ALEF + rest[1:], length) for rest, length in rests if rest.startswith(LAM + LAM)))


def _behind(text: str, word: Word, letters: int) -> int:
    """Return where `word` goes on behind its first `letters` letters in the raw text; marks go with the letter before."""
    if not letters:
        return word.start
    rest = word.spelling[letters:]
    places = [place for place in range(word.start + 1, word.end) if normalize(text[place : word.end]) == rest]
    return max(places, default=word.start)


def _meant(forces: tuple[Force, ...], day: date | None) -> Force | None:
    return next((force for force in forces if day is None or force.covers(day)), None)


def _day(written: str | None) -> date | None:
    return date.fromisoformat((written + FIRST_DAY)[:10]) if written else None


def _owners(forces: tuple[Force, ...]) -> dict[tuple[str, ...], tuple[Force, ...]]:
    owners: defaultdict[tuple[str, ...], dict[str, Force]] = defaultdict(dict)
    for force in forces:
        for name in (force.name, *force.aliases):
            owners[key(name)][force.id] = force
    return {name: tuple(found.values()) for name, found in owners.items()}


def _clashes(forces: tuple[Force, ...]) -> list[str]:
    ids = [force.id for force in forces]
    found = [f"id {id!r} stands twice. Give every entry its own." for id in dict.fromkeys(ids) if ids.count(id) > 1]
    for name, owners in _owners(forces).items():
        found += [
            f"{' '.join(name)!r} names both {one.id!r} and {other.id!r} at one time. "
            "Take it from one of them, or give both a valid_from and valid_to that do not overlap."
            for one, other in combinations(owners, 2)
            if one.meets(other)
        ]
    return found
