"""Ordered faults: what a client sees, and whether the call had its effect."""

import time

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack
from tests.integration.localslack.conftest import GENERAL, Page

METHOD = "chat.postMessage"


async def texts(page: Page) -> list[str]:
    return [message["text"] for message in await page.messages()]


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


async def test_a_fault_nobody_knows_is_refused(page: Page) -> None:
    assert (await page.post("fault", method=METHOD, kind="earthquake"))["error"] == "invalid_arguments"
    assert (await page.post("fault", method=METHOD, kind="http_500", times=0))["error"] == "invalid_arguments"


async def test_calls_are_remembered_without_their_token(client: AsyncWebClient, page: Page) -> None:
    await client.chat_postMessage(channel=GENERAL, text="x")
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C0", text="x")
    calls = (await page.get("calls", method=METHOD))["calls"]
    assert [(call["ok"], call["error"]) for call in calls] == [(True, None), (False, "channel_not_found")]
    assert "xoxb" not in str(calls)
