"""A training is proposed only by the name of a source and only where the verdict of the thread is to train."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.conversation.talking import Wanted
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.answers import READY_TO_DISTIL, TOKENS
from tests.integration.conversation.conftest import ANA
from tests.integration.conversation.models import Seat, make_seat
from tests.integration.distillation.desk import Desk as Distilling
from tests.integration.distillation.desk import document

pytestmark = pytest.mark.integration


@pytest.fixture
def seat(database: Database, checkpoints: Checkpoints) -> Seat:
    return make_seat(database, checkpoints)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that may be read, below what the desk allows."""
    with tempfile.TemporaryDirectory(prefix="cairn-distil-") as made:
        yield Path(made)


@pytest.fixture
async def source(seat: Seat, database: Database, dsn: str, folder: Path) -> str:
    """A registered source with a distillation file."""
    Distilling(database, dsn, folder)
    written = document(folder) | {"data": {"golden": "golden.jsonl", "labelled": "labelled.jsonl"}}
    (folder / "distill.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    await seat.desk.indexes.register_source(seat.desk.team, "tickets", folder, "shell:tester")
    return "tickets"


async def answered(seat: Seat, **answers: Any) -> None:
    desk = seat.desk
    await desk.say("hello")
    key = f"F{next(desk.events)}"
    await desk.conversations.answer(desk.team, desk.conversation_id, ANA, answers=answers, event_key=key)


async def proposed(seat: Seat, source: str) -> str:
    return await seat.turn("go ahead and train it", Wanted("propose_distill", {"source": source}))


def is_error(seat: Seat) -> bool:
    return "error" in seat.model.heard[-1].get("data", {})


async def runs_and_proposals(seat: Seat) -> tuple[int, int]:
    async with seat.desk.database.team(seat.desk.team) as connection:
        runs = await (await connection.execute("SELECT count(*) AS n FROM app.run")).fetchone()
        proposals = await (await connection.execute("SELECT count(*) AS n FROM app.proposal")).fetchone()
    assert runs is not None
    assert proposals is not None
    return runs["n"], proposals["n"]


async def test_where_the_verdict_is_to_distil_a_proposal_waits_for_a_press(seat: Seat, source: str) -> None:
    await answered(seat, **READY_TO_DISTIL, requests_per_day="2M", tokens=TOKENS)
    verdict = (await seat.desk.state()).verdict
    assert verdict is not None
    assert verdict.approach == "distill"

    told = await proposed(seat, source)

    assert told.startswith("Proposal ")
    assert "waits for somebody to approve it" in told
    assert await runs_and_proposals(seat) == (0, 1)


async def test_without_a_verdict_nothing_is_proposed(seat: Seat, source: str) -> None:
    told = await proposed(seat, source)

    assert is_error(seat)
    assert "no verdict yet" in told
    assert await runs_and_proposals(seat) == (0, 0)


async def test_another_verdict_is_told_with_what_is_in_the_way(seat: Seat, source: str) -> None:
    await answered(seat, problem=["cost"], evals="none", prompt_tried="systematic", demand="proven")

    told = await proposed(seat, source)

    assert is_error(seat)
    assert "so no training is proposed" in told
    assert "In the way: " in told
    assert await runs_and_proposals(seat) == (0, 0)


@pytest.mark.parametrize("source_name", ["/etc", "../tickets", "https://evil.example/x", "tickets/../x", ""])
async def test_paths_and_addresses_are_refused(seat: Seat, source: str, source_name: str) -> None:
    await answered(seat, **READY_TO_DISTIL, requests_per_day="2M", tokens=TOKENS)

    told = await proposed(seat, source_name)

    assert is_error(seat)
    assert "Only the name of a registered source is taken" in told
    assert await runs_and_proposals(seat) == (0, 0)
