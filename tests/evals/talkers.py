"""Who can be played against: each a function from a conversation to a talker and what it has spent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from agents.conversation.state import of_turn
from agents.conversation.talkers.guided import Guided
from agents.conversation.talking import Reply, Situation, Talker
from agents.ports import Speech
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


TALKERS: Final[Mapping[str, Callable[[Conversation], Played]]] = {"scripted": scripted, "guided": guided}
