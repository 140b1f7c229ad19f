"""What is sent to a model begins with the same bytes for every workspace, thread and turn, so that it is cached."""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agents.settings import load_settings
from agents.wiring import Services, open_services
from tests.fakes.messages_api import API_KEY, FakeMessagesApi, call, say
from tests.integration.talking.calls import ANA, BOB, OTHER, TEAM, calls
from tests.people import Members

pytestmark = pytest.mark.integration

FACTS = {"facts": [{"slot": "problem", "value": "cost", "quote": "too expensive", "corrects": False}]}


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    async with FakeMessagesApi() as started:
        yield started


@pytest.fixture
async def services(api: FakeMessagesApi, dsn: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = load_settings(database_url=dsn, data_dir=tmp_path, anthropic_api_key=API_KEY, anthropic_base_url=api.url)
    async with open_services(settings, Members()) as opened:
        yield opened


async def talk(services: Services, text: str, key: str, *, team: str = TEAM, who: str = ANA) -> None:
    await services.conversations.say(team, "C1", "1.1", who, text, source=key, event_key=key)


def prefix(body: dict[str, Any]) -> str:
    """Return what stands before the messages, its keys in the order in which they were sent."""
    return json.dumps([body["tools"], body["system"]], ensure_ascii=False)


async def test_tools_and_instructions_are_the_same_bytes_for_every_workspace_and_turn(
    services: Services, api: FakeMessagesApi
) -> None:
    api.turns.add(call(("record_facts", FACTS)), say("Cost it is."), say("As it stands."), say("Hello."))
    await talk(services, "our bill is too expensive", "Ev1")
    await talk(services, "why?? tell me more about that", "Ev2", who=BOB)
    await talk(services, "our replies are off, every third one", "Ev3", team=OTHER, who=BOB)

    assert len({prefix(body) for body in api.bodies()}) == 1
    assert len(api.bodies()) == 4
    (other,) = await calls(services.database, OTHER)
    first = (await calls(services.database))[0]
    # One key has one cache, whichever workspace asks; it ends where the instructions do.
    assert 1_024 < other["cache_read_tokens"] <= first["cache_write_tokens"]


async def test_all_that_a_call_left_in_the_cache_is_read_by_the_next_one_of_its_thread(
    services: Services, api: FakeMessagesApi
) -> None:
    api.turns.add(call(("record_facts", FACTS)), say("Cost it is."), say("As it stands."), say("Then we look."))
    await talk(services, "our bill is too expensive", "Ev1")
    await talk(services, "why?? tell me more about that", "Ev2", who=BOB)
    await talk(services, "and what would change it for us then", "Ev3")

    made = await calls(services.database)
    assert [each["failure"] for each in made] == [None] * 4
    for before, after in pairwise(made):
        assert after["cache_read_tokens"] == before["cache_read_tokens"] + before["cache_write_tokens"]
        assert after["input_tokens"] < 500, "what holds right now stands behind all that is cached"
