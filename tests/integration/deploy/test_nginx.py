"""The nginx that stands before vLLM, as it is shipped: it passes on listed routes, with a key, and nothing else."""

import asyncio
import contextlib
import re
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from tests.needs import nginx

pytestmark = pytest.mark.integration

SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "nginx"
KEY = {"authorization": "Bearer key-of-a-team"}


class Behind:
    """A server in vLLM's place, which says what reached it."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, Mapping[str, str]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.reached.append((request.raw_path, dict(request.headers)))
        return web.json_response({"ok": True})


@contextlib.asynccontextmanager
async def behind_nginx(tmp_path: Path, students: Path | None = None) -> AsyncIterator[tuple[str, Behind]]:
    behind = Behind()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", behind.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = _free_port()
    configuration = _configuration(tmp_path, port, runner.addresses[0][1], students)
    process = await asyncio.create_subprocess_exec(
        str(nginx()), "-p", str(tmp_path), "-c", configuration, stderr=asyncio.subprocess.PIPE
    )
    try:
        await _until_it_listens(process, port)
        yield f"http://127.0.0.1:{port}", behind
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
        await runner.cleanup()


def _configuration(tmp_path: Path, port: int, upstream: int, students: Path | None) -> str:
    """Write the shipped files with other places and without certificates; return the path of the whole."""
    shipped = (SHIPPED / "students.conf").read_text(encoding="utf-8")
    shipped = re.sub(r"^\s*ssl_.*$", "", shipped, flags=re.MULTILINE)
    places = {
        "/etc/nginx/": f"{tmp_path}/",
        "listen 443 ssl": f"listen 127.0.0.1:{port}",
        "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        "/srv/students": f"{students or tmp_path}",
    }
    for there, here in places.items():
        assert there in shipped
        shipped = shipped.replace(there, here)
    included = (SHIPPED / "students_pass.conf").read_text(encoding="utf-8")
    (tmp_path / "students_pass.conf").write_text(included.replace("/srv/students", f"{students or tmp_path}"))
    keys = '"Bearer key-of-a-team" t0123abcd;\n"Bearer key-of-another" t0other;\n'
    (tmp_path / "teams.map").write_text(keys)
    whole = tmp_path / "nginx.conf"
    temporary = "\n".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}\n{shipped} }}\n"
    )
    return str(whole)


async def _until_it_listens(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(20):
        while process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
    assert process.stderr is not None
    raise AssertionError((await process.stderr.read()).decode())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def _status(url: str | URL, headers: Mapping[str, str]) -> int:
    async with aiohttp.ClientSession() as session, session.post(url, data="{}", headers=headers) as answer:
        return answer.status


@pytest.mark.parametrize("route", ["/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/v1/models"])
async def test_a_listed_route_is_passed_on_with_a_key_that_stays_here(tmp_path: Path, route: str) -> None:
    async with behind_nginx(tmp_path) as (url, behind):
        assert await _status(url + route, KEY) == 200

    ((path, headers),) = behind.reached
    assert path == route
    assert not {"authorization", "x-api-key"} & {name.lower() for name in headers}


async def test_a_key_may_come_as_clients_of_the_messages_api_send_it(tmp_path: Path) -> None:
    async with behind_nginx(tmp_path) as (url, behind):
        assert await _status(f"{url}/v1/messages", {"x-api-key": "key-of-a-team"}) == 200

    assert len(behind.reached) == 1


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer another"}, {"authorization": "key-of-a-team"}, {"x-api-key": "another"}]
)
async def test_without_a_key_nothing_is_passed_on(tmp_path: Path, headers: Mapping[str, str]) -> None:
    async with behind_nginx(tmp_path) as (url, behind):
        assert await _status(f"{url}/v1/chat/completions", headers) == 401

    assert behind.reached == []


@pytest.mark.parametrize(
    "route",
    [
        "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter",
        "/adapters",
        "/invocations",
        "/sleep",
        "/metrics",
        "/v1/completions",
        "/v1/chat/completions/../../load_lora_adapter",
        "/v1//load_lora_adapter",
        "/v1/models/",
        "/",
    ],
)
async def test_no_other_route_is_passed_on_even_with_a_key(tmp_path: Path, route: str) -> None:
    async with behind_nginx(tmp_path) as (url, behind):
        assert await _status(url + route, KEY) == 404

    assert behind.reached == []


@contextlib.asynccontextmanager
async def a_slot(callers: Path, *names: str) -> AsyncIterator[tuple[Path, Behind]]:
    """Serve in a slot at a socket, to which names of a team lead; yield the folder of the students."""
    behind = Behind()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", behind.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    # The path of a socket has room for a hundred characters.
    with tempfile.TemporaryDirectory(prefix="cairn-") as made:
        folder = Path(made)
        await web.UnixSite(runner, str(folder / "1.sock")).start()
        (folder / callers).mkdir(parents=True)
        for name in names:
            (folder / callers / f"{name}.sock").symlink_to(folder / "1.sock")
        try:
            yield folder, behind
        finally:
            await runner.cleanup()


async def test_vllm_is_told_whose_key_it_was_and_nothing_that_a_caller_says_of_it(tmp_path: Path) -> None:
    async with behind_nginx(tmp_path) as (url, behind):
        assert await _status(f"{url}/v1/messages", {**KEY, "x-cairn-team": "t0other"}) == 200

    ((_, headers),) = behind.reached
    assert [value for name, value in headers.items() if name.lower() == "x-cairn-team"] == ["t0123abcd"]


async def test_an_encoder_is_reached_by_its_alias_and_by_its_version(tmp_path: Path) -> None:
    async with (
        a_slot(Path("callers/t0123abcd"), "tickets", "tickets@v2") as (students, slot),
        behind_nginx(tmp_path, students) as (url, behind),
    ):
        for route in ("tickets/classify", "tickets@v2/classify", "tickets/v1/chat/completions?a=b"):
            assert await _status(f"{url}/students/{route}", KEY) == 200

    assert [path for path, _ in slot.reached] == ["/classify", "/classify", "/v1/chat/completions?a=b"]
    assert not {"authorization", "x-api-key"} & {name.lower() for name in slot.reached[0][1]}
    assert behind.reached == []


async def test_a_key_leads_to_no_encoder_of_another_team_whatever_the_address(tmp_path: Path) -> None:
    async with (
        a_slot(Path("callers/t0123abcd"), "tickets") as (students, slot),
        behind_nginx(tmp_path, students) as (url, _),
    ):
        (students / "callers" / "t0other").mkdir()
        another = {"authorization": "Bearer key-of-another"}
        for route in ("tickets/classify", "../t0123abcd/tickets/classify", "..%2Ft0123abcd%2Ftickets/classify"):
            assert await _status(URL(f"{url}/students/{route}", encoded=True), another) >= 400
        assert await _status(f"{url}/students/tickets/classify", {}) == 401
        for route in ("tickets/metrics", "tickets/sleep", "tickets/v1/load_lora_adapter", "tickets/", "../1/classify"):
            assert await _status(URL(f"{url}/students/{route}", encoded=True), KEY) == 404

    assert slot.reached == []


async def test_a_student_that_is_not_there_or_starts_is_said_as_clients_read_it(tmp_path: Path) -> None:
    async with (
        a_slot(Path("callers/t0123abcd")) as (students, _),
        behind_nginx(tmp_path, students) as (url, _),
        aiohttp.ClientSession() as session,
        session.post(f"{url}/students/tickets/classify", headers=KEY) as answer,
    ):
        assert (answer.status, answer.headers["retry-after"]) == (503, "10")
        assert "does not answer" in (await answer.json())["error"]["message"]


async def test_callers_are_told_to_come_again_while_students_sleep(tmp_path: Path) -> None:
    async with behind_nginx(tmp_path) as (url, behind):
        (tmp_path / "asleep").touch()
        async with aiohttp.ClientSession() as session, session.post(f"{url}/v1/messages", headers=KEY) as answer:
            assert (answer.status, answer.headers["retry-after"]) == (503, "60")
            assert "trains on their GPU" in (await answer.json())["error"]["message"]
        assert await _status(f"{url}/v1/messages", {}) == 401
        (tmp_path / "asleep").unlink()
        assert await _status(f"{url}/v1/messages", KEY) == 200

    assert len(behind.reached) == 1
