"""Splitting reports so that no story is on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from marsad.data.reports import Report


def split_by_story(reports: Sequence[Report], share: float, seed: int) -> tuple[list[Report], list[Report]]:
    """Return (rest, part): `part` holds about `share` of the stories, chosen by a hash of seed and group.

    A story stays on its side when others are added or removed, since its place depends on nothing else.
    """
    chosen = {story for story in {report.story for report in reports} if _place(story, seed) < share}
    rest = [report for report in reports if report.story not in chosen]
    return rest, [report for report in reports if report.story in chosen]


def _place(story: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}:{story}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def shared_stories(a: Sequence[Report], b: Sequence[Report]) -> list[str]:
    """Return the stories, and the texts of equal wording told as `text:ID`, that stand in both."""
    stories = {report.group for report in a if report.group} & {report.group for report in b if report.group}
    texts = {report.text for report in a}
    return sorted(stories) + sorted(f"text:{report.id}" for report in b if report.text in texts)
