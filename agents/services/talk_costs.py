"""What talking costs: a call of a model is reserved at its most before it is made, and settled by what it used."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Final, Literal

from agents.costs.calls import call_usd, most_call_usd
from agents.costs.prices.book import ModelPrice, PriceBook, PriceMissingError
from agents.dialogue.chat import FailureKind, ModelFailure, Usage
from agents.dialogue.speaking import Speaking
from agents.runs.money import usd
from agents.services.prices import PriceBooks
from agents.services.talk_limits import DEFAULTS, TalkScope, refusal_words
from agents.store import talking
from agents.store.db import Database
from agents.store.talking import Ending, Priced
from agents.telemetry import Telemetry

# Long enough to compare a month with the same one of the year before.
KEPT: Final = timedelta(days=400)
SELF_HOSTED: Final[Literal["self-hosted"]] = "self-hosted"
_FREE: Final = Priced(Decimal(0), SELF_HOSTED, None)
# The model did not take the request, so that nothing is charged; of the others nobody knows without their usage.
_TOOK_NOTHING: Final[frozenset[FailureKind]] = frozenset({"rate_limited", "overloaded", "unreachable", "rejected"})


class TalkCosts:
    """The meter of every team's talking, on Postgres.

    Args:
        database: Where calls and limits are.
        books: Looks up what a model costs the team.
        self_hosted: Models on servers of one's own, which cost nothing per token unless the team set a price.
        defaults: The limits where admins have set none, in USD.
        telemetry: Told of each call that has ended.
    """

    def __init__(
        self,
        database: Database,
        books: PriceBooks,
        *,
        self_hosted: Collection[str] = (),
        defaults: Mapping[TalkScope, Decimal] = DEFAULTS,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._database = database
        self._books = books
        self._self_hosted = frozenset(self_hosted)
        self._telemetry = telemetry or Telemetry()
        self._defaults = {str(scope): limit_usd for scope, limit_usd in defaults.items()}

    async def begin(self, call: Speaking) -> str:
        """Reserve the most that the call can cost, and return its id.

        Raises:
            ModelFailure: A limit would be passed, or the model has no price (`budget`); the detail says what to do.
        """
        async with self._database.team(call.team_id) as connection:
            price = self._price(await self._books.book(connection, call.team_id), call.model)
            if price is None:
                await talking.not_made(connection, call)
                refusal = _unpriced(call.model)
            else:
                most = _most(price, call)
                call_id, passed = await talking.begin_call(connection, call, most, self._defaults, KEPT)
                refusal = "" if passed is None else refusal_words(passed, most.usd)
        if refusal:
            raise ModelFailure("budget", refusal)
        return f"{call.team_id}:{call_id}"

    async def end(
        self, call_id: str, *, usage: Usage | None, stop_reason: str | None, failure: ModelFailure | None
    ) -> None:
        """Write down what became of a call, once.

        Without `usage`, here or in the failure, its reservation stands, but where the model took nothing.
        """
        team_id, _, number = call_id.rpartition(":")
        used = usage
        if used is None and failure is not None:
            used = failure.usage or (Usage() if failure.kind in _TOOK_NOTHING else None)
        async with self._database.team(team_id) as connection:
            model = await talking.model_of(connection, team_id, int(number))
            if model is None:
                return
            price = self._price(await self._books.book(connection, team_id), model)
            # A price that was taken away meanwhile leaves only the reservation.
            priced = None if price is None or used is None else _settled(price, used)
            ending = Ending(
                usage=used if priced is not None else None,
                priced=priced,
                stop_reason=stop_reason,
                failure=failure.kind if failure is not None else None,
                refusal_category=failure.category if failure is not None else None,
            )
            is_first = await talking.end_call(connection, team_id, int(number), ending)
        if is_first:
            self._telemetry.called(
                model=model,
                provider="vllm" if model in self._self_hosted else "anthropic",
                usage=used,
                cost_usd=None if priced is None else priced.usd,
                failure=failure,
            )

    async def price(self, team_id: str, model: str) -> ModelPrice | Literal["self-hosted"] | None:
        """Return what a model costs the team; None where nobody knows, so that it is not spoken to."""
        async with self._database.team(team_id) as connection:
            found = self._price(await self._books.book(connection, team_id), model)
        return SELF_HOSTED if isinstance(found, Priced) else found

    def _price(self, book: PriceBook, model: str) -> ModelPrice | Priced | None:
        """Return what a model costs; None where nobody knows."""
        try:
            price = book.model(model)
        except PriceMissingError:
            return _FREE if model in self._self_hosted else None
        # A list's price of an open model is that of somebody else's server.
        return _FREE if model in self._self_hosted and price.kind == "published" else price


def _most(price: ModelPrice | Priced, call: Speaking) -> Priced:
    if isinstance(price, Priced):
        return price
    most_usd = most_call_usd(price, request_tokens=call.request_tokens, max_tokens=call.max_tokens)
    return Priced(usd(most_usd), price.source, price.as_of)


def _settled(price: ModelPrice | Priced, usage: Usage) -> Priced:
    if isinstance(price, Priced):
        return price
    return Priced(usd(call_usd(price, **asdict(usage))), price.source, price.as_of)


def _unpriced(model: str) -> str:
    return (
        f"{model} has no price here, and nothing is spent without one; an approver sets it with "
        f"`/cairn prices set {model} in=2 out=10`, in USD per million tokens"
    )
