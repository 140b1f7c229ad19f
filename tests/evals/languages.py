"""Which language a reply is in, by its letters and its commonest words; enough to tell the written ones apart."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_SCRIPTS: Final[Mapping[str, str]] = {"HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CYRILLIC": "uk"}
_WORDS: Final[Mapping[str, str]] = {
    "en": "the and is are you your what how of to it this that for with we have does not in on",
    "de": "der die das und ist sind sie ihr ihre was wie von zu es für mit wir haben nicht ein eine",
    "fr": "le la les et est sont vous votre vos que quel de du des il pour avec nous pas une un",
    "es": "el la los las y es son usted su qué que cuál de del para con no una un está lo",
    "pl": "i jest są czy jak jaki jakie nie na do z w to że dla się o ma pan państwo już",
    "it": "il lo la gli e è sono che quale di del della per con non una un si vostro",
    "pt": "o a os as e é são que qual de do da para com não uma um está vocês",
}
# Fewer words tell nothing.
_FEWEST_WORDS: Final = 4


def language(text: str) -> str | None:
    """Return the code of the language, None for a text too short to tell."""
    for character in text:
        name = unicodedata.name(character, "")
        if (script := name.split(" ", 1)[0]) in _SCRIPTS:
            return _SCRIPTS[script]
    words = re.findall(r"[^\W\d_]+", text.lower())
    if len(words) < _FEWEST_WORDS:
        return None
    hits = {code: sum(word in common.split() for word in words) for code, common in _WORDS.items()}
    best = max(hits, key=lambda code: hits[code])
    return best if hits[best] else None
