"""What is forgotten is gone from every table, and what money hangs on stays."""

import asyncio
import json

import pytest
from psycopg.sql import SQL, Identifier

from agents.errors import UserError
from agents.runs.roles import SOMEBODY
from agents.services.statements import Statement, Statements
from agents.store import datasets, facts
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.answers import READY_TO_DISTIL, TOKENS
from tests.integration.memory.desk import ANA, BOB, CHANNEL, GPUS, OTHER_THREAD, ROOT, TEAM, THREAD, Desk

pytestmark = pytest.mark.integration

# What may name a conversation after it was forgotten, and why.
STILL_NAMED = {
    "app.audit": "forgets nothing: who had which conversation forgotten",
    # By its key the message in Slack is found that is to be taken back; the row goes once that is done.
    "app.slack_card": "the names of withdrawn messages",
    "app.slack_sent": "as above",
}
# What features leave that take no part here.
LEFT = (
    """INSERT INTO app.proposal (team_id, id, conversation_id, kind, params, params_hash, estimate, requested_by,
    channel, thread_ts, expires_at)
    VALUES (%(team)s, 'p1', %(id)s, 'index', '{}', 'h', '{}', %(who)s, %(channel)s, %(thread)s,
    now() + interval '1 day')""",
    """INSERT INTO app.model_call (team_id, conversation_id, user_id, turn_id, step, model, purpose, request_tokens,
    max_tokens, reserved_usd, price_source)
    VALUES (%(team)s, %(id)s, %(who)s, 'E1', 0, 'm', 'talk', 10, 10, 0.5, 'a list')""",
    """INSERT INTO app.watch (team_id, id, conversation_id, title, saved_by, basis)
    VALUES (%(team)s, 'w1', %(id)s, 'Which way?', %(who)s, '{"from": "<@U0ANA>"}')""",
    """INSERT INTO app.watch_flip (team_id, watch_id, n, was, became, because)
    VALUES (%(team)s, 'w1', 1, '{}', '{}', 'an answer of <@U0ANA> changed')""",
    """INSERT INTO app.comparison (team_id, conversation_id, inputs, result) VALUES (%(team)s, %(id)s, '{}', '{}')""",
    """INSERT INTO app.cost_scenario (team_id, conversation_id, name, document, saved_by)
    VALUES (%(team)s, %(id)s, 'Today', '{}', %(who)s)""",
    """INSERT INTO app.delegation (team_id, conversation_id, question_id, slot, asked_of, asked_by)
    SELECT %(team)s, %(id)s, q.id, 'evals', 'U0CARLA', %(who)s FROM app.question q LIMIT 1""",
)


async def _tables(database: Database) -> list[str]:
    async with database.engine() as connection:
        found = await connection.execute(
            "SELECT n.nspname || '.' || c.relname AS name "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname IN ('app', 'langgraph') AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
        )
        return [row["name"] for row in await found.fetchall()]


async def _tables_with(desk: Desk, text: str) -> set[str]:
    """Return the tables in which any row of the team holds a text, in whatever column."""
    found = set()
    for name in await _tables(desk.database):
        if name == "langgraph.checkpoint_migrations":
            continue
        async with desk.database.team(TEAM) as connection:
            # Checkpoints hold what was said as bytes, which a row's text shows in hexadecimal.
            statement = SQL("SELECT count(*) AS n FROM {} t WHERE strpos(t::text, %s) > 0 OR strpos(t::text, %s) > 0")
            cursor = await connection.execute(
                statement.format(Identifier(*name.split("."))), (text, text.encode().hex())
            )
            row = await cursor.fetchone()
            if row is not None and row["n"]:
                found.add(name)
    return found


async def _full_conversation(desk: Desk) -> str:
    """Return a conversation that has left something in every table that a conversation can."""
    conversation = await desk.begin()
    await desk.answer(conversation, **READY_TO_DISTIL, tokens=TOKENS, requests_per_day="2M")
    await desk.answer(conversation, who=BOB, gpu=GPUS)
    await desk.set(conversation, "models", ["claude-sonnet-5-5"])
    said = Statement(slot="gpu", value="8 x H100-80", who=ANA, source="9.9")
    await Statements(desk.database, desk.decisions).take(TEAM, conversation, [said])
    await desk.begin(text="what does it cost?")
    await desk.remember(conversation, "gpu")
    for each in LEFT:
        await desk.run(each, id=conversation, who=ANA, channel=CHANNEL, thread=THREAD)
    await desk.received("E9", ANA, THREAD, text="our secret")
    await desk.received("E10", ANA, None, value=conversation)
    return conversation


async def _forget(desk: Desk, who: str = ANA, event_key: str = "F1", thread: str = THREAD) -> bool:
    return await desk.forgetting.forget_thread(TEAM, CHANNEL, thread, who=who, event_key=event_key)


async def test_a_conversation_has_left_something_everywhere_before_it_is_forgotten(desk: Desk) -> None:
    conversation = await _full_conversation(desk)
    references = await desk.rows("app.conversation")
    assert [row["id"] for row in references] == [conversation]
    named = await _tables_with(desk, conversation)
    assert {
        "app.comparison",
        "app.contradiction",
        "app.conversation",
        "app.cost_scenario",
        "app.cost_setting",
        "app.delegation",
        "app.fact",
        "app.model_call",
        "app.proposal",
        "app.question",
        "app.slack_card",
        "app.slack_event",
        "app.verdict",
        "app.watch",
        "app.workspace_default",
    } <= named
    assert "langgraph.checkpoint_blobs" in await _tables_with(desk, "too expensive")


async def test_a_file_that_was_dropped_before_the_conversation_began_is_forgotten_with_it(desk: Desk) -> None:
    held = {"rows": 1, "with_output": 0, "labels": []}
    async with desk.database.team(TEAM) as connection:
        for thread in (THREAD, "9.0"):
            await datasets.keep(
                connection, TEAM, name="t.csv", text="our secret", summary=held, channel=CHANNEL, thread_ts=thread
            )
    await desk.begin()

    assert await _forget(desk)

    async with desk.database.team(TEAM) as connection:
        assert await datasets.of_thread(connection, TEAM, CHANNEL, THREAD, None) == []
        assert len(await datasets.of_thread(connection, TEAM, CHANNEL, "9.0", None)) == 1


async def test_no_row_names_a_forgotten_conversation_but_those_that_are_listed(desk: Desk) -> None:
    conversation = await _full_conversation(desk)

    assert await _forget(desk)

    assert await _tables_with(desk, conversation) <= set(STILL_NAMED)
    assert await _tables_with(desk, "our secret") == set()
    assert await _tables_with(desk, "too expensive") == set()
    for table in ("langgraph.checkpoints", "langgraph.checkpoint_blobs", "langgraph.checkpoint_writes"):
        assert await desk.rows(table) == []


async def test_every_table_that_refers_to_a_conversation_says_what_becomes_of_it(desk: Desk) -> None:
    async with desk.database.engine() as connection:
        found = await connection.execute(
            "SELECT conrelid::regclass::text AS name, confdeltype FROM pg_constraint "
            "WHERE confrelid = 'app.conversation'::regclass ORDER BY 1"
        )
        rules = {row["name"]: row["confdeltype"] for row in await found.fetchall()}
    assert rules.pop("app.proposal") == "a", "it loses the reference before"
    kept = {"app.model_call", "app.workspace_default"}
    assert {name for name, rule in rules.items() if rule == "n"} == kept, "these lose the reference and stay"
    assert {rule for name, rule in rules.items() if name not in kept} == {"c"}, "all others go with it"


async def test_what_money_hangs_on_stays(desk: Desk) -> None:
    await _full_conversation(desk)

    await _forget(desk)

    (proposal,) = await desk.rows("app.proposal")
    assert (proposal["id"], proposal["conversation_id"]) == ("p1", None)
    (call,) = await desk.rows("app.model_call")
    assert (call["reserved_usd"], call["user_id"], call["conversation_id"]) == (0.5, ANA, None)
    assert await desk.remembered() == {"gpu": GPUS}, "what was remembered with consent is forgotten by name"
    assert [each["action"] for each in await desk.rows("app.audit")] == ["remember_defaults", "forget_conversation"]


async def test_the_thread_is_told_what_went_and_what_stays(desk: Desk) -> None:
    await _full_conversation(desk)
    await _forget(desk)

    (told,) = [each for each in await desk.rows("app.slack_card") if each["kind"] == "forgotten"]
    assert (told["channel"], told["thread_ts"], told["subject"]["who"]) == (CHANNEL, THREAD, ANA)
    kept = told["subject"]["kept"]
    assert (kept["proposals"], kept["calls"], kept["watches"]) == (1, 1, 1)


async def test_cards_that_may_stand_in_slack_are_taken_back_and_others_are_deleted(desk: Desk) -> None:
    conversation = await _full_conversation(desk)
    async with desk.database.engine() as connection:
        await connection.execute(
            "UPDATE app.slack_sent SET ts = '1.5', sent_version = wanted_version WHERE key = %s",
            (f"verdict:{conversation}",),
        )
    await _forget(desk)

    cards = {each["key"]: each for each in await desk.rows("app.slack_card")}
    assert set(cards) == {f"verdict:{conversation}", f"forgotten:F1:{CHANNEL}:{THREAD}"}
    withdrawn = cards[f"verdict:{conversation}"]
    assert (withdrawn["kind"], withdrawn["subject"]) == ("withdrawn", {})


async def test_a_press_that_comes_twice_forgets_once_and_leaves_a_new_conversation_alone(desk: Desk) -> None:
    await desk.begin()
    await _forget(desk)
    newer = await desk.begin(text="begun anew")

    assert await _forget(desk), "the repetition is told the same"

    assert [row["id"] for row in await desk.rows("app.conversation")] == [newer]


async def test_a_press_on_an_old_card_leaves_a_conversation_that_began_since_alone(desk: Desk) -> None:
    await desk.begin()
    shown = await desk.forgetting.of_thread(TEAM, CHANNEL, THREAD)
    assert shown is not None
    await _forget(desk)
    newer = await desk.begin(text="begun anew")

    with pytest.raises(UserError, match="another one has begun"):
        await desk.forgetting.forget_thread(TEAM, CHANNEL, THREAD, who=ANA, event_key="F2", since=shown.since)
    assert [row["id"] for row in await desk.rows("app.conversation")] == [newer]


async def test_only_who_began_a_conversation_and_admins_have_it_forgotten(desk: Desk) -> None:
    conversation = await desk.begin()
    await desk.answer(conversation, who=BOB, gpu=GPUS)

    with pytest.raises(UserError, match=f"{ANA} began this conversation"):
        await _forget(desk, BOB)
    assert len(await desk.rows("app.conversation")) == 1

    assert await _forget(desk, ROOT)
    assert await desk.rows("app.conversation") == []


async def test_where_there_is_nothing_nothing_is_forgotten(desk: Desk) -> None:
    assert not await _forget(desk)
    assert await desk.rows("app.audit") == []


async def test_a_turn_in_hand_ends_before_its_conversation_is_forgotten(desk: Desk, checkpoints: Checkpoints) -> None:
    await desk.begin()
    async with checkpoints.saver(TEAM, f"{TEAM}:{CHANNEL}:{THREAD}"):
        forgetting = asyncio.create_task(_forget(desk))
        done, _ = await asyncio.wait({forgetting}, timeout=0.3)
        assert not done, "somebody speaks just now"
        assert len(await desk.rows("app.conversation")) == 1
    assert await forgetting
    assert await desk.rows("app.conversation") == []


async def test_a_conversation_of_another_thread_stays_whole(desk: Desk) -> None:
    await desk.begin()
    other = await desk.begin(OTHER_THREAD)
    before = [row for row in await desk.rows("app.slack_card") if row["thread_ts"] == OTHER_THREAD]

    await _forget(desk)

    assert [row["id"] for row in await desk.rows("app.conversation")] == [other]
    assert await desk.rows("langgraph.checkpoints")
    assert [row for row in await desk.rows("app.slack_card") if row["thread_ts"] == OTHER_THREAD] == before


async def test_who_is_forgotten_loses_conversations_words_and_name_and_others_keep_their_decision(desk: Desk) -> None:
    own = await _full_conversation(desk)
    other = await desk.begin(OTHER_THREAD, BOB, "slow answers")
    await desk.begin(OTHER_THREAD, ANA, "the secret is 20k requests a day")
    await desk.answer(other, who=ANA, gpu=GPUS)
    await desk.received("E11", ANA, OTHER_THREAD, text="a secret")

    gone = await desk.forgetting.forget_person(TEAM, ANA, ANA, "F1")

    assert (gone.conversations, gone.threads, gone.defaults) == (1, 1, ("gpu",))
    assert [row["id"] for row in await desk.rows("app.conversation")] == [other]
    async with desk.database.team(TEAM) as connection:
        held = {each.slot: each for each in await facts.all_facts(connection, TEAM, other)}
    assert (held["gpu"].value, held["gpu"].who) == (GPUS, SOMEBODY)
    assert await _tables_with(desk, "secret") == set()
    assert await _tables_with(desk, own) <= set(STILL_NAMED)
    stays = {"app.audit", "app.model_call", "app.proposal", "app.slack_card"}
    assert await _tables_with(desk, ANA) <= stays
    told = [each for each in await desk.rows("app.slack_card") if ANA in json.dumps(each["subject"])]
    assert {each["kind"] for each in told} <= {"forgotten"}, "who had it forgotten is told to the thread"


async def test_forgetting_somebody_goes_on_where_it_was_cut_off(desk: Desk) -> None:
    first = await desk.begin()
    await desk.begin(OTHER_THREAD)
    # As it stands where the process died after the first conversation.
    await desk.forgetting.forget_thread(TEAM, CHANNEL, THREAD, who=ANA, event_key=f"F1:{first}")

    await desk.forgetting.forget_person(TEAM, ANA, ANA, "F1")
    await desk.forgetting.forget_person(TEAM, ANA, ANA, "F1")

    assert await desk.rows("app.conversation") == []
    done = [(each["action"], each["event_key"]) for each in await desk.rows("app.audit")]
    assert len(done) == len(set(done))
    assert done.count(("forget_person", "F1")) == 1


async def test_nobody_has_somebody_else_forgotten_but_a_shell(desk: Desk) -> None:
    await desk.begin()
    for who in (BOB, ROOT):
        with pytest.raises(UserError, match="somebody else"):
            await desk.forgetting.forget_person(TEAM, ANA, who, "F1")
    assert len(await desk.rows("app.conversation")) == 1

    await desk.forgetting.forget_person(TEAM, ANA, "shell:root", "F2")
    assert await desk.rows("app.conversation") == []


async def test_what_is_kept_is_counted(desk: Desk) -> None:
    conversation = await _full_conversation(desk)
    shown = await desk.forgetting.of_conversation(TEAM, conversation)
    async with desk.database.team(TEAM) as connection:
        answers = len(await facts.all_facts(connection, TEAM, conversation))
    assert shown.kept.answers == answers
    assert (shown.started_by, shown.kept.proposals, shown.kept.calls, shown.kept.watches) == (ANA, 1, 1, 1)

    of_ana = await desk.forgetting.of_person(TEAM, ANA)
    assert (of_ana.conversations, of_ana.answers_elsewhere, of_ana.defaults, of_ana.messages) == (1, 0, 1, 2)
    of_bob = await desk.forgetting.of_person(TEAM, BOB)
    assert (of_bob.conversations, of_bob.answers_elsewhere, of_bob.defaults) == (0, 1, 1)


async def test_a_conversation_that_is_not_there_says_so(desk: Desk) -> None:
    with pytest.raises(UserError, match="not there any more"):
        await desk.forgetting.of_conversation(TEAM, "nothing")
