"""Counting the tokens of a text without asking anybody."""

import math
from collections.abc import Sequence

from agents.decision.answers import CHARACTERS_PER_TOKEN


class CharacterCounter:
    """Counts by length: one token for every four characters.

    Right to about a quarter for English prose; source code and most other languages have more tokens than this says.
    The embedder's tokeniser, which is at hand, knows 30,000 words and splits text far finer than language models do.
    """

    @property
    def method(self) -> str:
        """How it counts, for people."""
        return f"1 token = {CHARACTERS_PER_TOKEN} characters (assumed; code and other languages than English have more)"

    async def count(self, texts: Sequence[str]) -> Sequence[int]:
        """Return the tokens of each text; whatever is not empty has one at least."""
        return [math.ceil(len(text) / CHARACTERS_PER_TOKEN) for text in texts]
