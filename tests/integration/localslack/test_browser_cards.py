"""What runs and proposals show on the page: people of every kind, groups, files, menus, boxes to tick."""

from typing import Any

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack
from tests.integration.localslack.conftest import (
    APPROVERS,
    BOB,
    GENERAL,
    GWEN,
    Open,
    Page,
    bolt_app,
    connected,
    field,
    text,
    write,
)

pytestmark = pytest.mark.integration

LOG = "".join(f"12:00:{number:02} step {number} <b>{'x' * 200}</b>\n" for number in range(60))


def overflow(block_id: str) -> dict[str, Any]:
    options = [{"text": text(words, "plain_text"), "value": words} for words in ("Show the reasons", "Export as CSV")]
    menu = {"type": "overflow", "action_id": f"menu-{block_id}", "options": options}
    return {"type": "actions", "block_id": block_id, "elements": [menu]}


async def test_a_guest_is_marked_and_can_be_become(visit: Open) -> None:
    page = await visit("alice")
    await expect(page.get_by_test_id("user-switch")).to_contain_text("Gwen Grant (guest)")
    await page.get_by_test_id("user-switch").select_option("gwen")
    await write(page, "may I?")
    message = page.get_by_test_id("message")
    await expect(message).to_have_attribute("data-user", "gwen")
    await expect(message.locator(".badge")).to_have_text("guest")


async def test_people_come_change_and_go_while_one_looks(visit: Open, page: Page) -> None:
    window = await visit("alice")
    switch = window.get_by_test_id("user-switch")
    dora = (await page.post("person", name="dora", real_name="Dora Dunn", kind="external"))["user"]["id"]
    await expect(switch).to_contain_text("Dora Dunn (other workspace)")
    await page.post("person", id=dora, kind="member")
    await expect(switch).not_to_contain_text("Dora Dunn (other workspace)")
    await page.post("person", id=dora, deleted=True)
    await expect(switch).not_to_contain_text("Dora Dunn")


async def test_who_is_deactivated_is_told_so_and_keeps_their_text(visit: Open, page: Page) -> None:
    window = await visit("bob")
    await page.post("person", id=BOB, deleted=True)
    await expect(window.get_by_test_id("user-switch")).to_contain_text("Bob Brandt (deactivated)")
    await write(window, "am I here?")
    await expect(window.get_by_test_id("toast")).to_contain_text("deactivated")
    await expect(window.get_by_test_id("composer")).to_have_value("am I here?")
    await window.reload()
    await expect(window.get_by_test_id("user-switch")).to_have_value("bob")


async def test_a_group_is_mentioned_by_its_handle_and_stands_out_for_its_members(visit: Open, page: Page) -> None:
    alice, bob = await visit("alice"), await visit("bob", "#/CMLCOSTS01")
    composer = alice.get_by_test_id("composer")
    await composer.press_sequentially("@appr")
    await expect(alice.get_by_test_id("suggestions")).to_contain_text("@approvers")
    await composer.press("Tab")
    await composer.press_sequentially("please look")
    await composer.press("Enter")
    await expect(alice.locator(".mention")).to_have_text("@approvers")
    await expect(alice.locator(".mention")).not_to_have_class("mention me")
    await expect(bob.get_by_test_id("channel-general")).to_have_accessible_name("general, 1 for you")
    await bob.get_by_test_id("channel-general").click()
    await expect(bob.locator(".mention")).to_have_class("mention me")
    await page.post("user_group", id=APPROVERS, remove=[BOB])
    await expect(bob.locator(".mention")).to_have_class("mention")


async def test_a_log_begins_on_the_page_opens_whole_and_can_be_saved(visit: Open, client: AsyncWebClient) -> None:
    page = await visit("alice")
    await write(page, "how did it go?")
    ts = await page.get_by_test_id("message").get_attribute("data-ts")
    await client.files_upload_v2(
        content=LOG, filename="run.log", title="Log of train", channel=GENERAL, thread_ts=str(ts)
    )
    file = page.get_by_test_id("thread-pane").get_by_test_id("file-card")
    await expect(file).to_contain_text("Log of train")
    await expect(file).to_contain_text("60 lines")
    shown = file.get_by_test_id("file-text")
    await expect(shown).to_contain_text("step 6 <b>x")
    await expect(shown).not_to_contain_text("step 59")
    await file.get_by_test_id("file-expand").click()
    await expect(shown).to_have_text(LOG, use_inner_text=True)
    assert await page.evaluate("document.documentElement.scrollWidth") == 1280
    await file.get_by_test_id("file-expand").click()
    await expect(shown).not_to_contain_text("step 59")
    async with page.expect_download() as saved:
        await file.get_by_role("link", name="Download run.log").click()
    download = await saved.value
    assert download.suggested_filename == "run.log"
    assert (await download.path()).read_text() == LOG


async def test_a_short_text_is_whole_and_bytes_are_a_row(visit: Open, client: AsyncWebClient) -> None:
    page = await visit("alice")
    await client.files_upload_v2(content="way,usd\nrag,1550\n", filename="costs.csv", channel=GENERAL)
    table = page.get_by_test_id("file-card")
    await expect(table.get_by_test_id("file-text")).to_have_text("way,usd\nrag,1550", use_inner_text=True)
    await expect(table.get_by_test_id("file-expand")).to_have_count(0)
    await client.files_upload_v2(content=b"\0" * 2500, filename="adapter.bin", channel=GENERAL)
    row = page.get_by_test_id("file-card").filter(has_text="adapter.bin")
    await expect(row).to_contain_text("2.5 kB")
    await expect(row.get_by_test_id("file-text")).to_have_count(0)


async def test_boxes_to_tick_show_their_links_and_one_is_needed(visit: Open, slack: LocalSlack) -> None:
    app = bolt_app(slack)
    box = {"text": text("I read the <https://example.org/terms|terms>, they *allow* it."), "value": "1"}
    boxes = field("terms", {"type": "checkboxes", "options": [box]})
    why = field("reason", {"type": "plain_text_input", "multiline": True, "max_length": 500}) | {"optional": True}
    view: dict[str, Any] = {"type": "modal", "callback_id": "approve", "title": text("Approve", "plain_text")}
    view |= {"submit": text("Approve", "plain_text"), "blocks": [boxes, why]}
    submitted: list[dict[str, Any]] = []

    @app.command("/cairn")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await app.client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("approve")
    async def submit(ack: Any, view: dict[str, Any]) -> None:
        submitted.append(view["state"]["values"])
        await ack()

    page = await visit("bob")
    async with connected(app):
        await write(page, "/cairn approve")
        modal = page.get_by_test_id("modal")
        await expect(modal.get_by_role("link", name="terms")).to_have_attribute("href", "https://example.org/terms")
        await expect(modal.locator(".choice strong")).to_have_text("allow")
        await page.get_by_test_id("modal-submit").click()
        await expect(page.get_by_test_id("error-terms")).to_be_visible()
        await expect(page.get_by_test_id("error-reason")).to_have_count(0)
        await modal.get_by_role("checkbox").check()
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
    assert [one["value"] for one in submitted[0]["terms"]["v"]["selected_options"]] == ["1"]
    assert submitted[0]["reason"]["v"]["value"] is None


@pytest.mark.parametrize("width", [390, 1280])
async def test_a_menu_opens_within_the_page_wherever_it_stands(visit: Open, client: AsyncWebClient, width: int) -> None:
    page = await visit("bob", viewport={"width": width, "height": 844})
    blocks = [
        overflow("first"),
        *({"type": "section", "text": text("line\n" * 12)} for _ in range(4)),
        overflow("last"),
    ]
    await client.chat_postMessage(channel=GENERAL, text="card", blocks=blocks)
    for name in ("last", "first"):
        await page.get_by_test_id(f"action-menu-{name}").click()
        menu = page.get_by_role("menu")
        await expect(menu.get_by_role("menuitem").first).to_be_focused()
        frame = await page.locator("main .list").bounding_box()
        box = await menu.bounding_box()
        assert frame is not None
        assert box is not None
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= frame["y"] + frame["height"]
        await page.keyboard.press("Escape")
        await expect(menu).to_have_count(0)


async def test_a_list_to_choose_from_can_be_typed_into_at_once(visit: Open, client: AsyncWebClient) -> None:
    page = await visit("bob")
    options = [{"text": text(words, "plain_text"), "value": words} for words in ("Prompt", "RAG", "Distil")]
    ways = {"type": "multi_static_select", "action_id": "ways", "placeholder": text("Ways", "plain_text")}
    element = {**ways, "options": options}
    block = {"type": "section", "text": text("Which?"), "accessory": element}
    await client.chat_postMessage(channel=GENERAL, text="card", blocks=[block])
    await page.get_by_test_id("action-ways").click()
    await page.keyboard.type("dis")
    await expect(page.get_by_role("listbox").get_by_role("option")).to_have_text("Distil")


async def test_the_spaces_that_set_a_line_in_are_kept(visit: Open, client: AsyncWebClient) -> None:
    page = await visit("bob")
    block = {"type": "section", "text": text("▸ *ingest*\n      ▰▰▱▱ 50%")}
    await client.chat_postMessage(channel=GENERAL, text="run", blocks=[block])
    await expect(page.locator(".block .lines")).to_have_text("▸ ingest\n      ▰▰▱▱ 50%", use_inner_text=True)


async def test_a_guest_without_the_right_is_answered_where_they_pressed(visit: Open, slack: LocalSlack) -> None:
    app = bolt_app(slack)

    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        info = (await app.client.users_info(user=body["user"]["id"]))["user"]
        words = "A guest only looks." if info["is_restricted"] else "Approved."
        await app.client.chat_postEphemeral(channel=GENERAL, user=body["user"]["id"], text=words)

    page = await visit("gwen")
    button = {"type": "button", "action_id": "approve", "style": "primary", "text": text("Approve", "plain_text")}
    async with connected(app):
        blocks = [{"type": "actions", "elements": [button]}]
        await app.client.chat_postMessage(channel=GENERAL, text="Proposal", blocks=blocks)
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_text("A guest only looks.")).to_be_visible()
    assert GWEN in slack.workspace.ephemerals
