"""What a model records of people's words: each fact by its quote, under its author, and nothing that was not said."""

from typing import Any

import pytest

from agents.conversation.talking import Wanted
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.integration.conversation.conftest import ANA, BOB
from tests.integration.conversation.models import CutOffError, Seat, fact, make_seat, record

pytestmark = pytest.mark.integration

BILL = "We answer 40k tickets a day with Sonnet and the bill hurts."
COST = fact("problem", "cost", "the bill hurts")
VOLUME = fact("requests_per_day", "40k a day", "40k tickets a day")


@pytest.fixture
def seat(database: Database, checkpoints: Checkpoints) -> Seat:
    return make_seat(database, checkpoints)


async def said_by(seat: Seat) -> dict[str, tuple[str, str]]:
    return {each.slot: (each.who, each.source) for each in (await seat.desk.state()).answers}


async def test_facts_of_a_first_message_are_recorded_shown_and_followed_by_a_question(seat: Seat) -> None:
    told = await seat.says(BILL, COST, VOLUME, event_key="E1")

    assert await seat.desk.answers() == {"problem": ["cost"], "requests_per_day": 40_000}
    assert await said_by(seat) == {"problem": (ANA, "ts-E1"), "requests_per_day": (ANA, "ts-E1")}
    assert len(await seat.desk.cards("answers")) == 1
    assert "40,000 requests a day (from <@U0ANA>)" in told
    assert f"(slot {await seat.desk.open_slot()})" in told


async def test_facts_of_a_later_message_are_not_all_shown_again(seat: Seat) -> None:
    await seat.says("hello")
    await seat.says(BILL, COST)

    assert await seat.desk.answers() == {"problem": ["cost"]}
    assert await seat.desk.cards("answers") == []


async def test_each_fact_has_the_author_and_the_message_of_its_quote(seat: Seat) -> None:
    await seat.desk.say(BILL, ANA, "E1")
    await seat.desk.say("It is for production, by the way.", BOB, "E2")
    await seat.says(
        "And we never tuned the prompt.",
        COST,
        fact("purpose", "production", "It is for production"),
        fact("prompt_tried", "none", "never tuned the prompt"),
        who="U0CAT",
        event_key="E3",
    )

    assert await said_by(seat) == {
        "problem": (ANA, "ts-E1"),
        "purpose": (BOB, "ts-E2"),
        "prompt_tried": ("U0CAT", "ts-E3"),
    }


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (fact("evals", "golden", "we have a test set"), "does not stand like this"),
        (fact("evals", "excellent", "the bill hurts"), "must be one of none, informal, golden"),
        (fact("eval", "golden", "the bill hurts"), "a slot that there is not: Did you mean 'evals'?"),
        (fact("requests_per_day", "", "40k tickets a day"), "the value is empty. For example"),
        (fact("requests_per_day", "many", "40k tickets a day"), "no number in that"),
        (fact("requests_per_day", "90k a day", "40k tickets a day"), "a figure that the quote does not have"),
        (fact("requests_per_day", "40k a fortnight", "40k tickets a day"), "do not know the period"),
        (fact("tokens", "40", "40k tickets a day"), "tokens"),
        (fact("problem", "cost, joy", "the bill hurts"), "must be one of knowledge"),
    ],
)
async def test_a_bad_fact_comes_back_with_its_reason_and_the_good_one_beside_it_holds(
    seat: Seat, wrong: dict[str, Any], because: str
) -> None:
    told = await seat.says(BILL, wrong, COST)

    assert await seat.desk.answers() == {"problem": ["cost"]}
    assert because in told
    assert "Not recorded" in told


async def test_nothing_but_bad_facts_is_an_error_to_the_model(seat: Seat) -> None:
    await seat.says(BILL, fact("evals", "golden", "we have a test set"))

    assert "error" in seat.model.heard[-1]["data"]
    assert await seat.desk.answers() == {}


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"facts": []},
        {"facts": "cost"},
        {"facts": [{"slot": "problem", "value": "cost"}]},
        {"facts": [{**COST, "who": BOB}]},
        {"facts": [{**COST, "corrects": "no"}]},
        {"answers": {"problem": ["cost"]}},
        {"facts": [COST], "answers": {"evals": "golden"}},
        {"facts": [COST] * 41},
    ],
)
async def test_arguments_of_another_shape_are_refused_as_a_whole(seat: Seat, arguments: dict[str, Any]) -> None:
    told = await seat.turn(BILL, Wanted("record_facts", arguments))

    assert told.startswith("record_facts: ")
    assert await seat.desk.answers() == {}


async def test_a_quoted_mail_is_nobodys_statement(seat: Seat) -> None:
    told = await seat.says(
        "> we do 9M requests a day\nIs that much?", fact("requests_per_day", "9M a day", "9M requests a day")
    )

    assert "does not stand like this" in told
    assert await seat.desk.answers() == {}


async def test_a_problem_said_later_is_added_and_only_a_correction_takes_one_away(seat: Seat) -> None:
    await seat.says(BILL, COST)
    await seat.says("And it is also too slow.", fact("problem", "latency", "also too slow"), who=BOB)
    assert await seat.desk.answers() == {"problem": ["cost", "latency"]}

    told = await seat.says(
        "Forget slow, only the cost.", fact("problem", "cost", "only the cost", corrects=True), who=BOB
    )

    assert await seat.desk.answers() == {"problem": ["cost"]}
    assert "Replaced" in told


async def test_several_problems_of_a_message_are_one_answer(seat: Seat) -> None:
    await seat.says(
        "Too slow, the bill hurts, and it ignores our wiki",
        fact("problem", "latency, cost", "Too slow, the bill hurts"),
        fact("problem", "knowledge", "ignores our wiki"),
    )

    assert await seat.desk.answers() == {"problem": ["knowledge", "cost", "latency"]}
    assert await seat.desk.rows() == 1


async def test_its_own_author_corrects_a_figure(seat: Seat) -> None:
    await seat.says(BILL, COST, VOLUME)
    told = await seat.says(
        "sorry, typo: 400k a day", fact("requests_per_day", "400k a day", "400k a day", corrects=True)
    )

    assert (await seat.desk.answers())["requests_per_day"] == 400_000
    assert "was 40,000 requests a day, said by <@U0ANA>" in told
    assert await seat.desk.cards("contradiction") == []


async def test_what_was_corrected_does_not_come_back_when_it_is_read_again(seat: Seat) -> None:
    await seat.says(BILL, COST, VOLUME)
    await seat.says("sorry, typo: 400k a day", fact("requests_per_day", "400k a day", "400k a day", corrects=True))
    told = await seat.says("ok?", VOLUME)

    assert (await seat.desk.answers())["requests_per_day"] == 400_000
    assert "was said before" in told
    assert await seat.desk.cards("contradiction") == []


async def test_the_peak_is_taken_with_the_volume(seat: Seat) -> None:
    await seat.says(
        "20k a day, 3x at peak, too expensive",
        fact("requests_per_day", "20k a day, 3x at peak", "20k a day, 3x at peak"),
    )

    assert await seat.desk.answers() == {"requests_per_day": 20_000, "peak_factor": 3.0}


async def test_somebody_who_does_not_know_settles_the_question_and_takes_no_answer_away(seat: Seat) -> None:
    await seat.says(BILL, COST)
    slot = await seat.desk.open_slot()
    assert slot is not None
    await seat.says("no idea, honestly", fact(slot, "not_sure", "no idea"))
    assert (await seat.desk.answers())[slot] is None
    assert await seat.desk.open_slot() != slot

    told = await seat.says("no clue what hurts", fact("problem", "not_sure", "no clue what hurts"), who=BOB)

    assert (await seat.desk.answers())["problem"] == ["cost"]
    assert "holds" in told


async def test_an_answer_to_the_open_question_closes_it_whoever_answered_before(seat: Seat) -> None:
    await seat.says(BILL, COST, VOLUME)
    await seat.desk.conversations.ask(
        seat.desk.team, seat.desk.conversation_id, ANA, slot="requests_per_day", event_key="P1"
    )
    await seat.says("It is 60k a day", fact("requests_per_day", "60k a day", "60k a day"), who=BOB)

    assert (await seat.desk.answers())["requests_per_day"] == 60_000
    assert await seat.desk.cards("contradiction") == []
    assert await seat.desk.open_slot() != "requests_per_day"


async def test_a_size_in_pages_makes_a_range_finer(seat: Seat) -> None:
    await seat.says(
        "It lacks our wiki, which is under 10K tokens",
        fact("problem", "knowledge", "lacks our wiki"),
        fact("knowledge_tokens", "<10K", "under 10K tokens"),
    )
    await seat.says("12 pages to be exact", fact("knowledge_tokens", "12 pages", "12 pages"), who=BOB)

    assert (await seat.desk.answers())["knowledge_tokens"] == 7_800
    assert await seat.desk.cards("contradiction") == []


async def test_what_had_to_be_chosen_to_read_a_value_is_told(seat: Seat) -> None:
    told = await seat.says("30-40k a day", fact("requests_per_day", "30-40k a day", "30-40k a day"))

    assert "the middle of 30,000 and 40,000" in told


async def test_calls_of_one_step_work_in_order(seat: Seat) -> None:
    await seat.turn(BILL, record(COST, VOLUME), Wanted("recommend"), Wanted("show_answers"))

    recorded, verdict, shown = (message["text"] for message in seat.model.heard)
    assert "Recorded" in recorded
    assert "T4" in verdict
    assert "requests_per_day: 40,000 requests a day (from <@U0ANA>)" in shown


async def test_a_turn_cut_off_after_its_calls_records_once(seat: Seat) -> None:
    seat.model.dies_after_calls = True
    with pytest.raises(CutOffError):
        await seat.says(BILL, COST, VOLUME, event_key="E1")
    seat.model.dies_after_calls = False

    await seat.says(BILL, event_key="E1")

    assert await seat.desk.answers() == {"problem": ["cost"], "requests_per_day": 40_000}
    assert await seat.desk.rows() == 2


async def test_the_same_facts_called_again_change_nothing(seat: Seat) -> None:
    await seat.turn(BILL, record(COST, VOLUME), record(COST, VOLUME))

    assert "Held already" in seat.model.heard[-1]["text"]
    assert "error" not in seat.model.heard[-1]["data"]
    assert await seat.desk.rows() == 2
