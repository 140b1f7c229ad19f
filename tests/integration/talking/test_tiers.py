"""A small model that fills slots beside the one that talks, set up by settings, on the strict fake."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents.settings import load_settings
from agents.wiring import Services, open_services
from bot.blocks.model import model_message
from bot.shell.check import findings
from bot.shell.model import model_document
from tests.fakes.messages_api import API_KEY, Answer, FakeMessagesApi, call, say
from tests.integration.talking.calls import ANA, BOOK, HAIKU, SONNET, TEAM, calls
from tests.people import Members
from tests.unit.blocks.checks import check_message

pytestmark = pytest.mark.integration

SAID = "our bill is too expensive"
FACTS = {"facts": [{"slot": "problem", "value": "cost", "quote": "too expensive", "corrects": False}]}


def answer(body: dict[str, Any]) -> Answer:
    if body["model"] == HAIKU:
        return call(("record_facts", FACTS)) if SAID in str(body["messages"][-1]) else say("Nothing to record.")
    return say("Cost it is.")


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    async with FakeMessagesApi(answer) as started:
        yield started


@pytest.fixture
async def services(api: FakeMessagesApi, dsn: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = load_settings(
        database_url=dsn, data_dir=tmp_path, anthropic_api_key=API_KEY, anthropic_base_url=api.url, small_model=HAIKU
    )
    async with open_services(settings, Members()) as opened:
        yield opened


async def talk(services: Services, text: str, key: str) -> str:
    turned = await services.conversations.say(TEAM, "C1", "1.1", ANA, text, source=key, event_key=key)
    return turned.conversation_id


async def test_the_small_model_records_the_large_one_speaks_and_each_is_paid_at_its_price(
    services: Services, api: FakeMessagesApi
) -> None:
    conversation_id = await talk(services, SAID, "Ev1")

    state = await services.decisions.state(TEAM, conversation_id)
    assert {each.slot: each.value for each in state.answers} == {"problem": ["cost"]}
    made = await calls(services.database)
    assert [(each["model"], each["step"], each["failure"]) for each in made] == [(HAIKU, 0, None), (SONNET, 1, None)]
    for each in made:
        rates = BOOK.model(each["model"]).standard
        charged = (
            each["input_tokens"] * rates.input
            + each["cache_read_tokens"] * rates.cache_read
            + each["cache_write_tokens"] * rates.cache_write
            + each["output_tokens"] * rates.output
        )
        assert 0 <= each["actual_usd"] * 1_000_000 - charged < 1, "rounded up to a millionth"
    assert [body["model"] for body in api.bodies()] == [HAIKU, SONNET]


async def test_each_model_reads_the_instructions_from_a_cache_of_its_own(
    services: Services, api: FakeMessagesApi
) -> None:
    await talk(services, SAID, "Ev1")
    await talk(services, "why do you ask that?", "Ev2")

    small, large, small_again, large_again = await calls(services.database)
    assert (small["cache_read_tokens"], large["cache_read_tokens"]) == (0, 0)
    assert small_again["cache_read_tokens"] >= small["cache_write_tokens"] - small["output_tokens"] > 1_024
    assert large_again["cache_read_tokens"] > 1_024
    first, *others = api.bodies()
    assert all((body["system"], body["tools"]) == (first["system"], first["tools"]) for body in others)


async def test_both_models_are_shown_with_their_prices_and_looked_at_by_check(
    services: Services, api: FakeMessagesApi, tmp_path: Path
) -> None:
    view = await services.talking.view(TEAM)

    shown = str(check_message(model_message(view, may_change=False)).blocks)
    assert f"*claude* talks: `{SONNET}`" in shown
    assert f"`{HAIKU}` takes what is said into answers: in $0.10, out $0.50" in shown
    document = model_document(view)
    assert (document["small_model"], document["small_price"]["usd_per_mtok"]["output"]) == (HAIKU, 0.5)
    given = {"anthropic_api_key": API_KEY, "anthropic_base_url": api.url, "data_dir": tmp_path}
    seen = {each.subject: each.state async for each in findings(load_settings(small_model=HAIKU, **given))}
    assert seen["small model of claude"] == f"{HAIKU} answers"


async def test_without_the_setting_one_model_does_both(api: FakeMessagesApi, dsn: str, tmp_path: Path) -> None:
    settings = load_settings(database_url=dsn, data_dir=tmp_path, anthropic_api_key=API_KEY, anthropic_base_url=api.url)
    async with open_services(settings, Members()) as services:
        await talk(services, SAID, "Ev1")
        assert (await services.talking.view(TEAM)).fills is None
    assert {body["model"] for body in api.bodies()} == {SONNET}
