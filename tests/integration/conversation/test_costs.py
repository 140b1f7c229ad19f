"""Costs in a conversation: asked for what is missing, compared, kept up to date, and heard by the decision."""

import pytest

from tests.answers import READY_TO_DISTIL, TOKENS
from tests.integration.conversation.conftest import ANA, Desk

pytestmark = pytest.mark.integration


async def _answer(desk: Desk, **answers: object) -> None:
    key = f"F{next(desk.events)}"
    await desk.conversations.answer(desk.team, desk.conversation_id, ANA, answers=answers, event_key=key)


async def test_costs_without_figures_say_what_is_missing_and_ask_for_it(desk: Desk) -> None:
    await desk.say("hello")
    await desk.say("compare costs")

    assert await desk.open_slot() == "requests_per_day"
    # The card says what it lacks, and no message that would stay when it is answered.
    assert not any("still need" in text for text in await desk.said())
    card = await desk.costs.card(desk.team, desk.conversation_id)
    assert card.missing == ("Requests per day", "Tokens per request")
    assert card.comparison is None


async def test_asked_for_costs_the_next_figure_is_asked_for_after_the_first_though_the_verdict_is_settled(
    desk: Desk,
) -> None:
    await desk.say("should we fine-tune?")
    await desk.click(["knowledge"])
    await desk.click(1_000_000)
    assert (await desk.state()).open_question is None
    await desk.say("compare costs")
    await desk.say("2M a month")
    asked = (await desk.state()).open_question
    assert asked is not None
    assert asked.slot == "tokens"


async def test_the_comparison_fills_in_when_the_figures_come(desk: Desk) -> None:
    await desk.say("hello")
    await desk.conversations.show_costs(desk.team, desk.conversation_id, ANA, event_key="S1")
    version = (await desk.cards("costs"))[0]["version"]
    await desk.say("20k a day")
    await _answer(desk, tokens=TOKENS)

    cards = await desk.cards("costs")
    assert len(cards) == 1
    assert cards[0]["version"] > version
    card = await desk.costs.card(desk.team, desk.conversation_id)
    assert card.comparison is not None
    assert card.comparison.rows
    assert any("20,000" in line and "your answer" in line for line in card.assumptions)
    assert any("assumed" in line for line in card.assumptions)
    assert card.csv.startswith("approach,")
    assert (await desk.state()).has_costs


async def test_the_same_costs_shown_twice_are_kept_once(desk: Desk) -> None:
    await desk.say("hello")
    await _answer(desk, requests_per_day="20k", tokens=TOKENS)
    for key in ("S1", "S2"):
        await desk.conversations.show_costs(desk.team, desk.conversation_id, ANA, event_key=key)
    async with desk.database.team(desk.team) as connection:
        found = await (await connection.execute("SELECT count(*) AS n FROM app.comparison")).fetchone()
    assert found == {"n": 1}
    assert len(await desk.cards("costs")) == 1


@pytest.mark.parametrize(("volume", "verdict"), [("2M", "distill"), ("500", "prompt")])
async def test_the_payback_computed_from_the_answers_decides(desk: Desk, volume: str, verdict: str) -> None:
    await desk.say("hello")
    await _answer(desk, **READY_TO_DISTIL)
    assert await desk.verdict() == "prompt"
    await _answer(desk, requests_per_day=volume, tokens=TOKENS)

    state = await desk.state()
    assert "payback_days" in state.facts
    assert await desk.verdict() == verdict


async def test_gpus_that_nobody_prices_are_left_out_and_said(desk: Desk) -> None:
    await desk.say("hello")
    await _answer(desk, requests_per_day="20k", tokens=TOKENS, gpu="4 x Abacus")
    card = await desk.costs.card(desk.team, desk.conversation_id)
    assert card.comparison is not None
    assert any("left out" in line and "Abacus" in line for line in card.assumptions)


async def test_gpus_at_hand_say_which_training_fits(desk: Desk) -> None:
    await desk.say("hello")
    await _answer(desk, gpu="1 x H100-80")
    facts = (await desk.state()).facts
    assert (facts["lora_fits"], facts["full_fits"]) == (True, False)


async def test_figures_beyond_pricing_are_answers_still(desk: Desk) -> None:
    await desk.say("hello")
    await _answer(desk, requests_per_day="900 billion", tokens=TOKENS)
    assert (await desk.answers())["requests_per_day"] == 900_000_000_000
    await desk.conversations.show_costs(desk.team, desk.conversation_id, ANA, event_key="S1")
    assert "requests_per_day" in (await desk.said())[-1]
    assert (await desk.costs.card(desk.team, desk.conversation_id)).comparison is None


async def test_a_csv_needs_a_comparison(desk: Desk) -> None:
    await desk.say("hello")
    await desk.conversations.export(desk.team, desk.conversation_id, ANA, what="costs_csv", event_key="X1")
    assert await desk.cards("file") == []
    await _answer(desk, requests_per_day="20k", tokens=TOKENS)
    await desk.conversations.export(desk.team, desk.conversation_id, ANA, what="costs_csv", event_key="X2")
    assert [card["subject"]["what"] for card in await desk.cards("file")] == ["costs_csv"]
