"""One question put to a colleague: asked in the thread, kept under her name, and the interview goes on meanwhile."""

from typing import Any

import pytest

from agents.errors import UserError
from agents.runs.roles import Person
from agents.store import delegations
from tests.integration.conversation.conftest import ANA, BOB, Desk

pytestmark = pytest.mark.integration
CARL = "U0CARL"


async def _ask(desk: Desk, colleague: str, who: str = ANA) -> None:
    """Pick a colleague in the list under the open question."""
    key = f"D{next(desk.events)}"
    await desk.conversations.delegate(
        desk.team,
        desk.conversation_id,
        who,
        question_id=await desk.question_id(),
        colleague=colleague,
        event_key=key,
    )


async def _started(desk: Desk) -> str:
    """Begin, answer the first question, and return the slot that is open then."""
    await desk.say("hello")
    await desk.click(["cost"])
    slot = await desk.open_slot()
    assert slot is not None
    return slot


async def _delegation(desk: Desk) -> Any:
    (card,) = await desk.cards("delegation")
    return await desk.delegations.view(desk.team, card["subject"]["delegation_id"])


async def _who_said(desk: Desk, slot: str) -> str:
    return next(answer.who for answer in (await desk.state()).answers if answer.slot == slot)


async def test_a_colleague_is_asked_in_the_thread_and_the_interview_goes_on(desk: Desk) -> None:
    slot = await _started(desk)
    asked = await desk.question_id()
    await _ask(desk, BOB)

    question = await _delegation(desk)
    assert question.slot == slot
    assert question.question_id == asked
    assert (question.delegated.asked_of, question.delegated.asked_by) == (BOB, ANA)
    # The question's own card says whom it is with; the next one that matters is open.
    shown = await desk.decisions.question(desk.team, desk.conversation_id, asked)
    assert shown.status == "delegated"
    assert shown.delegated is not None
    assert shown.delegated.asked_at == question.delegated.asked_at
    assert await desk.open_slot() not in {None, slot}
    assert [each.slot for each in (await desk.state()).delegated] == [slot]


async def test_the_answer_is_kept_under_the_name_of_who_gives_it(desk: Desk) -> None:
    slot = await _started(desk)
    asked = await desk.question_id()
    await _ask(desk, BOB)
    open_now = await desk.open_slot()

    await desk.press(asked, slot, "systematic", BOB, event_key="Tr77")

    assert (await desk.answers())[slot] == "systematic"
    assert await _who_said(desk, slot) == BOB
    assert (await _delegation(desk)).status == "answered"
    assert (await desk.decisions.question(desk.team, desk.conversation_id, asked)).status == "answered"
    assert (await desk.state()).delegated == ()
    # What was open meanwhile stays open.
    assert await desk.open_slot() == open_now


async def test_anybody_may_answer_under_their_own_name(desk: Desk) -> None:
    slot = await _started(desk)
    asked = await desk.question_id()
    await _ask(desk, BOB)
    await desk.press(asked, slot, "basic", CARL, event_key="Tr78")
    assert await _who_said(desk, slot) == CARL
    assert (await desk.state()).delegated == ()


async def test_a_text_of_the_colleague_answers_what_they_were_asked(desk: Desk) -> None:
    await _started(desk)
    await desk.conversations.ask(desk.team, desk.conversation_id, ANA, slot="requests_per_day", event_key="A1")
    await _ask(desk, BOB)
    open_now = await desk.open_slot()
    assert open_now == "prompt_tried"

    await desk.say("3-5k tickets a day", BOB)
    await desk.say("a first prompt or two", ANA)

    assert (await desk.answers())["requests_per_day"] == 4_000
    assert await _who_said(desk, "requests_per_day") == BOB
    assert any("the middle of 3,000 and 5,000" in text for text in await desk.said())
    assert (await desk.answers())[open_now] == "basic"
    assert await _who_said(desk, open_now) == ANA


async def test_writing_ask_and_a_mention_puts_the_open_question_to_them(desk: Desk) -> None:
    slot = await _started(desk)
    await desk.say(f"ask <@{BOB}|bob>")
    assert [each.slot for each in (await desk.state()).delegated] == [slot]


async def test_a_name_that_is_no_mention_says_how_to_pick_somebody(desk: Desk) -> None:
    slot = await _started(desk)
    await desk.say("ask @bob")
    assert "pick the person" in (await desk.said())[-1]
    assert await desk.open_slot() == slot


async def test_a_turn_that_is_replayed_asks_once(desk: Desk) -> None:
    await _started(desk)
    question_id = await desk.question_id()
    for _ in range(2):
        await desk.conversations.delegate(
            desk.team, desk.conversation_id, ANA, question_id=question_id, colleague=BOB, event_key="D1"
        )
    assert len(await desk.cards("delegation")) == 1


async def test_asking_another_colleague_takes_it_from_the_first(desk: Desk) -> None:
    await _started(desk)
    asked = await desk.question_id()
    await _ask(desk, BOB)
    await desk.conversations.delegate(
        desk.team, desk.conversation_id, ANA, question_id=asked, colleague=CARL, event_key="D9"
    )
    (waiting,) = (await desk.state()).delegated
    assert waiting.delegated is not None
    assert waiting.delegated.asked_of == CARL
    assert len(await desk.cards("delegation")) == 2


async def test_a_question_that_no_longer_matters_is_not_asked_of_anybody(desk: Desk) -> None:
    await desk.say("hello")
    await desk.click(["knowledge"])
    assert await desk.open_slot() == "knowledge_tokens"
    await _ask(desk, BOB)
    key = f"F{next(desk.events)}"
    await desk.conversations.answer(
        desk.team, desk.conversation_id, ANA, answers={"problem": ["latency"]}, event_key=key
    )
    assert (await desk.state()).delegated == ()
    assert (await _delegation(desk)).status == "withdrawn"


async def test_a_verdict_is_provisional_while_a_colleague_is_asked_what_matters(desk: Desk) -> None:
    await desk.say("hello")
    await desk.click(["knowledge"])
    asked = await desk.question_id()
    await _ask(desk, BOB)
    while (slot := await desk.open_slot()) is not None:
        await desk.click({"few_facts": "no"}.get(slot))
    state = await desk.state()
    assert state.verdict is not None
    assert state.verdict.is_provisional
    with pytest.raises(UserError, match="may still change"):
        await desk.watches.save(desk.team, desk.conversation_id, ANA)
    await desk.press(asked, "knowledge_tokens", 1_000_000, BOB, event_key="Tr90")
    state = await desk.state()
    assert state.verdict is not None
    assert not state.verdict.is_provisional


@pytest.mark.parametrize(
    ("person", "says"),
    [
        (Person(BOB, is_active=False), "deactivated"),
        (Person(BOB, is_bot=True), "app"),
        (Person(BOB, failure="they could not be looked up in Slack, which answered user_not_found"), "user_not_found"),
    ],
)
async def test_who_cannot_answer_is_not_asked(desk: Desk, person: Person, says: str) -> None:
    slot = await _started(desk)
    desk.directory.known[BOB] = person
    await _ask(desk, BOB)
    assert says in (await desk.said())[-1]
    assert await desk.open_slot() == slot
    assert await desk.cards("delegation") == []


async def test_somebody_who_is_not_in_the_channel_is_to_be_invited_first(desk: Desk) -> None:
    await _started(desk)
    desk.directory.outside.add((desk.channel, BOB))
    await _ask(desk, BOB)
    assert "not in this channel" in (await desk.said())[-1]
    desk.directory.outside.clear()
    await _ask(desk, BOB)
    assert len(await desk.cards("delegation")) == 1


async def test_nobody_asks_themselves(desk: Desk) -> None:
    await _started(desk)
    await _ask(desk, ANA)
    assert "That is you" in (await desk.said())[-1]


async def test_in_direct_messages_there_is_nobody_to_ask(desk: Desk) -> None:
    desk.channel = "D1"
    await _started(desk)
    question = await desk.decisions.question(desk.team, desk.conversation_id, await desk.question_id())
    assert not question.may_delegate
    await desk.say(f"ask <@{BOB}>")
    assert "cannot read our direct messages" in (await desk.said())[-1]


async def test_where_nothing_is_open_there_is_nothing_to_ask(desk: Desk) -> None:
    await desk.say("should we fine-tune?")
    await desk.click(["knowledge"])
    await desk.click(1_000_000)
    assert await desk.open_slot() is None
    await desk.say(f"ask <@{BOB}>")
    assert "nothing to ask" in (await desk.said())[-1]


async def test_a_colleague_is_reminded_once_a_day_at_most(desk: Desk) -> None:
    await _started(desk)
    await _ask(desk, BOB)
    delegation_id = (await _delegation(desk)).delegated.delegation_id
    with pytest.raises(UserError, match="less than a day ago"):
        await desk.delegations.remind(desk.team, delegation_id)
    await _a_day_passes(desk)
    await desk.delegations.remind(desk.team, delegation_id)
    with pytest.raises(UserError, match="less than a day ago"):
        await desk.delegations.remind(desk.team, delegation_id)
    reminders = [text for text in await desk.said() if "still open" in text]
    assert len(reminders) == 1
    assert f"<@{BOB}>" in reminders[0]


async def test_what_is_taken_back_is_asked_again_where_nothing_else_is_open(desk: Desk) -> None:
    await desk.say("hello")
    await desk.click(["knowledge"])
    await _ask(desk, BOB)
    while await desk.open_slot() is not None:
        await desk.click(None)
    delegation_id = (await _delegation(desk)).delegated.delegation_id
    await desk.delegations.take_back(desk.team, delegation_id)
    assert await desk.open_slot() == "knowledge_tokens"
    assert (await desk.state()).delegated == ()
    for again in (desk.delegations.take_back, desk.delegations.remind):
        with pytest.raises(UserError, match="settled"):
            await again(desk.team, delegation_id)


async def test_a_change_of_an_answer_may_be_asked_of_a_colleague_too(desk: Desk) -> None:
    slot = await _started(desk)
    await desk.click("basic")
    await desk.conversations.ask(desk.team, desk.conversation_id, ANA, slot=slot, event_key="A1")
    asked = await desk.question_id()
    await _ask(desk, BOB)
    await desk.press(asked, slot, "basic", BOB, event_key="Tr91")
    assert await _who_said(desk, slot) == BOB


async def _a_day_passes(desk: Desk) -> None:
    async with desk.database.team(desk.team) as connection:
        await connection.execute(
            "UPDATE app.delegation "
            "SET asked_at = asked_at - interval '1 day', reminded_at = reminded_at - interval '1 day'"
        )
        (held,) = await delegations.open_of(connection, desk.team, desk.conversation_id)
    assert held.asked_of == BOB
