"""Who can be played against: each a function from a conversation to a talker and what it has spent.

The one with a model is any that speaks the Messages API: with a key, or at an address of one's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Final

from agents.adapters.models.backend import Backend
from agents.adapters.models.configured import small_backend
from agents.adapters.models.messages import AnthropicChat
from agents.conversation.metering import Speaking
from agents.conversation.state import of_turn
from agents.conversation.talkers.failover import Failover
from agents.conversation.talkers.guided import Guided
from agents.conversation.talkers.model import ModelTalker
from agents.conversation.talkers.tiered import Tiered
from agents.conversation.talking import Reply, Situation, Talker
from agents.conversation.tools import MODEL_TOOLS
from agents.costs.calls import call_usd
from agents.costs.prices.book import PriceMissingError
from agents.dialogue.chat import ModelFailure, Usage
from agents.ports import Speech
from agents.wiring import prices_today
from tests.evals.conversations import Conversation


@dataclass(frozen=True, slots=True)
class Spent:
    """What talking cost: tokens in and out together."""

    tokens: int = 0
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Played:
    """A talker for one conversation, and what it has spent until now."""

    talker: Talker
    spent: Callable[[], Spent] = Spent


class Scripted:
    """Plays the replies written for each turn, by the turn's id; says nothing where none are left."""

    name = "scripted"

    def __init__(self, replies: Mapping[str, Sequence[Reply]]) -> None:
        self._replies = replies

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return the next reply written for this turn."""
        turn_id = situation.turn["id"]
        spoken = [each for each in of_turn(situation.messages, turn_id) if each["role"] == "assistant"]
        number = sum(each["id"] != f"{turn_id}:press" for each in spoken)
        written = self._replies.get(turn_id, ())
        return written[number] if number < len(written) else Reply()


def turn_id(conversation: Conversation, number: int) -> str:
    """Return the event key of a turn that is written."""
    return f"Ev-{conversation.id}-{number}"


def scripted(conversation: Conversation) -> Played:
    """Return the talker that acts as the conversation says an ideal one would."""
    return Played(Scripted({turn_id(conversation, at): turn.ideal or () for at, turn in enumerate(conversation.turns)}))


def guided(conversation: Conversation) -> Played:
    """Return the talker without a model, which spends nothing."""
    del conversation
    return Played(Guided())


class Counted:
    """A meter that adds up what one conversation used, at the list price of the model where it has one."""

    def __init__(self) -> None:
        self._tokens = 0
        self._usd = Decimal(0)
        self._models: dict[str, str] = {}
        self._book = prices_today()

    async def begin(self, call: Speaking) -> str:
        """Let the call pass."""
        call_id = f"{call.turn_id}:{call.step}:{call.purpose}"
        self._models[call_id] = call.model
        return call_id

    async def end(
        self, call_id: str, *, usage: Usage | None, stop_reason: str | None, failure: ModelFailure | None
    ) -> None:
        """Add what was used."""
        used = usage or (failure.usage if failure is not None else None)
        if used is None:
            return
        self._tokens += sum(asdict(used).values())
        try:
            self._usd += call_usd(self._book.model(self._models[call_id]), **asdict(used))
        except PriceMissingError:
            return

    def spent(self) -> Spent:
        """Return what was used until now."""
        return Spent(self._tokens, self._usd)


def with_model(backend: Backend, api_key: str, small: str | None = None) -> Callable[[Conversation], Played]:
    """Return the talker that speaks in the product, with buttons beside it and a model, or two, behind it."""

    def played(conversation: Conversation) -> Played:
        del conversation
        meter = Counted()

        def speaking(server: Backend) -> ModelTalker:
            return ModelTalker("claude", AnthropicChat(server, api_key), MODEL_TOOLS, meter)

        large = speaking(backend)
        model = large if small is None else Tiered(speaking(small_backend(backend, small)), large)
        return Played(Failover(model, Guided()), meter.spent)

    return played


TALKERS: Final[Mapping[str, Callable[[Conversation], Played]]] = {"scripted": scripted, "guided": guided}
