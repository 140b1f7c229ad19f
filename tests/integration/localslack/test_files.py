"""Files: uploaded in three steps as files_upload_v2 does, shown, downloaded, used in image blocks."""

import base64
import struct
import zlib

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings
from tests.integration.localslack.conftest import ALICE, BOT, GENERAL, Page, restarted, web_client
from tests.integration.localslack.test_web_api import refused


def png(width: int = 3, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x7f" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_an_upload_with_a_channel_becomes_a_message(client: AsyncWebClient, page: Page) -> None:
    root = await page.say("chart please")
    answer = await client.files_upload_v2(
        content=png(),
        filename="cost.png",
        title="Cost",
        alt_txt="Cost over requests",
        channel=GENERAL,
        thread_ts=root,
        initial_comment="Here",
    )
    message = (await page.messages(thread_ts=root))[1]
    assert (message["text"], message["user"], message["subtype"]) == ("Here", BOT, "file_share")
    (file,) = message["files"]
    assert file["id"] == answer["file"]["id"]
    assert (file["title"], file["alt_txt"], file["mimetype"]) == ("Cost", "Cost over requests", "image/png")
    assert (file["original_w"], file["original_h"], file["size"]) == (3, 2, len(png()))
    async with page.session.get(f"/_/files/{file['id']}") as response:
        assert (response.content_type, await response.read()) == ("image/png", png())


async def test_a_log_posted_into_a_thread_begins_with_its_first_lines(client: AsyncWebClient, page: Page) -> None:
    root = await page.say("how did it go?")
    log = "".join(f"line {number}: größer\n" for number in range(200))
    await client.files_upload_v2(content=log, filename="run.log", title="Log of train", channel=GENERAL, thread_ts=root)
    (file,) = (await page.messages(thread_ts=root))[1]["files"]
    assert (file["title"], file["mimetype"], file["mode"]) == ("Log of train", "text/plain", "snippet")
    assert file["preview"].splitlines() == log.splitlines()[:10]
    assert (file["lines"], file["lines_more"], file["preview_is_truncated"]) == (200, 190, True)
    async with page.session.get(f"/_/files/{file['id']}") as response:
        assert (response.content_type, response.charset, await response.text()) == ("text/plain", "utf-8", log)


async def test_an_upload_without_a_channel_serves_image_blocks(client: AsyncWebClient, page: Page) -> None:
    answer = await client.files_upload_v2(content=png(), filename="cost.png")
    file = answer["file"]
    for slack_file in ({"id": file["id"]}, {"url": file["url_private"]}):
        block = {"type": "image", "alt_text": "Cost", "slack_file": slack_file}
        await client.chat_postMessage(channel=GENERAL, text="Cost", blocks=[block])
    shown = [message["blocks"][0]["slack_file"] for message in await page.messages()]
    assert [one["id"] for one in shown] == [file["id"]] * 2


async def test_an_image_block_needs_a_complete_image(client: AsyncWebClient) -> None:
    text = (await client.files_upload_v2(content="no image", filename="notes.png"))["file"]["id"]
    announced = (await client.files_getUploadURLExternal(filename="x.png", length=3))["file_id"]
    for file_id in (text, announced, "F0"):
        block = {"type": "image", "alt_text": "x", "slack_file": {"id": file_id}}
        answer = await refused(client.chat_postMessage(channel=GENERAL, text="x", blocks=[block]))
        assert answer["error"] == "invalid_blocks"
        assert answer["errors"] == ["invalid slack file [json-pointer:/blocks/0/slack_file]"]


async def test_the_app_downloads_with_its_token_only(slack: LocalSlack, client: AsyncWebClient) -> None:
    file = (await client.files_upload_v2(content="a,b\n", filename="table.csv"))["file"]
    info = (await client.files_info(file=file["id"]))["file"]
    async with aiohttp.ClientSession() as session:
        for address in (info["url_private"], info["url_private_download"]):
            async with session.get(address, allow_redirects=False) as response:
                assert response.status == 302
            async with session.get(address, headers={"Authorization": "Bearer xoxb-local-bot"}) as response:
                assert await response.text() == "a,b\n"


async def test_an_upload_must_be_as_long_as_announced(client: AsyncWebClient) -> None:
    announced = await client.files_getUploadURLExternal(filename="x.txt", length=3)
    async with aiohttp.ClientSession() as session:
        async with session.post(announced["upload_url"], data=b"four") as response:
            assert response.status == 400
        async with session.post(announced["upload_url"] + "x", data=b"abc") as response:
            assert response.status == 404
    completing = client.files_completeUploadExternal(files=[{"id": announced["file_id"]}])
    assert (await refused(completing))["error"] == "file_not_found"


async def test_an_upload_may_come_as_a_form_or_with_put(client: AsyncWebClient, page: Page) -> None:
    for method in ("POST", "PUT"):
        announced = await client.files_getUploadURLExternal(filename="x.txt", length=3)
        form = aiohttp.FormData()
        form.add_field("filename", b"abc", filename="x.txt")
        body = form if method == "POST" else b"abc"
        async with page.session.request(method, announced["upload_url"], data=body) as response:
            assert await response.text() == "OK - 3"
        await client.files_completeUploadExternal(files=[{"id": announced["file_id"]}])


async def test_what_a_browser_might_run_is_only_a_download(client: AsyncWebClient, page: Page) -> None:
    file = (await client.files_upload_v2(content="<script>", filename="x.html"))["file"]
    async with page.session.get(f"/_/files/{file['id']}") as response:
        assert response.headers["Content-Disposition"] == 'attachment; filename="x.html"'
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_unknown_files_are_not_found(client: AsyncWebClient, page: Page) -> None:
    assert (await refused(client.files_info(file="F0")))["error"] == "file_not_found"
    async with page.session.get("/_/files/F0") as response:
        assert response.status == 404


async def test_a_person_posts_a_file(client: AsyncWebClient, page: Page) -> None:
    content = base64.b64encode(b"rows").decode()
    answer = await page.post("upload", user=ALICE, channel=GENERAL, name="rows.csv", content_base64=content, text="see")
    assert answer["file"]["name"] == "rows.csv"
    (message,) = (await client.conversations_history(channel=GENERAL))["messages"]
    assert (message["text"], message["files"][0]["id"]) == ("see", answer["file"]["id"])
    bad = await page.post("upload", user=ALICE, channel=GENERAL, name="x", content_base64="€")
    assert bad["error"] == "invalid_arguments"


async def test_files_outlive_a_restart_on_another_port(settings: LocalSlackSettings) -> None:
    async with restarted(settings) as slack:
        file = (await web_client(slack).files_upload_v2(content=png(), filename="x.png"))["file"]
    async with restarted(settings) as slack:
        block = {"type": "image", "alt_text": "x", "slack_file": {"url": file["url_private"]}}
        assert (await web_client(slack).chat_postMessage(channel=GENERAL, text="x", blocks=[block]))["ok"]


async def test_a_missing_channel_posts_nothing(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.files_upload_v2(content="x", filename="x.txt", channel="C0")
