"""Comparisons made once: an answer, the cards that it touches and the verdict that it moves share one."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.costs.compare import Comparison
from agents.costs.prices.book import PriceBook
from agents.decision.answers import Answers
from agents.errors import UserError
from agents.services.cost_inputs import NO_SETTINGS, Priced, compared, priced


@dataclass(frozen=True, slots=True)
class _Made:
    book: PriceBook
    # The text of the error where the inputs cannot be priced.
    outcome: Comparison | str


class Pricing:
    """Prices inputs, and remembers the newest comparisons.

    Args:
        most: How many are remembered.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._made: OrderedDict[str, _Made] = OrderedDict()

    def priced(self, answers: Answers, book: PriceBook, settings: Mapping[str, Any] = NO_SETTINGS) -> Priced:
        """Return what `cost_inputs.priced` does, with the very same comparison where nothing has changed.

        Raises:
            UserError: A figure is beyond what can be priced.
        """
        return priced(answers, book, settings, compared=self.compared)

    def compared(self, document: Mapping[str, Any], book: PriceBook) -> Comparison:
        """Return the comparison of inputs as a cost file holds them.

        Raises:
            UserError: An input cannot be read or priced.
        """
        key = json.dumps(document, sort_keys=True, default=str)
        made = self._made.get(key)
        # A book is looked up for each team and day; equal books give equal comparisons.
        if made is None or not (made.book is book or made.book == book):
            made = _Made(book, _outcome(document, book))
        self._made[key] = made
        self._made.move_to_end(key)
        if len(self._made) > self._most:
            self._made.popitem(last=False)
        if isinstance(made.outcome, str):
            raise UserError(made.outcome)
        return made.outcome


def _outcome(document: Mapping[str, Any], book: PriceBook) -> Comparison | str:
    try:
        return compared(document, book)
    except UserError as cause:
        return str(cause)
