"""Commands, buttons, selects, modals, the Home tab and `response_url`, answered by a stock slack-bolt app."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings
from tests.integration.localslack.conftest import (
    ALICE,
    BOB,
    COSTS,
    GENERAL,
    Page,
    bolt_app,
    connected,
    eventually,
    restarted,
    web_client,
)
from tests.integration.localslack.test_web_api import refused


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(value.title()), "value": value}


BUTTON = {"type": "button", "action_id": "go", "text": plain("Go"), "value": "v1"}
SELECT = {"type": "static_select", "action_id": "pick", "options": [option("a"), option("b")]}
NUMBER = {
    "type": "number_input",
    "action_id": "n",
    "is_decimal_allowed": False,
    "min_value": "1",
    "max_value": "9",
}
ACTIONS = {"type": "actions", "block_id": "row", "elements": [BUTTON, SELECT]}
PRESS = {"type": "button", "action_id": "go", "block_id": "row"}


def modal(title: str = "Form", **more: Any) -> dict[str, Any]:
    blocks = [
        {"type": "input", "block_id": "number", "label": plain("How many"), "element": NUMBER},
        {"type": "input", "block_id": "choice", "label": plain("Which"), "optional": True, "element": SELECT},
        {"type": "actions", "block_id": "row", "elements": [BUTTON]},
    ]
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(title),
        "submit": plain("Send"),
        "blocks": blocks,
    } | more


def number(value: str | None) -> dict[str, Any]:
    return {"number": {"n": {"type": "number_input", "value": value}}}


async def open_modal(page: Page) -> dict[str, Any]:
    """Run the command that opens the modal and return it as the page sees it."""
    assert (await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text=""))["ok"]
    views: list[dict[str, Any]] = []
    for _ in range(500):
        views = (await page.get("state", user=ALICE))["views"]
        if views:
            break
        await asyncio.sleep(0.01)
    return views[-1]


def app_with_modal(slack: LocalSlack, **more: Any) -> tuple[AsyncApp, list[dict[str, Any]]]:
    """Return an app whose command opens a modal, and the bodies it gets."""
    app = bolt_app(slack)
    bodies: list[dict[str, Any]] = []

    @app.command("/cairn")
    async def open_it(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        bodies.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=modal(**more))

    return app, bodies


async def test_a_command_arrives_with_who_where_and_what(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies: list[dict[str, Any]] = []

    @app.command("/cairn")
    async def answer(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack("I hear you")

    async with connected(app):
        ran = await page.post("command", user=BOB, channel=COSTS, command="/cairn", text="cost a & b")
    assert ran == {"ok": True}
    (body,) = bodies
    assert (body["user_id"], body["user_name"], body["channel_id"]) == (BOB, "bob", COSTS)
    assert (body["command"], body["text"], body["channel_name"]) == ("/cairn", "cost a &amp; b", "ml-costs")
    assert [one["text"] for one in await page.messages(user=BOB, channel=COSTS)] == ["I hear you"]
    assert await page.messages(user=ALICE, channel=COSTS) == []


async def test_a_command_may_answer_the_whole_channel(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)

    @app.command("/cairn")
    async def answer(ack: Any) -> None:
        await ack(text="For all", response_type="in_channel")

    async with connected(app):
        await page.post("command", user=BOB, channel=GENERAL, command="/cairn", text="")
    assert [one["text"] for one in await page.messages(user=ALICE)] == ["For all"]


async def test_a_command_nobody_answers_is_said_to_the_person(settings: LocalSlackSettings) -> None:
    async with restarted(settings, acknowledge_within_s=0.05) as slack, aiohttp.ClientSession(slack.url) as session:
        page, app = Page(session), bolt_app(slack)

        @app.command("/cairn")
        async def sleep(ack: Any) -> None:
            await asyncio.sleep(0.2)
            await ack()

        async with page.feed() as feed:
            offline = await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="")
            notice = await feed.until("notice")
            async with connected(app):
                late = await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="")
                second = await feed.until("notice")
                await asyncio.sleep(0.3)
    assert (offline["error"], notice["code"]) == ("app_offline", "app_offline")
    assert (late["error"], second["code"]) == ("operation_timeout", "operation_timeout")
    assert second["channel"] == GENERAL


async def test_commands_are_known_and_not_sent_as_text(page: Page) -> None:
    unknown = await page.post("command", user=ALICE, channel=GENERAL, command="/other", text="")
    assert unknown["error"] == "unknown_command"
    as_text = await page.post("message", user=ALICE, channel=GENERAL, text="/cairn cost")
    assert as_text["error"] == "slash_command"


async def test_a_press_arrives_with_the_message_and_the_values_of_its_inputs(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies: list[dict[str, Any]] = []

    @app.action("go")
    async def pressed(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    async with connected(app):
        root = await page.say("q")
        ts = (await web_client(slack).chat_postMessage(channel=GENERAL, thread_ts=root, text="x", blocks=[ACTIONS]))[
            "ts"
        ]
        chosen = {"row": {"pick": {"type": "static_select", "selected_option": option("b")}}}
        done = await page.post("action", user=BOB, channel=GENERAL, message_ts=ts, action=PRESS, state=chosen)
        await eventually(lambda: bool(bodies))
    assert done == {"ok": True}
    (body,) = bodies
    assert (body["type"], body["user"]["id"], body["channel"]) == (
        "block_actions",
        BOB,
        {"id": GENERAL, "name": "general"},
    )
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": GENERAL,
        "is_ephemeral": False,
        "thread_ts": root,
    }
    assert (body["message"]["ts"], body["message"]["text"]) == (ts, "x")
    (action,) = body["actions"]
    assert (action["action_id"], action["block_id"], action["value"], action["text"]) == (
        "go",
        "row",
        "v1",
        plain("Go"),
    )
    assert body["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "b"


async def test_a_choice_arrives_with_the_option(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies: list[dict[str, Any]] = []

    @app.action("pick")
    async def picked(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    async with connected(app):
        ts = (await web_client(slack).chat_postMessage(channel=GENERAL, text="x", blocks=[ACTIONS]))["ts"]
        used = {"type": "static_select", "action_id": "pick", "block_id": "row", "selected_option": option("a")}
        await page.post("action", user=ALICE, channel=GENERAL, message_ts=ts, action=used)
        await eventually(lambda: bool(bodies))
        foreign = used | {"selected_option": option("z")}
        refused_choice = await page.post("action", user=ALICE, channel=GENERAL, message_ts=ts, action=foreign)
    assert bodies[0]["actions"][0]["selected_option"] == option("a")
    assert bodies[0]["state"]["values"]["row"]["pick"]["selected_option"] == option("a")
    assert refused_choice["error"] == "invalid_arguments"


async def test_what_is_not_there_cannot_be_pressed(slack: LocalSlack, page: Page) -> None:
    ts = (await web_client(slack).chat_postMessage(channel=GENERAL, text="x", blocks=[ACTIONS]))["ts"]
    other = {**PRESS, "action_id": "other"}
    gone = await page.post("action", user=ALICE, channel=GENERAL, message_ts=ts, action=other)
    assert gone["error"] == "action_not_found"
    nowhere = await page.post("action", user=ALICE, channel=GENERAL, message_ts="1.000000", action=PRESS)
    assert nowhere["error"] == "message_not_found"


async def test_an_ephemeral_message_can_be_pressed_replaced_and_deleted(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies: list[dict[str, Any]] = []

    @app.action("go")
    async def pressed(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        bodies.append(body)
        if len(bodies) == 1:
            await respond(replace_original=True, text="Replaced", blocks=[ACTIONS])
        else:
            await respond(delete_original=True)

    async with connected(app), page.feed() as feed:
        ts = (await web_client(slack).chat_postEphemeral(channel=GENERAL, user=ALICE, text="x", blocks=[ACTIONS]))[
            "message_ts"
        ]
        await feed.until("ephemeral")
        press = {"user": ALICE, "channel": GENERAL, "message_ts": ts, "action": PRESS}
        await page.post("action", **press)
        replaced = (await feed.until("ephemeral"))["message"]
        await page.post("action", **press)
        gone = await feed.until("message_deleted")
    assert (replaced["ts"], replaced["text"], gone["ts"]) == (ts, "Replaced", ts)
    assert bodies[0]["container"]["is_ephemeral"] is True
    assert "message" not in bodies[0]


async def test_a_response_url_takes_five_answers(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    addresses: list[str] = []

    @app.command("/cairn")
    async def note(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        addresses.append(body["response_url"])

    async with connected(app):
        await page.post("command", user=ALICE, channel=GENERAL, command="/cairn", text="")
    answers = []
    for text in ("", "1", "2", "3", "4", "5", "6"):
        body = {"text": text, "response_type": "in_channel"}
        async with page.session.post(addresses[0], json=body) as response:
            answers.append((response.status, await response.text()))
    assert answers[0][0] == 400
    assert answers[1:6] == [(200, "ok")] * 5
    assert (answers[6][0], "used_url" in answers[6][1]) == (404, True)
    assert [one["text"] for one in await page.messages(user=BOB)] == ["1", "2", "3", "4", "5"]


async def test_a_modal_opens_and_its_submission_has_every_input(slack: LocalSlack, page: Page) -> None:
    app, _ = app_with_modal(slack, private_metadata="m")
    bodies: list[dict[str, Any]] = []

    @app.view("form")
    async def submitted(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    async with connected(app), page.feed() as feed:
        view = await open_modal(page)
        opened = await feed.until("modal_open")
        done = await page.post("view_submit", user=ALICE, view_id=view["id"], values=number("4"))
        closed = await feed.until("modal_close")
    assert opened == {"view": view, "stack": [view["id"]]}
    assert done == {"ok": True, "response_action": None}
    assert closed == {"closed": [view["id"]], "stack": []}
    body = bodies[0]
    assert (body["type"], body["view"]["private_metadata"], body["user"]["id"]) == ("view_submission", "m", ALICE)
    assert body["view"]["state"]["values"] == {
        "number": {"n": {"type": "number_input", "value": "4"}},
        "choice": {"pick": {"type": "static_select", "selected_option": None}},
    }


@pytest.mark.parametrize("value", [None, "", "x", "1.5", "0", "10"])
async def test_what_slacks_client_refuses_never_reaches_the_app(
    slack: LocalSlack, page: Page, value: str | None
) -> None:
    app, _ = app_with_modal(slack)
    async with connected(app):
        view = await open_modal(page)
        answer = await page.post("view_submit", user=ALICE, view_id=view["id"], values=number(value))
    assert answer["error"] == "validation"
    assert set(answer["errors"]) == {"number"}


async def test_the_app_can_refuse_update_push_and_clear(slack: LocalSlack, page: Page) -> None:
    app, _ = app_with_modal(slack)

    @app.view("form")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        match view["state"]["values"]["number"]["n"]["value"]:
            case "1":
                await ack(response_action="errors", errors={"number": "Not one"})
            case "2":
                await ack(response_action="update", view=modal("Second"))
            case "3":
                await ack(response_action="push", view=modal("On top"))
            case _:
                await ack(response_action="clear")

    async with connected(app):
        view = await open_modal(page)
        submit = {"user": ALICE, "view_id": view["id"]}
        refusal = await page.post("view_submit", **submit, values=number("1"))
        assert refusal["errors"] == {"number": "Not one"}
        assert (await page.post("view_submit", **submit, values=number("2")))["response_action"] == "update"
        (updated,) = (await page.get("state", user=ALICE))["views"]
        assert (updated["id"], updated["title"]["text"]) == (view["id"], "Second")
        assert updated["hash"] != view["hash"]
        assert (await page.post("view_submit", **submit, values=number("3")))["response_action"] == "push"
        below, top = (await page.get("state", user=ALICE))["views"]
        assert (top["previous_view_id"], top["root_view_id"]) == (below["id"], below["root_view_id"])
        cleared = await page.post("view_submit", user=ALICE, view_id=top["id"], values=number("4"))
        assert cleared["response_action"] == "clear"
        assert (await page.get("state", user=ALICE))["views"] == []


async def test_a_button_in_a_modal_may_push_another(slack: LocalSlack, page: Page) -> None:
    app, _ = app_with_modal(slack)
    bodies: list[dict[str, Any]] = []

    @app.action("go")
    async def pressed(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=modal("On top"))
        bodies.append(body)

    async with connected(app), page.feed() as feed:
        view = await open_modal(page)
        await feed.until("modal_open")
        pressing = {"user": ALICE, "view_id": view["id"], "action": PRESS, "state": number("3")}
        assert (await page.post("action", **pressing))["ok"]
        pushed = await feed.until("modal_open")
        assert pushed["stack"] == [view["id"], pushed["view"]["id"]]
        await page.post("view_close", user=ALICE, view_id=pushed["view"]["id"])
        assert (await feed.until("modal_close"))["stack"] == [view["id"]]
        await eventually(lambda: bool(bodies))
    assert bodies[0]["container"] == {"type": "view", "view_id": view["id"]}
    assert bodies[0]["view"]["state"]["values"]["number"]["n"]["value"] == "3"
    assert "channel" not in bodies[0]


async def test_a_closed_modal_is_told_where_wanted(slack: LocalSlack, page: Page) -> None:
    app, _ = app_with_modal(slack, notify_on_close=True)
    bodies: list[dict[str, Any]] = []

    @app.view_closed("form")
    async def closed(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    async with connected(app):
        view = await open_modal(page)
        assert (await page.post("view_close", user=ALICE, view_id=view["id"], clear=True))["ok"]
        await eventually(lambda: bool(bodies))
    assert (bodies[0]["view"]["id"], bodies[0]["is_cleared"]) == (view["id"], True)


async def test_a_view_is_updated_unless_its_hash_is_old(slack: LocalSlack, page: Page) -> None:
    app, _ = app_with_modal(slack)
    async with connected(app):
        view = await open_modal(page)
        client = web_client(slack)
        await client.views_update(view_id=view["id"], hash=view["hash"], view=modal("New"))
        stale = client.views_update(view_id=view["id"], hash=view["hash"], view=modal("Newer"))
        assert (await refused(stale))["error"] == "hash_conflict"
        assert (await refused(client.views_update(view_id="V0", view=modal())))["error"] == "not_found"
        assert (await page.get("state", user=ALICE))["views"][0]["title"]["text"] == "New"
        assert (await page.post("view_submit", user=BOB, view_id=view["id"], values={}))["error"] == "view_not_found"


async def test_a_trigger_is_good_once(slack: LocalSlack, page: Page) -> None:
    app, bodies = app_with_modal(slack)
    async with connected(app):
        await open_modal(page)
    again = web_client(slack).views_open(trigger_id=bodies[0]["trigger_id"], view=modal())
    assert (await refused(again))["error"] == "exchanged_trigger_id"


async def test_a_trigger_expires(settings: LocalSlackSettings) -> None:
    async with restarted(settings, trigger_lifetime_s=0.05) as slack, aiohttp.ClientSession(slack.url) as session:
        app = bolt_app(slack)
        errors: list[dict[str, Any]] = []

        @app.command("/cairn")
        async def slow(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            await asyncio.sleep(0.1)
            errors.append(await refused(client.views_open(trigger_id=body["trigger_id"], view=modal())))

        async with connected(app):
            await Page(session).post("command", user=ALICE, channel=GENERAL, command="/cairn", text="")
            await eventually(lambda: bool(errors))
    assert errors[0]["error"] == "expired_trigger_id"


async def test_an_invented_trigger_is_refused(slack: LocalSlack) -> None:
    call = web_client(slack).views_open(trigger_id="1.2.3", view=modal())
    assert (await refused(call))["error"] == "invalid_trigger_id"


async def test_a_home_tab_is_published_shown_and_pressed(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies: list[dict[str, Any]] = []

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [ACTIONS]})

    @app.action("go")
    async def pressed(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    async with connected(app), page.feed() as feed:
        assert (await page.post("home_opened", user=ALICE))["view"] is None
        view = (await feed.until("home"))["view"]
        assert (await page.get("home", user=ALICE))["view"] == view
        assert (await page.get("home", user=BOB))["view"] is None
        assert (await page.post("action", user=ALICE, view_id=view["id"], action=PRESS))["ok"]
        await eventually(lambda: bool(bodies))
    assert (bodies[0]["view"]["type"], bodies[0]["container"]["view_id"]) == ("home", view["id"])


async def test_an_external_select_asks_the_app_for_its_options(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies: list[dict[str, Any]] = []

    @app.options("search")
    async def suggest(ack: Any, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack(options=[option(body["value"])])

    @app.action("search")
    async def picked(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    select = {"type": "external_select", "action_id": "search", "min_query_length": 1}
    row = {"type": "actions", "block_id": "row", "elements": [select]}
    async with connected(app):
        ts = (await web_client(slack).chat_postMessage(channel=GENERAL, text="x", blocks=[row]))["ts"]
        place = {"user": ALICE, "channel": GENERAL, "message_ts": ts}
        answer = await page.post("options", **place, action_id="search", block_id="row", value="ab")
        used = {"type": "external_select", "action_id": "search", "block_id": "row"}
        chosen = used | {"selected_option": answer["options"][0]}
        assert (await page.post("action", **place, action=chosen))["ok"]
        await eventually(lambda: len(bodies) == 2)
    assert answer == {"ok": True, "options": [option("ab")], "option_groups": []}
    assert (bodies[0]["type"], bodies[0]["container"]["message_ts"]) == ("block_suggestion", ts)
    assert bodies[1]["actions"][0]["selected_option"] == option("ab")
