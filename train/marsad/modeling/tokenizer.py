"""The tokenizer: marsad's normaliser in front of word pieces, trained here or taken from a base model."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from marsad.text import CLEANER, NORMALIZER, normalize

OBFUSCATED = "\u0642\u0635\u0640 \u0640\u0641"
"""A word that only a tokenizer with marsad's repairs puts together (qaf sad tatweel, space, tatweel fa)."""
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def train_tokenizer(texts: Iterable[str], vocab_size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Train word pieces on `texts` (raw; the normaliser runs inside) and return a tokenizer for BERT.

    `max_length` is what the encoder's positions allow, in tokens with [CLS] and [SEP].
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = NORMALIZER
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size, min_frequency=5, limit_alphabet=400, special_tokens=list(SPECIAL_TOKENS), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def clean_first(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Put marsad's repairs in front of a foreign tokenizer's own normaliser, in place; one of ours stays as it is.

    Offsets go on pointing into the raw text, and what is saved reads obfuscated posts in a plain pipeline too.
    """
    backend = tokenizer.backend_tokenizer
    own = backend.normalizer
    if own is None or own.normalize_str(OBFUSCATED) != normalize(OBFUSCATED):
        backend.normalizer = normalizers.Sequence([CLEANER] if own is None else [CLEANER, own])
    return tokenizer
