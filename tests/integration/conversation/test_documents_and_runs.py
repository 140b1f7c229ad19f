"""Documents and runs by text: asked and proposed in the thread, never started by it."""

from pathlib import Path

import pytest

from tests.integration.conversation.conftest import ANA, Desk

pytestmark = pytest.mark.integration


@pytest.fixture
async def with_source(desk: Desk, tmp_path: Path) -> Desk:
    (tmp_path / "leave.md").write_text("# Leave\n\nEverybody has thirty days of leave a year.\n")
    await desk.indexes.register_source(desk.team, "handbook", tmp_path, ANA)
    return desk


async def test_an_index_is_proposed_not_filled(with_source: Desk) -> None:
    desk = with_source
    await desk.say("hello")
    await desk.say("index docs from handbook")

    assert len(await desk.cards("proposal")) == 1
    assert await desk.cards("run") == []
    async with desk.database.team(desk.team) as connection:
        found = await (await connection.execute("SELECT count(*) AS n FROM app.run")).fetchone()
    assert found == {"n": 0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("index docs from nowhere", "handbook"),
        ("index our documents", "/cairn index"),
        ("ask how many days of leave are there?", "none yet"),
        ("runs", "no runs yet"),
        ("cancel abc123", "no run"),
    ],
)
async def test_what_cannot_be_done_says_what_can(with_source: Desk, text: str, said: str) -> None:
    desk = with_source
    await desk.say("hello")
    await desk.say(text)
    assert said in (await desk.said())[-1]
    assert await desk.open_slot() == "problem"
