"""Evaluation goes through `predict`, with the model's own thresholds, and refuses half-read reports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from marsad import Predictor, load
from marsad.data.reports import Report, read_reports
from marsad.errors import ModelError
from marsad.evaluation.evaluate import evaluate, measure, score_reports
from marsad.taxonomy import Taxonomy


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return load(tiny_model, device="cpu")


@pytest.fixture(scope="module")
def reports(tiny_reports: Path, syria: Taxonomy) -> list[Report]:
    return read_reports(tiny_reports / "dev.jsonl", syria)


def test_evaluation_on_dev_is_what_training_wrote(predictor: Predictor, reports: list[Report]) -> None:
    found = json.loads(json.dumps(evaluate(predictor, reports).to_dict()))
    written = json.loads((predictor.path / "metrics.json").read_text(encoding="utf-8"))
    assert found == written


def test_the_shape_is_that_of_the_contract(predictor: Predictor, reports: list[Report], syria: Taxonomy) -> None:
    found = evaluate(predictor, reports).to_dict()
    assert set(found) == {"n", "tasks", "tokens_read", "tokens_total"}
    assert found["n"] == len(reports)
    assert found["tokens_read"] == found["tokens_total"] == sum(one.tokens for one in predictor.predict([r.text for r in reports]))
    for name, scores in found["tasks"].items():
        assert {"micro_f1", "macro_f1", "micro_precision", "micro_recall", "labels"} <= set(scores)
        assert tuple(scores["labels"]) == syria.task(name).ids
        assert all({"precision", "recall", "f1", "support", "threshold"} <= set(row) for row in scores["labels"].values())


def test_scores_are_of_what_predict_answers(predictor: Predictor, reports: list[Report]) -> None:
    hits = chosen = gold = 0
    for report, found in zip(reports, predictor.predict([report.text for report in reports]), strict=True):
        answer = {one.label for one in found.event_type}
        hits += len(answer & set(report.labels["event_type"]))
        chosen += len(answer)
        gold += len(report.labels["event_type"])
    scores = evaluate(predictor, reports).tasks["event_type"]
    assert scores["micro_precision"] == pytest.approx(hits / chosen)
    assert scores["micro_recall"] == pytest.approx(hits / gold)
    assert scores["micro_f1"] == pytest.approx(2 * hits / (chosen + gold))


def test_a_wrong_gold_label_costs(predictor: Predictor, reports: list[Report]) -> None:
    wrong = [replace(report, labels=report.labels | {"event_type": ("protest",)}) for report in reports]
    found = evaluate(predictor, wrong)
    assert found.tasks["event_type"]["micro_f1"] < 0.1
    assert found.tasks["affiliation"] == evaluate(predictor, reports).tasks["affiliation"]


def test_each_task_is_scored_on_the_reports_annotated_for_it(predictor: Predictor, reports: list[Report]) -> None:
    half = [
        replace(report, labels={"affiliation": report.labels["affiliation"]} if number % 2 else report.labels)
        for number, report in enumerate(reports)
    ]
    found = evaluate(predictor, half)
    assert found.n == len(reports)
    assert found.tasks["affiliation"]["n"] == len(reports)
    assert found.tasks["event_type"]["n"] == len(reports[::2])
    alone = evaluate(predictor, reports[::2]).tasks["event_type"]
    assert found.tasks["event_type"]["micro_f1"] == alone["micro_f1"]
    assert found.tasks["event_type"]["brier"] == pytest.approx(alone["brier"], abs=1e-5), "other batches round otherwise"


def test_a_task_without_any_annotation_has_no_labels(predictor: Predictor, reports: list[Report]) -> None:
    bare = [replace(report, labels={"affiliation": report.labels["affiliation"]}) for report in reports]
    assert evaluate(predictor, bare).tasks["event_type"]["n"] == 0


def test_other_thresholds_give_other_scores(predictor: Predictor, reports: list[Report]) -> None:
    scored = score_reports(predictor, reports)
    all_in = {task: dict.fromkeys(labels, 0.0) for task, labels in predictor.settings.thresholds.items()}
    found = measure(scored, all_in).tasks["affiliation"]
    assert found["micro_recall"] == 1.0
    assert found["micro_precision"] < 0.2


def test_gold_is_nan_where_not_annotated(predictor: Predictor, reports: list[Report], syria: Taxonomy) -> None:
    bare = [replace(reports[0], labels={}), reports[1]]
    scored = score_reports(predictor, bare)
    assert scored.scores.shape == scored.gold.shape == (2, len(syria.flat))
    assert np.isnan(scored.gold[0]).all()
    assert not np.isnan(scored.gold[1]).any()


def test_half_read_reports_are_refused(predictor: Predictor, reports: list[Report]) -> None:
    scored = score_reports(predictor, reports[:4])
    with pytest.raises(ModelError, match=rf"only {scored.tokens_read - 1} of {scored.tokens_total}"):
        measure(replace(scored, tokens_read=scored.tokens_read - 1), predictor.settings.thresholds)
