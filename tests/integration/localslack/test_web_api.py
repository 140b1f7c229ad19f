"""Tokens, methods and the shape of refusals, met with slack_sdk."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack
from tests.integration.localslack.conftest import ALICE, BOT, GENERAL, SCOPES, web_client


async def refused(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await call
    return dict(caught.value.response.data)


async def test_a_valid_bot_token_says_who_it_is(client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == (BOT, "BCAIRN0BOT", "TLOCAL0001")
    assert answer.headers["x-oauth-scopes"] == ",".join(SCOPES)


async def test_a_call_without_a_token_is_not_authed(slack: LocalSlack) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{slack.api_url}auth.test") as response:
        assert await response.json() == {"ok": False, "error": "not_authed"}


async def test_a_wrong_token_is_invalid(slack: LocalSlack) -> None:
    assert (await refused(web_client(slack, "xoxb-other").auth_test()))["error"] == "invalid_auth"


async def test_a_bot_token_cannot_open_socket_mode(client: AsyncWebClient) -> None:
    answer = await refused(client.apps_connections_open(app_token="xoxb-local-bot"))
    assert answer["error"] == "not_allowed_token_type"


async def test_an_app_token_cannot_post(slack: LocalSlack) -> None:
    call = web_client(slack, "xapp-local-app").chat_postMessage(channel=GENERAL, text="x")
    assert (await refused(call))["error"] == "not_allowed_token_type"


async def test_a_token_may_stand_in_the_form(slack: LocalSlack) -> None:
    form = {"token": "xoxb-local-bot"}
    async with aiohttp.ClientSession() as session, session.post(f"{slack.api_url}auth.test", data=form) as response:
        assert (await response.json())["ok"] is True


async def test_api_test_needs_no_token_and_echoes(slack: LocalSlack) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{slack.api_url}api.test", params={"a": "1"}) as response:
            assert await response.json() == {"ok": True, "args": {"a": "1"}}
        async with session.get(f"{slack.api_url}api.test", params={"error": "oops"}) as response:
            assert await response.json() == {"ok": False, "error": "oops"}


async def test_an_unknown_method_is_refused(client: AsyncWebClient) -> None:
    assert (await refused(client.api_call("chat.postPigeon")))["error"] == "unknown_method"


async def test_a_missing_argument_is_named(client: AsyncWebClient) -> None:
    answer = await refused(client.api_call("chat.update", json={"channel": GENERAL, "text": "x"}))
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: ts"]


async def test_a_body_that_is_no_json_is_refused(slack: LocalSlack) -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer xoxb-local-bot"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{slack.api_url}chat.postMessage", data="{") as response,
    ):
        assert (await response.json())["error"] == "invalid_json"


async def test_people_the_bot_and_the_team_are_known(client: AsyncWebClient) -> None:
    assert (await client.users_info(user=ALICE))["user"]["real_name"] == "Alice Ames"
    members = (await client.users_list())["members"]
    assert {user["name"] for user in members} == {"alice", "bob", "carol", "gwen", "cairn"}
    assert (await client.users_lookupByEmail(email="bob@local.example"))["user"]["name"] == "bob"
    assert (await client.bots_info(bot="BCAIRN0BOT"))["bot"]["user_id"] == BOT
    assert (await client.team_info())["team"]["id"] == "TLOCAL0001"


async def test_unknown_people_are_not_found(client: AsyncWebClient) -> None:
    assert (await refused(client.users_info(user="UNOBODY")))["error"] == "user_not_found"
    assert (await refused(client.users_lookupByEmail(email="no@one")))["error"] == "users_not_found"
    assert (await refused(client.bots_info(bot="B0")))["error"] == "bot_not_found"
