"""The page: whole, self-contained, safe from what stands in the reports; and the figures it draws."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import made_up_reports

from marsad import load
from marsad.data.reports import Report, read_reports
from marsad.evaluation.examination import Examination, examine
from marsad.evaluation.report import confusion, render, worst_errors
from marsad.taxonomy import Label, Task, Taxonomy

TASK = Task("side", "multilabel", (Label("red"), Label("blue"), Label("green")))
VOID = {"meta", "img", "br", "link"}


class Balance(HTMLParser):
    """Follows the open elements; fails where one is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def examined(tiny_model: Path, tiny_reports: Path, syria: Taxonomy) -> Examination:
    reports = read_reports(tiny_reports / "dev.jsonl", syria)[:60]
    mark = "<script>alert('x')</script> وقال"
    odd = replace(reports[0], id="odd<b>", text=f"{mark} {reports[0].text}", labels={"affiliation": ("israel",), "event_type": ()})
    months = [replace(report, date=f"2021-0{1 + n % 4}") for n, report in enumerate([odd, *reports[1:]])]
    return examine(load(tiny_model, device="cpu"), months, train=made_up_reports(80))


@pytest.fixture(scope="module")
def page(examined: Examination) -> str:
    return render(examined, "tiny & small")


def test_every_element_is_closed_and_nothing_is_fetched(page: str) -> None:
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert len(sources) == 8, "four drawings a task"
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "http" not in re.sub(r'src="[^"]*"', "", page)


def test_a_report_cannot_bring_its_own_markup(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "odd<b>" not in page
    assert "tiny &amp; small" in page


def test_the_page_shows_labels_errors_slices_and_baselines(page: str) -> None:
    for expected in (
        "assad_regime",
        "نظام الأسد",
        "TF-IDF + logistic regression",
        "majority",
        "up to 128 pieces",
        "Worst errors",
        "israel",
    ):
        assert expected in page
    assert 'dir="rtl"' in page


def test_the_same_examination_gives_the_same_page(examined: Examination, page: str) -> None:
    assert render(examined, "tiny & small") == page


def test_metrics_json_keeps_its_keys_and_has_the_new_ones(examined: Examination) -> None:
    content = json.loads(json.dumps(examined.to_dict(), allow_nan=False))
    assert {"n", "tasks", "tokens_read", "tokens_total"} <= set(content)
    assert {"intervals", "calibration", "slices", "counts", "baselines"} <= set(content)
    for task, scores in content["tasks"].items():
        low, high = content["intervals"]["tasks"][task]["micro_f1"]
        assert low <= scores["micro_f1"] <= high
        assert content["slices"]["year"]["2021"][task]["micro_f1"] == pytest.approx(scores["micro_f1"], abs=1e-9)
        assert 0 <= content["calibration"][task]["after"]["ece"] <= 1
    assert examined.reports[1].text not in json.dumps(content, ensure_ascii=False)


def test_what_was_given_instead() -> None:
    gold = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    answer = np.array([[0, 1, 0], [0, 1, 1], [0, 0, 1]])
    assert confusion(answer, gold).tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 1]]


def test_the_worst_errors_come_first_and_right_answers_do_not_come() -> None:
    reports = [Report(id=name, text="نص") for name in ("right", "bad", "worse")]
    gold = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0]])
    scores = np.array([[0.9, 0.1, 0.1], [0.4, 0.1, 0.1], [0.1, 0.9, 0.6]])
    found = worst_errors(TASK, reports, scores, (scores >= 0.5).astype(int), gold)
    assert [error.report.id for error in found] == ["worse", "bad"]
    assert [(one.label.id, one.gold) for one in found[0].answered] == [("blue", False), ("green", False)]
    assert [one.label.id for one in found[0].missed] == ["red"]
