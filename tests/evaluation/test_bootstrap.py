"""Intervals: the matrix product equals counting again, stories stay whole, and the width is the one that theory gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from marsad.evaluation.bootstrap import HEADLINE, ROUNDS, count_stories, draw_stories, headlines, interval, intervals
from marsad.evaluation.evaluate import ScoredReports, measure
from marsad.evaluation.metrics import score_task


def test_every_story_once_gives_the_figures_of_measure(scored: ScoredReports, stories: list[str]) -> None:
    found = scored.decide({})
    expected = measure(scored, {}).tasks
    for task in scored.taxonomy.tasks:
        part = scored.taxonomy.slices[task.name]
        counts = count_stories(found[:, part], scored.gold[:, part].astype(int), stories)
        figures = counts.figures(np.ones((1, len(counts.reports))))
        for figure in HEADLINE:
            assert figures[figure][0] == pytest.approx(expected[task.name][figure], abs=1e-9), figure
        own = [row["f1"] for row in expected[task.name]["labels"].values()]
        assert figures["labels"][0] == pytest.approx(own, abs=1e-9)


def test_a_draw_is_the_same_as_scoring_the_drawn_reports(scored: ScoredReports, stories: list[str]) -> None:
    task, part = scored.taxonomy.tasks[0], slice(0, 3)
    found, gold = scored.decide({})[:, part], scored.gold[:, part].astype(int)
    draw = draw_stories(len(set(stories)), rounds=1, seed=3)
    times = dict(zip(sorted(set(stories)), draw[0], strict=True))
    rows = [row for row, story in enumerate(stories) for _ in range(times[story])]
    figures = count_stories(found, gold, stories).figures(draw)
    expected = score_task(task, found[rows], gold[rows])
    for figure in HEADLINE:
        assert figures[figure][0] == pytest.approx(expected[figure], abs=1e-9), figure


def test_as_many_stories_are_drawn_as_there_are() -> None:
    draws = draw_stories(37)
    assert draws.shape == (ROUNDS, 37)
    assert (draws.sum(1) == 37).all()
    assert (draws == draw_stories(37)).all(), "the same seed draws the same"
    assert (draws != draw_stories(37, seed=1)).any()


def test_the_interval_of_a_share_is_as_wide_as_theory_says() -> None:
    gold = np.zeros((400, 2), int)
    found = np.zeros((400, 2), int)
    found[:100, 0] = 1
    counts = count_stories(found, gold, [str(number) for number in range(400)])
    low, high = interval(counts.figures(draw_stories(400, 4000))["exact_match"])
    wide = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert low == pytest.approx(0.75 - wide, abs=0.006)
    assert high == pytest.approx(0.75 + wide, abs=0.006)


def test_reports_of_one_story_count_as_one_piece_of_evidence(scored: ScoredReports) -> None:
    copies = replace(scored, scores=np.tile(scored.scores, (4, 1)), gold=np.tile(scored.gold, (4, 1)))
    own = [str(number) for number in range(120)]
    one = intervals(scored, scored.decide({}), own)["tasks"]["side"]["micro_f1"]
    as_stories = intervals(copies, copies.decide({}), own * 4)["tasks"]["side"]["micro_f1"]
    as_reports = intervals(copies, copies.decide({}), [str(number) for number in range(480)])["tasks"]["side"]["micro_f1"]
    assert as_stories == pytest.approx(one)
    assert as_reports[1] - as_reports[0] < 0.6 * (one[1] - one[0])


def test_the_figure_lies_within_its_interval(scored: ScoredReports, stories: list[str]) -> None:
    found = intervals(scored, scored.decide({}), stories)
    for task, figures in measure(scored, {}).tasks.items():
        for figure in HEADLINE:
            low, high = found["tasks"][task][figure]
            assert low <= figures[figure] <= high, (task, figure)
    assert found["tasks"]["side"]["stories"] == len(set(stories))


def test_a_label_that_never_occurs_has_no_interval_and_a_task_without_gold_is_left_out(scored: ScoredReports) -> None:
    gold = scored.gold.copy()
    gold[:, 2], gold[:, 3:] = 0, np.nan
    bare = replace(scored, gold=gold)
    found = bare.decide({"side": {"green": 2.0}})
    result = intervals(bare, found, [str(number) for number in range(120)])
    assert result["tasks"]["side"]["labels"]["green"] == [None, None]
    assert set(result["tasks"]) == set(headlines(bare, found, [str(number) for number in range(120)])) == {"side"}
