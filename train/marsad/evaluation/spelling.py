"""Changes of spelling that mean nothing to a reader: pure functions from a text and seeded dice to a text."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from marsad.text import LETTER, TATWEEL

Spelling = Callable[[str, Random], str]
ALEF_FORMS = re.compile("[\u0622\u0623\u0625]")
"""Alef with madda, with hamza above, with hamza below."""
LAST_YA = re.compile(f"\u064a(?![{LETTER}])")
LAST_TA_MARBUTA = re.compile(f"\u0629(?![{LETTER}])")
VOWELS = "\u064e\u064f\u0650\u0652"
"""Fatha, damma, kasra, sukun."""
JOINING = re.compile(f"(?<=[{LETTER}])(?<![\u0621-\u0625\u0627\u0629\u062f-\u0632\u0648\u0649])(?=[{LETTER}])")
"""Between two letters of which the first joins the next: not behind hamza, alef, ta marbuta, dal to zay, waw, alef maqsura."""
WORD = re.compile(f"(?<![#_{LETTER}])[{LETTER}]{{3,}}(?: [{LETTER}]{{3,}})?(?![_{LETTER}])")
DIGITS = str.maketrans("0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669")


def bare_alef(text: str, _: Random) -> str:
    """Write every form of alef bare: أكد → اكد."""
    return ALEF_FORMS.sub("\u0627", text)


def alef_maqsura(text: str, _: Random) -> str:
    """Write the last ya of a word as alef maqsura: في → فى."""
    return LAST_YA.sub("\u0649", text)


def ha_for_ta_marbuta(text: str, _: Random) -> str:
    """Write the last ta marbuta of a word as ha: مدينة → مدينه."""
    return LAST_TA_MARBUTA.sub("\u0647", text)


def diacritics(text: str, dice: Random) -> str:
    """Put a short vowel on three letters in ten."""
    return re.sub(f"[{LETTER}]", lambda found: found[0] + (dice.choice(VOWELS) if dice.random() < 0.3 else ""), text)


def tatweel(text: str, dice: Random) -> str:
    """Lengthen one join in ten by one to four tatweels: قصف → قصـــف."""
    return JOINING.sub(lambda _: TATWEEL * dice.randint(1, 4) if dice.random() < 0.1 else "", text)


def dots(text: str, dice: Random) -> str:
    """Hide one join in ten behind tatweel and a dot or a space, as posts do: قصف → قصـ.ـف."""
    return JOINING.sub(lambda _: TATWEEL + dice.choice(". ") + TATWEEL if dice.random() < 0.1 else "", text)


def hashtags(text: str, dice: Random) -> str:
    """Make one word or pair of words in ten a hashtag: قوات النظام → #قوات_النظام."""
    return WORD.sub(lambda found: "#" + found[0].replace(" ", "_") if dice.random() < 0.1 else found[0], text)


def arabic_digits(text: str, _: Random) -> str:
    """Write digits in Arabic-Indic: 2021 → ٢٠٢١."""
    return text.translate(DIGITS)


SPELLINGS: dict[str, Spelling] = {
    "bare alef": bare_alef,
    "alef maqsura for ya": alef_maqsura,
    "ha for ta marbuta": ha_for_ta_marbuta,
    "diacritics": diacritics,
    "tatweel": tatweel,
    "tatweel with dots": dots,
    "hashtags": hashtags,
    "Arabic-Indic digits": arabic_digits,
}
