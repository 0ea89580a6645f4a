"""A tiny encoder that every test can train, made from texts of its own, offline, in a second."""

from __future__ import annotations

import os
import random
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, set_seed

from marsad.data.reports import Report
from marsad.modeling.folders import save_tokenizer, save_weights
from marsad.modeling.tokenizer import train_tokenizer
from marsad.taxonomy import Taxonomy, find_taxonomy, read_taxonomy

ROOT = Path(__file__).parents[1]
CAMPS = {"قوات النظام": "assad_regime", "قوات سوريا الديمقراطية": "sdf", "الجيش التركي": "turkey", "تنظيم داعش": "isis"}
DEEDS = {"قصفت بالمدفعية": "shelling", "اعتقلت شبانا في": "arrest_raid", "اشتبكت مع مسلحين قرب": "armed_clash"}
PLACES = ("كفرنبل", "البصيرة", "عين عيسى", "جاسم", "الباب", "تدمر")


def made_up_reports(count: int, seed: int = 0) -> list[Report]:
    """Return reports whose labels follow from their words, so that a model that learns at all learns them."""
    dice = random.Random(seed)
    reports = []
    for number in range(count):
        force, deed, place = dice.choice(list(CAMPS)), dice.choice(list(DEEDS)), dice.choice(PLACES)
        text = f"أفاد مراسلنا أن {force} {deed} بلدة {place} صباح اليوم."
        labels = {"affiliation": (CAMPS[force],), "event_type": (DEEDS[deed],)}
        reports.append(Report(id=f"r{number}", text=text, date="2021-03", labels=labels))
    return reports


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
    texts = [report.text for report in made_up_reports(200)]
    tokenizer = train_tokenizer(texts * 5, vocab_size=400, max_length=64)
    set_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_token_id,
    )
    save_weights(BertForMaskedLM(config), folder, torch.float32)
    save_tokenizer(tokenizer, folder)
    return folder
