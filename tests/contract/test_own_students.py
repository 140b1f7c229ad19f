"""A key of one team reaches no student of another, on the vLLM that serves adapters of both."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
import pytest

from agents.adapters.servers.vllm import Vllm
from tests.vllm.adapters import says, write_adapter
from tests.vllm.fixtures import WAITS
from tests.vllm.server import API_KEY, VllmServer
from tests.vllm.tiny_model import MODEL

pytestmark = [pytest.mark.integration, pytest.mark.vllm, WAITS]

TOKENS: Final = 4


@dataclass(frozen=True, slots=True)
class Teams:
    """A server with a student of each of two teams, whose names no other test has."""

    url: str
    own: str
    other: str

    async def asked(
        self, body: Mapping[str, Any] | str, team: str | None, route: str = "/v1/chat/completions"
    ) -> tuple[int, Any]:
        """Return the status and the answer to a call with the key of a team."""
        headers = {"authorization": f"Bearer {API_KEY}", "content-type": "application/json"}
        headers |= {"x-cairn-team": team} if team is not None else {}
        text = body if isinstance(body, str) else json.dumps(body)
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self.url}{route}", data=text) as answer,
        ):
            return answer.status, await answer.json()

    async def listed(self, team: str) -> list[str]:
        headers = {"authorization": f"Bearer {API_KEY}", "x-cairn-team": team}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{self.url}/v1/models") as answer:
            return [each["id"] for each in (await answer.json())["data"]]


@pytest.fixture
async def teams(vllm: VllmServer, tmp_path: Path) -> AsyncIterator[Teams]:
    made = Teams(vllm.url, f"t{uuid4().hex[:8]}", f"t{uuid4().hex[:8]}")
    server = Vllm(vllm.url, API_KEY)
    names = [f"{team}/tickets" for team in (made.own, made.other)]
    for number, name in enumerate(names):
        await server.load_adapter(name, write_adapter(tmp_path / name, number))
    yield made
    for name in names:
        await server.unload_adapter(name)
    await server.close()


def call(model: str | None, **more: Any) -> dict[str, Any]:
    named = {"model": model} if model is not None else {}
    return {**named, "messages": [{"role": "user", "content": "hello"}], "max_tokens": TOKENS, "temperature": 0, **more}


async def test_a_team_reaches_its_own_student_and_sees_no_other(teams: Teams) -> None:
    status, answer = await teams.asked(call(f"{teams.own}/tickets"), teams.own)
    assert (status, answer["choices"][0]["message"]["content"]) == (200, says(0, TOKENS))
    status, answer = await teams.asked(call(f"{teams.own}/tickets"), teams.own, "/v1/messages")
    assert (status, answer["content"][0]["text"]) == (200, says(0, TOKENS))
    assert await teams.listed(teams.own) == [f"{teams.own}/tickets"]


async def test_another_team_s_student_is_not_there_for_it_however_it_is_asked_for(teams: Teams) -> None:
    other = f"{teams.other}/tickets"
    twice = json.dumps(call(f"{teams.own}/tickets"))[:-1] + f', "model": "{other}"}}'
    bodies: list[Mapping[str, Any] | str] = [call(other), call(MODEL), call(None), twice, "no json", "[]", ""]

    for body in bodies:
        assert (await teams.asked(body, teams.own))[0] == 404
    assert (await teams.asked(call(other), ""))[0] == 400
    assert (await teams.asked({"lora_name": "x", "lora_path": "/"}, teams.own, "/v1/load_lora_adapter"))[0] == 404


async def test_what_a_body_says_first_does_not_count_for_what_was_checked(teams: Teams) -> None:
    own = f"{teams.own}/tickets"
    twice = json.dumps(call(f"{teams.other}/tickets"))[:-1] + f', "model": "{own}"}}'

    status, answer = await teams.asked(twice, teams.own)

    assert (status, answer["model"], answer["choices"][0]["message"]["content"]) == (200, own, says(0, TOKENS))


async def test_the_worker_beside_it_reaches_all(teams: Teams) -> None:
    assert (await teams.asked(call(f"{teams.other}/tickets"), None))[1]["model"] == f"{teams.other}/tickets"
