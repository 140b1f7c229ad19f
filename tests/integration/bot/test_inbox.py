"""What Slack sends is stored once before it is acknowledged; each event is handled once, in order."""

import asyncio
import re
from typing import Any

import psycopg
import pytest

from agents.errors import UserError
from agents.store.db import Database, role_conninfo
from agents.store.outbox import Card
from bot.feature import Feature, Turn
from bot.incoming import received
from bot.localslack import LocalSlack
from bot.routing import Routes
from tests.integration.bot.conftest import (
    ALICE,
    BOB,
    BOT,
    GENERAL,
    TEAM,
    Page,
    add_card,
    client_of,
    eventually,
    receiving,
)


def routes(handled: list[str]) -> Routes:
    async def hear(turn: Turn) -> None:
        handled.append(turn.text)

    async def unknown(turn: Turn) -> None:
        handled.append(f"/ {turn.text}")

    return Routes((Feature(subcommand="help", usage="help", command=hear),), otherwise=hear, unknown=unknown)


async def events(dsn: str) -> list[dict[str, Any]]:
    """Return what is stored, seen past row level security."""
    async with await psycopg.AsyncConnection.connect(
        role_conninfo(dsn, "cairn_owner"), row_factory=psycopg.rows.dict_row
    ) as connection:
        cursor = await connection.execute("SELECT * FROM app.slack_event ORDER BY received_at")
        return await cursor.fetchall()


async def jobs(dsn: str) -> int:
    async with await psycopg.AsyncConnection.connect(role_conninfo(dsn, "cairn_engine")) as connection:
        row = await (await connection.execute("SELECT count(*) FROM procrastinate_jobs")).fetchone()
    return int(row[0]) if row else 0


async def handle_all(dsn: str, turns: Any) -> None:
    for event in await events(dsn):
        await turns.handle(TEAM, event["key"])


async def make_conversation(database: Database, thread_ts: str) -> None:
    async with database.team(TEAM) as connection:
        await connection.execute(
            "INSERT INTO app.conversation (team_id, channel, thread_ts, started_by) VALUES (%s, %s, %s, %s)",
            (TEAM, GENERAL, thread_ts, ALICE),
        )


async def quiet(slack: LocalSlack) -> None:
    """Wait until everything sent was acknowledged."""

    async def is_quiet() -> bool:
        link = slack.workspace.socket
        return link.unacknowledged == 0 and link.waiting == 0

    await eventually(is_quiet)


async def test_a_mention_that_arrives_twice_is_one_event_that_gets_an_answer(
    database: Database, slack: LocalSlack, page: Page
) -> None:
    handled: list[str] = []
    async with receiving(database, slack, routes(handled)) as turns:
        await page.say("@cairn we need help")
        await quiet(slack)
        await handle_all(database.dsn, turns)

    (event,) = await events(database.dsn)
    assert event["kind"] == "mention"
    assert await jobs(database.dsn) == 1
    assert handled == ["we need help"]


async def test_talk_between_people_is_dropped_unstored(database: Database, slack: LocalSlack, page: Page) -> None:
    async with receiving(database, slack, routes([])):
        root = await page.say("lunch?")
        await page.say("yes", user=BOB, thread_ts=root)
        await quiet(slack)

    assert await events(database.dsn) == []


async def test_a_thread_of_cairns_is_heard(database: Database, slack: LocalSlack, page: Page) -> None:
    async with receiving(database, slack, routes([])):
        conversation, carded = await page.say("one"), await page.say("two")
        await make_conversation(database, conversation)
        await add_card(database, Card("k", GENERAL, carded, "say"))
        await page.say("in a conversation", thread_ts=conversation)
        await page.say("under a card", thread_ts=carded)
        await quiet(slack)

    assert [event["body"]["text"] for event in await events(database.dsn)] == ["in a conversation", "under a card"]


async def test_a_direct_message_is_always_heard(database: Database, slack: LocalSlack, page: Page) -> None:
    dm = (await page.get("state", user=ALICE))["dms"][0]["id"]
    async with receiving(database, slack, routes([])):
        ts = await page.say("hello", channel=dm)
        await quiet(slack)

    (event,) = await events(database.dsn)
    assert (event["kind"], event["channel"], event["thread_ts"]) == ("message", dm, ts)


async def test_what_the_bot_posts_and_edits_is_not_heard(
    database: Database, slack: LocalSlack, page: Page, client: Any
) -> None:
    dm = (await page.get("state", user=ALICE))["dms"][0]["id"]
    async with receiving(database, slack, routes([])):
        posted = await client.chat_postMessage(channel=dm, text="mine")
        await client.chat_update(channel=dm, ts=posted["ts"], text="mine, edited")
        await quiet(slack)

    assert await events(database.dsn) == []


async def test_a_command_is_stored_with_its_text(database: Database, slack: LocalSlack, page: Page) -> None:
    handled: list[str] = []
    async with receiving(database, slack, routes(handled)) as turns:
        answer = await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="help me")
        await handle_all(database.dsn, turns)

    assert answer["ok"]
    assert handled == ["me"]


async def test_an_event_that_could_not_be_stored_is_not_acknowledged_and_comes_again(
    database: Database, slack: LocalSlack, page: Page, dsn: str
) -> None:
    async with receiving(database, slack, routes([])):
        async with await psycopg.AsyncConnection.connect(role_conninfo(dsn, "cairn_owner")) as owner:
            await owner.execute("ALTER TABLE app.slack_event RENAME TO elsewhere")
            await owner.commit()
            await page.say("@cairn hello")
            await asyncio.sleep(0.1)
            assert slack.workspace.socket.unacknowledged + slack.workspace.socket.waiting > 0
            await owner.execute("ALTER TABLE app.elsewhere RENAME TO slack_event")
            await owner.commit()

        async def is_stored() -> bool:
            return bool(await events(dsn))

        await eventually(is_stored)

    assert len(await events(dsn)) == 1


async def test_an_event_is_stored_although_every_connection_was_just_lost(
    database: Database, slack: LocalSlack, page: Page, dsn: str
) -> None:
    async with receiving(database, slack, routes([])):
        await page.say("@cairn one")
        await quiet(slack)
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as administrator:
            await administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await page.say("@cairn two")
        await quiet(slack)

    assert [event["body"]["text"] for event in await events(dsn)] == ["one", "two"]


async def test_an_event_whose_turn_runs_again_is_handled_once(
    database: Database, slack: LocalSlack, page: Page
) -> None:
    handled: list[str] = []
    async with receiving(database, slack, routes(handled)) as turns:
        await page.say("@cairn once")
        await quiet(slack)
        await handle_all(database.dsn, turns)
        await handle_all(database.dsn, turns)

    assert handled == ["once"]


async def test_an_error_a_person_can_mend_is_told_to_them_alone(
    database: Database, slack: LocalSlack, page: Page
) -> None:
    async def refuse(turn: Turn) -> None:
        raise UserError("There is no index 'x'. Make one with /cairn index.")

    async with receiving(database, slack, Routes((), otherwise=refuse, unknown=refuse)) as turns:
        await page.say("@cairn ask x")
        await quiet(slack)
        await handle_all(database.dsn, turns)

    (card,) = await cards(database)
    assert card["ephemeral_user"] == ALICE
    assert card["subject"]["text"] == "There is no index 'x'. Make one with /cairn index."


async def test_a_fault_is_tried_again_then_told_with_an_id_and_the_thread_goes_on(
    database: Database, slack: LocalSlack, page: Page
) -> None:
    tries: list[str] = []

    async def fail(turn: Turn) -> None:
        tries.append(turn.text)
        raise RuntimeError("a fault of ours")

    async with receiving(database, slack, Routes((), otherwise=fail, unknown=fail)) as turns:
        await page.say("@cairn break")
        await quiet(slack)
        await handle_all(database.dsn, turns)
        await handle_all(database.dsn, turns)

    assert tries == ["break"] * 3
    (card,) = await cards(database)
    assert re.search(r"error [0-9a-f]{6}", card["subject"]["text"])
    assert "a fault of ours" not in card["subject"]["text"]
    (event,) = await events(database.dsn)
    assert event["error"] == "RuntimeError: a fault of ours"


async def test_a_button_of_an_older_version_is_explained(database: Database, slack: LocalSlack, page: Page) -> None:
    async with receiving(database, slack, routes([])) as turns:
        posted = await slack_message_with_button(slack)
        await page.press(posted, "vanished")
        await handle_all(database.dsn, turns)

    (card,) = await cards(database)
    assert "older version" in card["subject"]["text"]


async def slack_message_with_button(slack: LocalSlack) -> dict[str, Any]:
    button = {"type": "button", "action_id": "vanished", "text": {"type": "plain_text", "text": "Press"}}
    response = await client_of(slack.api_url).chat_postMessage(
        channel=GENERAL, text="x", blocks=[{"type": "actions", "elements": [button]}]
    )
    return {"channel": GENERAL, **response["message"]}


async def cards(database: Database) -> list[dict[str, Any]]:
    async with database.team(TEAM) as connection:
        cursor = await connection.execute("SELECT key, kind, subject, ephemeral_user FROM app.slack_card")
        return await cursor.fetchall()


@pytest.mark.parametrize("order", [("message", "app_mention"), ("app_mention", "message")])
def test_whichever_form_of_a_mention_comes_first_is_a_mention(order: tuple[str, str]) -> None:
    for kind in order:
        event = {"type": kind, "channel": GENERAL, "user": ALICE, "text": f"<@{BOT}> hi", "ts": "1.1"}
        found = received({"type": "event_callback", "event_id": kind, "event": event}, TEAM, BOT)
        assert found is not None
        assert (found.event.kind, found.only_in_own_thread) == ("mention", False)
