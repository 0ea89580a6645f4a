from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from marsad.data.importers.conversion import convert
from marsad.data.importers.mapping import ImportMap, read_map
from marsad.data.importers.offsets import find_span
from marsad.data.importers.record import Name, Record, Span
from marsad.errors import ConfigError, DataError
from marsad.taxonomy import Taxonomy

TEXT = "اشتبكت قوات النظام مع داعش."


def record(id: str = "1", names: tuple[str, ...] = (), spans: tuple[Span, ...] = (), **fields: Any) -> Record:
    return Record(f"e:{id}", id, {"text": TEXT} | fields, tuple(Name(name) for name in names), spans)


def mapping(**entries: Any) -> ImportMap:
    return ImportMap.model_validate(entries)


def test_labels_go_by_id_by_name_and_by_the_map(syria: Taxonomy) -> None:
    names = ("shelling", "affiliation:sdf", "Israel", "تركيا", "قديم")
    found = convert([record(names=names)], mapping(labels={"قديم": "event_type:protest"}), syria)
    assert found.reports[0].labels == {"affiliation": ("sdf", "turkey", "israel"), "event_type": ("shelling", "protest")}


def test_all_that_is_unmapped_is_listed_with_its_count(syria: Taxonomy) -> None:
    span = Span(7, 11, Name("PER"))
    records = [record("1", ("Air raid",), (span,)), record("2", ("Air raid", "shelling")), record("3", (), (), date="14.3.21")]
    with pytest.raises(DataError) as caught:
        convert(records, mapping(), syria)
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        "e:1: the label 'Air raid' (2 times)",
        "e:1: the span label 'PER' (1 times)",
        "e:3: the date '14.3.21' (name its form under date_format, as in %d/%m/%Y) (1 times)",
    ]
    assert "--drop-unmapped" in lines[3]
    found = convert(records, mapping(), syria, drop_unmapped=True)
    assert [report.labels for report in found.reports] == [{}, {"event_type": ("shelling",)}, {}]
    assert list(found.dropped.values()) == [2, 1, 1]


def test_null_in_the_map_means_nothing_and_is_no_loss(syria: Taxonomy) -> None:
    found = convert(
        [record(names=("skip",), spans=(Span(0, 6, Name("VERB")),))], mapping(labels={"skip": None}, spans={"VERB": None}), syria
    )
    assert (found.reports[0].labels, found.reports[0].factions, found.dropped) == ({}, (), {})


def test_a_task_that_every_annotation_answers_is_empty_and_not_unknown(syria: Taxonomy) -> None:
    found = convert([record()], mapping(answered=["event_type", "factions"]), syria)
    assert (found.reports[0].labels, found.reports[0].factions) == ({"event_type": ()}, ())


def test_equal_spans_are_one_overlapping_ones_stay_and_two_camps_at_once_are_refused(syria: Taxonomy) -> None:
    army, wide = Span(7, 18, Name("assad_regime")), Span(7, 26, Name("isis"))
    (report,) = convert([record(spans=(army, army, wide))], mapping(), syria).reports
    assert [(m.start, m.end) for m in report.factions or ()] == [(7, 18), (7, 26)]
    with pytest.raises(DataError, match="a span of several camps at once"):
        convert([record(spans=(army, Span(7, 18, Name("isis"))))], mapping(), syria)


@pytest.mark.parametrize("extent", [(20, 90), (5, 5), (-1, 4)])
def test_spans_outside_the_text_are_refused(syria: Taxonomy, extent: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="lie outside the text"):
        convert([record(spans=(Span(*extent, Name("isis")),))], mapping(), syria)


def test_two_reports_of_one_id_are_refused_even_with_losses_dropped(syria: Taxonomy) -> None:
    with pytest.raises(DataError, match="id '1' a second time, first e:1"):
        convert([record(), record()], mapping(), syria, drop_unmapped=True)


def test_a_record_without_text_is_told_with_the_fields_there_are(syria: Taxonomy) -> None:
    bare = Record("e:1", "1", {"body": TEXT})
    with pytest.raises(DataError, match=r"no field 'text' with a text; fields: body\."):
        convert([bare], mapping(), syria)
    assert convert([bare], mapping(fields={"text": "body"}), syria).reports[0].text == TEXT


def test_all_mistakes_of_a_map_are_told(tmp_path: Path, syria: Taxonomy) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("labels: {A: event_type:shell}\nspans: {B: assad}\nanswered: [event]\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_map(path, syria)
    places = [line.removeprefix(f"{path}: ").split(":")[0] for line in str(caught.value).splitlines()]
    assert places == ["labels.A", "spans.B", "answered"]
    path.write_text("label: {A: event_type:shelling}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="did you mean 'labels'"):
        read_map(path, syria)


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
@pytest.mark.parametrize("utf16", [False, True])
def test_a_quote_tells_how_the_tool_counted(ending: str, utf16: bool) -> None:
    text = f"عاجل 🚨🚨{ending}سطر{ending}قصفت داعش"
    start = text.index("داعش")
    told = start - text[:start].count("\r") + (2 if utf16 else 0)
    assert find_span(text, told, told + 4, "داعش") == (start, start + 4)


def test_half_an_emoji_is_no_place() -> None:
    assert find_span("🚨 داعش", 1, 3, None, utf16=True) is None
    assert find_span("🚨 داعش", 3, 7, None, utf16=True) == (2, 6)
