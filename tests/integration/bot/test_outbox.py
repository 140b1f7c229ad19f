"""Cards become messages: once, in order, the newest version, whatever Slack and the network do."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from agents.errors import UserError
from agents.store.conversations import SHELL
from agents.store.db import Database
from agents.store.outbox import Card, next_due_s, posted
from bot.blocks.elements import actions, button, image, message, section
from bot.blocks.message import Attachment, Message, Picture
from bot.localslack import LocalSlack
from tests.integration.bot.conftest import ALICE, GENERAL, TEAM, Page, add_card, eventually, posting

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000 01f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082".replace(" ", "")
)


async def as_said(_team: str, _kind: str, subject: Mapping[str, Any]) -> Message:
    return message(subject["text"], [section(subject["text"])])


def said(key: str, text: str, thread_ts: str | None = None, **more: Any) -> Card:
    return Card(key, GENERAL, thread_ts, "test", {"text": text}, **more)


async def is_settled(database: Database, key: str) -> bool:
    async with database.team(TEAM) as connection:
        found = await posted(connection, TEAM, key)
    return found is not None and found.is_settled


async def settled(database: Database, *keys: str) -> None:
    for key in keys:
        await eventually(partial(is_settled, database, key))


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [each["text"] for each in messages]


async def test_a_card_is_posted_once_and_edited_in_place(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    async with posting(database, client, as_said):
        await add_card(database, said("k", "one"))
        await settled(database, "k")
        await add_card(database, said("k", "two"))
        await settled(database, "k")

    assert texts(await page.messages()) == ["two"]
    assert len(await page.calls("chat.postMessage")) == 1


async def test_a_burst_of_changes_is_one_edit_that_shows_the_last(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    await add_card(database, said("k", "0"))
    async with posting(database, client, as_said, interval_s=0.4):
        await settled(database, "k")
        for number in range(1, 21):
            await add_card(database, said("k", str(number)))
        await settled(database, "k")

    assert texts(await page.messages()) == ["20"]
    assert len(await page.calls("chat.update")) <= 2


async def test_cards_of_a_thread_come_in_their_order(database: Database, client: AsyncWebClient, page: Page) -> None:
    root = await page.say("hello")
    for number in range(12):
        await add_card(database, said(f"k{number:02}", str(number), root))
    async with posting(database, client, as_said):
        await settled(database, "k11")

    assert texts(await page.replies(root)) == [str(number) for number in range(12)]


async def test_what_a_shell_has_printed_is_not_posted_and_holds_nothing_up(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    await add_card(database, Card("printed", SHELL, "1.1", "test", {"text": "printed"}))
    await add_card(database, said("k", "one"))
    async with posting(database, client, as_said):
        await settled(database, "k")
    async with database.engine() as connection:
        assert await next_due_s(connection) is None

    assert texts(await page.messages()) == ["one"]
    assert len(await page.calls("chat.postMessage")) == 1


async def test_a_lost_answer_leads_to_no_second_message(database: Database, client: AsyncWebClient, page: Page) -> None:
    root = await page.say("hello")
    await page.fault("chat.postMessage", "drop_after", times=2)
    await add_card(database, said("in thread", "one", root))
    await add_card(database, said("as root", "two"))
    async with posting(database, client, as_said):
        await settled(database, "in thread", "as root")

    assert texts(await page.replies(root)) == ["one"]
    assert texts(await page.messages()) == ["hello", "two"]


async def test_a_call_that_never_arrived_is_made_again(database: Database, client: AsyncWebClient, page: Page) -> None:
    await page.fault("chat.postMessage", "drop_before", times=2)
    await page.fault("chat.postMessage", "http_500")
    await add_card(database, said("k", "one"))
    async with posting(database, client, as_said):
        await settled(database, "k")

    assert texts(await page.messages()) == ["one"]


async def test_rate_limited_cards_are_posted_once_when_slack_takes_them_again(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    await page.fault("chat.postMessage", "ratelimited", seconds=1, times=2)
    await add_card(database, said("first", "one"))
    await add_card(database, said("second", "two"))
    async with posting(database, client, as_said):
        await settled(database, "first", "second")

    assert sorted(texts(await page.messages())) == ["one", "two"]


async def test_refused_blocks_become_plain_text(database: Database, client: AsyncWebClient, page: Page) -> None:
    async def with_bad_blocks(_team: str, _kind: str, _subject: Mapping[str, Any]) -> Message:
        return Message(text="plain words", blocks=({"type": "section"},))

    await add_card(database, said("k", ""))
    async with posting(database, client, with_bad_blocks):
        await settled(database, "k")

    (only,) = await page.messages()
    assert only["text"] == "plain words"


async def test_a_message_that_was_deleted_is_posted_anew(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    async with posting(database, client, as_said):
        await add_card(database, said("k", "one"))
        await settled(database, "k")
        (only,) = await page.messages()
        await client.chat_delete(channel=GENERAL, ts=only["ts"])
        await add_card(database, said("k", "two"))
        await settled(database, "k")

    assert texts(await page.messages()) == ["two"]


async def test_a_channel_that_is_not_there_keeps_its_error_and_stops_nothing(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    await add_card(database, Card("lost", "CNOWHERE01", None, "test", {"text": "one"}))
    await add_card(database, said("k", "two"))
    async with posting(database, client, as_said):
        await settled(database, "lost", "k")

    async with database.team(TEAM) as connection:
        found = await posted(connection, TEAM, "lost")
    assert found is not None
    assert (found.ts, found.error) == (None, "channel_not_found")
    assert texts(await page.messages()) == ["two"]


async def test_a_card_that_cannot_be_rendered_says_what_to_do_or_waits(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    broken = True

    async def sometimes(_team: str, _kind: str, subject: Mapping[str, Any]) -> Message:
        if subject["text"] == "gone":
            raise UserError("That is not there any more.")
        if subject["text"] == "broken" and broken:
            raise RuntimeError("a fault")
        return message(subject["text"], [section(subject["text"])])

    await add_card(database, said("a", "gone"))
    await add_card(database, said("b", "broken"))
    await add_card(database, said("c", "fine"))
    async with posting(database, client, sometimes):
        await settled(database, "a", "c")
        broken = False
        await settled(database, "b")

    assert sorted(texts(await page.messages())) == ["That is not there any more.", "broken", "fine"]


async def test_an_ephemeral_card_is_seen_by_one_person_and_never_edited(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    async with posting(database, client, as_said):
        await add_card(database, said("k", "psst", ephemeral_user=ALICE))
        await settled(database, "k")
        await add_card(database, said("k", "psst again", ephemeral_user=ALICE))
        await add_card(database, said("other", "aloud"))
        await settled(database, "other")

    assert texts(await page.messages(user=ALICE)) == ["psst", "aloud"]
    assert texts(await page.messages(user="UBOB000001")) == ["aloud"]


async def test_a_note_for_somebody_where_the_bot_is_not_comes_as_a_direct_message(
    database: Database, client: AsyncWebClient, slack: LocalSlack, page: Page
) -> None:
    dm = (await page.get("state", user=ALICE))["dms"][0]["id"]
    await add_card(database, Card("k", "CNOWHERE01", None, "test", {"text": "invite me"}, ephemeral_user=ALICE))
    async with posting(database, client, as_said):
        await settled(database, "k")

    assert texts(await page.messages(channel=dm)) == ["invite me"]


async def test_a_card_for_a_person_goes_to_their_direct_messages_and_is_edited_there(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    dm = (await page.get("state", user=ALICE))["dms"][0]["id"]
    async with posting(database, client, as_said):
        await add_card(database, Card("k", ALICE, None, "test", {"text": "one"}))
        await settled(database, "k")
        await add_card(database, Card("k", ALICE, None, "test", {"text": "two"}))
        await settled(database, "k")

    assert texts(await page.messages(channel=dm)) == ["two"]


async def test_a_picture_is_uploaded_once_and_shown_again_in_each_edit(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    picture = Picture(content=PIXEL, filename="chart.png", alt="Costs rise with volume", title="Costs")

    async def charted(_team: str, _kind: str, subject: Mapping[str, Any]) -> Message:
        return message(subject["text"], [section(subject["text"]), image(picture)], [picture])

    async with posting(database, client, charted):
        await add_card(database, said("k", "one"))
        await settled(database, "k")
        await add_card(database, said("k", "two"))
        await settled(database, "k")

    (only,) = await page.messages()
    assert only["text"] == "two"
    assert only["blocks"][1]["slack_file"]["id"].startswith("F")
    assert len(await page.calls("files.getUploadURLExternal")) == 1


async def test_a_file_is_shared_into_its_thread_once_although_the_answer_was_lost(
    database: Database, client: AsyncWebClient, page: Page
) -> None:
    async def exported(_team: str, _kind: str, _subject: Mapping[str, Any]) -> Message:
        attachment = Attachment(content=b"# Decision", filename="decision.md", title="Decision", comment="Here it is.")
        return Message(text="Decision", attachment=attachment)

    root = await page.say("hello")
    await page.fault("files.completeUploadExternal", "drop_after")
    await add_card(database, said("k", "", root))
    async with posting(database, client, exported):
        await settled(database, "k")

    (only,) = await page.replies(root)
    assert only["text"] == "Here it is."
    assert [file["name"] for file in only["files"]] == ["decision.md"]


async def test_buttons_keep_their_values(database: Database, client: AsyncWebClient, page: Page) -> None:
    async def with_button(_team: str, _kind: str, _subject: Mapping[str, Any]) -> Message:
        return message("Press", [section("Press"), actions(button("Yes", "yes", {"id": "1"}))])

    await add_card(database, said("k", ""))
    async with posting(database, client, with_button):
        await settled(database, "k")

    (only,) = await page.messages()
    assert only["blocks"][1]["elements"][0]["value"] == '{"id":"1"}'


@pytest.mark.integration
async def test_posters_killed_over_and_over_leave_no_duplicate_and_the_newest_everywhere(
    database: Database, slack: LocalSlack, page: Page
) -> None:
    root = await page.say("hello")
    keys = [f"run:{number}" for number in range(5)]
    producing = asyncio.create_task(_produce(database, keys, root, updates=300))
    kills = 0
    while not producing.done() or kills < 12:
        poster = await _start_poster(database.dsn, slack.api_url)
        await asyncio.sleep(0.15 + 0.11 * (kills % 5))
        os.kill(poster.pid, signal.SIGKILL)
        await poster.wait()
        kills += 1
    poster = await _start_poster(database.dsn, slack.api_url)
    await settled(database, *keys)
    poster.kill()
    await poster.wait()

    shown = Counter(texts(await page.replies(root)))
    assert shown == Counter(f"{key} step 59" for key in keys)
    assert kills >= 12


async def _produce(database: Database, keys: list[str], root: str, *, updates: int) -> None:
    for number in range(updates):
        key = keys[number % len(keys)]
        await add_card(database, said(key, f"{key} step {number // len(keys)}", root))
        await asyncio.sleep(0.05)


async def _start_poster(dsn: str, api_url: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.bot.poster", dsn, api_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    # Killed while it works, not while Python starts.
    assert await process.stdout.readline() == b"started\n"
    return process
