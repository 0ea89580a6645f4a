"""The audit counts what edits do to labels: nothing where the text stays the same, all where the label's word is swapped."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from marsad import Predictor, load
from marsad.cli import app
from marsad.data.reports import Report, read_reports
from marsad.errors import ConfigError
from marsad.evaluation.evaluate import evaluate
from marsad.evaluation.robustness import FACTIONS, Audit, EditResult, audit, read_swaps, swap_forces, swap_words
from marsad.evaluation.spelling import SPELLINGS
from marsad.gazetteer import Gazetteer, find_gazetteer, read_gazetteer
from marsad.taxonomy import Taxonomy


@pytest.fixture(scope="module")
def gazetteer(syria: Taxonomy) -> Gazetteer:
    return read_gazetteer(find_gazetteer("syria"), syria)


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return load(tiny_model, device="cpu")


@pytest.fixture(scope="module")
def reports(tiny_reports: Path, syria: Taxonomy) -> list[Report]:
    return read_reports(tiny_reports / "dev.jsonl", syria)[:60]


@pytest.fixture(scope="module")
def result(predictor: Predictor, reports: list[Report], gazetteer: Gazetteer) -> Audit:
    swaps = {"other deed": {"قصفت بالمدفعية": "اعتقلت شبانا في"}, "absent": {"قنبلة": "قذيفة"}}
    return audit(predictor, reports, gazetteer, swaps)


def edit(result: Audit, name: str) -> EditResult:
    return next(found for found in result.edits if found.name == name)


def test_before_is_what_evaluate_says(result: Audit, predictor: Predictor, reports: list[Report]) -> None:
    tasks = evaluate(predictor, reports).tasks
    for task, found in result.before.items():
        assert found == {name: tasks[task][name] for name in ("micro_f1", "macro_f1")}


def test_spellings_that_the_tokenizer_reads_over_change_nothing(result: Audit) -> None:
    for name in ("bare alef", "diacritics", "tatweel", "tatweel with dots", "Arabic-Indic digits"):
        for task, found in edit(result, name).tasks.items():
            assert (found.micro_f1, found.macro_f1) == tuple(result.before[task].values()), name
            assert (found.changed, found.gained, found.lost) == (0, {}, {})
    assert edit(result, "diacritics").edited == result.n


def test_a_swapped_deed_is_another_label(result: Audit, reports: list[Report]) -> None:
    found = edit(result, "other deed")
    with_word = [report for report in reports if "قصفت بالمدفعية" in report.text]
    assert found.edited == len(with_word) > 5
    event = found.tasks["event_type"]
    assert event.changed >= 0.8 * found.edited
    assert event.lost["shelling"] >= 0.8 * found.edited
    assert event.gained["arrest_raid"] >= 0.8 * found.edited
    assert event.micro_f1 < result.before["event_type"]["micro_f1"]


def test_a_word_that_no_report_has_edits_none(result: Audit) -> None:
    found = edit(result, "absent")
    assert found.edited == 0
    assert all(task.changed == 0 and task.micro_f1 == result.before[name]["micro_f1"] for name, task in found.tasks.items())


def test_forces_are_swapped_and_held_to_their_camp_only(result: Audit) -> None:
    found = edit(result, FACTIONS)
    assert found.edited > 0
    assert set(found.tasks) == {"affiliation"}


def test_the_same_seed_gives_the_same_audit(
    result: Audit, predictor: Predictor, reports: list[Report], gazetteer: Gazetteer
) -> None:
    swaps = {"other deed": {"قصفت بالمدفعية": "اعتقلت شبانا في"}, "absent": {"قنبلة": "قذيفة"}}
    assert audit(predictor, reports, gazetteer, swaps) == result
    assert json.loads(json.dumps(result.to_dict()))["edits"][0]["kind"] == "spelling"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("قتلت ميليشيا محلية شهيدا", "قتلت قوات محلية قتيلا"),
        ("وقوات النظام والحكومة", "وميليشيا الحكومة والنظام"),
        ("نظام المدرسة وقواتنا", "نظام المدرسة وقواتنا"),
        ("تابعة للنظام", "تابعة للحكومة"),
    ],
)
def test_whole_words_are_swapped_and_prefixes_stay(text: str, expected: str) -> None:
    swaps = read_swaps()
    assert swap_words(text, {word: other for words in swaps.values() for word, other in words.items()}) == expected


def test_swapped_forces_stay_in_their_camp(gazetteer: Gazetteer) -> None:
    text = "اشتبكت قسد مع داعش وفصائل المعارضة، ودعم لقسد من التحالف وضربة للجيش التركي"
    report = Report("a", text, "2021-03-14")
    before = gazetteer.find(text, report.date)
    for seed in range(20):
        swapped = swap_forces(report, gazetteer, Random(seed))
        after = gazetteer.find(swapped, report.date)
        assert [named.force.camp for named in after] == [named.force.camp for named in before], swapped
        assert all(one.force.name != other.force.name for one, other in zip(before, after, strict=True)), swapped
        assert after[0].force == after[3].force, "one force is always replaced by the same"


def test_swaps_that_are_no_words_are_told(tmp_path: Path) -> None:
    path = tmp_path / "swaps.yaml"
    path.write_text("side: [a, b]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"swaps\.yaml: side: found \['a', 'b'\], expected a mapping"):
        read_swaps(path)


def test_the_verb_prints_and_writes(tiny_model: Path, tiny_reports: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("".join((tiny_reports / "dev.jsonl").read_text(encoding="utf-8").splitlines(True)[:8]), encoding="utf-8")
    done = CliRunner().invoke(app, ["audit", str(tiny_model), str(few), "--out", str(tmp_path / "out")], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert [found["name"] for found in written["edits"]] == [*SPELLINGS, *read_swaps(), FACTIONS]
    assert written["n"] == 8
