from __future__ import annotations

import json
from pathlib import Path

import pytest

from marsad.data.reports import Mention, Report
from marsad.data.validation import find_concerns, read_reports_for
from marsad.errors import DataError
from marsad.taxonomy import Taxonomy

TEXT = "اشتبكت قوات النظام مع داعش في تدمر"


def concerns(taxonomy: Taxonomy, *reports: Report) -> dict[str, tuple[str, ...]]:
    return {concern.what: concern.where for concern in find_concerns(reports, taxonomy)}


def full(taxonomy: Taxonomy, **changes: object) -> Report:
    values = {"id": "1", "text": TEXT, "date": "2021", "labels": {task.name: task.ids for task in taxonomy.tasks}} | changes
    return Report(**values)  # type: ignore[arg-type]


def test_a_sound_report_raises_none(syria: Taxonomy) -> None:
    mention = Mention(TEXT.index("قوات"), TEXT.index(" مع"), "assad_regime")
    assert concerns(syria, full(syria, factions=(mention,), meta={"primary_event": "shelling"})) == {}


@pytest.mark.parametrize(
    ("start", "end", "ragged"), [(7, 18, False), (8, 18, True), (7, 17, True), (6, 18, True), (7, 19, True), (0, 6, False)]
)
def test_spans_over_a_boundary(syria: Taxonomy, start: int, end: int, ragged: bool) -> None:
    found = concerns(syria, full(syria, factions=(Mention(start, end, "isis"),)))
    assert any("inside a word" in what for what in found) == ragged


def test_a_word_written_with_the_span_may_stay_outside(syria: Taxonomy) -> None:
    text = "ردت الفصائل وداعش على القصف"
    start = text.index("داعش")
    assert concerns(syria, full(syria, text=text, factions=(Mention(start, start + 4, "isis"),))) == {}


def test_each_kind_of_concern(syria: Taxonomy) -> None:
    crossing = (Mention(7, 18, "assad_regime"), Mention(12, 26, "isis"))
    odd = Report("2", "خبر", labels={"event_type": ("shelling",)}, meta={"primary_event": "airstrike"})
    found = concerns(
        syria, full(syria), full(syria, id="3", factions=crossing), odd, Report("4", "خبر عن مدينة تدمر اليوم", "2021")
    )
    assert {what.split(" ")[0]: where for what, where in found.items() if "label" not in what} == {
        "the": ("1 = 3",),
        "primary_event": ("2",),
        "spans": ("3",),
        "a": ("2",),
        "annotated": ("4",),
        "no": ("2",),
    }


def test_labels_that_no_report_has_are_named(syria: Taxonomy) -> None:
    found = concerns(syria, Report("1", TEXT, "2021", labels={"event_type": syria.task("event_type").ids[1:]}))
    assert found == {"a label that no report has": ("event_type:armed_clash",)}


def test_labels_that_a_model_does_not_know_are_counted_behind_the_mistakes(syria: Taxonomy, tmp_path: Path) -> None:
    path = tmp_path / "theirs.jsonl"
    rows = [{"id": str(n), "text": TEXT, "event_type": ["kidnapping", "siege"][: 1 + n % 2]} for n in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(DataError) as found:
        read_reports_for("org/model", path, syria.only(["event_type"]))
    assert str(found.value).startswith(f"{path}:1: unknown event_type 'kidnapping'")
    assert "event_type has labels that org/model does not know: kidnapping (30), siege (15)\n" in str(found.value)
    path.write_text(json.dumps({"id": "1", "text": ""}), encoding="utf-8")
    with pytest.raises(DataError) as found:
        read_reports_for("org/model", path, syria)
    assert "does not know" not in str(found.value)
