"""Who talks in a workspace, at which prices and limits, and whether the model answers: one view for every face."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agents.costs.prices.book import ModelPrice
from agents.costs.prices.typed import price_text
from agents.runs.money import dollars
from agents.services.talk_budgets import TalkBudgets, TalkView
from agents.services.talk_costs import SELF_HOSTED, TalkCosts
from agents.services.talk_limits import TalkCap
from agents.services.talkers import TalkerChoices, TalkerView
from agents.store import talking
from agents.store.db import Database
from agents.store.talking import Lapse, TalkUsage

# By the kind of a ModelFailure: what the model did in place of answering.
_LAPSES: Final[Mapping[str, str]] = {
    "rate_limited": "took no more requests",
    "overloaded": "had too much to do",
    "timeout": "took too long to answer",
    "unreachable": "could not be reached",
    "cut": "broke off",
    "rejected": "did not take the request; `cairn check` says what to mend",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A model that speaks and what it charges; `price` is None where it is self-hosted or nobody knows."""

    model: str
    price: ModelPrice | None
    is_self_hosted: bool

    @property
    def is_unpriced(self) -> bool:
        """Whether nothing is spent on it, since nobody knows what it costs."""
        return self.price is None and not self.is_self_hosted

    @property
    def words(self) -> str:
        """What it charges and where that is from."""
        if self.price is not None:
            return f"{price_text(self.price)} · {self.price.source}, {self.price.as_of.isoformat()}"
        if self.is_self_hosted:
            return "self-hosted, nothing per token"
        return (
            "no price is known, so that nothing is spent on it and threads go on by buttons; an approver sets one with "
            f"`/cairn prices set {self.model} in=2 out=10`, in USD per million tokens"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkingView:
    """Who talks, what it costs, and whether it answers.

    Attributes:
        talker: Who talks, and who could.
        spoken: The model that speaks; None for the talker without.
        fills: The small model that takes what was said into answers for it; None where it does that itself.
        costs: What talking used, and its limits.
        lapse: How the model failed when it was last asked; None where it answered.
    """

    talker: TalkerView
    spoken: Spoken | None
    fills: Spoken | None
    costs: TalkView
    lapse: Lapse | None


class Talking:
    """Joins who talks with what it costs, for every team.

    Args:
        database: Where calls are.
        talkers: Who talks.
        budgets: What it may cost.
        costs: What a model charges.
    """

    def __init__(self, database: Database, talkers: TalkerChoices, budgets: TalkBudgets, costs: TalkCosts) -> None:
        self._database = database
        self._talkers = talkers
        self._budgets = budgets
        self._costs = costs

    async def view(
        self, team_id: str, *, user_id: str | None = None, conversation_id: str | None = None
    ) -> TalkingView:
        """Return how talking stands in the workspace, also for a person and a thread where they are named."""
        talker = await self._talkers.view(team_id)
        return TalkingView(
            talker=talker,
            spoken=await self._spoken(team_id, talker.model) if talker.model else None,
            fills=await self._spoken(team_id, talker.small_model) if talker.small_model else None,
            costs=await self._budgets.view(team_id, user_id=user_id, conversation_id=conversation_id),
            lapse=await self._lapse(team_id, talker.model) if talker.model else None,
        )

    async def _spoken(self, team_id: str, model: str) -> Spoken:
        price = await self._costs.price(team_id, model)
        if price == SELF_HOSTED:
            return Spoken(model, None, is_self_hosted=True)
        return Spoken(model, price, is_self_hosted=False)

    async def _lapse(self, team_id: str, model: str) -> Lapse | None:
        async with self._database.team(team_id) as connection:
            return await talking.lapse(connection, team_id, model)


def lapse_words(lapse: Lapse) -> str:
    """Return what the model did instead of answering: "had too much to do"."""
    return _LAPSES.get(lapse.failure, "did not answer")


def limit_words(cap: TalkCap, *, is_counted: bool) -> str:
    """Return a limit with what is left of it, or alone where what counts against it was not asked for."""
    if is_counted:
        return cap.words
    return "no limit" if cap.limit_usd is None else f"{dollars(cap.limit_usd)} at most"


def usage_words(used: TalkUsage) -> tuple[str, ...]:
    """Return what talking used in a period: turns and calls, tokens with the share from the cache, refusals."""
    if not used.calls and not used.degraded_turns:
        return ("no call of a model yet",)
    read = used.input_tokens + used.cache_read_tokens + used.cache_write_tokens
    cached = f" ({used.cache_read_tokens / read:.0%} from the cache)" if read else ""
    parts = [
        f"{_counted(used.calls, 'call')} of a model in {_counted(used.turns, 'turn')}",
        f"{read:,} tokens in{cached}, {used.output_tokens:,} out",
    ]
    if used.degraded_turns:
        parts.append(f"{_counted(used.degraded_turns, 'turn')} went on by buttons")
    if used.refusals:
        refused = ", ".join(f"{category} {number}" for category, number in sorted(used.refusals.items()))
        parts.append(f"refusals: {refused}")
    return tuple(parts)


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
