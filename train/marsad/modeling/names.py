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
from marsad.text import PREFIXES, normalize

FILE = "names.json"
ARTICLE = "\u0627\u0644"
"""Alef, lam: the article."""
NEXT_LETTER = re.compile(r"[^\W_\u0640]")
"""A letter or digit; no mark, no tatweel."""
MOST_PREFIXES = 2


@dataclass(frozen=True)
class Names:
    """Normalised names and their camps. `counts` holds for each name the number of mentions in each camp."""

    counts: Mapping[str, Mapping[str, int]]

    @classmethod
    def collect(cls, mentions: Iterable[tuple[str, str]]) -> Names:
        """Return the names of `mentions`, pairs of name as written and camp."""
        counts: dict[str, Counter[str]] = {}
        for name, camp in mentions:
            counts.setdefault(key(name), Counter())[camp] += 1
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

        A prefix goes where the article follows it, or where names begin with the rest more often than with the whole.
        Lam that has swallowed the article's alef stays, as annotators have it.
        """
        word = normalize(text[start:end])
        for _ in range(MOST_PREFIXES):
            letter = NEXT_LETTER.search(text, start + 1, end)
            if letter is None or not self._prefixed(word):
                break
            start, word = letter.start(), word[1:]
        return start

    def _prefixed(self, word: str) -> bool:
        rest = word[1:]
        return len(rest) > 2 and word[0] in PREFIXES and (rest.startswith(ARTICLE) or self.openers[rest] > self.openers[word])


def key(name: str) -> str:
    """Return the spelling under which names are compared."""
    return " ".join(normalize(name).split())


def read_names(folder: Path) -> Names:
    """Read the `names.json` of `folder`. Raises `ModelError` where it is missing or damaged."""
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Names({str(name): {str(camp): int(n) for camp, n in camps.items()} for name, camps in content.items()})
    except FileNotFoundError as error:
        raise ModelError(f"{folder}: no {FILE}, so this tagger was not trained by marsad. Train one.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"{path}: damaged ({error}). Fetch or train the model again.") from error
