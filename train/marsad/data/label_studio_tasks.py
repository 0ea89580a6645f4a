"""Reports as tasks for Label Studio, with labels on them as pre-annotations that a person corrects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from marsad.data.reports import Report
from marsad.taxonomy import Task, Taxonomy

TEXT = "text"
"""Name of the text in the labelling interface, and of its key in a task's data."""
FACTIONS = "factions"
"""Name of the control that marks spans."""


def label_studio_task(
    report: Report, labels: Mapping[str, Sequence[str]], version: str, taxonomy: Taxonomy, score: float | None = None
) -> dict[str, Any]:
    """Return a task for Label Studio's import: the report, and `labels` (per task) with its mentions as one prediction.

    `version` tells who made the prediction; `score`, in 0 to 1, orders tasks in Label Studio. Offsets are in characters.
    """
    data = {key: value for key, value in report.to_dict().items() if key in ("id", "text", "date", "source", "group")}
    result = [_choices(task, labels[task.name]) for task in taxonomy.tasks if labels.get(task.name)]
    for number, mention in enumerate(report.factions or ()):
        quote = report.text[mention.start : mention.end]
        value = {"start": mention.start, "end": mention.end, "text": quote, "labels": [mention.affiliation]}
        result.append({"id": f"{FACTIONS}-{number}", "from_name": FACTIONS, "to_name": TEXT, "type": "labels", "value": value})
    prediction = {"model_version": version, "result": result} | ({} if score is None else {"score": score})
    return {"data": data, "predictions": [prediction] if result else []}


def _choices(task: Task, labels: Sequence[str]) -> dict[str, Any]:
    return {"id": task.name, "from_name": task.name, "to_name": TEXT, "type": "choices", "value": {"choices": list(labels)}}


def labelling_interface(taxonomy: Taxonomy) -> str:
    """Return the XML of the project's labelling interface: a question for each task, and marks for the camps of factions.

    Labels are written as ids; the names in Arabic and English stand in the hints. `marsad data import` needs no map for it.
    """
    view = ElementTree.Element("View")
    for task in taxonomy.tasks:
        if task.name == "affiliation":
            marks = ElementTree.SubElement(view, "Labels", name=FACTIONS, toName=TEXT)
            _options(marks, "Label", task)
    ElementTree.SubElement(view, "Text", name=TEXT, value=f"${TEXT}")
    for task in taxonomy.tasks:
        ElementTree.SubElement(view, "Header", value=f"{task.en or task.name} · {task.ar}".rstrip(" ·"))
        choice = "multiple" if task.kind == "multilabel" else "single-radio"
        _options(ElementTree.SubElement(view, "Choices", name=task.name, toName=TEXT, choice=choice), "Choice", task)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _options(parent: ElementTree.Element, tag: str, task: Task) -> None:
    for label in task.labels:
        hint = " · ".join(filter(None, (label.ar, label.en)))
        ElementTree.SubElement(parent, tag, {"value": label.id} | ({"hint": hint} if hint else {}))
