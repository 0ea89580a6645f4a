"""A predictor reads every report whole, answers in order, and says the same however it is asked."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from itertools import count, islice
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.utils.logging import is_progress_bar_enabled

import marsad
from marsad import LabelScore, Prediction, Predictor, load
from marsad.config.schema import TrainConfig
from marsad.errors import ConfigError, DataError, ModelError
from marsad.inference import batching
from marsad.inference.predictor import _date
from marsad.modeling.hardware import computes_in_bf16
from marsad.taxonomy import Label, Task, Taxonomy
from marsad.training.finetune import finetune

SHELLING = "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم."
ARREST = "أفاد مراسلنا أن الجيش التركي اعتقلت شبانا في بلدة تدمر صباح اليوم."


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return load(tiny_model, device="cpu")


def names(labels: tuple[LabelScore, ...]) -> list[str]:
    return [found.label for found in labels]


def all_scores(predictions: list[Prediction]) -> list[float]:
    return [score for one in predictions for task in one.labels for score in one.scores(task).values()]


def test_one_report_gives_one_prediction(predictor: Predictor) -> None:
    found = predictor.predict(SHELLING)
    assert isinstance(found, Prediction)
    assert names(found.affiliation) == ["assad_regime"]
    assert names(found.event_type) == ["shelling"]


def test_several_reports_give_a_list_in_their_order(predictor: Predictor) -> None:
    found = predictor.predict([ARREST, SHELLING, ARREST])
    assert [names(one.event_type) for one in found] == [["arrest_raid"], ["shelling"], ["arrest_raid"]]
    assert [names(one.affiliation) for one in found] == [["turkey"], ["assad_regime"], ["turkey"]]


def test_any_iterable_will_do_and_none_gives_none(predictor: Predictor) -> None:
    assert [names(one.event_type) for one in predictor.predict(text for text in (SHELLING, ARREST))] == [
        ["shelling"],
        ["arrest_raid"],
    ]
    assert predictor.predict([]) == []


def test_more_reports_than_are_held_at_once_keep_their_order(predictor: Predictor) -> None:
    texts = [SHELLING if number % 3 else ARREST for number in range(1100)]
    found = predictor.predict(texts)
    assert [names(one.event_type) for one in found] == [["shelling"] if n % 3 else ["arrest_raid"] for n in range(1100)]


def test_tasks_narrow_the_answer_and_change_no_score(predictor: Predictor) -> None:
    whole, narrow = predictor.predict(SHELLING), predictor.predict(SHELLING, tasks=["event_type"])
    assert list(narrow.labels) == ["event_type"]
    assert narrow.scores("event_type") == whole.scores("event_type")
    with pytest.raises(AttributeError, match="affiliation"):
        narrow.affiliation  # noqa: B018
    with pytest.raises(KeyError):
        narrow.scores("affiliation")


def test_an_unknown_task_is_named_with_those_there_are(predictor: Predictor) -> None:
    with pytest.raises(ConfigError, match=r"'weather'.*affiliation, event_type"):
        predictor.predict(SHELLING, tasks=["weather"])


def test_a_prediction_is_frozen(predictor: Predictor) -> None:
    found = predictor.predict(SHELLING)
    with pytest.raises(FrozenInstanceError):
        found.windows = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        found.event_type = ()  # type: ignore[attr-defined]


def test_a_prediction_travels_between_processes(predictor: Predictor) -> None:
    found = predictor.predict(SHELLING)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301


def test_scores_are_those_of_every_label_in_the_taxonomys_order(predictor: Predictor, syria: Taxonomy) -> None:
    found = predictor.predict(SHELLING)
    for task in ("affiliation", "event_type"):
        scores = found.scores(task)
        assert tuple(scores) == syria.task(task).ids
        assert all(0 <= score <= 1 for score in scores.values())
        least = predictor.settings.thresholds[task]
        assert set(names(found.labels[task])) == {label for label, score in scores.items() if score >= least[label]}
        assert [one.score for one in found.labels[task]] == sorted((one.score for one in found.labels[task]), reverse=True)
        assert all(one.score == scores[one.label] for one in found.labels[task])


def test_to_dict_is_the_row_of_the_contract(predictor: Predictor) -> None:
    found = predictor.predict(SHELLING)
    row = json.loads(json.dumps(found.to_dict()))
    assert list(row) == ["affiliation", "event_type"]
    assert row["event_type"] == [{"label": "shelling", "score": found.event_type[0].score}]
    more = json.loads(json.dumps(found.to_dict(all_scores=True)))
    assert more == row | {"scores": {task: found.scores(task) for task in ("affiliation", "event_type")}}


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
def test_an_empty_text_is_an_error_that_says_which(predictor: Predictor, text: str) -> None:
    with pytest.raises(DataError, match=r"text 1: empty"):
        predictor.predict([SHELLING, text])


@pytest.mark.parametrize("report", [{}, {"text": None}, {"text": 7}, {"date": "2020"}])
def test_a_mapping_without_a_text_is_an_error(predictor: Predictor, report: dict[str, object]) -> None:
    with pytest.raises(DataError, match="text 0"):
        predictor.predict(report)


def test_a_mapping_gives_what_its_text_gives(predictor: Predictor) -> None:
    assert predictor.predict({"text": SHELLING, "date": "2024-12-09", "id": "x"}) == predictor.predict(SHELLING)
    assert predictor.predict([{"text": ARREST}])[0] == predictor.predict(ARREST)


def test_a_model_with_dates_reads_them(
    tiny_config: Callable[..., TrainConfig], few_reports: Callable[..., dict[str, Path]]
) -> None:
    config = tiny_config(data=few_reports(32), windows={"date_prefix": True}, training={"epochs": 1})
    dated = load(finetune(config)[0], device="cpu")
    reports = [{"text": SHELLING, "date": date} for date in ("2012", "2024-12-09", "2024-12-31")] + [{"text": SHELLING}]
    early, late, same_month, undated = dated.predict(reports)
    assert early.scores("affiliation") != late.scores("affiliation") != undated.scores("affiliation")
    assert late.scores("affiliation") == pytest.approx(same_month.scores("affiliation"), abs=1e-5)
    assert all(one.tokens == one.tokens_read == undated.tokens for one in (early, late, same_month))


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_scores_do_not_depend_on_the_batch(predictor: Predictor, filler: Callable[..., str], batch_size: int) -> None:
    texts = [filler(words, seed) + " " + (SHELLING if seed % 2 else ARREST) for seed, words in enumerate((3, 400, 40, 9, 120, 1))]
    expected = all_scores([predictor.predict(text) for text in texts])
    assert all_scores(predictor.predict(texts, batch_size=batch_size)) == pytest.approx(expected, abs=1e-5)


def test_scores_do_not_depend_on_the_neighbours(predictor: Predictor, filler: Callable[..., str]) -> None:
    texts = [filler(words) for words in (30, 500, 2)] + [SHELLING, ARREST]
    backwards = predictor.predict(texts[::-1])[::-1]
    assert all_scores(predictor.predict(texts)) == pytest.approx(all_scores(backwards), abs=1e-5)


def test_evidence_in_the_last_sentence_of_a_long_report_is_found(predictor: Predictor, filler: Callable[..., str]) -> None:
    quiet = filler(1500)
    before, after = predictor.predict([quiet, f"{quiet} {SHELLING}"])
    assert names(after.affiliation)[0] == "assad_regime"
    assert names(after.event_type)[0] == "shelling"
    for task in ("affiliation", "event_type"):
        gains = {label: score - before.scores(task)[label] for label, score in after.scores(task).items()}
        assert max(gains, key=lambda label: gains[label]) == after.labels[task][0].label
        assert max(gains.values()) > 0.1
    assert after.windows > 20


@pytest.mark.parametrize("words", [1, 40, 62, 63, 64, 65, 124, 700])
def test_every_word_piece_is_read(predictor: Predictor, filler: Callable[..., str], words: int) -> None:
    text = filler(words)
    found = predictor.predict(text)
    assert found.tokens == found.tokens_read == len(predictor.tokenizer(text, add_special_tokens=False)["input_ids"])
    assert (found.windows == 1) == (found.tokens <= 62)


@pytest.mark.slow
def test_a_megabyte_is_read_whole_in_under_a_minute(predictor: Predictor, filler: Callable[..., str]) -> None:
    text = filler(90_000) + " " + SHELLING
    assert len(text.encode()) > 1_000_000
    started = time.perf_counter()
    found = predictor.predict(text)
    assert time.perf_counter() - started < 60
    assert found.tokens == found.tokens_read > 90_000


SENTENCES = (SHELLING, ARREST, "سوق.", "عاجل! \n", "افتتح الأهالي سوقا جديدا للخضار قرب المدرسة القديمة، ", "💥")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=30).map(" ".join), min_size=1, max_size=12),
    st.integers(1, 20),
)
def test_any_list_in_any_order_with_any_budget_gives_the_scores_of_one_by_one(
    predictor: Predictor, texts: list[str], batch_size: int
) -> None:
    expected = all_scores([predictor.predict(text) for text in texts])
    assert all_scores(predictor.predict(texts, batch_size=batch_size)) == pytest.approx(expected, abs=1e-4)


def test_a_stream_without_end_is_answered_in_order_and_drawn_little_ahead(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "LOOK_AHEAD", 10 * batching.LEAST)
    drawn = count()
    found = predictor.stream({"text": (SHELLING, ARREST)[next(drawn) % 2]} for _ in count())
    assert [names(one.event_type) for one in islice(found, 25)] == [["shelling"], ["arrest_raid"]] * 12 + [["shelling"]]
    assert next(drawn) <= 45
    with pytest.raises(ConfigError, match="weather"):
        predictor.stream([], tasks=["weather"])


@pytest.mark.parametrize("text", ["😀💥🔥", "...", "٢٠٢١ 123", "\u200b\u200f", "___", "\u064e"], ids=ascii)
def test_a_text_without_a_letter_gets_no_label(predictor: Predictor, text: str) -> None:
    alone, among = predictor.predict(text), predictor.predict([SHELLING, text])[1]
    assert alone.labels == among.labels == {"affiliation": (), "event_type": ()}
    assert set(alone.scores("event_type").values()) != {0.0}, "scores stay those of a plain pipeline"


@pytest.mark.parametrize("text", ["😀💥🔥", "💔", "...", "؟!", "\u200b\u200f", "hello 123", "ق" * 5000, "قصف\x00قصف"], ids=ascii)
def test_a_text_without_arabic_words_gives_a_prediction_too(predictor: Predictor, text: str) -> None:
    found = predictor.predict(text)
    assert isinstance(found, Prediction)
    assert found.windows >= 1
    assert found.tokens == found.tokens_read
    assert all(0 <= score <= 1 for score in all_scores([found]))


@pytest.mark.parametrize("ornament", ["ـ", "*", ".", "-", "_", "~", "ـ ", "ق.", "😀", "ه"], ids=ascii)
def test_a_long_ornament_does_not_stop_reading(predictor: Predictor, ornament: str) -> None:
    found = predictor.predict(f"عاجل{ornament * 20_000}\n{SHELLING}")
    assert found.tokens == found.tokens_read > 10


def test_predict_of_the_package_is_that_of_a_loaded_model(predictor: Predictor, tiny_model: Path) -> None:
    assert all_scores([marsad.predict(SHELLING, tiny_model)]) == pytest.approx(all_scores([predictor.predict(SHELLING)]), abs=1e-5)
    assert [names(one.event_type) for one in marsad.predict([SHELLING, ARREST], tiny_model)] == [["shelling"], ["arrest_raid"]]


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_other_number_types_say_much_the_same(tiny_model: Path, predictor: Predictor, dtype: str) -> None:
    found = load(tiny_model, device="cpu", dtype=dtype).predict([SHELLING, ARREST])
    assert all_scores(found) == pytest.approx(all_scores(predictor.predict([SHELLING, ARREST])), abs=0.05)


def test_auto_is_what_the_machine_multiplies_in_hardware(tiny_model: Path) -> None:
    fast = load(tiny_model, device="cpu", dtype="auto").model.dtype
    assert fast is (torch.bfloat16 if computes_in_bf16(torch.device("cpu")) else torch.float32)


def test_loading_draws_no_bars_and_leaves_those_of_others_on(tiny_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = is_progress_bar_enabled()
    load(tiny_model, device="cpu")
    assert capfd.readouterr() == ("", "")
    assert is_progress_bar_enabled() is before


@pytest.mark.parametrize("dtype", ["int8", "float7", "load"])
def test_an_unknown_number_type_is_refused(tiny_model: Path, dtype: str) -> None:
    with pytest.raises(ConfigError, match=dtype):
        load(tiny_model, dtype=dtype)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_a_base_encoder_is_no_model(tiny_base: Path) -> None:
    with pytest.raises(ModelError, match=r"marsad\.json"):
        load(tiny_base)


def test_dates_are_read_in_any_digits_and_what_is_no_date_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert [
        _date(day, 0) for day in ("2023", "2023-05", "\u0662\u0660\u0662\u0663-\u0660\u0665-\u0661\u0662", "2023-05-12T08:30")
    ] == [
        "2023",
        "2023-05",
        "2023-05-12",
        "2023-05-12",
    ]
    assert not caplog.records
    assert _date("12/05/2023", 3) is None
    assert "text 3: the date '12/05/2023'" in caplog.text


def test_a_model_of_another_taxonomy_is_refused_with_the_labels_that_differ(tiny_model: Path, syria: Taxonomy) -> None:
    task = syria.task("event_type")
    other = replace(task, labels=(*task.labels[1:], Label("siege")))
    with pytest.raises(ModelError, match=rf"event_type: only here {task.ids[0]}; only there siege\n.*of another taxonomy"):
        load(tiny_model, taxonomy=Taxonomy("2", (syria.task("affiliation"), other)))
    more = Task("weather", "multilabel", (Label("rain"), Label("snow")))
    assert load(tiny_model, device="cpu", taxonomy=Taxonomy("2", (*syria.tasks, more))).tasks == syria.names
    assert load(tiny_model, device="cpu", taxonomy="syria").tasks == syria.names
