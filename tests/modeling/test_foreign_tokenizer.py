"""An encoder from elsewhere keeps its own normaliser, and reads obfuscated posts all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from marsad.modeling.folders import load_tokenizer, save_tokenizer
from marsad.modeling.tokenizer import clean_first

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "قصف", "أحرار", "الشام", "داعش", "قوات", "النظام"]
TEXTS = ["قصـ ـف #قوات_النظام", "أَحرار الشام", "د1عش", "قصف داعش"]


@pytest.fixture
def foreign() -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **names)


def test_repairs_come_before_the_encoders_own_normaliser(foreign: PreTrainedTokenizerFast) -> None:
    assert foreign.tokenize(TEXTS[0]) != ["قصف", "قوات", "النظام"]
    clean_first(foreign)
    assert foreign.tokenize(TEXTS[0]) == ["قصف", "قوات", "النظام"]
    assert foreign.tokenize(TEXTS[1]) == ["أحرار", "الشام"], "its vocabulary knows the hamza, so the hamza stays"


def test_offsets_still_point_into_the_raw_text(foreign: PreTrainedTokenizerFast) -> None:
    places = clean_first(foreign)(TEXTS[0], return_offsets_mapping=True, add_special_tokens=False)["offset_mapping"]
    assert [TEXTS[0][start:end] for start, end in places] == ["قصـ ـف", "قوات", "النظام"]


def test_twice_is_once_and_survives_saving(foreign: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    ids = clean_first(foreign)(TEXTS)["input_ids"]
    save_tokenizer(foreign, tmp_path)
    again = load_tokenizer(tmp_path)
    before = again.backend_tokenizer.to_str()
    assert again(TEXTS)["input_ids"] == ids
    clean_first(again)
    assert again.backend_tokenizer.to_str() == before
