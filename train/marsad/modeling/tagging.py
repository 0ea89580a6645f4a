"""BIO tags of spans: which pieces of a window name a force, and its camp."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

OUTSIDE = 0
UNKNOWN = -100
"""Tag of a piece that no loss counts: specials, and reports whose factions were not annotated."""


def bio_names(camps: Sequence[str]) -> list[str]:
    """Return the tag names by number: `O`, then `B-` and `I-` of each camp."""
    return ["O", *(f"{place}-{camp}" for camp in camps for place in "BI")]


def bio_tags(offsets: Sequence[tuple[int, int]], spans: Iterable[tuple[int, int, str]] | None, camps: Sequence[str]) -> list[int]:
    """Return a tag number for each piece; `spans` are (start, end, camp) in characters, the longest wins where they cross."""
    tags = [UNKNOWN if end == 0 or spans is None else OUTSIDE for _, end in offsets]
    numbers = {camp: 1 + 2 * number for number, camp in enumerate(camps)}
    for start, end, camp in sorted(spans or (), key=lambda span: span[1] - span[0]):
        inside = [i for i, (a, b) in enumerate(offsets) if b > start and a < end and b > 0]
        for i in inside:
            tags[i] = numbers[camp] + (i != inside[0])
    return [_begun(tag, tags[i - 1] if i else OUTSIDE) for i, tag in enumerate(tags)]


def _begun(tag: int, before: int) -> int:
    """Return `tag`, made a beginning where it goes on with nothing: the rest of a span that a longer one cut."""
    inside = tag > OUTSIDE and tag % 2 == 0
    return tag - 1 if inside and before not in (tag, tag - 1) else tag
