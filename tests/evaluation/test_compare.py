"""Comparisons: a real difference is told, luck is not, and a seed that collapsed is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.conftest import TWO, made_up, named

from marsad.errors import ConfigError
from marsad.evaluation.compare import Contestant, collapsed, compare, contestant, read_recipe, shared_taxonomy
from marsad.evaluation.evaluate import ScoredReports
from marsad.taxonomy import Label, Task, Taxonomy

REPORTS = [named({}, str(number)) for number in range(300)]


def enter(name: str, scored: ScoredReports, recipe: str | None = None) -> Contestant:
    return contestant(name, scored, {}, REPORTS[: len(scored.scores)], TWO, recipe)


def with_noise(noise: float, seed: int = 1) -> ScoredReports:
    """Return other scores of the same gold."""
    gold = made_up(300).gold
    dice = np.random.default_rng(seed)
    return ScoredReports(TWO, np.clip(0.2 + 0.6 * gold + dice.normal(0, noise, gold.shape), 0, 1), gold, 0, 0)


def test_a_better_model_is_told_better_and_the_other_worse() -> None:
    good, bad = enter("good", with_noise(0.1)), enter("bad", with_noise(0.8))
    forth, back = compare(bad, good), compare(good, bad)
    assert all(one.clear and one.difference > 0 for one in forth.differences)
    assert len(forth.differences) == 4
    assert "side micro-F1: good is better than bad (+" in forth.verdict()[0]
    assert "side micro-F1: bad is worse than good (-" in back.verdict()[0]
    for one, other in zip(forth.differences, back.differences, strict=True):
        assert one.difference == pytest.approx(-other.difference)
        assert one.low <= one.difference <= one.high


def test_luck_is_not_a_difference() -> None:
    pair = compare(enter("a", with_noise(0.5, seed=1)), enter("b", with_noise(0.5, seed=2)))
    assert all("no difference can be told between b and a" in sentence for sentence in pair.verdict())


def test_the_pairing_sees_what_separate_intervals_do_not() -> None:
    """One model is the other with a few of its errors mended: the intervals overlap, the difference is clear."""
    base = with_noise(0.5)
    scores = base.scores.copy()
    scores[:30] = base.gold[:30]
    a, b = enter("a", base), enter("b", replace(base, scores=scores))
    before, after = a.headlines["side"].micro_f1_interval, b.headlines["side"].micro_f1_interval
    assert before[1] is not None
    assert after[0] is not None
    assert after[0] < before[1]
    assert compare(a, b).differences[0].low > 0


def test_a_model_does_not_differ_from_itself() -> None:
    one = enter("one", with_noise(0.5))
    assert all((found.difference, found.low, found.high) == (0, 0, 0) for found in compare(one, one).differences)


def test_a_collapsed_seed_is_named_once() -> None:
    good, like, bad = (enter(f"run-{n}", with_noise(noise, n), "recipe") for n, noise in enumerate((0.3, 0.3, 2.0)))
    warnings = collapsed([good, like, bad])
    assert len(warnings) == 2, "one for each task"
    assert all(warning.startswith("run-2: ") and "collapsed" in warning for warning in warnings)
    assert collapsed([good, like]) == []


def test_runs_of_other_configs_do_not_make_a_run_collapse() -> None:
    good, bad = enter("good", with_noise(0.2), "one"), enter("bad", with_noise(2.0), "other")
    assert collapsed([good, bad]) == []
    assert collapsed([replace(good, recipe=None), replace(bad, recipe=None)]) == []


def test_runs_of_one_recipe_differ_in_seed_name_and_folder_alone(tmp_path: Path) -> None:
    texts = {
        "a": "seed: 1\nname: a\noutput: x\ntraining: {epochs: 3}\n",
        "b": "training: {epochs: 3}\nseed: 2\nname: b\noutput: y\n",
        "c": "seed: 1\nname: a\noutput: x\ntraining: {epochs: 4}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(text, encoding="utf-8")
    a, b, c = (read_recipe(tmp_path / name) for name in texts)
    assert a == b != c
    assert read_recipe(tmp_path) is None


def test_models_of_other_labels_cannot_be_compared() -> None:
    other = Taxonomy("1", (Task("side", "multilabel", (Label("red"), Label("blue"))), TWO.tasks[1]))
    with pytest.raises(ConfigError, match=r"b \(here\) against a \(there\): side: only here [\w, ]+; only there \w+"):
        shared_taxonomy({"a": TWO, "b": other})
    with pytest.raises(ConfigError, match="no task in common"):
        shared_taxonomy({"a": TWO.only(["side"]), "b": TWO.only(["deed"])})
    assert shared_taxonomy({"a": TWO, "b": TWO.only(["deed"])}).names == ("deed",)
