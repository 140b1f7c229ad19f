"""Ordered faults: what a client sees, and whether the call had its effect."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings, responses
from tests.integration.localslack.conftest import ALICE, COSTS, GENERAL, Page, restarted, web_client

METHOD = "chat.postMessage"


async def texts(page: Page) -> list[str]:
    return [message["text"] for message in await page.messages()]


async def post(client: AsyncWebClient, count: int) -> None:
    for number in range(count):
        await client.chat_postMessage(channel=GENERAL, text=str(number))


async def test_a_rate_limit_says_how_long_to_wait_and_has_no_effect(client: AsyncWebClient, page: Page) -> None:
    await page.post("fault", method=METHOD, kind="ratelimited", times=2, seconds=7)
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel=GENERAL, text="x")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "7"
    await client.chat_postMessage(channel=GENERAL, text="third")
    assert await texts(page) == ["third"]


async def test_a_server_error_has_no_effect(client: AsyncWebClient, page: Page) -> None:
    await page.post("fault", method="*", kind="http_500")
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel=GENERAL, text="x")
    assert await texts(page) == []


async def test_an_error_code_can_be_ordered(client: AsyncWebClient, page: Page) -> None:
    await page.post("fault", method=METHOD, kind="error", error="fatal_error")
    with pytest.raises(SlackApiError, match="fatal_error"):
        await client.chat_postMessage(channel=GENERAL, text="x")


@pytest.mark.parametrize(("kind", "left"), [("drop_before", []), ("drop_after", ["x"])])
async def test_a_lost_answer_may_hide_an_effect(slack: LocalSlack, page: Page, kind: str, left: list[str]) -> None:
    await page.post("fault", method=METHOD, kind=kind)
    client = AsyncWebClient(token="xoxb-local-bot", base_url=slack.api_url, retry_handlers=[])
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=GENERAL, text="x")
    assert await texts(page) == left


async def test_slack_sdk_by_default_posts_again_after_a_lost_answer(client: AsyncWebClient, page: Page) -> None:
    await page.post("fault", method=METHOD, kind="drop_after")
    await client.chat_postMessage(channel=GENERAL, text="x")
    assert await texts(page) == ["x", "x"]


@pytest.mark.parametrize("kind", ["delay_before", "delay_after"])
async def test_an_answer_can_be_late(client: AsyncWebClient, page: Page, kind: str) -> None:
    await page.post("fault", method=METHOD, kind=kind, seconds=0.2)
    began = time.monotonic()
    await client.chat_postMessage(channel=GENERAL, text="x")
    assert time.monotonic() - began >= 0.2
    assert await texts(page) == ["x"]


async def test_faults_hit_only_their_method_and_can_be_cleared(client: AsyncWebClient, page: Page) -> None:
    await page.post("fault", method=METHOD, kind="http_500", times=5)
    assert (await client.auth_test())["ok"]
    await page.post("fault", clear=True)
    assert (await client.chat_postMessage(channel=GENERAL, text="x"))["ok"]


@pytest.mark.parametrize(
    "order",
    [
        {"method": METHOD, "kind": "earthquake"},
        {"method": METHOD, "kind": "http_500", "times": 0},
        {"method": METHOD, "kind": "http_500", "times": "often"},
        {"method": METHOD, "kind": "http_500", "chance": 2},
        {"method": METHOD, "kind": "http_500", "seed": "x"},
        {"method": METHOD, "kind": "http_error", "status": 200},
        {"method": METHOD, "kind": "delay_before", "seconds": -1},
        {"method": METHOD, "kind": "lose_acknowledgement"},
        {"method": "events_api", "kind": "http_500"},
        {"method": "interactive", "kind": "deliver_twice"},
        {"method": "link", "kind": "drop_after"},
        {"kind": "http_500"},
    ],
)
async def test_a_fault_nobody_knows_is_refused(page: Page, order: dict[str, Any]) -> None:
    assert (await page.post("fault", **order))["error"] == "invalid_arguments"
    assert (await page.get("faults"))["ordered"] == []


async def test_a_server_error_may_hide_an_effect(page: Page, slack: LocalSlack) -> None:
    await page.post("fault", method=METHOD, kind="http_error", status=502)
    await page.post("fault", method=METHOD, kind="http_error_after", status=504)
    for status, left in ((502, []), (504, ["x"])):
        body = {"channel": GENERAL, "text": "x"}
        headers = {"Authorization": f"Bearer {slack.settings.bot_token}"}
        async with page.session.post(f"/api/{METHOD}", json=body, headers=headers) as response:
            assert response.status == status
        assert await texts(page) == left


async def test_a_fault_without_an_end_lasts_until_it_is_cleared(client: AsyncWebClient, page: Page) -> None:
    await page.post("fault", method=METHOD, kind="http_error", times=None)
    for _ in range(3):
        with pytest.raises(SlackApiError):
            await client.chat_postMessage(channel=GENERAL, text="x")
    assert (await page.get("faults"))["taken"] == {"http_error": 3}
    await page.post("fault", clear=True)
    assert (await client.chat_postMessage(channel=GENERAL, text="x"))["ok"]
    assert await page.get("faults") == {"ok": True, "ordered": [], "taken": {}}


async def test_faults_by_chance_hit_the_same_calls_for_the_same_seed(client: AsyncWebClient, page: Page) -> None:
    async def hits() -> list[bool]:
        await page.post("fault", clear=True)
        await page.post("fault", method="auth.test", kind="error", times=None, chance=0.5, seed=7)
        found = []
        for _ in range(20):
            try:
                await client.auth_test()
            except SlackApiError:
                found.append(True)
            else:
                found.append(False)
        return found

    first = await hits()
    assert {True, False} == set(first)
    assert await hits() == first


async def test_every_step_of_an_upload_can_fail(slack: LocalSlack, page: Page) -> None:
    client = AsyncWebClient(token="xoxb-local-bot", base_url=slack.api_url, retry_handlers=[])
    for method, kind, posted in (
        ("files.getUploadURLExternal", "http_error", 0),
        ("upload", "http_error", 0),
        ("upload", "drop_after", 0),
        ("files.completeUploadExternal", "http_error_after", 1),
    ):
        before = len(await page.messages())
        await page.post("fault", method=method, kind=kind)
        with pytest.raises((SlackApiError, SlackRequestError, aiohttp.ClientError)):
            await client.files_upload_v2(content="x", filename="run.log", channel=GENERAL)
        assert len(await page.messages()) - before == posted
        assert (await page.get("faults"))["ordered"] == []


async def test_an_answer_by_response_url_can_fail(slack: LocalSlack, page: Page) -> None:
    where = responses.target(ALICE, GENERAL)
    address = responses.issue(slack.workspace, "commands", where)
    await page.post("fault", method="response_url", kind="http_error")
    for status, left in ((503, 0), (200, 1)):
        async with page.session.post(address, json={"text": "done"}) as response:
            assert response.status == status
        assert len(await page.messages()) == left


async def test_rate_limits_are_off_until_they_are_switched_on(client: AsyncWebClient, page: Page) -> None:
    await post(client, 8)
    assert (await page.post("limits", on=True))["ok"]
    with pytest.raises(SlackApiError) as caught:
        await post(client, 8)
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "1"
    assert (await client.chat_postMessage(channel=COSTS, text="elsewhere"))["ok"]
    assert (await page.post("limits", on=False))["ok"]
    assert (await client.chat_postMessage(channel=GENERAL, text="free again"))["ok"]


async def test_a_refusal_by_the_rate_limit_has_no_effect(settings: LocalSlackSettings) -> None:
    async with restarted(settings, has_rate_limits=True) as slack, aiohttp.ClientSession(slack.url) as session:
        client = web_client(slack)
        answers = await asyncio.gather(
            *(client.chat_postMessage(channel=GENERAL, text="x") for _ in range(20)), return_exceptions=True
        )
        refused = [one for one in answers if isinstance(one, SlackApiError)]
        assert refused
        assert len(await texts(Page(session))) == 20 - len(refused)


async def test_limits_that_make_no_sense_are_refused(page: Page) -> None:
    for body in ({}, {"on": "yes"}, {"on": True, "speed": 0}, {"on": True, "speed": "fast"}):
        assert (await page.post("limits", **body))["error"] == "invalid_arguments"


async def test_calls_are_remembered_without_their_token(client: AsyncWebClient, page: Page) -> None:
    await client.chat_postMessage(channel=GENERAL, text="x")
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C0", text="x")
    calls = (await page.get("calls", method=METHOD))["calls"]
    assert [(call["ok"], call["error"]) for call in calls] == [(True, None), (False, "channel_not_found")]
    assert "xoxb" not in str(calls)
