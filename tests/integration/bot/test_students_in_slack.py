"""Students as people in Slack meet them: a proposal from a source, the card of all versions, roll back, retire."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from agents.runs.states import RunState
from agents.store import inbox
from agents.wiring import Services
from bot.localslack import LocalSlack
from tests.integration.bot.at_page import command, opened, shown, submit
from tests.integration.bot.conftest import ALICE, BOB, GENERAL, TEAM, Page
from tests.integration.bot.whole import whole_bot
from tests.integration.distillation.desk import Desk, document

pytestmark = pytest.mark.integration

TYPED = {
    "name": "tickets",
    "instructions": "Tell which team a ticket belongs to.",
    "answers": "billing\nshipping",
    "golden": "tickets/golden.jsonl",
    "labelled": "tickets/labelled.jsonl",
    "minimum": "90 %",
}


@pytest.fixture
async def services(dsn: str, slack: LocalSlack, tmp_path: Path) -> AsyncIterator[Services]:
    """The whole bot, on a folder that may be read."""
    async with whole_bot(dsn, slack, tmp_path, stages={}, allowed_roots=(str(tmp_path),)) as opened:
        yield opened


@pytest.fixture
def desk(services: Services, dsn: str, tmp_path: Path) -> Desk:
    return Desk(services.database, dsn, tmp_path)


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


async def test_a_form_leads_to_a_proposal_and_says_at_each_field_what_is_wrong(
    services: Services, desk: Desk, page: Page, tmp_path: Path
) -> None:
    await services.indexes.register_source(TEAM, "tickets", tmp_path, "shell:tester")
    (tmp_path / "broken.jsonl").write_text('{"input": "no output"}\n', encoding="utf-8")
    await command(page, "distill")
    view = await opened(page)
    typed = {**TYPED, "gpus": "0"}

    refused = await submit(page, view, **{**typed, "golden": "nowhere/golden.jsonl", "rank": "many"})
    assert set(refused["errors"]) == {"golden", "rank"}
    assert "tickets/FILE" in refused["errors"]["golden"]
    refused = await submit(page, view, **{**typed, "labelled": "tickets/broken.jsonl"})
    assert "broken.jsonl" in refused["errors"]["labelled"]
    assert (await opened(page))["id"] == view["id"], "it stays open with what was typed"

    assert (await submit(page, view, **typed))["ok"]
    card = await shown(page, "Distil tickets?", "Needs one approval")
    assert all(word in str(card) for word in ("classification, 2 labels", "60 examples", "80 labelled"))


async def test_a_form_that_came_to_nothing_is_opened_again_as_it_was_sent(
    services: Services, desk: Desk, page: Page, tmp_path: Path
) -> None:
    await services.indexes.register_source(TEAM, "tickets", tmp_path, "shell:tester")
    await command(page, "distill")

    # A model that it cannot price: no fault of a field, so it is found once the form has closed.
    inputs = {"inputs": "tickets/labelled.jsonl", "teacher": "claude", "model": "claude-nobody-9"}
    assert (await submit(page, await opened(page), **TYPED, **inputs))["ok"]
    card = await shown(page, "cairn prices set claude-nobody-9", "Open the form again")
    await page.press(card, "open_distill_again")
    view = await opened(page)

    begun = {block["block_id"]: block["element"].get("initial_value") for block in view["blocks"] if "element" in block}
    assert {name: begun[name] for name in TYPED} == TYPED
    assert (await submit(page, view, model="claude-opus-5-5"))["ok"]
    await shown(page, "Distil tickets?", "Needs one approval")


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


async def test_samples_are_looked_at_in_the_thread_before_anything_is_trained(
    services: Services, desk: Desk, page: Page
) -> None:
    thread = await page.say("make a student here")
    run_id = await desk.start(unattended=False, channel=GENERAL, thread_ts=thread)

    await desk.finish(run_id)

    asked = await shown(page, "examples are kept for tickets", "They look right")
    (table,) = [block for block in asked["blocks"] if block["type"] == "table"]
    header, *samples = ([cell["text"] for cell in row] for row in table["rows"])
    assert (header, len(samples)) == (["Input", "Output"], 20)


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
