"""A small model fills slots, the large one talks, and without the small one nothing is missing."""

from dataclasses import replace
from typing import Any

import pytest

from agents.conversation.state import with_turn
from agents.conversation.talkers.model import ModelTalker
from agents.conversation.talkers.tiered import LEFT_ALONE_S, Tiered
from agents.conversation.talking import Reply, Situation, Wanted
from agents.conversation.tools import MODEL_TOOLS
from agents.dialogue.chat import CallMade, Ended, FailureKind, ModelFailure
from tests.unit.conversation.factories import make_state
from tests.unit.conversation.test_failover import Clock
from tests.unit.conversation.test_model_talker import USED, Book, Chat, Overheard, says, situation_of
from tests.unit.conversation.test_state import make_turn

FACTS = {"facts": [{"slot": "problem", "value": "cost", "quote": "too expensive", "corrects": False}]}


class Small(Chat):
    name = "claude-small"


class Two:
    """A talker of two models, and what either was asked."""

    def __init__(self, small: Chat, large: Chat) -> None:
        self.small, self.large = small, large
        self.book, self.clock, self.speech = Book(), Clock(), Overheard()
        models = [ModelTalker("claude", chat, MODEL_TOOLS, self.book) for chat in (small, large)]
        self.talker = Tiered(*models, clock=self.clock)

    async def reply(self, situation: Situation) -> Reply:
        return await self.talker.reply(situation, self.speech)

    def asked(self) -> tuple[int, int]:
        return len(self.small.requests), len(self.large.requests)


def filling(*calls: CallMade, text: str = "") -> list[Any]:
    return [*says(text)[:-1], *calls, Ended("tool_use", USED)]


def after_filling(text: str = "too expensive") -> Situation:
    """The same turn once the small model's calls have their results."""
    history = with_turn([], make_turn(text=text))
    turn_id = history[0]["id"]
    call: Any = {"id": f"{turn_id}:0:0", "name": "record_facts", "arguments": FACTS}
    history.append({"id": f"{turn_id}:0", "role": "assistant", "text": "", "calls": [call], "by": "claude"})
    history.append({"id": "r", "role": "tool", "text": "Noted.", "call_id": call["id"], "data": {}})
    return replace(situation_of(text, results=[{"tool": "record_facts"}]), messages=history)


async def test_what_was_said_is_recorded_by_the_small_model_and_nothing_that_it_writes_is_shown() -> None:
    two = Two(Small(filling(CallMade("record_facts", FACTS), text="It costs $4,321. Fine.")), Chat())

    reply = await two.reply(situation_of("too expensive"))

    assert reply == Reply(calls=[Wanted("record_facts", FACTS)])
    assert two.speech.pieces == []
    assert two.asked() == (1, 0)
    assert [call.model for call in two.book.begun] == ["claude-small"]
    assert two.book.ended == [("0:talk", USED, "tool_use", None)]


async def test_the_large_model_speaks_once_there_are_results() -> None:
    two = Two(Small(), Chat(says("Cost it is.")))

    reply = await two.reply(after_filling())

    assert (reply.text, two.asked()) == ("Cost it is.", (0, 1))
    assert [(call.model, call.step) for call in two.book.begun] == [("claude-test", 1)]


async def test_a_small_model_may_do_nothing_but_fill_slots() -> None:
    wanted = filling(CallMade("propose_index", {"name": "x"}), CallMade("record_facts", FACTS), CallMade("nonsense"))
    two = Two(Small(wanted), Chat())

    assert (await two.reply(situation_of("too expensive"))).calls == [Wanted("record_facts", FACTS)]


@pytest.mark.parametrize("answer", [says("I would say caching."), filling(CallMade("compare_costs")), []])
async def test_where_it_fills_nothing_the_large_one_is_asked_as_if_it_were_alone(answer: list[Any]) -> None:
    two = Two(Small(answer), Chat(says("Caching comes first.")))

    reply = await two.reply(situation_of("why?"))

    assert reply.text == "Caching comes first."
    assert two.large.requests == two.small.requests, "the same request, so that each has its own cached prefix"


@pytest.mark.parametrize("kind", ["rejected", "overloaded", "timeout", "refused", "budget"])
async def test_a_small_model_that_fails_is_left_alone_for_a_while_and_nobody_notices(kind: FailureKind) -> None:
    failing = [ModelFailure(kind, "no")]
    two = Two(Small(failing, filling(CallMade("record_facts", FACTS))), Chat(says("One."), says("Two.")))

    assert (await two.reply(situation_of("too expensive"))).text == "One."
    assert (await two.reply(situation_of("too expensive"))).text == "Two."
    assert two.asked() == (1, 2)
    two.clock.now += LEFT_ALONE_S
    assert (await two.reply(situation_of("too expensive"))).calls


async def test_a_large_model_that_fails_fails_the_reply() -> None:
    with pytest.raises(ModelFailure, match="overloaded"):
        await Two(Small(says("-")), Chat([ModelFailure("overloaded", "529")])).reply(situation_of("why?"))


async def test_where_no_question_is_open_the_small_model_is_not_asked() -> None:
    two = Two(Small(), Chat(says("As it stands.")))

    await two.reply(situation_of("why?", state=make_state(open_slot=None)))

    assert two.asked() == (0, 1)


async def test_the_first_message_of_a_thread_may_fill_slots() -> None:
    two = Two(Small(filling(CallMade("record_facts", FACTS))), Chat())

    reply = await two.reply(situation_of("too expensive", is_first=True, state=make_state(open_slot=None)))

    assert [call.name for call in reply.calls] == ["record_facts"]
