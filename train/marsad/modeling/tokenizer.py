"""The tokenizer: marsad's normaliser in front of word pieces, trained here or taken from a base model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from marsad.text import CLEANER, NORMALIZER, normalize

OBFUSCATED = "\u0642\u0635\u0640 \u0640\u0641"
"""A word that only a tokenizer with marsad's repairs puts together (qaf sad tatweel, space, tatweel fa)."""
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ALPHABET = 400
"""Letters and signs that a new tokenizer knows, at most; other words become [UNK]."""


def train_tokenizer(texts: Iterable[str], vocab_size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Train word pieces on `texts` (raw; the normaliser runs inside) and return a tokenizer for BERT.

    `max_length` is what the encoder's positions allow, in tokens with [CLS] and [SEP]. The same texts give the same
    tokenizer.
    """
    tokenizer = _bare(models.WordPiece(_train_pieces(list(texts), vocab_size), unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
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


def _bare(pieces: models.WordPiece) -> Tokenizer:
    tokenizer = Tokenizer(pieces)
    tokenizer.normalizer = NORMALIZER
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _train_pieces(texts: Sequence[str], vocab_size: int) -> dict[str, int]:
    """Return the learned pieces and their numbers.

    The trainer numbers the letters inside words as its hash map yields them, and breaks ties between pairs by those
    numbers; so all letters are chosen, ordered and numbered before it starts.
    """
    counts = Counter(letter for text in texts for letter in set(normalize(text)) if not letter.isspace())
    letters = sorted(sorted(counts, key=lambda letter: (-counts[letter], letter))[:ALPHABET])
    numbered = [*SPECIAL_TOKENS, *letters, *(f"##{letter}" for letter in letters)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=5,
        initial_alphabet=letters,
        limit_alphabet=len(letters),
        special_tokens=numbered[:vocab_size],
        show_progress=False,
    )
    tokenizer = _bare(models.WordPiece(unk_token="[UNK]"))
    tokenizer.train_from_iterator(texts, trainer)
    return {piece: number for piece, number in tokenizer.get_vocab().items() if number < vocab_size}


def clean_first(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Put marsad's repairs in front of a foreign tokenizer's own normaliser, in place; one of ours stays as it is.

    Offsets go on pointing into the raw text, and what is saved reads obfuscated posts in a plain pipeline too.
    """
    backend = tokenizer.backend_tokenizer
    own = backend.normalizer
    if own is None or own.normalize_str(OBFUSCATED) != normalize(OBFUSCATED):
        backend.normalizer = normalizers.Sequence([CLEANER] if own is None else [CLEANER, own])
    return tokenizer
