"""Exports as the tools write them, in our own words."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from marsad.data.importers import READERS
from marsad.data.importers.conversion import Imported, convert
from marsad.data.importers.mapping import ImportMap
from marsad.errors import ConfigError, DataError
from marsad.taxonomy import Taxonomy

TEXT = "قصفت قوات النظام أطراف بلدة كنصفرة 💥 وردت هيئة تحرير الشام بالمدفعية."
ARMY, HTS = "قوات النظام", "هيئة تحرير الشام"


def extent(quote: str, text: str = TEXT) -> tuple[int, int]:
    return text.index(quote), text.index(quote) + len(quote)


def utf16(position: int, text: str = TEXT) -> int:
    return len(text[:position].encode("utf-16-le")) // 2


def run(path: Path, form: str, taxonomy: Taxonomy, annotator: str | None = None, drop: bool = False, **entries: Any) -> Imported:
    mapping = ImportMap.model_validate(entries)
    return convert(READERS[form](path, mapping), mapping, taxonomy, annotator, drop)


def save(path: Path, content: Any) -> Path:
    lines = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(lines, encoding="utf-8", newline="")
    return path


def jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    return save(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def region(start: int, end: int, label: str, quote: str | None = None) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]} | ({} if quote is None else {"text": quote})
    return {"value": value, "id": "x1", "from_name": "camp", "to_name": "text", "type": "labels", "origin": "manual"}


def choices(control: str, *labels: str) -> dict[str, Any]:
    shape = {"value": {"choices": list(labels)}, "id": "x2", "from_name": control, "to_name": "text", "type": "choices"}
    return shape | {"origin": "manual"}


def task(number: int, *annotations: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {
        "id": number,
        "annotations": list(annotations),
        "file_upload": "a1b2-reports.json",
        "drafts": [],
        "predictions": [],
        "data": {"text": TEXT} | data,
        "meta": {},
        "project": 1,
    }


def annotation(person: Any, *result: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 7, "completed_by": person, "result": list(result), "was_cancelled": False, "ground_truth": False} | more


def test_label_studio(tmp_path: Path, syria: Taxonomy) -> None:
    start, end = extent(HTS)
    comment = {"value": {"text": ["انظر الصورة"]}, "id": "x3", "from_name": "note", "to_name": "text", "type": "textarea"}
    done = annotation(1, region(start, end, "HTS", HTS), choices("event", "Shelling", "Other"), comment)
    path = save(
        tmp_path / "e.json", [task(5, done, published="2021-03-14T10:00:00Z"), task(6), task(7, annotation(1, was_cancelled=True))]
    )
    labels = {"event / Other": "event_type:politics_other", "Shelling": ["event_type:shelling", "affiliation:hts"]}
    fields = {"date": "published", "note": "note"}
    found = run(path, "label-studio", syria, labels=labels, spans={"HTS": "hts"}, fields=fields)
    (report,) = found.reports
    assert (report.id, report.date) == ("5", "2021-03-14")
    assert report.labels == {"affiliation": ("hts",), "event_type": ("shelling", "politics_other")}
    assert [(TEXT[m.start : m.end], m.affiliation) for m in report.factions or ()] == [(HTS, "hts")]
    assert report.meta == {"note": "انظر الصورة", "annotator": "1"}


def test_label_studio_by_its_own_classes(syria: Taxonomy) -> None:
    """The fixture is made by `scripts/label_studio_fixture.py`: the interface of `data export`, Label Studio's own exporter."""
    found = run(Path(__file__).with_name("label_studio_export.json"), "label-studio", syria)
    reports = {report.id: report for report in found.reports}
    assert reports.keys() == {"made-up-0", "made-up-2"}  # the annotator skipped the other
    first = reports["made-up-0"]
    assert (first.date, first.labels) == ("2019-05-12", {"affiliation": ("assad_regime", "hts"), "event_type": ("shelling",)})
    marked = [(first.text[m.start : m.end], m.affiliation) for m in first.factions or ()]
    assert marked == [(ARMY, "assad_regime"), (HTS, "hts")]
    assert reports["made-up-2"].labels == {"event_type": ("arrest_raid",)}


def test_label_studio_of_before_2021_counts_code_units(tmp_path: Path, syria: Taxonomy) -> None:
    start, end = extent(HTS)
    assert utf16(start) == start + 1
    path = save(tmp_path / "e.json", [task(1, annotation(1, region(utf16(start), utf16(end), "hts", HTS)))])
    (report,) = run(path, "label-studio", syria).reports
    assert [(m.start, m.end) for m in report.factions or ()] == [(start, end)]


def test_label_studio_offsets_that_do_not_give_the_quote_are_refused(tmp_path: Path, syria: Taxonomy) -> None:
    path = save(tmp_path / "e.json", [task(1, annotation(1, region(3, 9, "hts", HTS)))])
    with pytest.raises(DataError, match="do not give the text that it quotes"):
        run(path, "label-studio", syria)


def test_label_studio_min_is_told_apart(tmp_path: Path, syria: Taxonomy) -> None:
    path = save(tmp_path / "e.json", [{"id": 1, "text": TEXT, "event": "shelling"}])
    with pytest.raises(DataError, match="not JSON-MIN"):
        run(path, "label-studio", syria)


def test_label_studio_with_several_annotators(tmp_path: Path, syria: Taxonomy) -> None:
    people = (
        annotation({"id": 3, "email": "a@example.org"}, choices("event", "shelling")),
        annotation(4, choices("event", "airstrike")),
    )
    path = save(tmp_path / "e.json", [task(1, *people), task(2, people[1])])
    found = run(path, "label-studio", syria)
    assert [(r.id, r.group, r.meta["annotator"]) for r in found.reports] == [
        ("1@a@example.org", "1", "a@example.org"),
        ("1@4", "1", "4"),
        ("2", None, "4"),
    ]
    one = run(path, "label-studio", syria, annotator="4")
    assert [(r.id, r.labels["event_type"]) for r in one.reports] == [("1", ("airstrike",)), ("2", ("airstrike",))]
    with pytest.raises(DataError, match=r"annotators: 4, a@example\.org"):
        run(path, "label-studio", syria, annotator="b")


def test_doccano_classes_and_spans(tmp_path: Path, syria: Taxonomy) -> None:
    start, end = extent(HTS)
    rows = [
        {"id": 11, "text": TEXT, "label": ["shelling"], "Comments": []},
        {"id": 12, "text": TEXT, "label": [[start, end, "hts"]], "Comments": []},
        {"id": 13, "text": TEXT, "cats": ["shelling"], "entities": [[start, end, "hts"]]},
        {
            "id": 14,
            "text": TEXT,
            "entities": [{"id": 1, "label": "hts", "start_offset": start, "end_offset": end}],
            "relations": [],
        },
    ]
    found = run(jsonl(tmp_path / "all.jsonl", rows), "doccano", syria).reports
    assert [r.labels.get("event_type") for r in found] == [("shelling",), None, ("shelling",), None]
    quotes = [[TEXT[m.start : m.end] for m in r.factions] if r.factions is not None else None for r in found]
    assert quotes == [None, [HTS], [HTS], [HTS]]


def test_doccano_zip_names_the_annotators(tmp_path: Path, syria: Taxonomy) -> None:
    row = json.dumps({"id": 1, "text": TEXT, "label": ["shelling"]}, ensure_ascii=False)
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("noor.jsonl", row)
        archive.writestr("sami.jsonl", row)
    found = run(tmp_path / "e.zip", "doccano", syria)
    assert found.annotators == ("noor", "sami")
    assert [r.id for r in found.reports] == ["1@noor", "1@sami"]


def test_doccano_offsets_in_code_units_when_the_map_says_so(tmp_path: Path, syria: Taxonomy) -> None:
    start, end = extent(HTS)
    path = jsonl(tmp_path / "e.jsonl", [{"id": 1, "text": TEXT, "label": [[utf16(start), utf16(end), "hts"]]}])
    (report,) = run(path, "doccano", syria, offsets="utf-16").reports
    assert [(m.start, m.end) for m in report.factions or ()] == [(start, end)]


def test_prodigy_joins_the_answers_to_one_text(tmp_path: Path, syria: Taxonomy) -> None:
    start, end = extent(ARMY)
    shared = {"text": TEXT, "_input_hash": -15, "_session_id": "db-noor", "meta": {"source": "outlet"}}
    span = {"start": start, "end": end, "label": "assad_regime", "token_start": 1, "token_end": 2}
    options = [{"id": "shelling", "text": "Shelling"}, {"id": "airstrike", "text": "Airstrike"}]
    rows = [
        shared | {"options": options, "accept": ["shelling"], "answer": "accept", "_view_id": "choice"},
        shared | {"spans": [span], "answer": "accept", "_view_id": "ner_manual"},
        shared | {"label": "hts", "answer": "accept", "_view_id": "classification"},
        shared | {"label": "isis", "answer": "reject", "_view_id": "classification"},
        shared | {"options": options, "accept": ["airstrike"], "answer": "reject"},
        shared | {"options": options, "accept": ["airstrike"], "answer": "ignore"},
    ]
    (report,) = run(jsonl(tmp_path / "e.jsonl", rows), "prodigy", syria, fields={"source": "source"}).reports
    assert report.labels == {"affiliation": ("hts",), "event_type": ("shelling",)}
    assert [(TEXT[m.start : m.end], m.affiliation) for m in report.factions or ()] == [(ARMY, "assad_regime")]
    assert (report.id, report.source, report.meta) == ("-15", "outlet", {"annotator": "db-noor"})


def test_brat(tmp_path: Path, syria: Taxonomy) -> None:
    text = "اعتقلت قوات سوريا\nالديمقراطية شابين 🙂 في بلدة ذيبان."
    start, end, later = text.index("قوات"), text.index(" شابين"), text.index("اعتقلت")
    middle = text.index("\n")
    save(tmp_path / "doc-1.txt", text)
    lines = [
        f"T1\tSDF {start} {middle};{middle + 1} {end}\tقوات سوريا الديمقراطية",
        f"T2\tArrest {later} {later + 6}\tاعتقلت",
        "E1\tArrest:T2 Agent:T1",
        "A1\tTone T1 Neutral",
        "#1\tAnnotatorNotes T1\tتأكد",
    ]
    save(tmp_path / "doc-1.ann", "\n".join(lines) + "\n")
    entries: dict[str, Any] = {"labels": {"Arrest": "event_type:arrest_raid", "Tone*": None}, "spans": {"SDF": "sdf"}}
    (report,) = run(tmp_path, "brat", syria, **entries).reports
    assert (report.id, report.text, report.labels) == ("doc-1", text, {"event_type": ("arrest_raid",)})
    assert [(m.start, m.end, m.affiliation) for m in report.factions or ()] == [(start, end, "sdf")]


def test_brat_spans_in_pieces_are_told(tmp_path: Path, syria: Taxonomy) -> None:
    save(tmp_path / "d.txt", "قوات النظام في إدلب")
    save(tmp_path / "d.ann", "T1\tassad_regime 0 4;15 19\tقوات إدلب\n")
    with pytest.raises(DataError, match=r"a span 'assad_regime' in several pieces \(1 times\)"):
        run(tmp_path, "brat", syria)


def test_table_with_label_and_flag_columns(tmp_path: Path, syria: Taxonomy) -> None:
    text = f'{TEXT} "عاجل"; تفاصيل'.replace('"', '""')
    lines = ["\ufeffnr;body;day;who;protest", f'1;"{text}";14/03/2021;hts, isis;نعم', f'2;"{text} ٢";15/03/2021;;0']
    path = save(tmp_path / "t.csv", "\r\n".join(lines) + "\r\n")
    entries: dict[str, Any] = {
        "fields": {"id": "nr", "text": "body", "date": "day"},
        "label_columns": ["who"],
        "separator": ",",
        "flag_columns": ["protest"],
        "date_format": "%d/%m/%Y",
        "answered": ["affiliation"],
    }
    first, second = run(path, "csv", syria, **entries).reports
    assert (first.id, first.date, first.text) == ("1", "2021-03-14", text.replace('""', '"'))
    assert first.labels == {"affiliation": ("hts", "isis"), "event_type": ("protest",)}
    assert second.labels == {"affiliation": ()}
    with pytest.raises(ConfigError, match=r"no column body2; there are: body, day"):
        run(path, "csv", syria, fields={"text": "body2"})


ACLED_HEAD = "event_id_cnty,event_date,year,event_type,sub_event_type,actor1,assoc_actor_1,actor2,assoc_actor_2,source,notes"


def test_acled_rows_of_one_text_are_one_report(tmp_path: Path, syria: Taxonomy) -> None:
    notes = '"On 14 March, shells fell on Kansafra, and clashes followed."'
    remote, battle = "Explosions/Remote violence,Shelling/artillery/missile attack", "Battles,Armed clash"
    army = "Military Forces of Syria (2000-2024)"
    lines = [
        ACLED_HEAD,
        f"SYR1,14 March 2021,2021,{remote},{army} Air Force,,Civilians (Syria),,SOHR,{notes}",
        f"SYR2,14 March 2021,2021,{battle},{army},,HTS: Hayat Tahrir al Sham,Rebels (Syria); Others (Syria),SOHR,{notes}",
        "SYR3,2021-03-15,2021,Protests,Peaceful protest,Protesters (Syria),,,,SOHR,People marched.",
    ]
    path = save(tmp_path / "acled.csv", "\n".join(lines) + "\n")
    labels = {
        f"{army}*": "affiliation:assad_regime",
        "HTS: *": "affiliation:hts",
        "Civilians*": None,
        "Protesters*": None,
        "actor / Rebels (Syria)": "affiliation:opposition_factions",
        "Others (Syria)": None,
    }
    first, second = run(path, "acled", syria, labels=labels, fields={"acled": "events"}).reports
    assert (first.id, first.date, first.source, first.meta) == ("SYR1", "2021-03-14", "SOHR", {"acled": ["SYR1", "SYR2"]})
    assert first.labels["event_type"] == ("armed_clash", "shelling")
    assert first.labels["affiliation"] == ("assad_regime", "opposition_factions", "hts")
    assert (second.date, second.labels) == ("2021-03-15", {"event_type": ("protest",)})


def test_an_acled_type_of_several_labels_needs_the_map(tmp_path: Path, syria: Taxonomy) -> None:
    row = "SYR1,2021-03-14,2021,Explosions/Remote violence,Air/drone strike,,,,,SOHR,A strike."
    path = save(tmp_path / "acled.csv", f"{ACLED_HEAD}\n{row}\n")
    with pytest.raises(DataError, match="could be event_type:airstrike or event_type:drone_strike"):
        run(path, "acled", syria)
    (report,) = run(path, "acled", syria, labels={"Air/drone strike": "event_type:airstrike"}).reports
    assert report.labels == {"event_type": ("airstrike",)}


@pytest.mark.parametrize("tags", [("B-hts", "I-hts", "I-hts"), ("I-hts", "I-hts", "I-hts"), ("B-hts", "I-hts", "E-hts")])
def test_conll(tmp_path: Path, syria: Taxonomy, tags: tuple[str, ...]) -> None:
    words = [*zip(["وردت", *HTS.split(), "."], ["O", *tags, "O"], strict=True)]
    block = "".join(f"{word} NN {tag}\n" for word, tag in words)
    path = save(tmp_path / "e.conll", f"-DOCSTART- -X- O\n\n{block}\nداعش NN S-isis\n\n-DOCSTART- -X- O\n\nأخبار NN O\n")
    first, second = run(path, "conll", syria, answered=["factions"]).reports
    assert first.text == f"وردت {HTS} .\nداعش"
    assert [(first.text[m.start : m.end], m.affiliation) for m in first.factions or ()] == [(HTS, "hts"), ("داعش", "isis")]
    assert (second.text, second.factions) == ("أخبار", ())


def test_conll_without_documents_is_a_report_a_sentence_and_keeps_the_text_it_is_given(tmp_path: Path, syria: Taxonomy) -> None:
    text = "  (داعش) في تدمر."
    path = save(tmp_path / "e.conll", f"# id = s-9\n# text = {text.strip()}\n(\tO\nداعش\tB-isis\n)\tO\n\nخبر\tO\n")
    first, second = run(path, "conll", syria).reports
    assert (first.id, first.text, second.id) == ("s-9", text.strip(), "2")
    assert [first.text[m.start : m.end] for m in first.factions or ()] == ["داعش"]
    with pytest.raises(DataError, match=r"e.conll:2: the word 'هيئة' does not follow"):
        run(save(path, "# text = تحرير الشام\nهيئة\tO\n"), "conll", syria)


def test_what_is_not_json_is_told_with_its_line(tmp_path: Path, syria: Taxonomy) -> None:
    path = save(tmp_path / "e.jsonl", '{"text": "خبر"}\n{"text": \n[1]\n')
    with pytest.raises(DataError) as caught:
        run(path, "doccano", syria)
    assert [line.split(": ")[0].rpartition("/")[2] for line in str(caught.value).splitlines()] == ["e.jsonl:2", "e.jsonl:3"]
