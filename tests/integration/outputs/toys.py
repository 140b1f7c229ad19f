"""A run that trains: its stage keeps a file that grows with each step, and says so in its log."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.adapters.directory import StaticDirectory
from agents.engine.stage import StageContext, Stages
from agents.errors import UserError
from agents.runs.recipes import Recipe, StageSpec
from agents.runs.roles import Policy
from agents.services.people import People
from agents.services.runs import Runs
from agents.store.db import Database

TEAM = "T0LOCAL"
QUEUE = "train"
STATE = "state.txt"

RECIPES = {"train": Recipe("train", (StageSpec("train", QUEUE), StageSpec("report", QUEUE)))}


async def train(context: StageContext[Path]) -> Mapping[str, Any]:
    """Add a line for each step to the state, which is kept together with the checkpoint."""
    params = context.params
    for number in range(params.get("log_lines", 0)):
        context.log(f"line {number}")
    state = context.deps / STATE
    done = context.checkpoint.get("step", 0)
    if done:
        await context.artifacts.fetch(STATE, state)
        context.log(f"goes on after step {done}")
    for step in range(done, params.get("steps", 1)):
        await asyncio.sleep(params.get("step_s", 0))
        with state.open("a") as file:
            file.write(f"{step} {context.deps.name}\n")
        kept = await context.artifacts.keep(STATE, state)
        async with context.database.team(context.team_id) as connection:
            await context.artifacts.add(connection, kept)
            await context.save(connection, {"step": step + 1})
        context.log(f"step {step} is kept")
        await context.progress(step + 1, params.get("steps", 1), "steps")
    if params.get("fails") and context.attempt == 1:
        context.log("no more data", "error")
        raise UserError("The data ran out. Add some, then retry.")
    return {"steps": params.get("steps", 1)}


async def report(context: StageContext[Path]) -> Mapping[str, Any]:
    """Read what the stage before it has kept."""
    copy = context.deps / "copy.txt"
    await context.artifacts.fetch(STATE, copy)
    return {"lines": copy.read_text().splitlines(), "files": [each.name for each in await context.artifacts.list()]}


STAGES: Stages = {("train", "train"): train, ("train", "report"): report}


def make_runs(database: Database) -> Runs:
    return Runs(database, People(StaticDirectory(), Policy()), RECIPES)


async def start_run(runs: Runs, *, channel: str | None = None, **params: Any) -> str:
    """Propose and approve a run, and return its id."""
    proposal = await runs.propose(
        TEAM, kind="train", params=params, estimate={}, requested_by="shell:alice", channel=channel
    )
    run_id = await runs.approve(TEAM, proposal.id, proposal.params_hash, "shell:bob")
    assert run_id is not None
    return run_id
