"""Runs of one stage that holds what it needs until it is let go, and writes down when it held it."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agents.engine.stage import StageContext, Stages
from agents.runs import Recipe, StageSpec
from agents.runs.needs import GIB, Needs
from agents.services.runs import Runs
from agents.store import audit
from agents.store.db import Connection, Database
from tests.integration.engine.toys import APPROVER, REQUESTER, TEAM
from tests.people import make_people

QUEUE = "toy"
PLACED = {"placed": Recipe("placed", (StageSpec("hold", QUEUE),))}


async def hold(context: StageContext[Any]) -> Mapping[str, Any]:
    """Hold for `hold_s`, or until somebody writes `let go` of this run into the audit."""
    await _note(context, "begin")
    for _ in range(round(context.params.get("hold_s", 60) / 0.05)):
        await asyncio.sleep(0.05)
        async with context.database.team(context.team_id) as connection:
            if await _is_let_go(connection, context.team_id, context.run_id):
                break
    await _note(context, "end")
    return {}


async def _note(context: StageContext[Any], action: str) -> None:
    async with context.database.team(context.team_id) as connection:
        row = await (
            await connection.execute(
                "SELECT gpus, owner FROM app.stage WHERE run_id = %s AND seq = %s", (context.run_id, context.seq)
            )
        ).fetchone()
        assert row is not None
        await audit.add(connection, context.team_id, audit.Entry("toy", action, f"run:{context.run_id}", details=row))
        await context.fenced(connection)


async def _is_let_go(connection: Connection, team_id: str, run_id: str) -> bool:
    entries = await audit.of_subject(connection, team_id, f"run:{run_id}")
    return any(entry.action == "let go" for entry in entries)


PLACED_STAGES: Stages = {("placed", "hold"): hold}


def gpus(count: int, gib: int = 0) -> Needs:
    """Return the need for GPUs of a size."""
    return Needs(gpus=count, gpu_memory_bytes=gib * GIB)


async def start_placed(database: Database, needs: Needs | None = None, team_id: str = TEAM, **params: Any) -> str:
    """Propose and approve a run whose stage needs this, and return its id."""
    runs = Runs(database, make_people(approvers={APPROVER}), PLACED)
    wanted = {"hold": asdict(needs)} if needs is not None else {}
    proposal = await runs.propose(
        team_id,
        kind="placed",
        params={"needs": wanted, **params},
        estimate={"seconds": 1},
        requested_by=REQUESTER,
        channel="C1",
    )
    run_id = await runs.approve(team_id, proposal.id, proposal.params_hash, APPROVER)
    assert run_id is not None
    return run_id


async def let_go(database: Database, run_id: str, team_id: str = TEAM) -> None:
    """Let the stage of a run come to its end."""
    async with database.team(team_id) as connection:
        await audit.add(connection, team_id, audit.Entry("test", "let go", f"run:{run_id}"))


async def held(database: Database, run_id: str, team_id: str = TEAM) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what the stage wrote down: begin and end, each with its worker and GPUs."""
    async with database.team(team_id) as connection:
        entries = await audit.of_subject(connection, team_id, f"run:{run_id}")
    return [(entry.action, entry.details) for entry in entries if entry.who == "toy"]
