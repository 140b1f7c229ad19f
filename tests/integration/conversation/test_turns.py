"""Turns on a real database: repeated, cut off, at once, in two teams, with bad text, and fifty in a row."""

import asyncio
from typing import Any

import psycopg
import pytest

from agents.conversation.talkers.guided import Guided
from agents.conversation.talking import Reply, Situation, Wanted
from agents.ports import Speech
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.integration.conversation.conftest import Desk, make_desk

pytestmark = pytest.mark.integration


class CutOffError(Exception):
    """Stands for a process killed at this point of a turn."""


class CutOff(Guided):
    """A guided talker whose process dies when it is asked for the given time in a turn."""

    def __init__(self, dies_at: int) -> None:
        self.dies_at = dies_at

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        if self.dies_at == len(situation.results):
            raise CutOffError
        return await super().reply(situation, speech)


class Restless:
    """A talker that never comes to an end."""

    name = "restless"

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        return Reply(calls=[Wanted("recommend"), Wanted("spend_money"), Wanted("record_facts", {"answers": {"x": 1}})])


async def _histories(checkpoints: Checkpoints, desk: Desk) -> list[dict[str, Any]]:
    thread = f"{desk.team}:{desk.channel}:{desk.thread_ts}"
    async with checkpoints.saver(desk.team, thread) as saver:
        found = await saver.aget_tuple({"configurable": {"thread_id": thread}})
    return list(found.checkpoint["channel_values"]["messages"]) if found else []


async def test_a_replayed_turn_appends_and_posts_nothing_twice(desk: Desk, checkpoints: Checkpoints) -> None:
    await desk.say("too expensive, 20k requests/day", event_key="E1")
    await desk.say("systematic", event_key="E2")
    pressed, slot = await desk.question_id(), await desk.open_slot() or ""
    await desk.press(pressed, slot, "not_sure", event_key="E3")
    question = await desk.question_id()
    before = [(card["key"], card["version"]) for card in await desk.cards()]
    history = await _histories(checkpoints, desk)

    await desk.say("too expensive, 20k requests/day", event_key="E1")
    await desk.say("systematic", event_key="E2")
    await desk.press(pressed, slot, "not_sure", event_key="E3")

    assert [(card["key"], card["version"]) for card in await desk.cards()] == before
    assert await _histories(checkpoints, desk) == history
    assert await desk.question_id() == question


@pytest.mark.parametrize("dies_at", [0, 1])
async def test_a_turn_cut_off_goes_on_when_it_comes_again(
    database: Database, checkpoints: Checkpoints, dies_at: int
) -> None:
    desk = make_desk(database, checkpoints)
    await desk.say("it is too expensive", event_key="E1")
    slot = await desk.open_slot()
    dying = make_desk(database, checkpoints, CutOff(dies_at))
    with pytest.raises(CutOffError):
        await dying.say("not sure", event_key="E2")
    assert (await desk.open_slot() == slot) == (dies_at == 0)

    await desk.say("not sure", event_key="E2")

    assert await desk.rows() == 2
    assert await desk.open_slot() not in (slot, None)
    ids = [message["id"] for message in await _histories(checkpoints, desk)]
    assert len(ids) == len(set(ids))


async def test_a_press_cut_off_is_taken_once(database: Database, checkpoints: Checkpoints) -> None:
    desk = make_desk(database, checkpoints)
    await desk.say("hello", event_key="E1")
    asked = await desk.question_id()
    dying = make_desk(database, checkpoints, CutOff(1), conversation_id=desk.conversation_id)
    with pytest.raises(CutOffError):
        await dying.press(asked, "problem", ["cost"], event_key="E2")

    await desk.press(asked, "problem", ["cost"], event_key="E2")

    assert await desk.rows() == 1
    assert await desk.notes("U0ANA") == []


async def test_turns_at_once_in_one_thread_lose_nothing(desk: Desk, checkpoints: Checkpoints) -> None:
    await desk.say("hello", event_key="E0")
    await asyncio.gather(*(desk.say(f"thanks {number}", event_key=f"E{number}") for number in range(1, 6)))

    told = [message["text"] for message in await _histories(checkpoints, desk) if message["role"] == "human"]
    assert sorted(told) == ["hello", *(f"thanks {number}" for number in range(1, 6))]


async def test_answers_at_once_are_all_kept(desk: Desk) -> None:
    await desk.say("hello")
    forms: list[dict[str, Any]] = [
        {"evals": "golden"},
        {"demand": "proven"},
        {"citations": "yes"},
        {"residency": "api_ok"},
    ]
    await asyncio.gather(
        *(
            desk.conversations.answer(desk.team, desk.conversation_id, "U0ANA", answers=form, event_key=f"T{number}")
            for number, form in enumerate(forms)
        )
    )
    assert await desk.answers() == {"evals": "golden", "demand": "proven", "citations": True, "residency": "api_ok"}


async def test_two_teams_in_the_same_thread_do_not_meet(database: Database, checkpoints: Checkpoints, dsn: str) -> None:
    one = make_desk(database, checkpoints, team="T1")
    two = make_desk(database, checkpoints, team="T2")
    await one.say("too expensive")
    await two.say("hello")

    assert one.conversation_id != two.conversation_id
    assert await two.answers() == {}
    assert [message["text"] for message in await _histories(checkpoints, two) if message["role"] == "human"] == [
        "hello"
    ]
    async with checkpoints.saver("T2", "T2:C1:1700000000.000100") as saver:
        other = await saver.aget_tuple({"configurable": {"thread_id": "T1:C1:1700000000.000100"}})
    assert other is None
    with psycopg.connect(dsn) as admin:
        threads = admin.execute("SELECT DISTINCT thread_id FROM langgraph.checkpoints ORDER BY 1").fetchall()
    assert [row[0] for row in threads] == ["T1:C1:1700000000.000100", "T2:C1:1700000000.000100"]


async def test_a_connection_forgets_its_team_when_it_returns(dsn: str) -> None:
    async with Checkpoints(dsn, max_size=1) as small:
        async with small.saver("T1", "T1:C:1") as saver:
            first = saver.conn
        async with small.saver("T2", "T2:C:1") as saver:
            assert saver.conn is first
            cursor = await saver.conn.execute("SELECT current_setting('cairn.team_id') AS team")  # type: ignore[union-attr]  # lent as a connection
            assert await cursor.fetchone() == {"team": "T2"}


@pytest.mark.parametrize("text", ["\x00 too expensive \x00", "too expensive \ud83d", "\udfff" * 20_000, "x" * 100_000])
async def test_no_text_breaks_a_turn(desk: Desk, text: str) -> None:
    await desk.say("hello")
    await desk.say(text)
    await desk.click([text])
    await desk.click(["cost"])
    assert (await desk.answers())["problem"] == ["cost"]


async def test_fifty_turns_stay_small(desk: Desk, dsn: str) -> None:
    await desk.say("hello")
    for number in range(50):
        await desk.say(f"thanks for that long explanation number {number}, " + "indeed " * 20)
    with psycopg.connect(dsn) as admin:
        kept = admin.execute("SELECT count(*) FROM langgraph.checkpoints").fetchone()
        size = admin.execute(
            "SELECT (SELECT coalesce(sum(octet_length(blob)), 0) FROM langgraph.checkpoint_blobs)"
            " + (SELECT coalesce(sum(octet_length(blob)), 0) FROM langgraph.checkpoint_writes)"
        ).fetchone()
    assert kept == (1,)
    assert size is not None
    assert size[0] < 100_000


async def test_a_talker_that_does_not_stop_is_stopped(database: Database, checkpoints: Checkpoints) -> None:
    desk = make_desk(database, checkpoints, Restless())
    await desk.say("go")

    messages = await _histories(checkpoints, desk)
    calls = [call["id"] for message in messages for call in message.get("calls", [])]
    results = [message["call_id"] for message in messages if message["role"] == "tool"]
    assert calls == results
    assert len(calls) == 3 * 7
    assert "stopped" in (await desk.said())[-1]
    assert any("spend_money" in message["text"] for message in messages if message["role"] == "tool")
