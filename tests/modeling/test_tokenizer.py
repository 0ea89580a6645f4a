from __future__ import annotations

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from marsad.modeling.folders import load_tokenizer, save_tokenizer
from marsad.modeling.tokenizer import SPECIAL_TOKENS, train_tokenizer
from marsad.text import normalize

FORCES = ("قوات النظام", "قوات سوريا الديمقراطية", "الجيش التركي", "تنظيم داعش")
DEEDS = ("قصفت بالمدفعية", "اعتقلت شبانا في", "اشتبكت مع مسلحين قرب")
PLACES = ("كفرنبل", "البصيرة", "عين عيسى", "جاسم", "الباب", "تدمر")
SENTENCES = [f"أفاد مراسلنا أن {a} {b} بلدة {c} صباح اليوم." for a, b, c in product(FORCES, DEEDS, PLACES)]
WORDS = sorted({word for sentence in SENTENCES for word in sentence.rstrip(".").split()})
LONG = [word for word in WORDS if len(word) > 3]
FATHA, RLM, ZWSP = "\u064e", "\u200f", "\u200b"
FILLERS = ["ـ", "ـــ", "ـ ـ", "ـ.ـ", "ـ*ـ", "*", FATHA, RLM, ZWSP]
VOCABULARY = 110
"""So few that most words are several pieces."""
SAMPLES = ["أفاد مراسلنا أن قوات النظام قصـ ـفت بلدة", "#قوات_النظام", "د1عش ٣٤", "ﻗﺼﻔﺖ", "Reuters: 12.5", "", "  \n"]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(SENTENCES * 10, vocab_size=VOCABULARY, max_length=64)


@st.composite
def hidden_words(draw: st.DrawFn) -> str:
    """A word with a filler between two of its letters, or elongated, or dotted, or after a hash, or as it is."""
    word = draw(st.sampled_from(LONG))
    place = draw(st.integers(1, len(word) - 1))
    how = draw(st.sampled_from(["plain", "filled", "elongated", "dotted", "hashtag"]))
    if how == "filled":
        return f"{word[:place]}{draw(st.sampled_from(FILLERS))}{word[place:]}"
    if how == "elongated":
        return f"{word[:place]}{word[place - 1] * draw(st.integers(2, 5))}{word[place:]}"
    return {"plain": word, "dotted": ".".join(word), "hashtag": f"#{word}_{word}"}[how]


POSTS = st.lists(st.one_of(hidden_words(), st.sampled_from(["،", ".", "12", "٣", '"'])), max_size=12).flatmap(
    lambda words: st.sampled_from([" ", "\n", "  ", f"{RLM} "]).map(lambda gap: gap.join(words))
)


def places(tokenizer: PreTrainedTokenizerBase, text: str) -> list[tuple[str, int, int, int | None]]:
    """Each piece with where it begins and ends in the raw text, and the number of its word."""
    batch = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    pieces = tokenizer.convert_ids_to_tokens(batch["input_ids"])
    offsets = batch["offset_mapping"]
    return [(p, a, b, w) for p, (a, b), w in zip(pieces, offsets, batch.word_ids(), strict=True)]


def bare(text: str) -> str:
    """Letters and digits of the normal form: a slice alone may keep a dot that its neighbours make a filler."""
    return "".join(letter for letter in normalize(text) if letter.isalnum())


def test_learned_words_are_one_piece(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    assert tokenizer.tokenize("أفاد مراسلنا أن قوات النظام قصفت") == ["افاد", "مراسلنا", "ان", "قوات", "النظام", "قصفت"]


def test_a_text_stands_between_cls_and_sep(tokenizer: PreTrainedTokenizerFast) -> None:
    inside = tokenizer("قوات النظام", add_special_tokens=False)["input_ids"]
    assert tokenizer("قوات النظام")["input_ids"] == [tokenizer.cls_token_id, *inside, tokenizer.sep_token_id]
    pair = tokenizer("قوات", "النظام")
    assert pair["input_ids"].count(tokenizer.cls_token_id) == 1
    assert pair["input_ids"].count(tokenizer.sep_token_id) == 2


def test_special_tokens_have_the_first_numbers(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.convert_ids_to_tokens(range(5)) == list(SPECIAL_TOKENS)
    assert [tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.mask_token_id] == [0, 1, 4]


def test_the_vocabulary_has_at_most_the_size_asked_for_and_only_normal_pieces(tokenizer: PreTrainedTokenizerFast) -> None:
    assert len(SPECIAL_TOKENS) < len(tokenizer) <= VOCABULARY
    pieces = [piece.removeprefix("##") for piece in tokenizer.get_vocab() if piece not in SPECIAL_TOKENS]
    assert all(normalize(piece) == piece for piece in pieces)


def test_saved_and_reloaded_gives_the_same_ids_and_offsets(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    save_tokenizer(tokenizer, tmp_path)
    texts = [*SAMPLES, *SENTENCES[::5]]
    expected = tokenizer(texts, return_offsets_mapping=True)
    for again in (load_tokenizer(tmp_path), AutoTokenizer.from_pretrained(tmp_path)):
        found = again(texts, return_offsets_mapping=True)
        assert found["input_ids"] == expected["input_ids"]
        assert found["offset_mapping"] == expected["offset_mapping"]
        assert again.model_max_length == 64
        assert again.all_special_tokens == tokenizer.all_special_tokens


def test_saved_twice_is_the_same_file(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    save_tokenizer(tokenizer, first)
    save_tokenizer(load_tokenizer(first), second)
    assert (second / "tokenizer.json").read_bytes() == (first / "tokenizer.json").read_bytes()


def test_the_config_names_the_class_that_every_transformers_knows(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    save_tokenizer(tokenizer, tmp_path)
    content = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert content["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert "auto_map" not in content


@settings(max_examples=200, deadline=None)
@given(hidden=hidden_words(), before=st.sampled_from(["", "في ", "،"]), after=st.sampled_from(["", " اليوم", "."]))
def test_an_obfuscated_word_reads_like_its_plain_form(
    hidden: str, before: str, after: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    plain = normalize(hidden)
    assert tokenizer.tokenize(before + hidden + after) == tokenizer.tokenize(before + plain + after)


@pytest.mark.parametrize(
    ("hidden", "plain"),
    [
        ("قصـ ـفت", "قصفت"),
        ("ق.ص.ف.ت", "قصفت"),
        ("قصـ.ـفت", "قصفت"),
        ("د1عش", "داعش"),
        ("أف@د", "أفاد"),
        ("د@عش", "داعش"),
        ("#قوات_النظام", "قوات النظام"),
        ("ﻗﺼﻔﺖ", "قصفت"),
        ("تدددمر", "تدمر"),
        (f"تَد{ZWSP}مُر", "تدمر"),
    ],
)
def test_known_ways_of_hiding(hidden: str, plain: str, tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize(hidden) == tokenizer.tokenize(plain)
    assert tokenizer.unk_token not in tokenizer.tokenize(plain)


@settings(max_examples=200, deadline=None)
@given(text=POSTS)
def test_the_raw_slice_of_a_piece_holds_the_piece(text: str, tokenizer: PreTrainedTokenizerFast) -> None:
    for piece, start, end, _ in places(tokenizer, text):
        assert 0 <= start < end <= len(text)
        if piece != tokenizer.unk_token:
            letters, read = piece.removeprefix("##"), normalize(text[start:end])
            assert letters in (bare(read) if letters.isalnum() else read)


@settings(max_examples=200, deadline=None)
@given(text=POSTS)
def test_the_raw_slice_of_a_word_normalises_to_its_pieces(text: str, tokenizer: PreTrainedTokenizerFast) -> None:
    words: dict[int | None, list[tuple[str, int, int]]] = {}
    for piece, start, end, word in places(tokenizer, text):
        words.setdefault(word, []).append((piece.removeprefix("##"), start, end))
    for pieces in words.values():
        joined = "".join(piece for piece, _, _ in pieces)
        if tokenizer.unk_token not in joined:
            assert normalize(text[pieces[0][1] : pieces[-1][2]]).strip() == joined


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(POSTS, st.text(max_size=40)))
def test_pieces_lie_in_order_within_the_text(text: str, tokenizer: PreTrainedTokenizerFast) -> None:
    found = places(tokenizer, text)
    begins = [start for _, start, _, _ in found]
    assert begins == sorted(begins)
    assert all(0 <= start < end <= len(text) for _, start, end, _ in found)


@pytest.mark.parametrize(("raw", "quote"), [("قصـ ـفت", "قصـ ـفت"), ("#قوات_", "قوات"), ("د1عش", "د1عش"), ("ﻗﺼﻔﺖ", "ﻗﺼﻔﺖ")])
def test_offsets_quote_the_hidden_word_as_it_was_written(raw: str, quote: str, tokenizer: PreTrainedTokenizerFast) -> None:
    text = f"أفاد مراسلنا: {raw} اليوم"
    begin, end = text.index(":") + 1, text.index("اليوم")
    hidden = [(a, b) for _, a, b, _ in places(tokenizer, text) if a >= begin and b <= end]
    assert text[hidden[0][0] : hidden[-1][1]] == quote


def test_the_same_texts_give_the_same_tokenizer_in_every_process(tmp_path: Path) -> None:
    """The trainer's hash maps begin with another seed in every process; nothing of that may show."""
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps(SENTENCES), encoding="utf-8")
    script = (
        "import json, sys; from marsad.modeling.tokenizer import train_tokenizer; "
        "texts = json.load(open(sys.argv[1], encoding='utf-8')); "
        "print(train_tokenizer(texts * 5, 300, 64).backend_tokenizer.to_str())"
    )
    runs = [subprocess.run([sys.executable, "-c", script, texts], capture_output=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1]
    assert b"##" in runs[0]
