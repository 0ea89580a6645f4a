"""What a run needs, found and checked before anything is computed: all mistakes of config and data at once."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from transformers import AutoConfig, PreTrainedTokenizerBase

from marsad.config.schema import Subject, TrainConfig
from marsad.data.duplicates import group_reports
from marsad.data.reports import Report, read_reports
from marsad.data.splits import split_by_story
from marsad.errors import ConfigError, MarsadError
from marsad.gazetteer import find_gazetteer, read_gazetteer
from marsad.modeling.folders import find_model, load_tokenizer
from marsad.modeling.tokenizer import clean_first
from marsad.modeling.windows import WindowCutter
from marsad.taxonomy import CAMPS, Taxonomy, find_taxonomy, read_taxonomy
from marsad.training.arguments import process_batch, total_steps
from marsad.training.leaks import Leak, find_leak

Found = TypeVar("Found")
LEAK_CURE = (
    "data.dev: scores on these would be recall, not reading. Take them out of one of the files. "
    "--allow-leak lists them all and goes on."
)


@dataclass(frozen=True)
class Preparation:
    """The inputs of a run."""

    config: TrainConfig
    taxonomy: Taxonomy
    """Only the tasks that are learned."""
    base: Path
    """Folder of the base encoder."""
    length: int
    """Word pieces a window."""
    tokenizer: PreTrainedTokenizerBase
    train: list[Report]
    dev: list[Report]
    held_out: list[Report]
    warnings: tuple[str, ...]
    leak: Leak
    """What stands in train and dev both; empty unless a leak was allowed."""

    @property
    def cutter(self) -> WindowCutter:
        """The way from text to windows."""
        windows = self.config.windows
        return WindowCutter(self.tokenizer, self.length, windows.overlap, windows.date_prefix)


@dataclass(frozen=True)
class Plan:
    """What a run would do."""

    train: int
    dev: int
    held_out: int
    counts: dict[str, dict[str, tuple[int, int]]]
    """Per task and label the positives in train and in dev: reports, or mentions of factions."""
    tokens: tuple[int, int, int]
    """Word pieces of a training report: median, 95th of a hundred, most."""
    windows: int
    steps: int


class Mistakes:
    """Collects what is wrong, so that the user reads it at once."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def take(self, make: Callable[[], Found]) -> Found | None:
        """Return what `make` does, or None where it fails with a user's mistake."""
        try:
            return make()
        except MarsadError as error:
            self.messages.append(str(error))
            return None


def prepare(config: TrainConfig, allow_leak: bool = False) -> Preparation:
    """Read taxonomy, reports and tokenizer of a run. Raises `ConfigError` with all that is wrong with them.

    A dev file that shares stories or near-duplicates with train is wrong too; with `allow_leak` it is told as a warning.
    Where dev or held-out reports are taken from train, near-duplicates stay on one side.
    """
    mistakes = Mistakes()
    whole = mistakes.take(lambda: read_taxonomy(find_taxonomy(config.taxonomy)))
    taxonomy = mistakes.take(lambda: whole.only(tuple(config.tasks) or (CAMPS,))) if whole else None
    gazetteer = config.gazetteer
    if gazetteer is not None and whole:
        mistakes.take(lambda: read_gazetteer(find_gazetteer(gazetteer), whole))
    files = (config.data.train, *config.data.also)
    parts = [mistakes.take(partial(read_reports, path, whole)) for path in files] if whole else []
    train = [report for part in parts for report in part or ()]
    dev_file = config.data.dev
    dev = mistakes.take(lambda: read_reports(dev_file, whole)) if whole and dev_file else None
    base = mistakes.take(lambda: _find_encoder(config))
    tokenizer = mistakes.take(lambda: clean_first(load_tokenizer(base))) if base else None
    length = mistakes.take(lambda: _length(config, base)) if base else None
    mistakes.take(lambda: process_batch(config))
    leak = find_leak(train, dev) if train and dev else Leak((), ())
    if whole and leak and not allow_leak:
        mistakes.messages += [*leak.describe(whole), LEAK_CURE]
    if mistakes.messages or not (whole and taxonomy and train and base and tokenizer and length):
        raise ConfigError("\n".join(mistakes.messages))
    rest, held_out = split_by_story(group_reports(train), config.data.test_share, config.seed + 1)
    if dev is None:
        rest, dev = split_by_story(rest, config.data.dev_share, config.seed)
    told = _warnings(taxonomy, rest, dev, config.task, config.data.labels == "soft")
    warnings = (*leak.describe(whole, whole=True), *told)
    return Preparation(config, taxonomy, base, length, tokenizer, rest, dev, held_out, warnings, leak)


def plan(preparation: Preparation) -> Plan:
    """Return label counts, lengths, windows and steps of a run; reads every training report once."""
    encoded = preparation.cutter([report.text for report in preparation.train], [r.date for r in preparation.train])
    lengths = sorted(one.tokens for one in encoded)
    counts = {}
    for task in preparation.taxonomy.tasks:
        train, dev = (_positives(part, task.name, preparation.config.task) for part in (preparation.train, preparation.dev))
        counts[task.name] = {id: (train[id], dev[id]) for id in task.ids}
    windows = sum(len(one.windows) for one in encoded)
    return Plan(
        len(preparation.train),
        len(preparation.dev),
        len(preparation.held_out),
        counts,
        (round(statistics.median(lengths)), lengths[int(0.95 * (len(lengths) - 1))], lengths[-1]),
        windows,
        total_steps(preparation.config, len(preparation.train) if preparation.config.task == "reports" else windows),
    )


def _find_encoder(config: TrainConfig) -> Path:
    if "/" in config.encoder and not Path(config.encoder).exists() and config.revision is None:
        raise ConfigError(
            f"encoder: {config.encoder!r} is no folder here. For a hub model add 'revision:' with a commit, "
            "so that the run can be repeated; for a folder mend the path."
        )
    return find_model(config.encoder, config.revision)


def _length(config: TrainConfig, base: Path) -> int:
    most, wanted = longest_input(base), config.windows.length
    if wanted is not None and wanted > most:
        raise ConfigError(f"windows.length: {wanted} is more than the encoder {base} can read, {most}.")
    return wanted or most


def longest_input(base: Path) -> int:
    """Return the word pieces that an encoder's positions allow (RoBERTa's begin behind the padding's number)."""
    settings = AutoConfig.from_pretrained(base, trust_remote_code=False)
    lost = settings.pad_token_id + 1 if settings.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return int(settings.max_position_embeddings) - lost


def _positives(reports: Sequence[Report], task: str, subject: Subject) -> Counter[str]:
    """Return how many reports have each label of `task`, or how many mentions of factions each camp."""
    if subject == "factions":
        return Counter(mention.affiliation for report in reports for mention in report.factions or ())
    return Counter(label for report in reports for label in set(report.labels.get(task, ())))


def _warnings(taxonomy: Taxonomy, train: Sequence[Report], dev: Sequence[Report], subject: Subject, soft: bool) -> tuple[str, ...]:
    if not train or not dev:
        raise ConfigError(
            f"{len(train)} reports to train on and {len(dev)} for dev: neither may be empty. Add reports or change the shares."
        )
    if soft and not any(report.label_shares for report in train):
        raise ConfigError(
            "data.labels: no training report has 'label_shares'. Let `marsad data adjudicate` write them, or say hard."
        )
    found = []
    for task in taxonomy.tasks:
        learned, measured = _positives(train, task.name, subject), _positives(dev, task.name, subject)
        if subject == "factions" and not (learned and measured):
            empty = "dev" if learned else "training"
            raise ConfigError(f"no {empty} report names a force under 'factions'. Annotate the forces named, with their camps.")
        if subject == "reports" and not any(task.name in report.labels for report in train):
            raise ConfigError(f"no training report is annotated for {task.name!r}. Annotate some, or take the task out of 'tasks'.")
        absent = [id for id in task.ids if not learned[id]]
        unmeasured = [id for id in task.ids if learned[id] and not measured[id]]
        if absent:
            found.append(f"{task.name}: no training report has {', '.join(absent)}: the model cannot learn it. Annotate some.")
        if unmeasured:
            found.append(f"{task.name}: no dev report has {', '.join(unmeasured)}: its scores will be zero or missing.")
    return tuple(found)
