"""Comparisons made once: an answer, the cards that it touches and the verdict that it moves share one."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.costs.prices import PriceBook
from agents.decision.answers import Answers
from agents.errors import UserError
from agents.services.cost_inputs import NO_SETTINGS, Priced, inputs_document, priced


@dataclass(frozen=True, slots=True)
class _Made:
    book: PriceBook
    outcome: Priced | UserError


class Pricing:
    """Prices answers, and remembers the newest comparisons.

    Args:
        most: How many are remembered.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._made: OrderedDict[str, _Made] = OrderedDict()

    def priced(self, answers: Answers, book: PriceBook, settings: Mapping[str, Any] = NO_SETTINGS) -> Priced:
        """Return what `cost_inputs.priced` does, the very same one where nothing has changed.

        Raises:
            UserError: A figure is beyond what can be priced.
        """
        parts = [inputs_document(answers, settings), settings, [str(each) for each in answers.problem or ()]]
        # The answer itself too, where the document leaves it out and a remark says so.
        key = json.dumps([*parts, answers.knowledge_tokens], sort_keys=True, default=str)
        made = self._made.get(key)
        # A book is looked up for each team and day; equal books give equal comparisons.
        if made is None or not (made.book is book or made.book == book):
            made = _Made(book, _outcome(answers, book, settings))
        self._made[key] = made
        self._made.move_to_end(key)
        if len(self._made) > self._most:
            self._made.popitem(last=False)
        if isinstance(made.outcome, UserError):
            # Raised anew: the one that is kept would hold the frames of every caller.
            raise UserError(str(made.outcome)) from None
        return made.outcome


def _outcome(answers: Answers, book: PriceBook, settings: Mapping[str, Any]) -> Priced | UserError:
    try:
        return priced(answers, book, settings)
    except UserError as cause:
        return UserError(str(cause))
