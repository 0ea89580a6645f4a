"""`names.json`: the names of forces that a tagger saw in training, and how often in which camp."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from marsad.errors import ModelError
from marsad.text import ATTACHED, normalize

FILE = "names.json"
WITH_ARTICLE = re.compile("\u0627\u0644\\w{3}")
"""Alef and lam, the article, before a word; what is shorter is no name (as in wikala, an agency)."""
NEXT_LETTER = re.compile(r"[^\W_\u0640]")
"""A letter or digit; no mark, no tatweel."""


@dataclass(frozen=True)
class Names:
    """Normalised names and their camps. `counts` holds for each name the number of mentions in each camp."""

    counts: Mapping[str, Mapping[str, int]]

    @classmethod
    def collect(cls, mentions: Iterable[tuple[str, str, int]]) -> Names:
        """Return the names of `mentions`: name, as written or as another version normalised it, camp, and how often."""
        counts: dict[str, Counter[str]] = {}
        for name, camp, times in mentions:
            counts.setdefault(key(name), Counter())[camp] += times
        return cls({name: dict(camps) for name, camps in sorted(counts.items()) if name})

    def save(self, folder: Path) -> None:
        """Write `names.json` into `folder`."""
        (folder / FILE).write_text(json.dumps(self.counts, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    @cached_property
    def openers(self) -> Counter[str]:
        """How often each word begins a name."""
        found: Counter[str] = Counter()
        for name, camps in self.counts.items():
            found[name.split()[0]] += sum(camps.values())
        return found

    def camp(self, name: str) -> str | None:
        """Return the camp that a name, as written, had most often, or None where it was never seen."""
        camps = self.counts.get(key(name))
        return max(camps, key=camps.__getitem__) if camps else None

    def cut(self, text: str, start: int, end: int) -> int:
        """Return where the name in the word `text[start:end]` begins: behind one-letter words written together with it.

        Letters go where the article follows them, or where names begin with the rest more often than with the whole.
        Lam that has swallowed the article's alef stays, as annotators have it.
        """
        for _ in range(self._prefixes(normalize(text[start:end]))):
            letter = NEXT_LETTER.search(text, start + 1, end)
            start = letter.start() if letter else start
        return start

    def _prefixes(self, word: str) -> int:
        """Return how many letters stand before the name in a normalised word."""
        attached = ATTACHED.match(word)
        lengths = [n for n in range(1 + (attached.end() if attached else 0)) if n == 0 or len(word) - n > 2]
        return max(lengths, key=lambda n: (n > 0 and WITH_ARTICLE.match(word, n) is not None, self.openers[word[n:]], -n))


def key(name: str) -> str:
    """Return the spelling under which names are compared."""
    return " ".join(normalize(name).split())


def read_names(folder: Path) -> Names:
    """Read the `names.json` of `folder`. Raises `ModelError` where it is missing or damaged."""
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Names.collect((str(name), str(camp), int(n)) for name, camps in content.items() for camp, n in camps.items())
    except FileNotFoundError as error:
        raise ModelError(f"{folder}: no {FILE}, so this tagger was not trained by marsad. Train one.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"{path}: damaged ({error}). Fetch or train the model again.") from error
