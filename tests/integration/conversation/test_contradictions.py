"""Two answers that do not go together are shown, and stay as they are until somebody chooses."""

from datetime import timedelta
from typing import Any

import pytest

from agents.errors import UserError
from agents.services.contradictions import Contradictions
from agents.services.decision_state import Contradiction
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.integration.conversation.conftest import ANA, BOB, Desk
from tests.integration.conversation.models import CutOffError, Seat, fact, make_seat, record

pytestmark = pytest.mark.integration

SLOT = "requests_per_day"
ANAS = fact(SLOT, "20k a day", "20k requests a day")
BOBS = fact(SLOT, "35k a day", "our 35k requests per day")
COST = fact("problem", "cost", "Too expensive")


@pytest.fixture
async def seat(database: Database, checkpoints: Checkpoints) -> Seat:
    """Ana has said 20k a day, and Bob 35k since."""
    seat = make_seat(database, checkpoints)
    await seat.says("Too expensive at 20k requests a day.", COST, ANAS, event_key="E1")
    await seat.says("With our 35k requests per day I expect a discount.", BOBS, who=BOB, event_key="E2")
    return seat


@pytest.fixture
def contradictions(database: Database) -> Contradictions:
    return Contradictions(database)


async def the_one(desk: Desk) -> Contradiction:
    (only,) = (await desk.state()).disputed
    return only


async def card_of(desk: Desk) -> dict[str, Any]:
    (only,) = await desk.cards("contradiction")
    return only


async def test_a_second_figure_is_shown_beside_the_first_and_not_taken(seat: Seat) -> None:
    shown = await the_one(seat.desk)

    assert (await seat.desk.answers())[SLOT] == 20_000
    assert (shown.held.shown, shown.held.who) == ("20,000 requests a day", ANA)
    assert (shown.shown, shown.who) == ("35,000 requests a day", BOB)
    assert (await card_of(seat.desk))["subject"]["contradiction_id"] == shown.contradiction_id


async def test_the_model_is_told_who_said_what_and_when(seat: Seat) -> None:
    told = seat.model.heard[-1]["text"]

    assert "20,000 requests a day holds, said by <@U0ANA> today; <@U0BOB> says 35,000 requests a day" in told
    assert "buttons" in told
    assert "error" not in seat.model.heard[-1]["data"]


@pytest.mark.parametrize(("days", "words"), [(1, "yesterday"), (12, "on 20")])
async def test_what_was_said_on_another_day_says_so(
    database: Database, checkpoints: Checkpoints, days: int, words: str
) -> None:
    seat = make_seat(database, checkpoints)
    await seat.says("Too expensive at 20k requests a day.", COST, ANAS)
    async with database.team(seat.desk.team) as connection:
        await connection.execute("UPDATE app.fact SET said_at = said_at - %s", (timedelta(days=days),))
    told = await seat.says("our 35k requests per day", BOBS, who=BOB)

    assert f"said by <@U0ANA> {words}" in told


async def test_whoever_presses_the_newer_answer_gives_it(seat: Seat, contradictions: Contradictions) -> None:
    desk, shown = seat.desk, await the_one(seat.desk)
    version = (await card_of(desk))["version"]
    await desk.conversations.answer(
        desk.team, desk.conversation_id, "U0CAT", answers={SLOT: shown.value}, event_key="P1"
    )

    held = next(each for each in (await desk.state()).answers if each.slot == SLOT)
    settled = await contradictions.view(desk.team, shown.contradiction_id)
    assert (held.value, held.who) == (35_000, "U0CAT")
    assert (settled.state, settled.decided_by) == ("changed", "U0CAT")
    assert (await desk.state()).disputed == ()
    assert (await card_of(desk))["version"] > version


async def test_keeping_the_first_leaves_everything_as_it_was(seat: Seat, contradictions: Contradictions) -> None:
    desk, shown = seat.desk, await the_one(seat.desk)
    rows = await desk.rows()
    await contradictions.keep(desk.team, shown.contradiction_id, "U0CAT")
    await contradictions.keep(desk.team, shown.contradiction_id, "U0CAT")

    settled = await contradictions.view(desk.team, shown.contradiction_id)
    assert (settled.state, settled.decided_by) == ("kept", "U0CAT")
    assert await desk.rows() == rows
    assert (await desk.state()).disputed == ()


async def test_a_press_after_the_choice_says_what_holds(seat: Seat, contradictions: Contradictions) -> None:
    desk, shown = seat.desk, await the_one(seat.desk)
    await contradictions.keep(desk.team, shown.contradiction_id, ANA)

    with pytest.raises(UserError, match="requests per day is 20,000 requests a day"):
        await contradictions.require_open(desk.team, shown.contradiction_id, BOB)


async def test_the_same_press_again_is_no_other_press(seat: Seat, contradictions: Contradictions) -> None:
    desk, shown = seat.desk, await the_one(seat.desk)
    for _ in range(2):
        open_one = await contradictions.require_open(desk.team, shown.contradiction_id, BOB)
        await desk.conversations.answer(
            desk.team, desk.conversation_id, BOB, answers={SLOT: open_one.value}, event_key="P1"
        )

    assert (await desk.answers())[SLOT] == 35_000
    assert await desk.rows() == 3
    with pytest.raises(UserError, match="settled"):
        await contradictions.keep(desk.team, shown.contradiction_id, ANA)


async def test_another_answer_overtakes_both(seat: Seat, contradictions: Contradictions) -> None:
    desk, shown = seat.desk, await the_one(seat.desk)
    await desk.conversations.answer(desk.team, desk.conversation_id, ANA, answers={SLOT: "50k"}, event_key="P1")

    settled = await contradictions.view(desk.team, shown.contradiction_id)
    assert settled.state == "overtaken"
    assert settled.current is not None
    assert settled.current.value == 50_000
    with pytest.raises(UserError, match="50,000"):
        await contradictions.require_open(desk.team, shown.contradiction_id, BOB)


async def test_what_was_kept_is_not_put_again_when_the_same_message_is_read_again(
    seat: Seat, contradictions: Contradictions
) -> None:
    desk, shown = seat.desk, await the_one(seat.desk)
    await contradictions.keep(desk.team, shown.contradiction_id, ANA)
    told = await seat.says("and now?", BOBS)

    assert "<@U0ANA> has decided to keep the first" in told
    assert (await desk.state()).disputed == ()


async def test_who_insists_while_it_is_open_gets_no_second_card(seat: Seat) -> None:
    await seat.says("It is our 35k requests per day, really.", BOBS, who=BOB)

    assert len(await seat.desk.cards("contradiction")) == 1


async def test_a_correction_counts_for_ones_own_words_only(seat: Seat) -> None:
    await seat.says("Ana meant 90k a day", fact(SLOT, "90k a day", "90k a day", corrects=True), who=BOB)

    assert (await seat.desk.answers())[SLOT] == 20_000
    assert len(await seat.desk.cards("contradiction")) == 2


async def test_the_same_person_without_taking_it_back_is_asked_too(
    database: Database, checkpoints: Checkpoints
) -> None:
    seat = make_seat(database, checkpoints)
    await seat.says("Too expensive at 20k requests a day.", COST, ANAS)
    await seat.says("I see our 35k requests per day on the bill.", BOBS)

    assert (await seat.desk.answers())[SLOT] == 20_000
    assert (await the_one(seat.desk)).who == ANA


async def test_two_people_heard_in_one_call_are_shown_side_by_side(
    database: Database, checkpoints: Checkpoints
) -> None:
    seat = make_seat(database, checkpoints)
    await seat.desk.say("Too expensive at 20k requests a day.", ANA, "E1")
    await seat.says("our 35k requests per day!", BOBS, ANAS, COST, who=BOB, event_key="E2")

    shown = await the_one(seat.desk)
    assert (shown.held.who, shown.held.value, shown.who, shown.value) == (ANA, 20_000, BOB, 35_000)


async def test_a_message_that_says_two_things_is_asked_about(database: Database, checkpoints: Checkpoints) -> None:
    seat = make_seat(database, checkpoints)
    told = await seat.says(
        "Our policies are static, they never change. HR updates them daily. The model doesn't know them.",
        fact("problem", "knowledge", "doesn't know them"),
        fact("knowledge_change", "static", "they never change"),
        fact("knowledge_change", "weekly", "updates them daily"),
    )

    assert await seat.desk.answers() == {"problem": ["knowledge"]}
    assert await seat.desk.open_slot() == "knowledge_change"
    assert "says both Hardly ever and Every day or week" in told
    assert "(slot knowledge_change)" in told
    assert await seat.desk.cards("contradiction") == []


async def test_a_slip_put_right_in_the_same_message_is_no_contradiction(
    database: Database, checkpoints: Checkpoints
) -> None:
    seat = make_seat(database, checkpoints)
    await seat.says(
        "20k a day, sorry, 200k a day",
        fact(SLOT, "20k a day", "20k a day"),
        fact(SLOT, "200k a day", "200k a day", corrects=True),
    )

    assert await seat.desk.answers() == {SLOT: 200_000}


async def test_a_turn_cut_off_raises_it_once(database: Database, checkpoints: Checkpoints) -> None:
    seat = make_seat(database, checkpoints)
    await seat.says("Too expensive at 20k requests a day.", COST, ANAS)
    seat.model.dies_after_calls = True
    with pytest.raises(CutOffError):
        await seat.turn("our 35k requests per day", record(BOBS), record(BOBS), who=BOB, event_key="E2")
    seat.model.dies_after_calls = False
    await seat.turn("our 35k requests per day", who=BOB, event_key="E2")

    assert len((await seat.desk.state()).disputed) == 1
    assert len(await seat.desk.cards("contradiction")) == 1


async def test_another_team_sees_nothing_of_it(seat: Seat, contradictions: Contradictions) -> None:
    shown = await the_one(seat.desk)

    with pytest.raises(UserError, match="not there any more"):
        await contradictions.view("T0OTHER", shown.contradiction_id)
    with pytest.raises(UserError, match="not there any more"):
        await contradictions.keep("T0OTHER", shown.contradiction_id, BOB)
    assert len((await seat.desk.state()).disputed) == 1
