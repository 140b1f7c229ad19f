"""The page in a real browser, against the local Slack and a stock slack-bolt app."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Route, expect

from bot.localslack import LocalSlack
from tests.integration.localslack.conftest import BOT, GENERAL, Open, bolt_app, connected, field, text, write

pytestmark = pytest.mark.integration


async def test_what_one_person_writes_reaches_the_other_and_is_marked_unread(visit: Open) -> None:
    alice, bob = await visit("alice"), await visit("bob", "#/CMLCOSTS01")
    await write(alice, "<b>bold</b> & *strong* for @bob")
    await expect(alice.locator(".message .text")).to_have_text("<b>bold</b> & strong for @bob")
    await expect(bob.get_by_test_id("channel-general")).to_have_accessible_name("general, 1 for you")
    await bob.get_by_test_id("channel-general").click()
    await expect(bob.locator(".message strong")).to_have_text("strong")
    await expect(bob.get_by_test_id("channel-general")).to_have_accessible_name("general")


async def test_news_that_overtakes_the_reading_of_the_workspace_stays(visit: Open) -> None:
    is_read, is_written, is_late = asyncio.Event(), asyncio.Event(), asyncio.Event()
    reads = 0

    async def held(route: Route) -> None:
        nonlocal reads
        reads += 1
        answer = await route.fetch()
        # The first opens the page; the second, as the feed opens, is overtaken.
        overtaken = reads == 2
        if overtaken:
            is_read.set()
            await is_written.wait()
        await route.fulfill(response=answer)
        if overtaken:
            is_late.set()

    alice, bob = await visit("alice"), await visit("bob", "#/CMLCOSTS01", {"**/_/state?*": held})
    await asyncio.wait_for(is_read.wait(), 10)
    await write(alice, "while you were reading, @bob")
    mentioned = bob.get_by_test_id("channel-general")
    await expect(mentioned).to_have_accessible_name("general, 1 for you")
    is_written.set()
    await asyncio.wait_for(is_late.wait(), 10)
    await bob.evaluate("new Promise(done => setTimeout(done, 200))")
    await expect(mentioned).to_have_accessible_name("general, 1 for you")


async def test_a_button_asks_waits_and_follows_the_message(visit: Open, slack: LocalSlack) -> None:
    app = bolt_app(slack)
    question = {
        "title": text("Really?", "plain_text"),
        "text": text("It costs *$2*."),
        "confirm": text("Start", "plain_text"),
        "deny": text("No", "plain_text"),
    }
    button = {
        "type": "button",
        "action_id": "start",
        "value": "1",
        "text": text("Start it", "plain_text"),
        "confirm": question,
    }

    @app.action("start")
    async def start(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        blocks = [{"type": "section", "text": text("Started :tada:")}]
        await app.client.chat_update(channel=GENERAL, ts=body["message"]["ts"], text="Started", blocks=blocks)

    page = await visit()
    async with connected(app):
        blocks = [{"type": "actions", "elements": [button]}]
        await app.client.chat_postMessage(channel=GENERAL, text="Proposal", blocks=blocks)
        message = page.get_by_test_id("message")
        await message.get_by_role("button", name="Start it").click()
        await page.get_by_test_id("confirm-deny").click()
        await expect(message.get_by_test_id("action-start")).to_be_visible()
        await message.get_by_test_id("action-start").click()
        await page.get_by_test_id("confirm-yes").click()
        await expect(message.locator(".blocks")).to_have_text("Started 🎉")


async def test_a_form_shows_what_is_wrong_and_keeps_what_was_typed(visit: Open, slack: LocalSlack) -> None:
    app = bolt_app(slack)
    view = {
        "type": "modal",
        "callback_id": "form",
        "title": text("Figures", "plain_text"),
        "submit": text("Compare", "plain_text"),
        "blocks": [
            field("queries", {"type": "number_input", "is_decimal_allowed": False}),
            field(
                "model", {"type": "static_select", "options": [{"text": text("Large", "plain_text"), "value": "large"}]}
            ),
        ],
    }
    submitted: list[dict[str, Any]] = []

    @app.command("/cairn")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await app.client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("form")
    async def submit(ack: Any, view: dict[str, Any]) -> None:
        submitted.append(view["state"]["values"])
        if view["state"]["values"]["queries"]["v"]["value"] == "1":
            await ack(response_action="errors", errors={"queries": "Too few to compare."})
        else:
            await ack()

    page = await visit()
    async with connected(app):
        await write(page, "/cairn costs")
        modal = page.get_by_test_id("modal")
        await modal.get_by_label("Queries").fill("1")
        await page.get_by_test_id("modal-submit").click()
        await expect(page.get_by_test_id("error-model")).to_be_visible()
        await modal.get_by_label("Model").select_option("large")
        await page.get_by_test_id("modal-submit").click()
        await expect(page.get_by_test_id("error-queries")).to_have_text("Too few to compare.")
        await expect(modal.get_by_label("Queries")).to_have_value("1")
        await modal.get_by_label("Queries").fill("20")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
        await expect(page.get_by_test_id("composer")).to_be_focused()
    assert submitted[-1]["queries"]["v"]["value"] == "20"
    assert submitted[-1]["model"]["v"]["selected_option"]["value"] == "large"


async def test_a_command_without_an_app_says_so_and_keeps_the_text(visit: Open) -> None:
    page = await visit()
    await write(page, "/cairn help")
    await expect(page.get_by_test_id("toast")).to_contain_text("not running")
    await expect(page.get_by_test_id("composer")).to_have_value("/cairn help")


async def test_a_slash_and_an_at_are_completed(visit: Open) -> None:
    page = await visit()
    composer = page.get_by_test_id("composer")
    await composer.press_sequentially("/c")
    await expect(page.get_by_test_id("suggestions")).to_contain_text("/cairn [decide | cost]")
    await composer.press("Tab")
    await composer.press_sequentially("co")
    await expect(page.get_by_test_id("suggestions")).to_contain_text("cost")
    await composer.press("Tab")
    await expect(composer).to_have_value("/cairn cost ")
    await composer.fill("")
    await composer.press_sequentially("@cai")
    await expect(page.get_by_test_id("suggestions")).to_contain_text("cairn")
    await composer.press("Enter")
    await expect(composer).to_have_value("@cairn ")


async def test_keys_that_come_before_the_page_is_drawn_do_what_they_do_later(visit: Open, slack: LocalSlack) -> None:
    page = await visit(script="window.held = []; window.requestAnimationFrame = (draw) => held.push(draw)")
    composer = page.get_by_test_id("composer")
    for key in ("/", "c", "Tab", "c"):
        await composer.press(key)
    await page.evaluate("for (const draw of held.splice(0)) draw(performance.now())")
    for key in ("o", "Tab"):
        await composer.press(key)
    await expect(composer).to_have_value("/cairn cost ")
    await composer.fill("")
    for key in ("@", "c", "a", "Enter", "h", "i", "Enter"):
        await composer.press(key)
    await expect(page.get_by_test_id("message")).to_have_count(1)
    stored = slack.workspace.state.channel_messages(GENERAL, count=5)
    assert [one["text"] for one in stored] == [f"<@{BOT}> hi"]


async def test_a_thread_opens_from_its_address_and_closes_with_escape(visit: Open) -> None:
    page = await visit()
    await write(page, "the root")
    message = page.get_by_test_id("message")
    ts = await message.get_attribute("data-ts")
    await page.goto(page.url.split("#")[0] + f"#/{GENERAL}/p{ts}")
    await write(page, "a reply", "thread-composer")
    thread = page.get_by_test_id("thread-pane")
    await expect(thread.get_by_test_id("message")).to_have_count(2)
    await expect(page.get_by_test_id("thread-summary")).to_contain_text("1 reply")
    await page.keyboard.press("Escape")
    await expect(thread).to_have_count(0)


async def test_a_message_that_changes_above_moves_nothing_below(visit: Open, slack: LocalSlack) -> None:
    client = bolt_app(slack).client
    posted = [await client.chat_postMessage(channel=GENERAL, text=f"line {number}") for number in range(50)]
    page = await visit("bob")
    await page.locator("main .list").evaluate("list => { list.scrollTop = 400 }")
    row = page.locator(f"[data-ts='{posted[30]['ts']}']")
    before = await row.evaluate("row => row.getBoundingClientRect().top")
    await client.chat_update(channel=GENERAL, ts=str(posted[0]["ts"]), text="now\n" * 12)
    await expect(page.get_by_test_id("message").first).to_contain_text("now")
    assert await row.evaluate("row => row.getBoundingClientRect().top") == pytest.approx(before, abs=2)


async def test_only_its_reader_sees_an_ephemeral_message_and_may_dismiss_it(visit: Open, slack: LocalSlack) -> None:
    alice, bob = await visit("alice"), await visit("bob")
    client = bolt_app(slack).client
    await client.chat_postEphemeral(channel=GENERAL, user="UALICE0001", text="for you")
    await client.chat_postMessage(channel=GENERAL, text="for all")
    await expect(bob.get_by_test_id("message")).to_have_count(1)
    await expect(alice.get_by_test_id("message")).to_have_count(2)
    await alice.get_by_test_id("dismiss").click()
    await expect(alice.get_by_test_id("message")).to_have_count(1)


async def test_the_person_who_acts_can_be_changed_and_stays_in_the_address(visit: Open) -> None:
    page = await visit("alice")
    await page.get_by_test_id("user-switch").select_option("bob")
    await write(page, "as bob")
    await expect(page.get_by_test_id("message")).to_have_attribute("data-user", "bob")
    await page.reload()
    await expect(page.get_by_test_id("user-switch")).to_have_value("bob")


async def test_what_is_written_while_the_person_changes_is_the_new_persons(visit: Open) -> None:
    page = await visit("alice")

    async def late(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    await page.route("**/_/state?*", late)
    await page.get_by_test_id("user-switch").select_option("bob")
    await expect(page.get_by_test_id("composer")).to_be_disabled()
    await write(page, "as bob")
    await expect(page.get_by_test_id("message")).to_have_attribute("data-user", "bob")


async def test_on_a_phone_one_pane_is_shown_at_a_time(visit: Open) -> None:
    page = await visit("alice", viewport={"width": 390, "height": 844})
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await page.get_by_label("Back to the list").click()
    await expect(page.get_by_test_id("composer")).to_be_hidden()
    await page.get_by_test_id("channel-ml-costs").click()
    await expect(page.get_by_role("heading", name="#ml-costs", exact=True)).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


async def test_markup_in_blocks_stays_text_and_bad_links_are_none(visit: Open, slack: LocalSlack) -> None:
    page = await visit()
    bad = "<img src=x onerror=alert(1)> [press](javascript:alert(1)) **bold**"
    await bolt_app(slack).client.chat_postMessage(
        channel=GENERAL,
        text="x",
        blocks=[{"type": "markdown", "text": bad}, {"type": "section", "text": text("<javascript:alert(1)|press>")}],
    )
    message = page.get_by_test_id("message")
    await expect(message.locator("strong")).to_have_text("bold")
    assert await message.locator("img, script, .blocks a").count() == 0


async def test_a_conversation_with_nothing_in_it_offers_first_words(visit: Open, slack: LocalSlack) -> None:
    page = await visit()
    await page.get_by_test_id("prompt").first.click()
    await expect(page.get_by_test_id("message")).to_have_count(1)
    stored = slack.workspace.state.channel_messages(GENERAL, before="9999999999.999999", count=5)
    assert f"<@{BOT}>" in stored[0]["text"]


async def test_an_answer_to_what_was_just_written_opens_beside_the_channel(visit: Open, slack: LocalSlack) -> None:
    page = await visit("alice")
    await write(page, "the root")
    ts = await page.get_by_test_id("message").get_attribute("data-ts")
    await bolt_app(slack).client.chat_postMessage(channel=GENERAL, thread_ts=ts, text="Here is why.")
    await expect(page.get_by_test_id("thread-pane")).to_contain_text("Here is why.")


async def test_reading_a_thread_clears_what_was_unread_in_it(visit: Open, slack: LocalSlack) -> None:
    await write(await visit("bob"), "the root")
    page = await visit("alice")
    message = page.get_by_test_id("message")
    ts = await message.get_attribute("data-ts")
    await bolt_app(slack).client.chat_postMessage(channel=GENERAL, thread_ts=ts, text="Hello <@UALICE0001>")
    entry = page.get_by_test_id("channel-general")
    await expect(entry).to_have_accessible_name("general, 1 for you")
    await page.get_by_test_id("thread-summary").click()
    await expect(entry).to_have_accessible_name("general")
