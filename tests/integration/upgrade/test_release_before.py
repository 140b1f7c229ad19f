"""An upgrade while the release before works: it finishes what it holds, and nothing that it left is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.engine.stage import StageContext
from agents.engine.worker import run_worker
from agents.runs import RunState, RunView, StageState
from agents.store import conversations
from agents.store.db import Database
from agents.store.migrate import migrate, pending
from tests.integration.engine.conftest import eventually
from tests.integration.index.desk import CountingEmbedder, Desk
from tests.integration.upgrade.conftest import OldRelease
from tests.integration.upgrade.old_release import LEASE_S, QUEUE, TEAM, WHO

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


async def by_this_release(_: StageContext[Any]) -> Mapping[str, Any]:
    return {"by": "this release"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "warranty.md").write_text("# Warranty\n\nThe warranty of a bicycle lasts five years.\n")
    return made.resolve()


def stage_is(desk: Desk, run_id: str, seq: int, state: StageState) -> Callable[[], Awaitable[RunView | None]]:
    async def look() -> RunView | None:
        view = await desk.runs.view(TEAM, run_id)
        return view if view.stages[seq].state is state else None

    return look


async def test_the_release_before_ends_its_stage_on_the_new_schema_and_this_one_takes_the_rest(
    old: OldRelease, empty: str, folder: Path, tmp_path: Path
) -> None:
    old.run("migrate", empty)
    left = old.run("fill", empty, str(folder))
    flag = tmp_path / "go"
    worker = old.work(empty, flag)
    async with Database(empty, max_size=4) as database:
        desk = Desk(database, empty, folder, CountingEmbedder())
        held = left["held"]
        # Read as that release's rows are, before anything is migrated.
        await eventually(lambda: _beats(database, held))

        applied = await migrate(empty)
        assert applied > 0
        assert await pending(empty) == []

        # The old worker goes on, beating and saving, with what it held.
        before = await _beats(database, held)
        await eventually(lambda: _more(database, held, before))
        view = await desk.runs.view(TEAM, held)
        assert [stage.state for stage in view.stages] == [StageState.DONE, StageState.RUNNING, StageState.PENDING]
        assert [stage.attempt for stage in view.stages] == [1, 1, 0]

        # Told to stop, it ends its stage within its grace and hands the run on.
        worker.terminate()
        flag.touch()
        assert await asyncio.to_thread(worker.wait) == 0
        view = await desk.runs.view(TEAM, held)
        assert [stage.state for stage in view.stages] == [StageState.DONE, StageState.DONE, StageState.PENDING]

        stop = asyncio.Event()
        stages = {("toy", name): by_this_release for name in ("first", "held", "last")}
        working = asyncio.create_task(
            run_worker(database, empty, stages, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S, grace_s=0.2)
        )
        view = await eventually(stage_is(desk, held, 2, StageState.DONE))
        stop.set()
        await working
        assert view.state is RunState.DONE
        assert [stage.attempt for stage in view.stages] == [1, 1, 1], "nothing that was done is done again"
        assert [dict(stage.result or {})["by"] for stage in view.stages] == [
            "the release before",
            "the release before",
            "this release",
        ]


async def _beats(database: Database, run_id: str) -> int:
    async with database.team(TEAM) as connection:
        found = await connection.execute(
            "SELECT coalesce((checkpoint->>'beats')::integer, 0) AS beats FROM app.stage WHERE run_id = %s AND seq = 1",
            (run_id,),
        )
        row = await found.fetchone()
    return row["beats"] if row else 0


async def _more(database: Database, run_id: str, than: int) -> bool:
    return await _beats(database, run_id) > than


async def test_what_the_release_before_left_is_there_and_its_proposal_can_be_approved(
    old: OldRelease, empty: str, folder: Path
) -> None:
    old.run("migrate", empty)
    left = old.run("fill", empty, str(folder))
    await migrate(empty)
    async with Database(empty, max_size=4) as database:
        desk = Desk(database, empty, folder, CountingEmbedder())
        assert (await desk.runs.view(TEAM, left["indexing"])).state is RunState.DONE
        answer = await desk.indexes.ask(TEAM, "docs", "How long does the warranty last?", who=WHO)
        assert "five years" in str(answer)
        async with database.team(TEAM) as connection:
            conversation = await conversations.load(connection, TEAM, left["conversation"])
        assert conversation is not None
        assert conversation.started_by == "U0ALICE"

        (folder / "returns.md").write_text("# Returns\n\nA bicycle can be returned within thirty days.\n")
        assert [proposal.id for proposal in await desk.runs.pending(TEAM)] == [left["pending"]]
        run_id = await desk.runs.approve(TEAM, left["pending"], left["pending_hash"], WHO)
        assert run_id is not None
        assert (await desk.finish(run_id)).state is RunState.DONE
        assert {chunk["uri"] for chunk in await desk.chunks()} == {"returns.md", "warranty.md"}


async def test_the_release_before_goes_on_reading_starting_and_working_on_the_new_schema(
    old: OldRelease, empty: str, folder: Path, tmp_path: Path
) -> None:
    old.run("migrate", empty)
    left = old.run("fill", empty, str(folder))
    await migrate(empty)
    seen = old.run("read", empty, str(folder))
    assert seen["runs"] == {left["indexing"]: "done", left["held"]: "running"}
    assert seen["pending"] == [left["pending"]]
    assert "five years" in seen["answer"]

    flag = tmp_path / "go"
    flag.touch()
    started = old.run("start", empty)
    old.work(empty, flag)
    async with Database(empty, max_size=2) as database:
        desk = Desk(database, empty, folder, CountingEmbedder())
        for run_id in (left["held"], started):
            view = await eventually(stage_is(desk, run_id, 2, StageState.DONE))
            assert view.state is RunState.DONE
