"""A conversation with a model, as telemetry tells of it: what happened, what it took, and nothing that was said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from agents.settings import load_settings
from agents.wiring import Services, open_services
from tests.fakes.messages_api import API_KEY, FakeMessagesApi, JsonObject, Script, Turn, call, fail, refuse, say
from tests.fakes.telemetry import Kept

pytestmark = pytest.mark.integration

TEAM, CHANNEL, THREAD, ANA = "T0LOCAL", "C0ORCHARD", "1700000000.000100", "U0HILDEGARD"
TURN = "invoke_agent cairn"
CALL = "anthropic.messages.create"
# What stands in messages, documents, arguments and names, none of which may be told.
SAID = ("walnut", "hildegard", "orchard", "987,654", "requests a day", API_KEY, THREAD, CHANNEL, ANA)
RECORDS = ("record_facts", {"facts": [
    {"slot": "requests_per_day", "value": "20000", "quote": "20k requests a day", "corrects": False},
]})  # fmt: skip


class Model:
    """Gives the answers that it has, one after the other, and the last of them again and again."""

    def __init__(self) -> None:
        self.answers: list[Turn] = []

    def __call__(self, body: JsonObject) -> Turn:
        del body
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def talking(
    dsn: str, tmp_path: Path, kept: Kept, script: Script
) -> AsyncIterator[tuple[Services, FakeMessagesApi]]:
    async with FakeMessagesApi(script) as api:
        settings = load_settings(
            database_url=dsn, data_dir=tmp_path, anthropic_api_key=API_KEY, anthropic_base_url=api.url
        )
        async with open_services(settings, telemetry=kept.telemetry) as services:
            yield services, api


async def turn(services: Services, text: str, key: str) -> str:
    turned = await services.conversations.say(TEAM, CHANNEL, THREAD, ANA, text, source=f"ts-{key}", event_key=key)
    return turned.conversation_id


async def test_a_turn_holds_its_tools_and_its_calls_of_the_model(dsn: str, tmp_path: Path) -> None:
    kept = Kept()
    async with talking(dsn, tmp_path, kept, [call(RECORDS), say("Noted, walnut.")]) as (services, _):
        conversation_id = await turn(services, "the walnut bot takes 20k requests a day", "Ev1")

    (turned,) = kept.spans(TURN)
    (told,) = kept.attributes(TURN)
    assert told["gen_ai.conversation.id"] == conversation_id
    assert (told["cairn.talker"], told["cairn.turn.steps"]) == ("claude", 2)
    calls, tools = kept.spans(CALL), kept.spans("execute_tool record_facts")
    assert (len(calls), len(tools)) == (2, 1)
    assert turned.context is not None
    for span in (*calls, *tools):
        assert span.parent is not None
        assert span.parent.span_id == turned.context.span_id
    assert kept.points("cairn.turn.duration", "cairn.talker") == {("claude",): 1}
    assert kept.points("cairn.tool.duration", "gen_ai.tool.name", "cairn.outcome") == {("record_facts", "done"): 1}


async def test_tokens_and_dollars_are_those_of_the_ledger(dsn: str, tmp_path: Path) -> None:
    kept = Kept()
    async with talking(dsn, tmp_path, kept, [say("Hello."), say("Hello again.")]) as (services, _):
        for number in (1, 2):
            await turn(services, "the walnut bot is too expensive", f"Ev{number}")
        async with services.database.team(TEAM) as connection:
            found = await connection.execute(
                "SELECT sum(actual_usd) AS usd, sum(input_tokens + cache_read_tokens + cache_write_tokens) AS input, "
                "sum(output_tokens) AS output, sum(cache_read_tokens) AS read, sum(cache_write_tokens) AS written "
                "FROM app.model_call"
            )
            row = await found.fetchone()

    assert row is not None
    assert row["read"] > 0
    tokens = kept.points("gen_ai.client.token.usage", "gen_ai.token.type")
    assert tokens == {("input",): row["input"], ("output",): row["output"]}
    assert kept.points("cairn.talk.cached_tokens", "cairn.cache") == {
        ("read",): row["read"],
        ("write",): row["written"],
    }
    model = ("claude-sonnet-5-5", "anthropic")
    assert kept.points("cairn.talk.usd", "gen_ai.request.model", "gen_ai.provider.name") == {
        model: pytest.approx(float(row["usd"]))
    }


async def test_refusals_failures_and_withheld_sentences_are_counted_by_what_they_were(dsn: str, tmp_path: Path) -> None:
    kept = Kept()
    model = Model()
    turns: list[list[Turn]] = [
        [say("The walnut bot saves $987,654 a day. It does."), say("What it saves is not computed.")],
        [refuse("frontier_llm")],
        [refuse("Walnut: 20k requests a day")],
        [fail(529, retry_after_s=60)],
        # The model is left alone by now.
        [],
    ]
    async with talking(dsn, tmp_path, kept, model) as (services, _):
        for number, answers in enumerate(turns):
            model.answers = answers
            await turn(services, "the walnut bot takes 20k requests a day", f"Ev{number}")

    assert kept.points("cairn.withheld_sentences", "cairn.withheld") == {("figure",): 1}
    # As often as it was asked, and it is asked at each step of a turn.
    assert kept.points("cairn.refusals", "cairn.refusal.category").keys() == {("frontier_llm",), ("other",)}
    assert kept.points("cairn.degraded_turns", "cairn.failure") == {("refused",): 2, ("overloaded",): 2}
    told = kept.attributes(TURN)
    assert [each.get("cairn.degraded_by") for each in told] == [None, "refused", "refused", "overloaded", "overloaded"]
    assert [each["cairn.talker"] for each in told] == ["claude", "guided", "guided", "guided", "guided"]


async def test_nothing_that_was_said_is_told(dsn: str, tmp_path: Path) -> None:
    kept = Kept()
    model = Model()
    made_up = {"facts": [{"slot": "walnut", "value": "987,654", "quote": "orchard", "corrects": False}]}
    turns: list[list[Turn]] = [
        [
            call(RECORDS, ("sell_walnut", {"to": "hildegard"}), ("record_facts", made_up)),
            say("The walnut orchard saves $987,654 a day."),
            say("Ask hildegard of the walnut."),
        ],
        [refuse("walnut orchard")],
        [fail(400)],
    ]
    async with talking(dsn, tmp_path, kept, model) as (services, api):
        for number, answers in enumerate(turns):
            model.answers = answers
            await turn(services, "the walnut bot of hildegard takes 20k requests a day", f"Ev{number}")
        # What is looked for was there to be told.
        sent = str(api.bodies()) + API_KEY + THREAD + CHANNEL + ANA
        assert [word for word in SAID if word not in sent] == []

    everything = kept.everything().lower()
    assert [word for word in SAID if word.lower() in everything] == []
    tools = kept.points("cairn.tool.duration", "gen_ai.tool.name", "cairn.outcome")
    assert tools["record_facts", "done"] >= 1
    assert (tools["record_facts", "failed"], tools["unknown", "failed"]) == (1, 1)


async def test_no_variable_makes_the_sdk_tell_content(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE", "content")
    kept = Kept()
    async with talking(dsn, tmp_path, kept, [say("The walnut bot it is.")]) as (services, _):
        await turn(services, "the walnut bot is too expensive", "Ev1")

    assert len(kept.spans(CALL)) == 1
    assert "walnut" not in kept.everything()


async def test_a_turn_that_breaks_tells_what_kind_of_error_it_was_and_not_its_words(dsn: str, tmp_path: Path) -> None:
    kept = Kept()

    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("ALTER TABLE app.model_call ADD CONSTRAINT walnut CHECK (model = 'walnut')")
    async with talking(dsn, tmp_path, kept, [say("Hello.")]) as (services, _):
        with pytest.raises(Exception, match="walnut"):
            await turn(services, "the bot is too expensive", "Ev1")

    (told,) = kept.attributes(TURN)
    assert (told["cairn.outcome"], told["error.type"]) == ("failed", "CheckViolation")
    assert "walnut" not in kept.everything()
