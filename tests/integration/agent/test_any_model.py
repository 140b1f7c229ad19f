"""Whatever a model does, a turn ends, nothing is started, and nothing is said or kept that nobody said."""

from pathlib import Path
from typing import Final

import pytest

from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.fakes.messages_api import call, say
from tests.integration.agent.playing import DOCUMENT, history, play, talked_to

# `python -m tests.benchmarks any_model` plays ten times as many.
CONVERSATIONS: Final = 200
PARTS: Final = 8


@pytest.mark.parametrize("part", range(PARTS))
async def test_any_behaviour_of_a_model_keeps_the_invariants(
    part: int, database: Database, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    (tmp_path / "leave.md").write_text(DOCUMENT)

    broken = [
        each for seed in range(part, CONVERSATIONS, PARTS) for each in await play(database, checkpoints, seed, tmp_path)
    ]

    assert "\n".join(broken) == ""


async def test_what_no_store_takes_is_kept_as_something_that_it_does(
    database: Database, checkpoints: Checkpoints
) -> None:
    odd = "half \ud83d a pair and \x00"
    async with talked_to(database, checkpoints, [call(("ask_user", {odd: odd})), say(f"What hurts, {odd}?")]) as at:
        desk, _, _ = at
        await desk.say("hello")

        kept = await history(desk, checkpoints)

    assert kept[1]["calls"][0]["arguments"] == {"half \ufffd a pair and ": "half \ufffd a pair and "}
    assert kept[-1]["text"] == "What hurts, half \ufffd a pair and ?"
