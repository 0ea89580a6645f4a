"""The model card: front matter for the hub, and `card_template.md` filled from what lies in the model's own folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, Template

from marsad.modeling.onnx import Exported
from marsad.publishing.check import Check
from marsad.publishing.dossier import Dossier
from marsad.taxonomy import Task

TEMPLATE = Path(__file__).with_name("card_template.md")
HEADING = re.compile("^(#+ )", re.MULTILINE)
HUB_ID = re.compile(r"[\w-]+/[\w.-]+")
FIGURES = {"micro_f1": "micro F1", "macro_f1": "macro F1", "micro_precision": "micro precision", "micro_recall": "micro recall"}
WIDGETS = tuple(Path(__file__).with_name("widgets.txt").read_text(encoding="utf-8").splitlines())
"""Samples, written by us, that the model's page offers to try."""


@dataclass(frozen=True)
class Figure:
    """A number of the evaluation: where it stands in `metrics.json`, and what it is."""

    name: str
    value: str


def model_card(
    dossier: Dossier, check: Check, repo: str, tag: str | None, tagger: bool = False, onnx: Mapping[str, Exported] | None = None
) -> str:
    """Return the README of a published model; it depends on nothing but its arguments, so publishing twice changes nothing."""
    metrics = dossier.metrics or {}
    tasks = dossier.settings.taxonomy.tasks
    return template(TEMPLATE).render(
        card_data=_front_matter(dossier, repo).to_yaml(),
        repo=repo,
        revision=tag,
        tagger=tagger,
        onnx=onnx or {},
        settings=dossier.settings,
        tasks=tasks,
        results={task.name: metrics.get("tasks", {}).get(task.name) for task in tasks},
        intervals={task.name: _intervals(metrics, task) for task in tasks},
        figures=FIGURES,
        evaluated=dossier.metrics is not None,
        n=metrics.get("n"),
        on_dev=_on_dev(dossier),
        slices=list(_flat(metrics.get("slices"))),
        calibration=list(_flat(metrics.get("calibration"))),
        run=dossier.run,
        recipe=dossier.recipe,
        sources={Path(path).name: sum for path, sum in dossier.run.get("data", {}).items()},
        words=HEADING.sub(r"##\1", dossier.words),
        changes=changes(dossier.folder / "CHANGELOG.md", tag),
        check=check,
        apart=_apart(check),
        encoder=dossier.config.get("model_type", "transformer"),
        widgets=WIDGETS,
    )


def template(path: Path) -> Template:
    """Return a Markdown template in which the lines of loops and conditions leave no empty ones behind."""
    environment = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)  # noqa: S701  # no HTML
    return environment.from_string(path.read_text(encoding="utf-8"))


def _front_matter(dossier: Dossier, repo: str) -> ModelCardData:
    front = dict(dossier.front)
    encoder = str(dossier.recipe.get("encoder", ""))
    given = {key: front[key] for key in ("license_name", "license_link", "datasets", "base_model") if key in front}
    if "base_model" not in given and HUB_ID.fullmatch(encoder) and not Path(encoder).exists():
        given["base_model"] = encoder
    return ModelCardData(
        language="ar",
        license=front["license"],
        library_name="transformers",
        pipeline_tag="text-classification",
        tags=sorted({"arabic", "conflict", "marsad", *(front.get("tags") or [])}),
        metrics=["f1"],
        model_name=repo.rpartition("/")[2],
        eval_results=list(_eval_results(dossier)) or None,
        widget=[{"text": text} for text in WIDGETS],
        **given,
    )


def _eval_results(dossier: Dossier) -> Iterator[EvalResult]:
    for task in dossier.settings.taxonomy.tasks:
        scores = ((dossier.metrics or {}).get("tasks") or {}).get(task.name) or {}
        for key, name in FIGURES.items():
            if key in scores:
                yield EvalResult(
                    task_type="text-classification",
                    task_name=task.en or task.name,
                    dataset_type="marsad-reports",
                    dataset_name="annotated reports of the model's makers",
                    dataset_split="dev" if _on_dev(dossier) else "test",
                    metric_type="f1" if key.endswith("f1") else key.rpartition("_")[2],
                    metric_name=f"{task.name} {name}",
                    metric_value=round(float(scores[key]), 4),
                )


def _on_dev(dossier: Dossier) -> bool:
    """Tell whether `metrics.json` is of the dev reports, as training writes it: it has as many reports."""
    return dossier.metrics is not None and dossier.metrics.get("n") == dossier.run.get("reports", {}).get("dev")


def _intervals(metrics: Mapping[str, Any], task: Task) -> dict[str, str]:
    """Return each figure's interval as text; `metrics.json` holds it as `[low, high]` or as a mapping of the two."""
    found = metrics.get("tasks", {}).get(task.name, {}).get("intervals") or {}
    pairs = {key: list(value.values()) if isinstance(value, dict) else value for key, value in found.items()}
    return {key: f"{pair[0]:.3f} to {pair[1]:.3f}" for key, pair in pairs.items() if isinstance(pair, list) and len(pair) == 2}


def _flat(content: Any, name: str = "") -> Iterator[Figure]:
    """Yield the numbers of nested mappings and lists, each with the keys that lead to it."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            label = str(value.get("name", key)) if isinstance(value, Mapping) else str(key)
            yield from _flat(value, f"{name} \u203a {label}" if name else label)
    elif isinstance(content, list) and all(isinstance(item, int | float) for item in content):
        yield Figure(name, " to ".join(f"{item:.3g}" for item in content))
    elif isinstance(content, list):
        for number, item in enumerate(content):
            label = str(item.get("name", number)) if isinstance(item, Mapping) else str(number)
            yield from _flat(item, f"{name} \u203a {label}" if name else label)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield Figure(name, f"{content:.4g}")


def _apart(check: Check) -> float:
    """Return by how much the first window's scores are off the whole report's at most, on the check reports."""
    pairs = ((one.whole, one.plain) for one in check.reports)
    return max((abs(whole[label] - plain[label]) for whole, plain in pairs for label in whole), default=0.0)


def changes(changelog: Path, tag: str | None) -> str:
    """Return the section of a CHANGELOG (Keep a Changelog) on the version `tag`; empty where there is none."""
    if tag is None or not changelog.is_file():
        return ""
    version = re.escape(tag.removeprefix("v"))
    text = changelog.read_text(encoding="utf-8")
    found = re.search(rf"^## \[?v?{version}(?![.\w])\]?[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group(1).strip() if found else ""
