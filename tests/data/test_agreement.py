from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marsad.data.adjudication import adjudicate
from marsad.data.agreement import disagreements, masi_distances, measure_agreement
from marsad.data.reports import Mention, Report
from marsad.errors import DataError
from marsad.taxonomy import Taxonomy

SHELLING, CLASH = "shelling", "armed_clash"


@pytest.fixture(scope="module")
def own() -> Taxonomy:
    labels = [{"id": SHELLING}, {"id": CLASH}]
    tasks = {"event_type": {"kind": "multilabel", "labels": labels}, "main": {"kind": "multiclass", "labels": labels}}
    return Taxonomy.from_dict({"tasks": tasks}, "test")


def said(number: int, events: tuple[str, ...] | None = None, main: str | None = None, spans: Any = None) -> Report:
    labels = {} if events is None else {"event_type": events}
    labels |= {} if main is None else {"main": (main,)}
    return Report(f"r{number}", f"خبر رقم {number} عن قصف واشتباك.", labels=labels, factions=spans)


def test_masi_by_hand() -> None:
    sets = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0]])
    found = masi_distances(sets)
    assert np.allclose(np.diag(found), 0)
    assert np.allclose(found, found.T)
    assert found[0, 1] == pytest.approx(1 - 2 / 3 * 1 / 2)  # nested
    assert found[0, 2] == pytest.approx(1 - 1 / 3 * 1 / 3)  # overlapping
    assert found[1, 3] == 1
    assert found[0, 4] == 1


def test_perfect_agreement_is_one_and_chance_is_none(own: Taxonomy) -> None:
    reports = [said(n, (SHELLING,) if n % 2 else (), (SHELLING, CLASH)[n % 2]) for n in range(10)]
    found = measure_agreement({"a": reports, "b": reports}, own)
    assert found.tasks["event_type"].alpha == found.tasks["main"].alpha == 1.0
    assert found.tasks["main"].equal == 1.0
    assert found.tasks["main"].labels[CLASH].kappa == 1.0
    assert found.tasks["event_type"].labels[CLASH].kappa is None, "nobody gave it"
    assert found.tasks["event_type"].labels[SHELLING].given == 10
    assert dict(found.differing) == {}
    same = measure_agreement({"a": reports[:1], "b": reports[:1]}, own)
    assert same.tasks["main"].alpha is None, "one answer throughout"


def test_nominal_alpha_by_hand(own: Taxonomy) -> None:
    a = [said(n, main=SHELLING if n < 5 else CLASH) for n in range(10)]
    b = [said(n, main=SHELLING if n < 6 else CLASH) for n in range(10)]
    found = measure_agreement({"a": a, "b": b}, own).tasks["main"]
    # 20 values, 11 and 9; two of the 20 ordered pairs differ; expected 2 * 11 * 9 / 19
    assert found.alpha == pytest.approx(1 - 2 / (2 * 11 * 9 / 19))
    assert found.equal == 0.9
    assert found.labels[SHELLING].kappa == pytest.approx((0.9 - 0.5) / 0.5)


def test_a_task_that_one_did_not_annotate_does_not_count(own: Taxonomy) -> None:
    a, b = [said(1, (SHELLING,)), said(2, ())], [said(1), said(2, (CLASH,))]
    found = measure_agreement({"a": a, "b": b}, own)
    assert found.tasks["event_type"].reports == 1
    assert found.tasks["main"].reports == 0
    assert dict(found.differing) == {"r2": ("event_type",)}
    assert list(disagreements({"a": a, "b": b}, own)) == [
        {
            "id": "r2",
            "text": a[1].text,
            "date": None,
            "differing": ["event_type"],
            "annotators": {"a": {"event_type": []}, "b": {"event_type": [CLASH]}},
        }
    ]


def test_spans_agree_exactly_or_not(own: Taxonomy) -> None:
    one, other = Mention(0, 3, "sdf"), Mention(4, 7, "sdf")
    a, b = [said(1, spans=(one, other)), said(2, spans=())], [said(1, spans=(one, Mention(4, 7, "isis"))), said(2)]
    assert measure_agreement({"a": a, "b": b}, own).span_f1 == 0.5
    assert measure_agreement({"a": [said(1)], "b": [said(1)]}, own).span_f1 is None


def test_annotators_must_share_ids_and_texts(own: Taxonomy) -> None:
    with pytest.raises(DataError, match="no report id stands in two of a, b"):
        measure_agreement({"a": [said(1)], "b": [said(2)]}, own)
    with pytest.raises(DataError, match="1 ids have another text in another file: r1"):
        measure_agreement({"a": [said(1)], "b": [Report("r1", "خبر آخر")]}, own)


def test_the_majority_wins_label_by_label(own: Taxonomy) -> None:
    span, lone = Mention(0, 3, "sdf"), Mention(4, 7, "sdf")
    files = {
        "a": [said(1, (SHELLING, CLASH), SHELLING, (lone, span))],
        "b": [said(1, (SHELLING,), SHELLING, (span,))],
        "c": [said(1, (), CLASH, (span,))],
    }
    found = adjudicate(files, own)
    assert found.reports[0].labels == {"event_type": (SHELLING,), "main": (SHELLING,)}
    assert found.reports[0].factions == (span,)
    assert (found.unanimous, found.majority, found.decided) == (0, 3, 0)


def test_a_tie_needs_a_decision(own: Taxonomy) -> None:
    files = {"a": [said(1, (SHELLING,)), said(2, ())], "b": [said(1, ()), said(2, ())], "c": [said(3, (CLASH,))]}
    with pytest.raises(DataError, match=r"1 answers have no majority: r1 \(event_type\)\. Decide them in a file"):
        adjudicate(files, own)
    found = adjudicate(files, own, [said(1, (CLASH,))])
    assert [report.labels for report in found.reports] == [{"event_type": (CLASH,)}, {"event_type": ()}, {"event_type": (CLASH,)}]
    assert (found.unanimous, found.decided) == (2, 1)


def test_three_answers_of_a_multiclass_task_are_a_tie() -> None:
    labels = [{"id": id} for id in ("x", "y", "z")]
    three = Taxonomy.from_dict({"tasks": {"main": {"kind": "multiclass", "labels": labels}}}, "test")
    with pytest.raises(DataError, match="no majority"):
        adjudicate({id: [said(1, main=id)] for id in ("x", "y", "z")}, three)


def test_the_vote_is_kept_where_annotators_differ(own: Taxonomy) -> None:
    files = {"a": [said(1, (SHELLING, CLASH), SHELLING)], "b": [said(1, (SHELLING,), SHELLING)], "c": [said(1, (), SHELLING)]}
    found = adjudicate(files, own).reports[0]
    assert found.label_shares == {"event_type": {SHELLING: 0.6667, CLASH: 0.3333}}, "all said the same of 'main'"
    assert Report.to_dict(found)["label_shares"] == found.label_shares
    assert adjudicate(files, own, [said(1, (CLASH,))]).reports[0].label_shares == {}, "a decision is no vote"


def test_ties_are_let_through_on_demand(own: Taxonomy) -> None:
    files = {"a": [said(1, (SHELLING,), CLASH)], "b": [said(1, (), SHELLING)]}
    found = adjudicate(files, own, allow_ties=True)
    first = next(id for id in own.task("main").ids if id in (SHELLING, CLASH))
    assert found.reports[0].labels == {"event_type": (), "main": (first,)}
    assert found.reports[0].label_shares == {"event_type": {SHELLING: 0.5}, "main": {SHELLING: 0.5, CLASH: 0.5}}
    assert found.tied == 2
