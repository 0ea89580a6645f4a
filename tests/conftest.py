"""A tiny encoder that every test can train, made from texts of its own, offline, in a second."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # on busy cores, threads that wait for each other are 20 times slower

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, set_seed

from marsad.config.schema import TrainConfig
from marsad.data.reports import Mention, Report
from marsad.modeling.folders import save_tokenizer, save_weights
from marsad.modeling.tokenizer import train_tokenizer
from marsad.taxonomy import Taxonomy, find_taxonomy, read_taxonomy
from marsad.training.factions import train_tagger
from marsad.training.finetune import finetune

ROOT = Path(__file__).parents[1]
CAMPS = {"قوات النظام": "assad_regime", "قوات سوريا الديمقراطية": "sdf", "الجيش التركي": "turkey", "تنظيم داعش": "isis"}
DEEDS = {"قصفت بالمدفعية": "shelling", "اعتقلت شبانا في": "arrest_raid", "اشتبكت مع مسلحين قرب": "armed_clash"}
PLACES = ("كفرنبل", "البصيرة", "عين عيسى", "جاسم", "الباب", "تدمر")
DEV_PLACES = ("الباب", "تدمر")
"""Reports from here are for dev, so that no text stands on both sides."""
QUIET_WORDS = "افتتح الأهالي سوقا جديدا للخضار قرب المدرسة القديمة وتحدث التجار عن موسم الزيتون وأسعار القمح في الحي الشرقي"


def made_up_reports(count: int, seed: int = 0) -> list[Report]:
    """Return reports whose labels follow from their words, so that a model that learns at all learns them."""
    dice = random.Random(seed)
    reports = []
    for number in range(count):
        force, deed, place = dice.choice(list(CAMPS)), dice.choice(list(DEEDS)), dice.choice(PLACES)
        text = f"أفاد مراسلنا أن {force} {deed} بلدة {place} صباح اليوم."
        labels: dict[str, tuple[str, ...]] = {"affiliation": (CAMPS[force],), "event_type": (DEEDS[deed],)}
        reports.append(Report(id=f"r{number}", text=text, date="2021-03", labels=labels))
    return reports


def named_reports(count: int, seed: int = 0, places: tuple[str, ...] = PLACES, longest: int = 5) -> list[Report]:
    """Return reports of one to `longest` sentences with annotated forces, some with a waw or a lam written together with them."""
    dice = random.Random(seed)
    reports = []
    for number in range(count):
        text, mentions = "", []
        for _ in range(dice.randint(1, longest)):
            one, other = dice.sample(list(CAMPS), 2)
            deed, place = dice.choice(list(DEEDS)), dice.choice(places)
            sentence = dice.choice(
                (
                    f"أفاد مراسلنا أن {one} {deed} بلدة {place} صباح اليوم. ",
                    f"أفاد مراسلنا أن {one} و{other} {deed} بلدة {place}. ",
                    f"صباح اليوم {deed} بلدة {place} عناصر {'' if one.startswith('ال') else 'ل'}{one}. ",
                )
            )
            found = sorted((sentence.find(force), force) for force in (one, other) if force in sentence)
            mentions += [Mention(len(text) + at, len(text) + at + len(force), CAMPS[force]) for at, force in found]
            text += sentence
        reports.append(Report(id=f"n{seed}-{number}", text=text, date="2021-03", factions=tuple(mentions)))
    return reports


def quiet_text(words: int, seed: int = 0) -> str:
    """Return sentences without force or deed, `words` words long."""
    dice, known = random.Random(seed), QUIET_WORDS.split()
    return " ".join(dice.choice(known) + ("." if number % 9 == 8 else "") for number in range(words)) + "."


def quiet_reports(count: int, seed: int = 0) -> list[Report]:
    """Return reports of one to some hundreds of words, annotated as having no label."""
    labels: dict[str, tuple[str, ...]] = {"affiliation": (), "event_type": ()}
    lengths = random.Random(seed).choices((8, 20, 60, 400), k=count)
    return [Report(id=f"q{seed}-{n}", text=quiet_text(words, 1000 * seed + n), labels=labels) for n, words in enumerate(lengths)]


def buried(reports: list[Report], seed: int = 0) -> list[Report]:
    """Return the same reports with quiet sentences before and behind."""
    dice = random.Random(seed)
    return [
        replace(r, id=f"b{r.id}", text=f"{quiet_text(dice.randint(1, 90), n)} {r.text} {quiet_text(dice.randint(1, 40), n + 1)}")
        for n, r in enumerate(reports, start=10_000 * seed)  # other words around reports of another seed: no near-duplicates
    ]


def write_reports(path: Path, reports: Iterable[Report]) -> Path:
    """Write reports as JSON lines and return the path."""
    path.write_text("".join(json.dumps(r.to_dict(), ensure_ascii=False) + "\n" for r in reports), encoding="utf-8")
    return path


def make_config(base: Path, reports: Path, output: Path, **changes: Any) -> TrainConfig:
    """Return the config that learns `train.jsonl` of the folder `reports`; `changes` are keys, or dictionaries over sections."""
    content: dict[str, Any] = {
        "name": "tiny",
        "output": output,
        "encoder": str(base),
        "data": {"train": reports / "train.jsonl", "dev": reports / "dev.jsonl"},
        "tasks": {"affiliation": {}, "event_type": {}},
        "windows": {"length": 64, "overlap": 8},
        "training": {"epochs": 10, "patience": 50, "learning_rate": 2e-3, "batch_size": 16, "dropout": 0.0},
    }
    for key, value in changes.items():
        merged = isinstance(value, dict) and key in content and key != "tasks"
        content[key] = content[key] | value if merged else value
    return TrainConfig.model_validate(content)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARSAD_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def syria() -> Taxonomy:
    """The taxonomy that ships."""
    return read_taxonomy(find_taxonomy("syria"))


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a one-layer BERT of width 64, random weights, positions for 64 word pieces, and its tokenizer."""
    folder = tmp_path_factory.mktemp("tiny-base")
    texts = [report.text for report in made_up_reports(200) + quiet_reports(20)]
    tokenizer = train_tokenizer(texts * 5, vocab_size=400, max_length=64)
    set_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=64,
        initializer_range=0.2,  # with BERT's 0.02 one untrained layer hardly tells two texts apart
        pad_token_id=tokenizer.pad_token_id,
    )
    save_weights(BertForMaskedLM(config), folder, torch.float32)
    save_tokenizer(tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.jsonl and dev.jsonl: reports whose words tell their labels, and some without any."""
    folder = tmp_path_factory.mktemp("tiny-reports")
    loud = made_up_reports(600)
    dev = [report for report in loud if any(place in report.text for place in DEV_PLACES)]
    train = [report for report in loud if report not in dev]
    write_reports(folder / "train.jsonl", train[100:] + buried(train) + quiet_reports(60, seed=1))
    write_reports(folder / "dev.jsonl", dev + buried(dev[:40], seed=1) + quiet_reports(20, seed=2))
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, tiny_reports: Path) -> Path:
    """The folder of a model that has learned the made-up reports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARSAD_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        training = {"epochs": 14, "warmup": 0.02, "schedule": "cosine"}
        return finetune(make_config(tiny_base, tiny_reports, tmp_path_factory.mktemp("models"), training=training))[0]


@pytest.fixture(scope="session")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.jsonl and dev.jsonl whose factions are annotated."""
    folder = tmp_path_factory.mktemp("named")
    quiet = [replace(report, factions=()) for report in quiet_reports(20, seed=3)]
    train = named_reports(300, seed=1, places=PLACES[:-2])
    dev = named_reports(80, seed=2, places=DEV_PLACES, longest=1)  # longer ones would be near-duplicates of train
    write_reports(folder / "train.jsonl", train + quiet)
    write_reports(folder / "dev.jsonl", dev)
    return folder


FACTIONS = {"task": "factions", "tasks": {}, "gazetteer": "syria", "name": "factions"}
"""What makes a config of `make_config` one of a tagger."""


@pytest.fixture(scope="session")
def tiny_tagger(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, named: Path) -> Path:
    """The folder of a tagger that has learned the made-up forces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARSAD_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return train_tagger(make_config(tiny_base, named, tmp_path_factory.mktemp("taggers"), **FACTIONS))[0]


@pytest.fixture
def tagger_config(tmp_path: Path, tiny_base: Path, named: Path) -> Callable[..., TrainConfig]:
    """Makes configs of taggers whose folders go to `tmp_path`/models."""
    return lambda **changes: make_config(tiny_base, named, tmp_path / "models", **(FACTIONS | changes))


@pytest.fixture
def tiny_config(tmp_path: Path, tiny_base: Path, tiny_reports: Path) -> Callable[..., TrainConfig]:
    """Makes configs whose models go to `tmp_path`/models: `tiny_config(seed=2, training={"epochs": 1})`."""
    return lambda **changes: make_config(tiny_base, tiny_reports, tmp_path / "models", **changes)


@pytest.fixture
def few_reports(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """Makes the `data` section of a small run: `few_reports(16)` writes 16 training reports and 12 for dev."""

    def make(count: int, change: Callable[[Report], Report] = lambda report: report) -> dict[str, Path]:
        loud = [change(report) for report in made_up_reports(20 * count)]
        dev = [report for report in loud if any(place in report.text for place in DEV_PLACES)][:12]
        train = [report for report in loud if all(place not in report.text for place in DEV_PLACES)][:count]
        return {
            "train": write_reports(tmp_path / f"train-{count}.jsonl", train),
            "dev": write_reports(tmp_path / f"dev-{count}.jsonl", dev),
        }

    return make


@pytest.fixture(scope="session")
def camps() -> dict[str, str]:
    """The forces that made-up reports name, and their camps."""
    return CAMPS


@pytest.fixture(scope="session")
def filler() -> Callable[..., str]:
    """Makes texts without force or deed: `filler(words)`."""
    return quiet_text
