"""People of every kind and user groups: as Slack's Web API shows them, as they change, and what they may not."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings
from tests.integration.localslack.conftest import (
    ALICE,
    APPROVERS,
    BOB,
    BOT,
    CAROL,
    COSTS,
    GENERAL,
    GWEN,
    MANIFEST,
    Page,
    bolt_app,
    connected,
    eventually,
    restarted,
    web_client,
)
from tests.integration.localslack.test_web_api import refused


async def account(client: AsyncWebClient, user: str) -> dict[str, Any]:
    return dict((await client.users_info(user=user))["user"])


async def added(page: Page, name: str, **more: Any) -> str:
    answer = await page.post("person", name=name, **more)
    assert answer["ok"], answer
    return str(answer["user"]["id"])


def manifest(*scopes: str, events: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "oauth_config": {"scopes": {"bot": list(scopes)}},
        "settings": {"event_subscriptions": {"bot_events": list(events)}},
    }


async def test_a_member_and_guests_differ_by_slacks_two_flags(client: AsyncWebClient, page: Page) -> None:
    single = await added(page, "sam", kind="channel_guest", channels=[COSTS])
    flags = {}
    for user in (ALICE, GWEN, single, BOT):
        shown = await account(client, user)
        flags[user] = (shown["is_restricted"], shown["is_ultra_restricted"], shown["is_bot"], shown["deleted"])
        assert shown["team_id"] == "TLOCAL0001"
        assert "is_stranger" not in shown
    assert flags[ALICE] == (False, False, False, False)
    assert flags[GWEN] == (True, False, False, False)
    assert flags[single] == (True, True, False, False)
    assert flags[BOT] == (False, False, True, False)
    assert single in (await client.conversations_members(channel=COSTS))["members"]
    assert single not in (await client.conversations_members(channel=GENERAL))["members"]


async def test_somebody_of_another_workspace_is_a_stranger_until_they_share_a_channel(
    client: AsyncWebClient, page: Page
) -> None:
    erin = await added(page, "erin", kind="external", channels=[])
    shown = await account(client, erin)
    assert (shown["team_id"], shown["is_stranger"], shown["is_restricted"]) == ("TOTHER0001", True, False)
    assert "email" not in shown["profile"]
    assert erin not in {one["id"] for one in (await client.users_list())["members"]}
    assert (await page.post("person", id=erin, channels=[GENERAL]))["ok"]
    shown = await account(client, erin)
    assert (shown["team_id"], shown["is_stranger"]) == ("TOTHER0001", False)
    assert erin in {one["id"] for one in (await client.users_list())["members"]}


async def test_what_somebody_of_another_workspace_does_names_their_workspace(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    seen: list[dict[str, Any]] = []

    @app.event("message")
    async def message(body: dict[str, Any]) -> None:
        seen.append(body)

    @app.action("go")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        seen.append(body)

    erin = await added(page, "erin", kind="external", channels=[GENERAL])
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    async with connected(app):
        await page.say("hello", user=erin)
        await eventually(lambda: len(seen) == 1)
        blocks = [{"type": "actions", "block_id": "b", "elements": [button]}]
        ts = (await app.client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks))["ts"]
        pressed = {"type": "button", "action_id": "go", "block_id": "b"}
        assert (await page.post("action", user=erin, channel=GENERAL, message_ts=ts, action=pressed))["ok"]
        await eventually(lambda: any("actions" in body for body in seen))
        refusal = await page.post("command", user=erin, channel=GENERAL, command="/cairn", text="")
    written = next(body for body in seen if body.get("event", {}).get("user") == erin)
    assert (written["is_ext_shared_channel"], written["event"]["user_team"]) == (True, "TOTHER0001")
    clicked = next(body for body in seen if "actions" in body)
    assert (clicked["user"]["team_id"], clicked["team"]["id"]) == ("TOTHER0001", "TLOCAL0001")
    assert refusal["error"] == "unknown_command"


async def test_of_a_deactivated_account_little_is_said_and_it_may_do_nothing(
    client: AsyncWebClient, page: Page
) -> None:
    assert (await page.post("person", id=BOB, deleted=True))["user"]["deleted"]
    shown = await account(client, BOB)
    assert shown["deleted"]
    assert "is_restricted" not in shown
    assert (await client.usergroups_users_list(usergroup=APPROVERS))["users"] == [CAROL]
    assert (await page.post("message", user=BOB, channel=GENERAL, text="x"))["error"] == "account_inactive"
    assert (await refused(client.users_lookupByEmail(email="bob@local.example")))["error"] == "users_not_found"
    assert (await page.get("state", user=BOB))["me"]["id"] == BOB, "a page that is read again stays theirs"
    assert (await page.post("person", id=BOB, deleted=False))["ok"]
    assert await page.say("back", user=BOB)


async def test_an_address_is_shown_only_with_its_own_scope(settings: LocalSlackSettings) -> None:
    async with restarted(settings, manifest=manifest("users:read")) as slack:
        client = web_client(slack)
        assert "email" not in (await account(client, ALICE))["profile"]
        refusal = await refused(client.users_lookupByEmail(email="bob@local.example"))
        assert (refusal["error"], refusal["needed"]) == ("missing_scope", "users:read.email")


async def test_user_groups_are_listed_with_what_is_asked_for(client: AsyncWebClient, page: Page) -> None:
    approvers, admins = (await client.usergroups_list())["usergroups"]
    assert (approvers["id"], approvers["handle"], approvers["is_usergroup"]) == (APPROVERS, "approvers", True)
    assert not {"users", "user_count"} & set(approvers)
    assert admins["handle"] == "admins"
    approvers, _ = (await client.usergroups_list(include_users=True, include_count=True))["usergroups"]
    assert (approvers["users"], approvers["user_count"]) == ([BOB, CAROL], 2)
    assert (await page.post("user_group", id=APPROVERS, disabled=True))["user_group"]["disabled"]
    assert [one["handle"] for one in (await client.usergroups_list())["usergroups"]] == ["admins"]
    everything = await client.usergroups_list(include_disabled=True)
    assert [one["handle"] for one in everything["usergroups"]] == ["approvers", "admins"]
    assert everything["usergroups"][0]["date_delete"] > 0


async def test_the_members_of_a_group_change_as_ordered(client: AsyncWebClient, page: Page) -> None:
    made = (await page.post("user_group", handle="requesters", users=[ALICE]))["user_group"]
    await page.post("user_group", id=made["id"], add=[GWEN, ALICE], remove=[])
    assert (await client.usergroups_users_list(usergroup=made["id"]))["users"] == [ALICE, GWEN]
    await page.post("user_group", id=made["id"], remove=[ALICE])
    assert (await client.usergroups_users_list(usergroup=made["id"]))["users"] == [GWEN]
    await page.post("user_group", id=made["id"], users=[])
    assert (await client.usergroups_users_list(usergroup=made["id"]))["users"] == []


async def test_an_unknown_or_disabled_group_is_no_such_subteam(client: AsyncWebClient, page: Page) -> None:
    await page.post("user_group", id=APPROVERS, disabled=True)
    for group in ("S0NOBODY", APPROVERS):
        assert (await refused(client.usergroups_users_list(usergroup=group)))["error"] == "no_such_subteam"
    users = (await client.usergroups_users_list(usergroup=APPROVERS, include_disabled=True))["users"]
    assert users == [BOB, CAROL]


async def test_groups_need_their_scope_and_a_bots_token(settings: LocalSlackSettings) -> None:
    async with restarted(settings, manifest=manifest("chat:write")) as slack:
        for method in ("usergroups_list", "usergroups_users_list"):
            arguments = {"usergroup": APPROVERS} if method == "usergroups_users_list" else {}
            refusal = await refused(getattr(web_client(slack), method)(**arguments))
            assert refusal["error"] == "missing_scope"
            assert (refusal["needed"], refusal["provided"]) == ("usergroups:read", "chat:write")
            wrong = getattr(web_client(slack, "xapp-local-app"), method)(**arguments)
            assert (await refused(wrong))["error"] == "not_allowed_token_type"


async def test_a_mention_of_a_group_reaches_its_members(client: AsyncWebClient, page: Page) -> None:
    await page.say("@approvers, please look")
    (message,) = (await client.conversations_history(channel=GENERAL))["messages"]
    assert message["text"] == f"<!subteam^{APPROVERS}>, please look"
    assert (await page.get("state", user=BOB))["channels"][0]["mentions"] == 1
    assert (await page.get("state", user=GWEN))["channels"][0]["mentions"] == 0


async def test_the_app_hears_of_changes_it_subscribed_to(settings: LocalSlackSettings) -> None:
    wanted = ("subteam_members_changed", "subteam_created", "subteam_updated", "user_change", "team_join")
    async with (
        restarted(settings, manifest=manifest("chat:write", events=wanted)) as slack,
        aiohttp.ClientSession(slack.url) as session,
    ):
        page = Page(session)
        await page.post("user_group", id=APPROVERS, add=[ALICE], remove=[BOB])
        await page.post("user_group", handle="requesters")
        await page.post("user_group", id=APPROVERS, disabled=True)
        await page.post("person", id=GWEN, kind="member")
        await page.post("person", name="dora")
        told = {one["event"]["type"]: one["event"] for one in slack.workspace.state.undelivered()}
    assert set(told) == set(wanted)
    changed = told["subteam_members_changed"]
    assert (changed["added_users"], changed["removed_users"], changed["subteam_id"]) == ([ALICE], [BOB], APPROVERS)
    assert told["user_change"]["user"]["is_restricted"] is False
    assert told["team_join"]["user"]["name"] == "dora"


async def test_nobody_subscribed_hears_nothing(slack: LocalSlack, page: Page) -> None:
    await page.post("user_group", id=APPROVERS, add=[ALICE])
    await page.post("person", name="dora")
    assert slack.workspace.state.undelivered() == []


async def test_the_page_hears_of_new_people_and_groups(page: Page) -> None:
    async with page.feed() as feed:
        dora = await added(page, "dora", real_name="Dora Dunn", kind="guest")
        users = {one["id"]: one for one in (await feed.until("people"))["users"]}
        assert (users[dora]["real_name"], users[dora]["kind"], users[dora]["deleted"]) == ("Dora Dunn", "guest", False)
        await page.post("user_group", handle="requesters", name="Requesters", users=[dora])
        groups = {one["handle"]: one for one in (await feed.until("people"))["user_groups"]}
        assert groups["requesters"]["users"] == [dora]


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("person", {}, "invalid_arguments"),
        ("person", {"name": "Bad Name"}, "invalid_arguments"),
        ("person", {"name": "dora", "kind": "king"}, "invalid_arguments"),
        ("person", {"name": "dora", "channels": "CGENERAL01"}, "invalid_arguments"),
        ("person", {"name": "dora", "channels": ["C0"]}, "channel_not_found"),
        ("person", {"name": "bob"}, "name_taken"),
        ("person", {"name": "approvers"}, "name_taken"),
        ("person", {"name": "everyone"}, "name_taken"),
        ("person", {"id": "U0"}, "user_not_found"),
        ("person", {"id": BOB, "deleted": "yes"}, "invalid_arguments"),
        ("user_group", {}, "invalid_arguments"),
        ("user_group", {"handle": "bob"}, "name_taken"),
        ("user_group", {"handle": "x", "users": ["U0"]}, "user_not_found"),
        ("user_group", {"handle": "x", "users": "U0"}, "invalid_arguments"),
        ("user_group", {"id": "S0"}, "no_such_subteam"),
        ("user_group", {"id": APPROVERS, "add": ["U0"]}, "user_not_found"),
    ],
)
async def test_people_and_groups_that_cannot_be_are_refused(
    page: Page, name: str, body: dict[str, Any], error: str
) -> None:
    before = await page.get("state", user=ALICE)
    answer = await page.post(name, **body)
    assert (answer["ok"], answer["error"]) == (False, error)
    assert await page.get("state", user=ALICE) == before


async def test_who_people_have_become_outlives_a_restart(settings: LocalSlackSettings) -> None:
    async with restarted(settings) as slack, aiohttp.ClientSession(slack.url) as session:
        page = Page(session)
        await page.post("person", id=GWEN, kind="member")
        await page.post("person", id=BOB, deleted=True)
        await page.post("user_group", id=APPROVERS, users=[ALICE])
    async with restarted(settings) as slack:
        client = web_client(slack)
        assert not (await account(client, GWEN))["is_restricted"]
        assert (await account(client, BOB))["deleted"]
        assert (await client.usergroups_users_list(usergroup=APPROVERS))["users"] == [ALICE]


async def test_a_store_of_an_older_version_gains_what_is_new(settings: LocalSlackSettings) -> None:
    async with restarted(settings) as slack:
        old = {"id": BOB, "name": "bob", "real_name": "Robert", "color": "#000000", "email": None, "is_bot": False}
        slack.workspace.state.put_account(old)
    async with restarted(settings, manifest=MANIFEST) as slack:
        shown = await account(web_client(slack), BOB)
        assert (shown["real_name"], shown["is_restricted"]) == ("Robert", False)
