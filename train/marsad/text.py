"""Arabic spelling: one named rule a change, and the chain that every tokenizer of marsad starts with.

A `Rule` is a function from text to text, and at the same time the `tokenizers` normalizer of that change. The chain is
written into `tokenizer.json`, so a plain transformers pipeline reads text as training did, and token offsets point into
the raw text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tokenizers import PreTokenizedString, Regex, normalizers, pre_tokenizers

LETTER = "\u0621-\u063a\u0641-\u064a\u0671-\u0673\u0679-\u06d3"
"""The letters of Arabic and its neighbours (no tatweel, no marks, no digits), as the inside of a character class."""
TATWEEL = "\u0640"
MARKS = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\ufe00-\ufe0f"
"""Short vowels, shadda, sukun, combining hamza and madda, Koranic marks, variation selectors."""
FILLERS = f"{TATWEEL}.*•·~_"
"""What writers of social posts put between the letters of a word to hide it from a filter."""


PREFIXES = "\u0648\u0641\u0628\u0644\u0643"
"""Waw, fa, ba, lam, kaf: one-letter words that are written together with the next."""
ATTACHED = re.compile(f"[\u0648\u0641]?[{PREFIXES}]?")
"""Waw or fa, then one more: the one-letter words that may stand before a name in its first word."""


@dataclass(frozen=True)
class Rule:
    """One change of spelling: each match of `pattern` (Oniguruma's syntax) becomes `content`."""

    pattern: str
    content: str

    @property
    def normalizer(self) -> normalizers.Replace:
        """The same change as a normalizer for `tokenizer.json`."""
        return normalizers.Replace(Regex(self.pattern), self.content)

    def __call__(self, text: str) -> str:
        """Return `text` with the change made."""
        return self.normalizer.normalize_str(text)


remove_marks = Rule(f"[{MARKS}]+", "")
"""قُصِفَ → قصف"""
join_obfuscated = Rule(
    f"(?<=[{LETTER}])(?:[.•·~_]*+[{TATWEEL}*][{FILLERS}]*+|{TATWEEL}[ {FILLERS}]++(?<={TATWEEL}))(?=[{LETTER}])", ""
)
"""قصـ ـف → قصف, اشتـ.ـرك → اشترك, عد*وان → عدوان: fillers with a tatweel or an asterisk among them, inside a word.

The quantifiers give nothing back (`*+`), so a line of ten thousand tatweels takes no longer than it is."""
remove_tatweel = Rule(f"{TATWEEL}+", "")
"""قصـــف → قصف"""
letter_from_digit = Rule(f"(?<=[{LETTER}])[1@](?=[{LETTER}])|(?<=د)!(?=عش)", "\u0627")
"""د1عش, د@عش → داعش: between two letters these stand for alef and nothing else."""
shorten_elongated = Rule(f"([{LETTER}])\\1+(?=\\1)", "")
"""عاااجل → عاجل: three equal letters or more are one."""
join_dotted = Rule(
    f"(?<=\\A[{LETTER}]|\\A[{PREFIXES}][{LETTER}]|[^{LETTER}][{LETTER}]|[^{LETTER}][{PREFIXES}][{LETTER}])"
    f"\\.(?=[{LETTER}]\\.[{LETTER}](?![{LETTER}]))|(?<=\\.[{LETTER}])\\.(?=[{LETTER}](?![{LETTER}]))",
    "",
)
"""ق.ص.ف → قصف: three lone letters or more. A single dot (غا.رات) stays: as often it is a full stop without a space."""
split_hashtags = Rule("[#_]+", " ")
"""#قوات_النظام → قوات النظام"""
fold_alef = Rule("[\u0622\u0623\u0625\u0671-\u0673]", "\u0627")
"""آ أ إ ٱ → ا"""
fold_ya = Rule("[\u0649\u06cc\u06d2]", "\u064a")
"""ى and the Persian and Urdu ya → ي"""
fold_kaf = Rule("[\u06a9\u06aa]", "\u0643")
"""ک → ك"""
fold_ha = Rule("[\u06be\u06c1\u06d5]", "\u0647")
"""ھ ہ ە → ه"""
fold_ta_marbuta = Rule("\u0629", "\u0647")
"""قنبلة → قنبله: posts leave out the dots of a final ta marbuta as often as they set them."""
FOLD_DIGITS = tuple(Rule(f"[{chr(0x660 + digit)}{chr(0x6F0 + digit)}]", str(digit)) for digit in range(10))
"""٠١٢…, ۰۱۲… → 012…"""

FOLDS: tuple[Rule, ...] = (*FOLD_DIGITS, fold_alef, fold_ya, fold_kaf, fold_ha, fold_ta_marbuta)
"""Letters and digits that are one to a reader; an encoder must have been pre-trained on text folded so."""
REPAIRS: tuple[Rule, ...] = (
    join_obfuscated,
    remove_tatweel,
    letter_from_digit,
    shorten_elongated,
    join_dotted,
    letter_from_digit,
    shorten_elongated,
    split_hashtags,
)
"""What gives back the word that was meant; any encoder reads it the better."""


def _chain(*rules: Rule) -> list[normalizers.Normalizer]:
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return [clean, normalizers.NFKC(), *(rule.normalizer for rule in rules)]


NORMALIZER = normalizers.Sequence([*_chain(remove_marks, *FOLDS, *REPAIRS), normalizers.Lowercase(), normalizers.NFKC()])
"""Control, zero-width and direction marks out; presentation forms to letters (NFKC); marks, folds, repairs; small Latin."""
CLEANER = normalizers.Sequence([*_chain(remove_marks, *REPAIRS), normalizers.NFKC()])
"""The part that goes before the normaliser of an encoder that was pre-trained elsewhere: no folds, no small letters."""


def normalize(text: str) -> str:
    """Return `text` as the encoder reads it. Normalising twice equals normalising once."""
    return NORMALIZER.normalize_str(text)


STOPS = ".!?\u061f\u060c\u061b:"
"""Full stop, exclamation and question marks, Arabic question mark, comma, semicolon, colon: no name goes across them."""
WORDS = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(rf"[^\p{{L}}\p{{N}}{STOPS}]+"), "removed"),
        pre_tokenizers.Split(Regex(f"[{STOPS}]"), "isolated"),
    ]
)


class Word(NamedTuple):
    """A word of a text as `normalize` gives it, and its place in the raw text."""

    spelling: str
    start: int
    end: int


def read_words(text: str) -> Iterator[Word]:
    """Yield the words and stops of `text`, spelled as `normalize` does, with their places in the raw text."""
    read = PreTokenizedString(text)
    read.normalize(NORMALIZER.normalize)
    WORDS.pre_tokenize(read)
    for spelling, (start, end), _ in read.get_splits("original", "char"):
        yield Word(spelling, start, end)
