"""Students as people in Slack meet them: a proposal from a source, the card of all versions, roll back, retire."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.engine.worker import run_worker
from agents.runs.states import RunState
from agents.settings import load_settings
from agents.store import inbox
from agents.wiring import Services, open_services
from bot.app import build_app, build_poster, build_turns
from bot.directory import build_directory
from bot.localslack import LocalSlack
from bot.socket_mode import run_socket_mode
from tests.integration.bot.conftest import ALICE, BOB, GENERAL, TEAM, Page, eventually
from tests.integration.distillation.desk import Desk, document

pytestmark = pytest.mark.integration


@pytest.fixture
async def services(dsn: str, slack: LocalSlack, tmp_path: Path) -> AsyncIterator[Services]:
    """The whole bot, on a folder that may be read."""
    settings = load_settings(
        database_url=dsn,
        data_dir=tmp_path,
        slack_bot_token="xoxb-local-bot",
        slack_api_url=slack.api_url,
        approvers=(BOB,),
        allowed_roots=(str(tmp_path),),
        card_interval_s=0.1,
    )
    stop = asyncio.Event()
    async with open_services(settings, build_directory(settings)) as opened:
        tasks = {"turn": build_turns(opened).handle}
        running = [
            asyncio.create_task(run_socket_mode(build_app(settings, opened), "xapp-local-app", stop)),
            asyncio.create_task(build_poster(settings, opened).run(stop)),
            asyncio.create_task(
                run_worker(opened.database, dsn, {}, None, queues=("turn",), stop=stop, lease_s=5, tasks=tasks)
            ),
        ]

        async def is_connected() -> bool:
            return slack.workspace.socket.connections > 0

        await eventually(is_connected)
        yield opened
        stop.set()
        await asyncio.gather(*running)


@pytest.fixture
def desk(services: Services, dsn: str, tmp_path: Path) -> Desk:
    return Desk(services.database, dsn, tmp_path)


async def command(page: Page, text: str, user: str = ALICE) -> None:
    answer = await page.post("command", user=user, channel=GENERAL, command="/cairn", text=text)
    assert answer["ok"], answer


async def shown(page: Page, *words: str, user: str = ALICE) -> dict[str, Any]:
    """Return the newest message that holds all these words, in the channel or in a thread, waited for."""

    async def look() -> dict[str, Any] | None:
        messages = await page.messages(user=user)
        replies = []
        for root in messages:
            # What only one person sees has no thread.
            found = await page.get("messages", user=user, channel=GENERAL, thread_ts=root["ts"])
            replies += found.get("messages", [])[1:]
        having = [each for each in [*messages, *replies] if all(word in str(each) for word in words)]
        return having[-1] if having else None

    found = await eventually(look)
    assert isinstance(found, dict)
    return found


async def test_a_registered_source_with_a_file_leads_to_a_proposal_in_a_thread(
    services: Services, desk: Desk, page: Page, tmp_path: Path
) -> None:
    written = document(tmp_path) | {"data": {"golden": "golden.jsonl", "labelled": "labelled.jsonl"}}
    (tmp_path / "distill.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    await services.indexes.register_source(TEAM, "tickets", tmp_path, "shell:tester")

    await command(page, "distill tickets")

    card = await shown(page, "Distil tickets?", "Needs one approval")
    assert all(
        word in str(card) for word in ("classification, 2 labels", "60 examples", "80 labelled", "none, the outputs")
    )
    assert "sha256" not in str(card)
    assert not await services.runs.newest(TEAM, 5)


async def opened(page: Page) -> dict[str, Any]:
    """Return the modal that Alice sees, waited for."""

    async def look() -> dict[str, Any] | None:
        views = (await page.get("state", user=ALICE))["views"]
        return views[-1] if views else None

    return dict(await eventually(look))


async def submit(page: Page, view: dict[str, Any], **typed: str) -> dict[str, Any]:
    """Submit a form with what it began with, but for what was typed or chosen."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element, name = block["element"], block["block_id"]
        if element["type"] == "static_select" and "initial_option" in element:
            values[name] = {"entered": {"type": "static_select", "selected_option": element["initial_option"]}}
        elif element["type"] == "plain_text_input":
            text = typed.get(name, element.get("initial_value"))
            values[name] = {"entered": {"type": "plain_text_input", "value": text}}
    return await page.post("view_submit", user=ALICE, view_id=view["id"], values=values)


async def test_a_form_leads_to_a_proposal_and_says_at_each_field_what_is_wrong(
    services: Services, desk: Desk, page: Page, tmp_path: Path
) -> None:
    await services.indexes.register_source(TEAM, "tickets", tmp_path, "shell:tester")
    (tmp_path / "broken.jsonl").write_text('{"input": "no output"}\n', encoding="utf-8")
    await command(page, "distill")
    view = await opened(page)
    typed = {
        "name": "tickets",
        "instructions": "Tell which team a ticket belongs to.",
        "answers": "billing\nshipping",
        "golden": "tickets/golden.jsonl",
        "labelled": "tickets/labelled.jsonl",
        "minimum": "90 %",
        "gpus": "0",
    }

    refused = await submit(page, view, **{**typed, "golden": "nowhere/golden.jsonl", "rank": "many"})
    assert set(refused["errors"]) == {"golden", "rank"}
    assert "tickets/FILE" in refused["errors"]["golden"]
    refused = await submit(page, view, **{**typed, "labelled": "tickets/broken.jsonl"})
    assert "broken.jsonl" in refused["errors"]["labelled"]
    assert (await opened(page))["id"] == view["id"], "it stays open with what was typed"

    assert (await submit(page, view, **typed))["ok"]
    card = await shown(page, "Distil tickets?", "Needs one approval")
    assert all(word in str(card) for word in ("classification, 2 labels", "60 examples", "80 labelled"))


async def test_the_form_begins_with_what_the_conversation_says(services: Services, page: Page) -> None:
    await command(page, "cost")
    sizes = {"tokens_in": "1500", "static_prefix": "800", "tokens_out": "300"}
    assert (await submit(page, await opened(page), requests_per_day="20k a day", **sizes))["ok"]
    await shown(page, "20,000")
    costs = await services.cost_edits.form(TEAM, await newest_conversation(services))

    await command(page, "distill")
    view = await opened(page)
    begun = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert costs.models[0].startswith("claude")
    assert begun["model"]["initial_value"] == costs.models[0]
    assert begun["teacher"]["initial_option"]["value"] == "claude"


async def newest_conversation(services: Services) -> str:
    async with services.database.team(TEAM) as connection:
        found = await inbox.newest_conversation(connection, TEAM, GENERAL, ALICE)
    assert found is not None
    return found


async def test_a_run_leaves_its_loss_its_report_and_its_model_card_in_its_thread(
    services: Services, desk: Desk, page: Page
) -> None:
    thread = await page.say("make a student here")
    run_id = await desk.start(channel=GENERAL, thread_ts=thread)

    assert (await desk.finish(run_id)).state is RunState.DONE

    loss = await shown(page, "Training of tickets", "has ended")
    assert any(block["type"] == "image" for block in loss["blocks"])
    report = await shown(page, "tickets@v1 (student)", "Next step", "curl")
    assert {"table", "image"} <= {block["type"] for block in report["blocks"]}
    card = await shown(page, "Model card of tickets@v1")
    content = await page.text(card["files"][0]["id"])
    assert "# Model card: tickets@v1" in content
    assert "| student | unknown |" in content


async def test_a_source_without_a_file_is_said_with_what_to_do(services: Services, page: Page, tmp_path: Path) -> None:
    await services.indexes.register_source(TEAM, "empty", tmp_path, "shell:tester")

    await command(page, "distill empty")
    assert "distill.yaml cannot be read" in str(await shown(page, "distill.yaml cannot be read"))
    await command(page, "distill nowhere")
    assert "Choose one of: empty" in str(await shown(page, "no source", "Choose one of: empty"))


async def test_a_student_is_rolled_back_by_a_button_and_by_an_approver_alone(
    services: Services, desk: Desk, page: Page
) -> None:
    await desk.made()
    await desk.made(validation_share=0.2)
    await command(page, "students")
    card = await shown(page, "tickets@v2", "Roll tickets back")

    await page.press(card, "student_back")
    await shown(page, "roll tickets back", "approver")
    await command(page, "students", user=BOB)
    await page.press(await shown(page, "Roll tickets back", user=BOB), "student_back", user=BOB)
    await shown(page, "points to tickets@v1 again", user=BOB)

    view = await services.students.view(TEAM)
    assert [view.aliases_of(each) for each in view.students] == [["tickets"], []]
