"""Files that people drop where Cairn is: kept, told of, chosen in the form; what is no table of examples is said so."""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.distillation.examples import jsonl
from agents.store import inbox
from agents.wiring import Services
from bot.localslack import LocalSlack
from tests.integration.bot.at_page import opened, shown, submit
from tests.integration.bot.conftest import ALICE, BOB, GENERAL, TEAM, Page
from tests.integration.bot.whole import whole_bot
from tests.integration.distillation.desk import rows

pytestmark = pytest.mark.integration


@pytest.fixture
async def services(dsn: str, slack: LocalSlack, tmp_path: Path) -> AsyncIterator[Services]:
    async with whole_bot(dsn, slack, tmp_path) as running:
        yield running


async def drop(page: Page, name: str, content: str | bytes | Sequence[Mapping[str, Any]], **more: Any) -> str:
    """Drop a file at the page; return the thread that its answers come in."""
    if not isinstance(content, str | bytes):
        content = jsonl(content)
    data = content.encode() if isinstance(content, str) else content
    given = {"user": ALICE, "channel": GENERAL, "text": "@cairn", **more}
    answer = await page.post("upload", name=name, content_base64=base64.b64encode(data).decode(), **given)
    assert answer["ok"], answer
    return str(more.get("thread_ts") or answer["ts"])


async def test_dropped_files_are_told_of_fill_the_form_and_are_what_is_proposed(services: Services, page: Page) -> None:
    thread = await drop(page, "golden.jsonl", rows(60))
    assert "60 rows, each with an output" in str(await shown(page, "golden.jsonl", "Make a model of it"))
    unlabelled = "input,owner\n" + "".join(f"case {number} about a parcel,ann\n" for number in range(30))
    await drop(page, "more.csv", unlabelled, thread_ts=thread, text="")
    card = await shown(page, "more.csv", "without outputs", "Make a model of it")
    await drop(page, "tickets.jsonl", rows(80, 100), thread_ts=thread, text="")
    await shown(page, "tickets.jsonl", "80 rows", "2 labels: billing, shipping")

    await page.press(card, "open_distill")
    view = await opened(page)
    begun = {block["block_id"]: block["element"].get("initial_value") for block in view["blocks"] if "element" in block}
    assert (begun["golden"], begun["labelled"], begun["inputs"]) == ("golden.jsonl", "tickets.jsonl", "more.csv")
    assert begun["answers"] == "billing\nshipping"

    typed = {"name": "tickets", "instructions": "Tell which team a ticket belongs to.", "minimum": "90 %", "gpus": "0"}
    refused = await submit(page, view, **typed, golden="gone.jsonl")
    assert "golden.jsonl (dropped here)" in refused["errors"]["golden"]
    assert (await submit(page, view, **typed, inputs=""))["ok"]
    proposed = await shown(page, "Distil tickets?", "Needs one approval")
    assert proposed["thread_ts"] == thread
    assert all(word in str(proposed) for word in ("60 examples", "80 labelled"))


async def test_what_it_says_beside_a_file_is_answered_as_well(services: Services, page: Page) -> None:
    thread = await drop(page, "golden.jsonl", rows(60), text="@cairn too expensive, 20k requests a day")

    await shown(page, "golden.jsonl", "60 rows")
    await shown(page, "So far")
    # Whoever talks knows of the file, also where it came before the conversation.
    async with services.database.team(TEAM) as connection:
        conversation_id = await inbox.conversation_of_thread(connection, TEAM, GENERAL, thread)
    assert conversation_id is not None
    (file,) = (await services.decisions.state(TEAM, conversation_id)).files
    assert (file.name, file.rows, file.with_output) == ("golden.jsonl", 60, 60)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("handbook.pdf", b"%PDF-1.7", "handbook.pdf is not read: from a thread I take examples"),
        ("a.jsonl", '{"input": "a"}\nno json\n', "a.jsonl, line 2 is not JSON"),
        ("a.csv", "text,label\nx,y\n", "a.csv, line 1 has the columns 'text', 'label', and none is called input"),
        ("a.jsonl", b"\xff\xfe\x00", "a.jsonl is no text in UTF-8: byte 0"),
        ("empty.jsonl", "\n", "empty.jsonl holds no rows"),
    ],
)
async def test_what_cannot_be_used_is_said_with_what_could(
    services: Services, page: Page, name: str, content: str | bytes, told: str
) -> None:
    thread = await drop(page, name, content)

    assert told in str(await shown(page, told[:20]))
    assert not await services.data_sources.of_thread(TEAM, GENERAL, thread, None)


async def test_a_file_that_slack_does_not_give_is_said_and_costs_no_other(services: Services, page: Page) -> None:
    await page.fault("files.info", "error", error="missing_scope")
    thread = await drop(page, "golden.jsonl", rows(60))
    await shown(page, "my app lacks the scope `files:read`")

    await page.fault("files.info", "error", error="file_deleted")
    await drop(page, "golden.jsonl", rows(60), thread_ts=thread)
    await shown(page, "That file is not in Slack any more")

    await drop(page, "golden.jsonl", rows(60), thread_ts=thread)
    await shown(page, "golden.jsonl", "60 rows")


async def test_whoever_may_not_ask_for_runs_drops_no_data(
    dsn: str, slack: LocalSlack, page: Page, tmp_path: Path
) -> None:
    async with whole_bot(dsn, slack, tmp_path, requesters=(BOB,)) as services:
        thread = await drop(page, "golden.jsonl", rows(60))

        await shown(page, "that takes the role requester")
        assert not await services.data_sources.of_thread(TEAM, GENERAL, thread, None)


async def test_another_thread_knows_nothing_of_it(services: Services, page: Page) -> None:
    await drop(page, "golden.jsonl", rows(60))
    await shown(page, "golden.jsonl", "60 rows")
    await drop(page, "tickets.jsonl", rows(80, 100))
    card = await shown(page, "tickets.jsonl", "80 rows")

    await page.press(card, "open_distill")
    view = await opened(page)
    begun = {block["block_id"]: block["element"].get("initial_value") for block in view["blocks"] if "element" in block}
    assert (begun.get("golden"), begun["labelled"]) == (None, "tickets.jsonl")
    teacher = next(block["element"] for block in view["blocks"] if block.get("block_id") == "teacher")
    assert teacher["initial_option"]["value"] == "none", "it would have nothing to label"
