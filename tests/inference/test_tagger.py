"""Mentions point into the raw text exactly, once each, whatever the text looks like; a companion is used unasked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import pipeline

from marsad import Predictor, load
from marsad.errors import ConfigError, ModelError
from marsad.inference.files import Input, predict_rows, write_csv
from marsad.inference.predictor import TOKENIZER
from marsad.inference.tagger import COMPANION, FactionTagger, open_tagger

SHELLING = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم."
TWO = "أفاد مراسلنا أن الجيش التركي وقوات النظام قصفت بالمدفعية بلدة جاسم."
TATWEEL = "\u0640"
FATHA = "\u064e"


@pytest.fixture(scope="module")
def tagger(tiny_tagger: Path) -> FactionTagger:
    return open_tagger(tiny_tagger)


@pytest.fixture(scope="module")
def both(tiny_model: Path, tiny_tagger: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of reports with the tagger in its sub-folder."""
    folder = tmp_path_factory.mktemp("both") / "model"
    shutil.copytree(tiny_model, folder)
    shutil.copytree(tiny_tagger, folder / "factions")
    return folder


def mentions(tagger: FactionTagger, text: str, date: str | None = "2021-03") -> list[tuple[str, str]]:
    [spans] = tagger.tag([text], [date])
    return [(text[span.start : span.end], span.affiliation) for span in spans]


def test_a_mention_leaves_the_attached_letter_out(tagger: FactionTagger) -> None:
    assert mentions(tagger, TWO) == [("الجيش التركي", "turkey"), ("قوات النظام", "assad_regime")]


def test_an_obfuscated_name_is_whole(tagger: FactionTagger) -> None:
    text = SHELLING.replace("قوات", f"قـ{TATWEEL} ـوات").replace("النظام", f"الن{FATHA}ظ{TATWEEL}ام")
    [(name, camp)] = mentions(tagger, text)
    assert name == f"قـ{TATWEEL} ـوات الن{FATHA}ظ{TATWEEL}ام"
    assert camp == "assad_regime"


def test_windows_are_merged_without_doubles(tagger: FactionTagger) -> None:
    text = " ".join([SHELLING, TWO] * 12)
    found = mentions(tagger, text)
    assert len(tagger.cutter([text])[0].windows) > 5
    assert found == [("قوات النظام", "assad_regime"), ("الجيش التركي", "turkey"), ("قوات النظام", "assad_regime")] * 12


def obfuscated(text: str, dice: Random) -> str:
    kinds = ("", "", "", FATHA, TATWEEL, TATWEEL * 2)
    return "".join(letter + (dice.choice(kinds) if letter.isalpha() else "") for letter in text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
def test_spans_are_exact_places_of_whatever_text(tagger: FactionTagger, dice: Random, noise: str) -> None:
    text = obfuscated(f"{SHELLING} {noise} {TWO}", dice)
    [spans] = tagger.tag([text], [None])
    last = 0
    for span in spans:
        quote = text[span.start : span.end]
        assert last <= span.start < span.end <= len(text)
        assert quote == quote.strip()
        assert quote[0].isalnum()
        assert 0 <= span.score <= 1
        last = span.end


def test_a_plain_pipeline_reads_the_same(tagger: FactionTagger, tiny_tagger: Path) -> None:
    plain = pipeline("token-classification", model=str(tiny_tagger), aggregation_strategy="first")
    [own] = tagger.tag([SHELLING], [None])
    found = plain(SHELLING)
    assert [(span.start, span.end, span.affiliation) for span in own] == [(o["start"], o["end"], o["entity_group"]) for o in found]
    assert [span.score for span in own] == pytest.approx([float(one["score"]) for one in found], abs=1e-4)


def test_the_companion_is_used_unasked_and_tasks_narrow(both: Path) -> None:
    predictor = load(both, device="cpu")
    whole = predictor.predict({"text": SHELLING, "date": "2021-03"})
    assert [one.label for one in whole.event_type] == ["shelling"]
    assert whole.factions is not None
    [force] = whole.factions
    assert (force.affiliation, force.known, force.change) == ("assad_regime", True, None)
    assert [SHELLING[m.start : m.end] for m in force.mentions] == ["قوات النظام"]
    assert predictor.predict(SHELLING, tasks=["event_type"]).factions is None
    only = predictor.predict({"text": SHELLING, "date": "2021-03"}, tasks=["factions"])
    assert (only.factions, dict(only.labels)) == (whole.factions, {})
    with pytest.raises(ConfigError, match=r"'weather'; known: affiliation, event_type, factions"):
        predictor.predict(SHELLING, tasks=["weather"])


def test_texts_are_cut_once_where_the_companion_has_the_same_tokenizer(both: Path, tmp_path: Path) -> None:
    for name in TOKENIZER:
        shutil.copy(both / name, both / COMPANION / name)
    shutil.copytree(both, tmp_path / "other")
    config = tmp_path / "other" / COMPANION / "tokenizer_config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    same, other = load(both, device="cpu"), load(tmp_path / "other", device="cpu")
    assert same.tagger is not None
    assert other.tagger is not None
    assert same.tagger.tokenizer is same.tokenizer
    assert other.tagger.tokenizer is not other.tokenizer
    assert same.tagger.cutter == same.cutter
    assert same.predict([TWO, SHELLING]) == other.predict([TWO, SHELLING])


def test_a_model_without_companion_says_nothing_of_factions(tiny_model: Path) -> None:
    predictor = load(tiny_model, device="cpu")
    assert predictor.predict(SHELLING).factions is None
    assert "factions" not in predictor.predict(SHELLING).to_dict()


def test_a_tagger_alone_predicts_factions(tiny_tagger: Path) -> None:
    found = load(tiny_tagger, device="cpu").predict([SHELLING, TWO])
    assert [len(one.factions or ()) for one in found] == [1, 2]
    assert all(one.tokens_read == one.tokens > 0 for one in found)


def test_a_model_of_reports_is_no_tagger(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="labels reports, not factions"):
        open_tagger(tiny_model)


def test_rows_hold_factions_and_csv_names_them(both: Path, tmp_path: Path) -> None:
    predictor: Predictor = load(both, device="cpu")
    rows = list(predict_rows(predictor, [Input("a", TWO, "2021-03"), Input("b", error="empty")]))
    assert rows[1] == {"id": "b", "affiliation": [], "event_type": [], "factions": [], "error": "empty"}
    first = rows[0]["factions"][0]
    assert set(first) == {"name", "affiliation", "score", "known", "mentions", "change"}
    assert json.loads(json.dumps(rows[0]))["factions"][1]["mentions"] == [[TWO.index("قوات"), TWO.index(" قصفت")]]
    with (tmp_path / "out.csv").open("w", encoding="utf-8") as file:
        write_csv(rows, file)
    assert f"turkey:{first['name']}|assad_regime:" in (tmp_path / "out.csv").read_text(encoding="utf-8")
