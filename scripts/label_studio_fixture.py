"""Make tests/data/importers/label_studio_export.json with Label Studio's own classes and exporter.

In an environment of its own (not marsad's): pip install label-studio-sdk==2.1.2
marsad data export seeds/reports.jsonl -o tasks.json     (writes tasks.xml, the interface, beside it)
python scripts/label_studio_fixture.py tasks.xml tests/data/importers/label_studio_export.json

Regions and annotations are built and checked by `LabelInterface`; `Converter` writes the export, as `label-studio export` does.
The SDK has no server: ids, the people and the times that it would add are set here.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from label_studio_sdk.converter import Converter  # type: ignore[import-not-found]
from label_studio_sdk.label_interface import LabelInterface  # type: ignore[import-not-found]
from label_studio_sdk.label_interface.objects import AnnotationValue, TaskValue  # type: ignore[import-not-found]

TEXTS = (
    "قصفت قوات النظام 💥 أطراف بلدة كنصفرة بالمدفعية، وردت هيئة تحرير الشام.",
    "أمطار غزيرة على الساحل تقطع طريقا جبليا.",
    "داهم مسلحون منزلا في جاسم ولم يعرف من هم.",
)
MARKS: tuple[dict[str, str], ...] = ({"قوات النظام": "assad_regime", "هيئة تحرير الشام": "hts"}, {}, {})
LABELS: tuple[dict[str, list[str]], ...] = (
    {"affiliation": ["assad_regime", "hts"], "event_type": ["shelling"]},
    {},
    {"event_type": ["arrest_raid"]},
)
CANCELLED = 1
"""The task that its annotator skipped."""


def annotated(interface: Any, number: int) -> dict[str, Any]:
    """Return task `number` with one annotation, checked against the interface."""
    text = TEXTS[number]
    regions = [
        interface.get_control("factions").label([camp], start=text.index(name), end=text.index(name) + len(name))
        for name, camp in MARKS[number].items()
    ]
    regions += [interface.get_control(task).label(labels) for task, labels in LABELS[number].items()]
    for place, region in enumerate(regions):
        region.id = f"r{number}-{place}"
    annotation = AnnotationValue(completed_by=1, result=regions, result_count=len(regions), was_cancelled=number == CANCELLED)
    data = {"id": f"made-up-{number}", "text": text, "date": "2019-05-12"}
    task: dict[str, Any] = TaskValue(data=data, annotations=[annotation]).model_dump()
    if not interface.validate_annotation(task["annotations"][0]):
        raise SystemExit(f"task {number} does not fit the interface")
    task["id"] = number + 1
    task["annotations"][0] |= {"id": number + 1, "created_at": "2026-11-24T12:00:00.000000Z"}
    return task


def main(interface_file: Path, target: Path) -> None:
    """Write the export."""
    config = interface_file.read_text(encoding="utf-8")
    interface = LabelInterface(config)
    with tempfile.TemporaryDirectory() as place:
        tasks, out = Path(place, "tasks"), Path(place, "out")
        tasks.mkdir()
        for number in range(len(TEXTS)):
            content = json.dumps(annotated(interface, number), ensure_ascii=False)
            (tasks / f"{number}.json").write_text(content, encoding="utf-8")
        Converter(config, project_dir=None).convert_to_json(str(tasks), str(out))
        target.write_bytes((out / "result.json").read_bytes())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
