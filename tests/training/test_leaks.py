from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from marsad.data.reports import Report, read_reports
from marsad.taxonomy import Taxonomy
from marsad.training.leaks import find_leak

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def seeds(syria: Taxonomy) -> list[Report]:
    return [replace(report, group=None) for report in read_reports(SEEDS / "reports.jsonl", syria)[:30]]


def test_apart_is_no_leak(seeds: list[Report], syria: Taxonomy) -> None:
    leak = find_leak(seeds[:20], seeds[20:])
    assert not leak
    assert leak.describe(syria) == []
    assert leak.faked_f1(syria) == {}


def test_a_near_duplicate_leaks_and_its_copied_labels_are_scored(seeds: list[Report], syria: Taxonomy) -> None:
    copies = [replace(report, id=f"copy-{report.id}", text=f"وكالة الضفاف: {report.text}") for report in seeds[:3]]
    other = {"affiliation": (), "event_type": copies[2].labels["event_type"]}
    leak = find_leak(seeds[:20], [*copies[:2], replace(copies[2], labels=other), *seeds[20:]])
    assert [(twin.dev.id, twin.train.id) for twin in leak.twins] == [(copy.id, copy.id.removeprefix("copy-")) for copy in copies]
    assert all(twin.likeness > 0.9 for twin in leak.twins)
    right, wrong = (sum(len(r.labels["affiliation"]) for r in part) for part in (copies[:2], copies[2:]))
    assert leak.faked_f1(syria) == {"affiliation": pytest.approx(2 * right / (2 * right + wrong)), "event_type": 1.0}
    lines = leak.describe(syria)
    assert lines[0].startswith(f"data.dev: 3 reports have a near-duplicate in train: {copies[0].id} ~ {seeds[0].id} (")
    assert "reaches micro-F1 affiliation 0." in lines[1]
    assert "event_type 1.000 on them" in lines[1]


def test_the_first_ten_are_named_or_all(seeds: list[Report], syria: Taxonomy) -> None:
    leak = find_leak(seeds[:12], [replace(report, id=f"copy-{report.id}") for report in seeds[:12]])
    short, whole = "\n".join(leak.describe(syria)), "\n".join(leak.describe(syria, whole=True))
    assert "and 2 more." in short
    assert f"copy-{seeds[11].id} ~" not in short
    assert f"copy-{seeds[11].id} ~ {seeds[11].id} (1.00)." in whole


def test_a_copy_in_dev_of_a_dev_report_is_no_leak(seeds: list[Report]) -> None:
    assert not find_leak(seeds[:5], [seeds[7], replace(seeds[7], id="again")])
