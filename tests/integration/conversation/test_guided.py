"""The guided interview on a real database: from the first word to a verdict, by button and by text."""

from collections.abc import Mapping

import pytest

from tests.integration.conversation.conftest import ANA, BOB, Desk

pytestmark = pytest.mark.integration

# What a task with golden evals, proven demand and a knowledge gap answers, whichever way it is asked.
KNOWLEDGE_TASK = {
    "problem": ["knowledge"],
    "knowledge_tokens": ">200K",
    "few_facts": "no",
    "knowledge_change": "weekly",
    "citations": "yes",
    "per_user_acl": "no",
}


async def interview(desk: Desk, answers: Mapping[str, object], *, by_text: bool) -> list[str]:
    asked = []
    while (slot := await desk.open_slot()) is not None:
        asked.append(slot)
        answer = answers.get(slot, "not sure" if by_text else "not_sure")
        if by_text:
            await desk.say(", ".join(answer) if isinstance(answer, list) else str(answer))
        else:
            await desk.click(answer)
        assert len(asked) < 30, asked
    return asked


async def test_a_first_word_is_greeted_and_asked_what_hurts(desk: Desk) -> None:
    await desk.say("hello")

    cards = await desk.cards()
    assert [card["kind"] for card in cards] == ["say", "question"]
    assert f"<@{ANA}>" in cards[0]["subject"]["text"]
    assert await desk.open_slot() == "problem"
    assert await desk.verdict() is None


@pytest.mark.parametrize("by_text", [False, True], ids=["by buttons", "by text"])
async def test_an_interview_ends_in_a_verdict(desk: Desk, by_text: bool) -> None:
    await desk.say("hello")
    asked = await interview(desk, KNOWLEDGE_TASK, by_text=by_text)

    state = await desk.state()
    assert state.verdict is not None
    assert (state.verdict.approach, state.verdict.is_provisional) == ("rag", False)
    assert asked[0] == "problem"
    assert len(asked) == len(set(asked))
    assert {answer.who for answer in state.answers} == {ANA}
    assert len(await desk.cards("verdict")) == 1
    assert len([line for line in await desk.said() if "settles it" in line or "asked all I can" in line]) == 1


async def test_the_verdict_card_comes_with_the_first_answer_and_is_edited_after(desk: Desk) -> None:
    await desk.say("hello")
    await desk.click(["consistency"])
    first = await desk.cards("verdict")
    await desk.click("basic")
    second = await desk.cards("verdict")

    assert [card["key"] for card in first] == [card["key"] for card in second]
    assert second[0]["version"] > first[0]["version"]


async def test_an_answered_question_collapses_to_its_answer_and_who_gave_it(desk: Desk) -> None:
    await desk.say("hello")
    asked = await desk.question_id()
    await desk.click(["cost", "latency"], BOB)

    question = await desk.decisions.question(desk.team, desk.conversation_id, asked)
    assert question.status == "answered"
    assert question.answer is not None
    assert (question.answer.who, question.answer.shown) == (BOB, "It costs too much, It is too slow")


async def test_a_stale_click_changes_nothing_and_says_what_is_open(desk: Desk) -> None:
    await desk.say("hello")
    stale = await desk.question_id()
    await desk.click(["cost"])
    before = await desk.rows()
    await desk.press(stale, "problem", ["latency"], BOB, event_key="TrB")

    open_question = (await desk.state()).open_question
    assert open_question is not None
    assert [open_question.text in note for note in await desk.notes(BOB)] == [True]
    assert await desk.rows() == before
    assert (await desk.answers())["problem"] == ["cost"]


async def test_a_press_meant_for_another_question_changes_nothing(desk: Desk) -> None:
    await desk.say("hello")
    await desk.press(await desk.question_id(), "evals", "golden", BOB, event_key="TrB")

    assert await desk.rows() == 0
    assert len(await desk.notes(BOB)) == 1


async def test_a_value_that_cannot_be_read_is_told_to_the_person_alone(desk: Desk) -> None:
    await desk.say("20k requests/day, it is too expensive")
    await desk.conversations.ask(desk.team, desk.conversation_id, ANA, slot="tokens", event_key="X0")
    await desk.click({"static_prefix": "lots", "variable_input": "200", "tokens_out": "300"})

    assert ["lots" in note for note in await desk.notes(ANA)] == [True]
    assert await desk.open_slot() == "tokens"


async def test_what_is_not_understood_gets_an_example_and_the_question_stays(desk: Desk) -> None:
    await desk.say("hello")
    await desk.conversations.ask(desk.team, desk.conversation_id, ANA, slot="requests_per_day", event_key="X0")
    await desk.say("bananas")

    assert "20k" in (await desk.said())[-1]
    assert "stays open" in (await desk.said())[-1]
    assert await desk.open_slot() == "requests_per_day"
    assert await desk.rows() == 0


async def test_why_names_the_rules_and_answers_nothing(desk: Desk) -> None:
    await desk.say("hello")
    await desk.say("why do you ask?")
    assert "(T1)" in (await desk.said())[-1]
    await desk.conversations.why(desk.team, desk.conversation_id, BOB, event_key="TrW")
    assert "(T1)" in (await desk.said())[-1]
    assert await desk.open_slot() == "problem"


async def test_a_first_message_full_of_facts_is_read_and_echoed(desk: Desk) -> None:
    await desk.say("We answer 40k tickets a day with Sonnet, the bill hurts")

    assert await desk.answers() == {"problem": ["cost"], "requests_per_day": 40000}
    assert [card["kind"] for card in await desk.cards()] == ["say", "answers", "verdict", "question"]
    assert "40,000" in (await desk.said())[0]


async def test_an_answer_can_be_changed_and_the_decision_follows(desk: Desk) -> None:
    await desk.say("hello")
    await interview(desk, KNOWLEDGE_TASK, by_text=False)
    await desk.say("change amount of knowledge", BOB)
    assert await desk.open_slot() == "knowledge_tokens"
    await desk.say("3000 tokens", BOB)

    state = await desk.state()
    changed = next(answer for answer in state.answers if answer.slot == "knowledge_tokens")
    assert (changed.who, [earlier.who for earlier in changed.earlier]) == (BOB, [ANA])
    assert await desk.verdict() == "prompt"
    assert any("1,000,000" in line and ANA in line for line in await desk.said())


async def test_change_an_answer_shows_all_of_them(desk: Desk) -> None:
    await desk.say("hello")
    await desk.click(["cost"])
    await desk.say("change an answer")
    assert len(await desk.cards("answers")) == 1
    await desk.conversations.show_answers(desk.team, desk.conversation_id, BOB, event_key="TrS")
    assert len(await desk.cards("answers")) == 1


async def test_what_contradicts_an_answer_is_shown_not_taken(desk: Desk) -> None:
    await desk.say("20k requests per day and it is too expensive")
    await desk.say("We get 30k requests per day", BOB)

    assert (await desk.answers())["requests_per_day"] == 20000
    assert "30,000" in (await desk.said())[-1]
    assert f"<@{ANA}>" in (await desk.said())[-1]


async def test_a_form_fills_several_answers_at_once(desk: Desk) -> None:
    await desk.say("hello")
    await desk.conversations.answer(
        desk.team,
        desk.conversation_id,
        ANA,
        answers={
            "requests_per_day": {"requests_per_day": "2M a month", "peak_factor": "4"},
            "tokens": {"static_prefix": "800", "variable_input": "200", "tokens_out": "300"},
        },
        event_key="TrF",
    )

    assert await desk.answers() == {
        "requests_per_day": 65753,
        "peak_factor": 4,
        "tokens": {"static_prefix": 800, "tokens_in": 1000, "tokens_out": 300},
    }
    assert await desk.open_slot() == "problem"


async def test_not_sure_is_not_asked_again(desk: Desk) -> None:
    await desk.say("hello")
    asked = await interview(desk, {"problem": ["cost"]}, by_text=False)

    assert len(asked) == len(set(asked))
    assert (await desk.state()).open_question is None
    assert "asked all I can" in (await desk.said())[-1]


async def test_a_decision_record_needs_an_answer_first(desk: Desk) -> None:
    await desk.say("hello")
    await desk.conversations.export(desk.team, desk.conversation_id, ANA, what="record", event_key="X1")
    assert "no decision" in (await desk.said())[-1]
    assert await desk.cards("file") == []

    await desk.click(["cost"])
    await desk.conversations.export(desk.team, desk.conversation_id, ANA, what="record", event_key="X2")
    assert [card["subject"]["what"] for card in await desk.cards("file")] == ["record"]
    record = await desk.decisions.decision_record(desk.team, desk.conversation_id)
    assert record.startswith("# ")
    assert ANA in record
