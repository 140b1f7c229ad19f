"""What talking used and may cost, as people look at it and admins set it; and who talks."""

from decimal import Decimal

import pytest

from agents.dialogue.chat import ModelFailure, Usage
from agents.errors import UserError
from agents.services.talk_limits import DEFAULTS, TalkScope, read_talk_budget
from agents.services.talkers import TalkerChoices
from agents.services.talking import Talking, lapse_words
from agents.store import audit
from agents.store.db import Database
from tests.integration.talking.calls import (
    ADMIN,
    ANA,
    BOB,
    HAIKU,
    OTHER,
    SONNET,
    TEAM,
    Threads,
    make_budgets,
    make_call,
    make_costs,
    spend,
)
from tests.people import make_people

pytestmark = pytest.mark.integration

MODELS = {"guided": None, "claude": SONNET, "vllm": "qwen"}


def make_talkers(
    database: Database, default: str = "claude", models: dict[str, str | None] | None = None
) -> TalkerChoices:
    return TalkerChoices(database, make_people(admins={ADMIN}), models or MODELS, default)


def make_talking(database: Database, talkers: TalkerChoices | None = None) -> Talking:
    costs = make_costs(database, self_hosted=("qwen",))
    return Talking(database, talkers or make_talkers(database), make_budgets(database), costs)


async def test_the_limits_that_cairn_comes_with_hold_until_an_admin_sets_others(database: Database) -> None:
    budgets = make_budgets(database)
    assert {cap.scope: cap.limit_usd for cap in (await budgets.view(TEAM)).caps} == DEFAULTS

    await budgets.set(TEAM, TalkScope.THREAD, Decimal("3.5"), ADMIN, "Ev1")
    await budgets.set(TEAM, TalkScope.USER, None, ADMIN)
    view = await budgets.view(TEAM)
    assert (view.cap(TalkScope.THREAD).limit_usd, view.cap(TalkScope.USER).limit_usd) == (Decimal("3.5"), None)
    assert [(each.scope, each.set_by) for each in view.set] == [("thread", ADMIN), ("user", ADMIN)]

    await budgets.set(TEAM, TalkScope.THREAD, "default", ADMIN)
    assert (await budgets.view(TEAM)).cap(TalkScope.THREAD).limit_usd == DEFAULTS[TalkScope.THREAD]
    assert (await budgets.view(OTHER)).set == ()
    async with database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, "budget:talk:thread")
    assert [(entry.details["from_usd"], entry.details["to_usd"], entry.event_key) for entry in entries] == [
        ("$2.00", "$3.50", "Ev1"),
        ("$3.50", "$2.00", None),
    ]


async def test_admins_alone_set_limits_and_choose_who_talks(database: Database) -> None:
    with pytest.raises(UserError, match="may not set budgets: that takes the role admin"):
        await make_budgets(database).set(TEAM, TalkScope.DAY, Decimal(5), ANA)
    with pytest.raises(UserError, match="may not choose who talks: that takes the role admin"):
        await make_talkers(database).set(TEAM, "guided", ANA)
    assert (await make_budgets(database).view(TEAM)).set == ()
    assert await make_talkers(database).of(TEAM) is None


async def test_what_was_used_is_told_for_the_workspace_a_person_and_a_thread(
    database: Database, threads: Threads
) -> None:
    costs, mine, theirs = make_costs(database), await threads.new(), await threads.new()
    await spend(costs, mine, Usage(input_tokens=100, cache_read_tokens=900, output_tokens=10), turn_id="Ev1")
    await spend(costs, mine, turn_id="Ev1", step=1)
    await spend(costs, theirs, user_id=BOB, turn_id="Ev2")
    refused = await costs.begin(make_call(conversation_id=theirs, user_id=BOB, turn_id="Ev3"))
    await costs.end(refused, usage=None, stop_reason=None, failure=ModelFailure("refused", "no", category="cyber"))

    view = await make_budgets(database).view(TEAM, user_id=ANA, conversation_id=theirs)

    assert view.person is not None
    assert view.thread is not None
    day = view.workspace.day
    assert (day.calls, day.turns, day.degraded_turns, dict(day.refusals)) == (4, 3, 1, {"cyber": 1})
    assert (view.person.day.calls, view.person.day.turns, view.person.day.cache_read_tokens) == (2, 1, 900)
    assert (view.thread.month.calls, view.thread.month.degraded_turns) == (2, 1)
    assert view.workspace.month.spent_usd == view.person.month.spent_usd + view.thread.month.spent_usd


async def test_a_conversation_is_found_by_its_thread(database: Database, threads: Threads) -> None:
    thread = await threads.new()
    budgets = make_budgets(database)
    assert await budgets.conversation_id(TEAM, "C1", "1.1") == thread
    assert await budgets.conversation_id(TEAM, "C1", "2.1") is None
    assert await budgets.conversation_id(OTHER, "C1", "1.1") is None


async def test_the_choice_of_a_workspace_holds_for_it_alone_until_it_is_taken_back(database: Database) -> None:
    talkers = make_talkers(database)
    assert (await talkers.view(TEAM)).name == "claude"

    view = await talkers.set(TEAM, " Guided ", ADMIN, "Ev1")
    assert (view.name, view.model, await talkers.of(TEAM)) == ("guided", None, "guided")
    assert (await talkers.view(OTHER)).name == "claude"

    view = await talkers.set(TEAM, "default", ADMIN)
    assert (view.name, view.choice, await talkers.of(TEAM)) == ("claude", None, None)
    async with database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, "talker")
    assert [(entry.details["from"], entry.details["to"]) for entry in entries] == [
        ("default", "guided"),
        ("guided", "default"),
    ]


async def test_a_choice_that_is_no_longer_configured_leaves_the_default_to_talk(database: Database) -> None:
    await make_talkers(database).set(TEAM, "vllm", ADMIN)

    without = make_talkers(database, models={"guided": None, "claude": SONNET})

    view = await without.view(TEAM)
    assert (view.name, await without.of(TEAM)) == ("claude", None)
    assert view.choice is not None
    assert view.choice.name == "vllm"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("claude", "claude is not configured. Set ANTHROPIC_API_KEY where Cairn runs"),
        ("vllm", "vllm is not configured. Set CAIRN_VLLM_URL and CAIRN_VLLM_MODEL"),
        ("gpt", "There is no talker 'gpt'. Choose one of: guided, default."),
    ],
)
async def test_who_cannot_be_chosen_is_told_with_what_can(name: str, said: str, database: Database) -> None:
    talkers = make_talkers(database, "guided", {"guided": None})
    with pytest.raises(UserError) as refused:
        await talkers.set(TEAM, name, ADMIN)
    assert said in str(refused.value)


async def test_a_model_that_failed_last_is_told_until_it_answers(database: Database, threads: Threads) -> None:
    costs, talking, thread = make_costs(database), make_talking(database), await threads.new()
    await spend(costs, thread)
    assert (await talking.view(TEAM)).lapse is None

    failed = await costs.begin(make_call(conversation_id=thread))
    await costs.end(failed, usage=None, stop_reason=None, failure=ModelFailure("overloaded", "529"))
    lapse = (await talking.view(TEAM)).lapse
    assert lapse is not None
    assert lapse_words(lapse) == "had too much to do"
    assert (await talking.view(OTHER)).lapse is None

    # Neither a refusal nor a limit says that it answers again.
    refused = await costs.begin(make_call(conversation_id=thread))
    await costs.end(refused, usage=None, stop_reason=None, failure=ModelFailure("refused", "no"))
    assert (await talking.view(TEAM)).lapse == lapse
    await spend(costs, thread, model=HAIKU)
    assert (await talking.view(TEAM)).lapse == lapse, "another model says nothing of this one"

    await spend(costs, thread)
    assert (await talking.view(TEAM)).lapse is None


async def test_the_price_of_who_talks_is_told_with_its_source_and_day(database: Database) -> None:
    talkers = make_talkers(database)
    talking = make_talking(database, talkers)
    spoken = (await talking.view(TEAM)).spoken
    assert spoken is not None
    assert spoken.words.startswith("in $2.00, out $10.00, cache read $0.10 per M tokens · genai-prices ")
    assert spoken.words.endswith(", 2026-11-23")

    await talkers.set(TEAM, "vllm", ADMIN)
    spoken = (await talking.view(TEAM)).spoken
    assert spoken is not None
    assert spoken.words == "self-hosted, nothing per token"

    await talkers.set(TEAM, "guided", ADMIN)
    assert (await talking.view(TEAM)).spoken is None


@pytest.mark.parametrize(
    ("scope", "amount", "said"),
    [
        ("week", "5", "There is no limit 'week' on talking. Choose one of: thread, user, day, workspace."),
        ("day", "-5", "'-5' is no amount in dollars"),
        ("day", "NaN", "'NaN' is no amount in dollars"),
        ("day", "", "'' is no amount in dollars"),
        ("day", "99999999999", "is more than any budget holds"),
    ],
)
def test_a_limit_that_cannot_be_read_says_how_to_write_it(scope: str, amount: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        read_talk_budget(scope, amount)
    assert said in str(refused.value)
    assert "/cairn model limit day 20" in str(refused.value)


def test_a_limit_is_read_as_people_write_it() -> None:
    assert read_talk_budget("Thread", "$1,250.50") == (TalkScope.THREAD, Decimal("1250.5"))
    assert read_talk_budget("user", "None") == (TalkScope.USER, None)
    assert read_talk_budget("day", "default") == (TalkScope.DAY, "default")
