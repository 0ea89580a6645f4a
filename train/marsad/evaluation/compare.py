"""Whether one model is better than another on the same reports, or only luckier; and whether a run of a config collapsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from marsad.data.reports import Report
from marsad.errors import ConfigError
from marsad.evaluation.bootstrap import Headline, StoryCounts, draw_stories, headlines, interval, story_counts
from marsad.evaluation.evaluate import ScoredReports, score_reports
from marsad.inference.predictor import Predictor
from marsad.taxonomy import Taxonomy

FIGURES = {"micro_f1": "micro-F1", "macro_f1": "macro-F1"}
COLLAPSE = 0.1
"""A run whose micro-F1 is this far under that of a run of the same config with another seed did not learn as it can."""
OF_A_RUN = ("seed", "name", "output")
"""Keys of a config in which runs of one recipe differ."""


@dataclass(frozen=True)
class Difference:
    """One figure of model `b` less that of model `a` on the same reports, with its 95 % interval by story."""

    task: str
    figure: str
    a: float
    b: float
    difference: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Tell whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Comparison:
    """Model `b` against model `a`."""

    a: str
    b: str
    differences: tuple[Difference, ...]

    def verdict(self) -> list[str]:
        """Return one plain sentence for each figure."""
        return [self._sentence(one) for one in self.differences]

    def _sentence(self, one: Difference) -> str:
        figures = f"{one.difference:+.3f}, 95 % interval {one.low:+.3f} to {one.high:+.3f}"
        what = f"{one.task} {FIGURES[one.figure]}"
        if not one.clear:
            return f"{what}: no difference can be told between {self.b} and {self.a} on these reports ({figures})."
        return f"{what}: {self.b} is {'better' if one.difference > 0 else 'worse'} than {self.a} ({figures})."

    def to_dict(self) -> dict[str, Any]:
        """Return `{"a", "b", "differences": [{"task", "figure", "a", "b", "difference", "low", "high"}], "verdict"}`."""
        return asdict(self) | {"differences": [asdict(one) for one in self.differences], "verdict": self.verdict()}


@dataclass(frozen=True)
class Contestant:
    """A model's answers on the reports of a comparison, over the tasks that all contestants know."""

    name: str
    counts: Mapping[str, StoryCounts]
    headlines: Mapping[str, Headline]
    recipe: str | None
    """The config that it was trained with but for `OF_A_RUN`, None where there is none."""


def shared_taxonomy(models: Mapping[str, Taxonomy]) -> Taxonomy:
    """Return the tasks that all models know. Raises `ConfigError` where there is none, or one has other labels elsewhere."""
    (first_name, first), *others = models.items()
    names = [task for task in first.names if all(task in other.names for _, other in others)]
    if not names:
        raise ConfigError(f"{', '.join(models)}: no task in common. Compare models of one taxonomy.")
    mistakes = [
        f"{name} (here) against {first_name} (there): {line}. Compare models of one taxonomy."
        for name, other in others
        for task in names
        for line in other.only([task]).differences(first.only([task]))
    ]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return first.only(names)


def enter(name: str, predictor: Predictor, reports: Sequence[Report], taxonomy: Taxonomy) -> Contestant:
    """Predict `reports` and return the answers on the tasks of `taxonomy`."""
    scored = score_reports(predictor, reports)
    return contestant(name, scored, predictor.settings.thresholds, reports, taxonomy, read_recipe(predictor.path))


def contestant(
    name: str,
    scored: ScoredReports,
    thresholds: Mapping[str, Mapping[str, float]],
    reports: Sequence[Report],
    taxonomy: Taxonomy,
    recipe: str | None = None,
) -> Contestant:
    """Return the answers of what was scored, decided with `thresholds`, on the tasks of `taxonomy`."""
    found, stories = scored.decide(thresholds), [report.story for report in reports]
    annotated = [task for task in taxonomy.names if scored.known(task).any()]
    counts = {task: story_counts(scored, found, stories, task) for task in annotated}
    own = headlines(scored, found, stories)
    return Contestant(name, counts, {task: own[task] for task in annotated}, recipe)


def compare(a: Contestant, b: Contestant) -> Comparison:
    """Return how `b` differs from `a`: a paired bootstrap, every resample of stories is the same for both."""
    differences = []
    for task, counts in a.counts.items():
        draws = draw_stories(len(counts.reports))
        drawn_a, drawn_b = counts.figures(draws), b.counts[task].figures(draws)
        for figure in FIGURES:
            low, high = interval(drawn_b[figure] - drawn_a[figure])
            points = getattr(a.headlines[task], figure), getattr(b.headlines[task], figure)
            differences.append(Difference(task, figure, *points, points[1] - points[0], float(low or 0), float(high or 0)))
    return Comparison(a.name, b.name, tuple(differences))


def read_recipe(folder: Path) -> str | None:
    """Return the config of a run as text without its seed, name and folder; None where a model has no config."""
    path = folder / "config.yaml"
    if not path.is_file():
        return None
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return yaml.safe_dump({key: value for key, value in content.items() if key not in OF_A_RUN})


def collapsed(contestants: Sequence[Contestant]) -> list[str]:
    """Return a warning for each run that is `COLLAPSE` or more under the best run of the same config, in some task's micro-F1.

    Fine-tuning fails with some seeds (Mosbach et al. 2021): such a run says nothing of the recipe. Train it again.
    """
    warnings = []
    for one in contestants:
        siblings = [other for other in contestants if one.recipe is not None and other.recipe == one.recipe]
        for task, own in one.headlines.items():
            best = max((other.headlines[task].micro_f1 for other in siblings), default=0.0)
            if best - own.micro_f1 >= COLLAPSE:
                warnings.append(
                    f"{one.name}: {task} micro-F1 is {own.micro_f1:.3f}, of another run of the same config {best:.3f}. "
                    "This run collapsed: train it again with another seed, and judge the config by its other runs."
                )
    return warnings
