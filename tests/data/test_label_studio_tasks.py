from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from marsad.data.importers.conversion import convert
from marsad.data.importers.label_studio import read_label_studio
from marsad.data.importers.mapping import ImportMap
from marsad.data.label_studio_tasks import label_studio_task, labelling_interface
from marsad.data.reports import Mention, Report
from marsad.taxonomy import Taxonomy

TEXT = "🙂 قصفت قوات النظام بلدة جاسم"
REPORT = Report(
    "r1",
    TEXT,
    "2021-03-14",
    "نبأ",
    "g",
    {"affiliation": ("assad_regime",), "event_type": ("shelling",)},
    (Mention(7, 18, "assad_regime"),),
)


def test_every_region_is_one_that_the_interface_knows(syria: Taxonomy) -> None:
    interface = ElementTree.fromstring(labelling_interface(syria))  # noqa: S314  # our own
    controls = {tag.get("name"): tag for tag in interface if tag.tag in ("Choices", "Labels")}
    (prediction,) = label_studio_task(REPORT, REPORT.labels, "v1", syria)["predictions"]
    assert [region["from_name"] for region in prediction["result"]] == ["affiliation", "event_type", "factions"]
    for region in prediction["result"]:
        control = controls[region["from_name"]]
        assert (region["type"], region["to_name"]) == (control.tag.lower(), control.get("toName"))
        assert set(region["value"][region["type"]]) <= {option.get("value") for option in control}
    span = prediction["result"][2]["value"]
    assert TEXT[span["start"] : span["end"]] == span["text"] == "قوات النظام"


def test_the_interface_offers_every_label_and_shows_the_text(syria: Taxonomy) -> None:
    interface = ElementTree.fromstring(labelling_interface(syria))  # noqa: S314  # our own
    for task in syria.tasks:
        (control,) = [tag for tag in interface if tag.get("name") == task.name]
        assert tuple(option.get("value") for option in control) == task.ids
    assert [tag.get("value") for tag in interface if tag.tag == "Text"] == ["$text"]


def test_a_report_without_labels_has_no_prediction(syria: Taxonomy) -> None:
    assert label_studio_task(Report("1", TEXT), {}, "v1", syria)["predictions"] == []


def test_what_an_annotator_accepts_comes_back_the_same(tmp_path: Path, syria: Taxonomy) -> None:
    task = label_studio_task(REPORT, REPORT.labels, "v1", syria, score=0.7)
    accepted = {"id": 1, "completed_by": 1, "was_cancelled": False, "result": task["predictions"][0]["result"]}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task | {"id": 99, "annotations": [accepted]}]), encoding="utf-8")
    mapping = ImportMap.model_validate({})
    (report,) = convert(read_label_studio(path, mapping), mapping, syria).reports
    assert report.to_dict() == REPORT.to_dict() | {"meta": {"annotator": "1"}}
