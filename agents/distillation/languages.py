"""The language of a text, where there is enough of it to tell."""

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_FEWEST_LETTERS: Final = 20
# Of English full of foreign names (SNIPS) 4 of 2,570 texts are then taken for another language; at 0.5, 21 are.
_LEAST_SURE: Final = 0.7


def language_of(text: str) -> str | None:
    """Return the language of a text as in ISO 639-1, such as "en"; None where it is too short or not sure.

    Names and foreign words mislead on a short text: below 20 letters nothing is said.
    """
    if sum(character.isalpha() for character in text) < _FEWEST_LETTERS:
        return None
    language, certainty = _identifier().classify(text)
    return str(language) if certainty >= _LEAST_SURE else None


@cache
def _identifier() -> "LanguageIdentifier":
    # Reads its model, which takes half a second, and few processes filter.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - as said

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
