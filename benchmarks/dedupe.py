"""Near-duplicates: what is found of planted ones, and how long a large pile takes.

python benchmarks/dedupe.py [REPORTS]     (REPORTS: size of the pile, 100000 unless told; 0 leaves it out)

Planted: every seed report again under another outlet's name, with other diacritics, with its sentences in another order, and
with its tail cut; all of it is looked through at once. A pair that joins two versions of one seed is right. The pile: each
report is eight to fourteen sentences drawn from the seeds, one word in eight exchanged; one report in ten is a copy of another
with its tail cut.
"""

from __future__ import annotations

import random
import re
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from marsad.data.duplicates import near_duplicates
from marsad.data.reports import read_reports
from marsad.taxonomy import find_taxonomy, read_taxonomy

SEEDS = Path(__file__).parents[1] / "seeds" / "reports.jsonl"
MARKS = "\u064b\u064e\u064f\u0650\u0651\u0652"
OUTLETS = ("وكالة الضفاف للأنباء", "شبكة أخبار السهل", "مرصد الوادي الإعلامي", "راديو القنطرة")


def seed_texts() -> list[str]:
    return [report.text for report in read_reports(SEEDS, read_taxonomy(find_taxonomy("syria")))]


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.؟!])\s+|\n+", text) if part.strip()]


def planted(text: str, dice: random.Random) -> dict[str, str]:
    parts, words = sentences(text), text.split()
    marked = "".join(letter + (dice.choice(MARKS) if letter.isalpha() and dice.random() < 0.3 else "") for letter in text)
    return {
        "other outlet": f"{dice.choice(OUTLETS)} - {text}\nتحرير: {dice.choice(OUTLETS)}",
        "other diacritics": marked.replace("\u0623", "\u0627").replace("\u0629 ", "\u0640\u0629 "),
        "other order": " ".join(dice.sample(parts, len(parts))),
        "tail trimmed": " ".join(words[: max(20, int(len(words) * dice.uniform(0.5, 0.8)))]),
    }


def quality() -> None:
    dice, texts, owner, kinds = random.Random(0), [], [], []
    for number, text in enumerate(seed_texts()):
        for kind, version in {"seed": text, **planted(text, dice)}.items():
            texts.append(version)
            owner.append(number)
            kinds.append(kind)
    pairs = near_duplicates(texts)
    right = [pair for pair in pairs if owner[pair.a] == owner[pair.b]]
    print(f"{len(texts)} texts, {len(pairs)} pairs found; precision {len(right) / len(pairs):.3f}")
    for kind in sorted(set(kinds) - {"seed"}):
        found = sum(kinds[pair.a] == "seed" and kinds[pair.b] == kind for pair in right)
        print(f"{kind}: recall {found / kinds.count(kind):.3f} of {kinds.count(kind)}")


def pile(count: int) -> Iterator[str]:
    dice = random.Random(1)
    drawn = [part for text in seed_texts() for part in sentences(text)]
    words = sorted({word for part in drawn for word in part.split()})
    made: list[str] = []
    for number in range(count):
        if number % 10 == 9:
            old = made[dice.randrange(len(made))].split()
            made.append(" ".join(old[: int(len(old) * 0.75)]))
        else:
            text = " ".join(dice.choices(drawn, k=dice.randint(8, 14)))
            made.append(" ".join(dice.choice(words) if dice.random() < 0.125 else word for word in text.split()))
        yield made[-1]


def speed(count: int) -> None:
    texts = list(pile(count))
    wall, cpu = time.perf_counter(), time.process_time()
    pairs = near_duplicates(texts)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    copied = sum(pair.b % 10 == 9 or pair.a % 10 == 9 for pair in pairs)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    words = sum(len(text.split()) for text in texts) / count
    print(f"{count:,} reports of {words:.0f} words: {wall:.0f} s, {cpu:.0f} s of one core, {memory:.1f} GB at most")
    print(f"{len(pairs):,} pairs, {copied:,} of them with a planted copy (planted: {count // 10:,})")


if __name__ == "__main__":
    quality()
    if size := int(sys.argv[1]) if len(sys.argv) > 1 else 100_000:
        speed(size)
