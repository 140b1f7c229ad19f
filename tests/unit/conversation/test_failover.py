"""A model that fails, and the buttons that go on: once a notice, once another when it is back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from agents.conversation.state import Message, with_turn
from agents.conversation.talkers.failover import HOLD_OFF_S, Failover
from agents.conversation.talkers.guided import Guided
from agents.conversation.talking import Reply, Situation, Wanted
from agents.dialogue.chat import FailureKind, ModelFailure
from agents.dialogue.speech import Suggestion
from agents.ports import Speech
from tests.unit.conversation.factories import make_situation
from tests.unit.conversation.test_state import make_turn

IN_PLACE = "guided, in place of claude"


class Model:
    """A talker that speaks or fails as it is told."""

    name = "claude"

    def __init__(self, *acts: Reply | ModelFailure | tuple[str, ModelFailure]) -> None:
        self.acts = list(acts)
        self.asked = 0

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        self.asked += 1
        act = self.acts.pop(0)
        if isinstance(act, tuple):
            await speech.write(act[0])
            raise act[1]
        if isinstance(act, ModelFailure):
            raise act
        if act.text:
            await speech.write(act.text)
        return act


class Overheard:
    """A speech that keeps its pieces."""

    def __init__(self) -> None:
        self.text = ""

    async def write(self, text: str) -> None:
        self.text += text

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        raise AssertionError("a talker does not finish")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def failing(kind: FailureKind = "overloaded", **more: Any) -> ModelFailure:
    return ModelFailure(kind, "it has too much to do", **more)


def after(*speakers: str, text: str = "why?", **given: Any) -> Situation:
    """A situation in a thread in which these spoke, one a turn."""
    history: list[Message] = []
    for at, by in enumerate(speakers):
        history = with_turn(history, make_turn(f"E{at}", "hello"))
        history.append({"id": f"E{at}:0", "role": "assistant", "text": "Yes.", "calls": [], "by": by})
    turn = make_turn("E9", text, **given)
    return replace(make_situation(text), turn=turn, messages=with_turn(history, turn))


async def reply(failover: Failover, situation: Situation) -> tuple[Reply, str]:
    speech = Overheard()
    return await failover.reply(situation, speech), speech.text


async def test_a_model_that_answers_is_passed_on() -> None:
    said, heard = await reply(Failover(Model(Reply("Cost it is.")), Guided()), after())

    assert said == Reply("Cost it is.")
    assert heard == "Cost it is."


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded", "timeout", "unreachable", "cut", "refused"])
async def test_a_failure_goes_on_by_buttons_with_one_line_that_says_so(kind: FailureKind) -> None:
    said, _ = await reply(Failover(Model(failing(kind)), Guided()), after(text="too expensive"))

    assert said.text.startswith("Claude ")
    assert "by buttons" in said.text.splitlines()[0]
    assert [call.name for call in said.calls] == ["record_facts"]


async def test_the_notice_comes_once_in_a_thread_and_again_in_another() -> None:
    failover = Failover(Model(failing("rejected"), failing("rejected"), failing("rejected")), Guided())

    first, _ = await reply(failover, after("claude"))
    second, _ = await reply(failover, after("claude", IN_PLACE))
    elsewhere, _ = await reply(failover, after("claude"))

    assert "by buttons" in first.text
    assert "by buttons" not in second.text
    assert "by buttons" in elsewhere.text
    assert {first.by, second.by, elsewhere.by} == {IN_PLACE}


async def test_a_model_that_is_back_says_so_once() -> None:
    failover = Failover(Model(Reply("Cost it is."), Reply("Yes.")), Guided())

    said, heard = await reply(failover, after("claude", IN_PLACE))
    later, _ = await reply(failover, after("claude", IN_PLACE, "claude"))

    assert said.text == "Claude answers again.\n\nCost it is."
    assert heard == said.text
    assert later.text == "Yes."


async def test_a_return_that_begins_with_calls_is_told_with_the_first_words() -> None:
    failover = Failover(Model(Reply(calls=[Wanted("recommend")]), Reply("Prompt.")), Guided())

    calls, _ = await reply(failover, after(IN_PLACE))
    told, _ = await reply(failover, after(IN_PLACE, calls.by or ""))

    assert calls.text == ""
    assert told.text == "Claude answers again.\n\nPrompt."


async def test_what_a_model_said_before_it_broke_off_stays() -> None:
    failover = Failover(Model(("Cost it is. ", failing("cut"))), Guided())

    said, heard = await reply(failover, after(text="why?"))

    assert said.text.startswith("Cost it is.\n\nClaude broke off, so I go on by buttons.")
    assert heard.split() == said.text.split()


async def test_a_press_and_a_greeting_need_no_model() -> None:
    model = Model()

    pressed, _ = await reply(Failover(model, Guided()), after(calls=1))

    assert model.asked == 0
    assert pressed.by == "guided"


async def test_a_press_between_does_not_make_the_notice_come_again() -> None:
    failover = Failover(Model(failing("rejected")), Guided())

    said, _ = await reply(failover, after(IN_PLACE, "guided"))

    assert "by buttons" not in said.text


@pytest.mark.parametrize(("told_s", "held_s"), [(None, HOLD_OFF_S), (7.0, 7.0)])
async def test_a_model_with_too_much_to_do_is_left_alone_for_a_while(told_s: float | None, held_s: float) -> None:
    clock, model = Clock(), Model(failing(retry_after_s=told_s), Reply("Yes."))
    failover = Failover(model, Guided(), clock=clock)

    await reply(failover, after())
    clock.now += held_s - 0.1
    held, _ = await reply(failover, after())
    assert model.asked == 1
    assert "by buttons" in held.text

    clock.now += 0.2
    said, _ = await reply(failover, after("claude"))
    assert said.text == "Yes."


async def test_a_refusal_is_no_reason_to_leave_the_model_alone_or_to_greet_it_back() -> None:
    model = Model(failing("refused", category="frontier_llm"), Reply("Yes."))
    failover = Failover(model, Guided())

    refused, _ = await reply(failover, after("claude"))
    said, _ = await reply(failover, after("claude", refused.by or ""))

    assert "frontier_llm" not in refused.text
    assert said.text == "Yes."


async def test_a_turn_that_lost_its_model_ends_without_it() -> None:
    model = Model(failing("cut"), Reply("Yes."))
    failover = Failover(model, Guided())
    situation = after(text="too expensive")
    first, _ = await reply(failover, situation)
    spoken: Message = {"id": "E9:0", "role": "assistant", "text": first.text, "calls": [], "by": first.by or ""}
    results = [{"tool": "record_facts", "slots": ["problem"], "unasked": [], "replaced": [], "is_finished": False}]

    second, _ = await reply(failover, replace(situation, messages=[*situation.messages, spoken], results=results))

    assert model.asked == 1
    assert second.by == IN_PLACE
    assert "answers again" not in second.text


async def test_an_error_that_was_meant_for_the_model_is_not_shown_to_people() -> None:
    situation = replace(after(), results=[{"tool": "record_facts", "error": "facts.0.slot: no such slot 'x7'"}])

    said, _ = await reply(Failover(Model(failing("timeout")), Guided()), situation)

    assert "x7" not in said.text
    assert said.calls == ()


async def test_a_used_up_budget_says_what_to_do() -> None:
    budget = ModelFailure("budget", "this thread's limit of $1.00 a day is used up; an admin can raise it")

    said, _ = await reply(Failover(Model(budget), Guided()), after())

    assert said.text.splitlines()[0] == (
        "This thread's limit of $1.00 a day is used up; an admin can raise it, so I go on by buttons."
    )
