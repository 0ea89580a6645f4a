"""What can be said of a report: tasks and their labels, read from a YAML. Nothing about any war is in code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from marsad.errors import ConfigError
from marsad.files import named_file

Kind = Literal["multilabel", "multiclass"]
RESERVED = {"id", "text", "date", "source", "group", "factions", "meta", "error", "labels", "scores", "windows", "tokens"}
"""Keys of reports and attributes of predictions, which no task may be called."""
CAMPS = "affiliation"
"""The task whose labels are the camps of forces."""
SEPARATOR = ":"
"""Between task and label in a model's flat label list, as in `affiliation:sdf`."""


@dataclass(frozen=True)
class Label:
    """One answer: its id in files and metrics, its names, its meaning, its place in ACLED's event list."""

    id: str
    ar: str = ""
    en: str = ""
    means: str = ""
    acled: str = ""


@dataclass(frozen=True)
class Task:
    """One question: any number of labels (`multilabel`) or exactly one (`multiclass`)."""

    name: str
    kind: Kind
    labels: tuple[Label, ...]
    ar: str = ""
    en: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The labels' ids in order."""
        return tuple(label.id for label in self.labels)

    def label(self, id: str) -> Label:
        """Return the label `id`. Raises `KeyError`."""
        return {label.id: label for label in self.labels}[id]


@dataclass(frozen=True)
class Taxonomy:
    """All tasks, in order. A model's labels are their concatenation: every task is a slice of one flat list."""

    version: str
    tasks: tuple[Task, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The tasks' names in order."""
        return tuple(task.name for task in self.tasks)

    def task(self, name: str) -> Task:
        """Return the task `name`. Raises `ConfigError` where there is none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise ConfigError(f"unknown task {name!r}; known: {', '.join(self.names)}")

    def only(self, names: tuple[str, ...] | list[str]) -> Taxonomy:
        """Return the taxonomy with the tasks `names` alone, in the taxonomy's order. Raises `ConfigError`."""
        for name in names:
            self.task(name)
        return Taxonomy(self.version, tuple(task for task in self.tasks if task.name in names))

    @property
    def flat(self) -> tuple[str, ...]:
        """The prefixed label names of all tasks, as in a model's `id2label`."""
        return tuple(task.name + SEPARATOR + id for task in self.tasks for id in task.ids)

    @property
    def slices(self) -> dict[str, slice]:
        """Where each task stands in `flat`."""
        found, start = {}, 0
        for task in self.tasks:
            found[task.name] = slice(start, start + len(task.labels))
            start += len(task.labels)
        return found

    def differences(self, other: Taxonomy) -> list[str]:
        """Return, a task a line, which tasks and labels only this taxonomy or only `other` knows, or in another order."""
        ours, theirs = ({task.name: task for task in each.tasks} for each in (self, other))
        lines = [f"{name}: not among the tasks {', '.join(theirs) or 'there'}" for name in ours if name not in theirs]
        lines += [f"{name}: not among the tasks {', '.join(ours)}" for name in theirs if name not in ours]
        for name in (name for name in ours if name in theirs):
            mine, yours = ours[name], theirs[name]
            if mine.kind != yours.kind:
                lines.append(f"{name}: {mine.kind} against {yours.kind}")
            only = [", ".join(id for id in a.ids if id not in b.ids) for a, b in ((mine, yours), (yours, mine))]
            if any(only):
                lines.append(f"{name}: only here {only[0] or 'none'}; only there {only[1] or 'none'}")
            elif mine.ids != yours.ids:
                lines.append(f"{name}: the same labels in another order")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping that `from_dict` reads."""
        tasks = {
            task.name: {
                "kind": task.kind,
                "ar": task.ar,
                "en": task.en,
                "labels": [{k: v for k, v in vars(label).items() if v} for label in task.labels],
            }
            for task in self.tasks
        }
        return {"version": self.version, "tasks": tasks}

    @classmethod
    def from_dict(cls, content: Any, where: str) -> Taxonomy:
        """Build a taxonomy from a YAML's content; `where` opens every message. Raises `ConfigError` with all mistakes."""
        if not isinstance(content, dict) or not isinstance(content.get("tasks"), dict) or not content["tasks"]:
            raise ConfigError(f"{where}: expected a mapping with 'version' and 'tasks', as in seeds/taxonomy/syria.yaml.")
        mistakes: list[str] = []
        tasks = tuple(_task(name, body, f"{where}: tasks.{name}", mistakes) for name, body in content["tasks"].items())
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        return cls(str(content.get("version", "1")), tasks)


def find_taxonomy(name: str) -> Path:
    """Return the file of a taxonomy: a path, or the name of one that comes with marsad (`syria`)."""
    return named_file(name, f"taxonomies/{name}.yaml", f"seeds/taxonomy/{name}.yaml")


def read_taxonomy(path: Path) -> Taxonomy:
    """Read a taxonomy from a YAML file. Raises `ConfigError` where it is missing or wrong."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  # words stay words: id: no
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the taxonomy ({error.strerror}). Name an existing YAML.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    return Taxonomy.from_dict(content, str(path))


def _task(name: str, body: Any, where: str, mistakes: list[str]) -> Task:
    body = body if isinstance(body, dict) else {}
    kind = body.get("kind")
    if not str(name).isidentifier():
        mistakes.append(f"{where}: a task's name is an attribute of predictions: letters, digits and _ only.")
    if name in RESERVED:
        mistakes.append(f"{where}: {name!r} is a key of every report or prediction. Give the task another name.")
    if kind not in ("multilabel", "multiclass"):
        mistakes.append(f"{where}.kind: found {kind!r}, expected multilabel or multiclass.")
    entries = body.get("labels") or []
    labels = _labels(entries, f"{where}.labels", mistakes) if isinstance(entries, list) else ()
    if not isinstance(entries, list):
        mistakes.append(f"{where}.labels: found {entries!r}, expected a list of labels.")
    elif len(labels) < 2:
        mistakes.append(f"{where}.labels: {len(labels)} labels, expected two or more.")
    return Task(str(name), kind, labels, str(body.get("ar", "")), str(body.get("en", "")))


def _labels(entries: list[Any], where: str, mistakes: list[str]) -> tuple[Label, ...]:
    labels = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not entry.get("id") or set(entry) - set(Label.__annotations__):
            known = ", ".join(Label.__annotations__)
            mistakes.append(f"{where}[{number}]: found {entry!r}, expected a mapping with id and any of {known}.")
        else:
            labels.append(Label(**{key: str(value) for key, value in entry.items()}))
    ids = [label.id for label in labels]
    mistakes += [f"{where}: {id!r} stands twice." for id in sorted({id for id in ids if ids.count(id) > 1})]
    return tuple(labels)
