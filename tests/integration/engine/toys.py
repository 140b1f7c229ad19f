"""A recipe of toy stages that write down each thing they do, in the transactions that real stages use."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from agents.engine.process import ChildLimits
from agents.engine.stage import ChildCode, HandOver, StageContext, Stages
from agents.errors import UserError
from agents.runs import Recipe, StageSpec
from agents.runs.questions import Choice, Question
from agents.services.questions import Handler, Questions
from agents.services.runs import Runs
from agents.store import audit
from agents.store.db import Database
from tests.people import make_people

TEAM = "T0LOCAL"
APPROVER = "U0BOB"
OTHER_APPROVER = "U0CAROL"
REQUESTER = "U0ALICE"
QUEUE = "toy"

RECIPES = {
    "toy": Recipe("toy", (StageSpec("first", QUEUE), StageSpec("slow", QUEUE), StageSpec("last", QUEUE))),
    "child": Recipe("child", (StageSpec("first", QUEUE), StageSpec("work", QUEUE, "child"), StageSpec("last", QUEUE))),
    "asking": Recipe("asking", (StageSpec("ask", QUEUE), StageSpec("last", QUEUE))),
}
CHOICES = (
    Choice("go", "Go on"),
    Choice("pay", "Pay for it", is_spend=True, warning="That costs $10."),
    Choice("adopt", "Adopt one", entry="Batch id"),
)

# Answers each line with its own id and that of a process it started: both have to be gone with it.
CHILD = """
import os, subprocess, sys
below = subprocess.Popen(["sleep", "600"])
for line in sys.stdin:
    print(os.getpid(), below.pid, flush=True)
"""


async def _note(context: StageContext[Any], action: str, **details: Any) -> None:
    async with context.database.team(context.team_id) as connection:
        await audit.add(connection, context.team_id, _entry(context, action, **details))
        await context.fenced(connection)


async def _noted(context: StageContext[Any], action: str) -> bool:
    return bool(await notes(context.database, context.run_id, action, context.team_id))


def _entry(context: StageContext[Any], action: str, **details: Any) -> audit.Entry:
    return audit.Entry("toy", action, f"run:{context.run_id}", details={"attempt": context.attempt, **details})


async def first(context: StageContext[Any]) -> Mapping[str, Any]:
    await _note(context, "first")
    await asyncio.sleep(context.params.get("first_s", 0))
    return {"made": 1}


async def slow(context: StageContext[Any]) -> Mapping[str, Any]:
    steps = context.params.get("steps", 3)
    async with context.child([sys.executable, "-c", CHILD]) as child:
        if context.params.get("child"):
            pids = [int(pid) for pid in (await child.ask(b"who", timeout_s=30)).split()]
            await _note(context, "child", pids=pids)
        for step in range(context.checkpoint.get("step", 0), steps):
            await asyncio.sleep(context.params.get("step_s", 0))
            if context.params.get("heeds") and context.draining.is_set():
                await _note(context, "stopped", step=step)
                raise HandOver
            if step == context.params.get("user_error_at") and context.attempt == 1:
                raise UserError("The folder /nowhere does not exist. Choose another one.")
            if step == context.params.get("fault_at") and context.attempt == 1:
                raise RuntimeError("a secret that must not be shown")
            async with context.database.team(context.team_id) as connection:
                await audit.add(connection, context.team_id, _entry(context, "step", step=step))
                await context.save(connection, {"step": step + 1})
            await context.progress(step + 1, steps, "steps")
    return {"steps": steps}


async def ask(context: StageContext[Any]) -> Mapping[str, Any]:
    """Ask as often as `questions` says, each time something else."""
    answers = []
    for number in range(context.params.get("questions", 1)):
        await _note(context, "asking", number=number)
        question = Question("toy", f"Shall it go on? ({number})", CHOICES, {"number": number})
        answer = await context.ask(question)
        answers.append({"choice": answer.choice, "value": answer.value, "who": answer.who})
    if context.params.get("fails_once") and not await _noted(context, "failing"):
        await _note(context, "failing")
        raise UserError("It broke after the answer.")
    return {"answers": answers}


async def last(context: StageContext[Any]) -> Mapping[str, Any]:
    await asyncio.sleep(context.params.get("last_s", 0))
    return {"saw": {name: dict(result) for name, result in context.previous.items()}, "deps": context.deps}


CHILD_CODE = ChildCode(
    "tests.integration.engine.child_toy",
    limits=ChildLimits(address_space_bytes=512 << 20, reply_bytes=100_000),
    beat_within_s=1.0,
)

STAGES: Stages = {
    ("toy", "first"): first,
    ("toy", "slow"): slow,
    ("toy", "last"): last,
    ("child", "first"): first,
    ("child", "work"): CHILD_CODE,
    ("child", "last"): last,
    ("asking", "ask"): ask,
    ("asking", "last"): last,
}


def make_runs(database: Database, **options: Any) -> Runs:
    return Runs(database, make_people(approvers={APPROVER}), RECIPES, **options)


def make_questions(database: Database, handlers: Mapping[str, Handler] | None = None) -> Questions:
    return Questions(database, make_people(approvers={APPROVER, OTHER_APPROVER}), handlers)


async def start_run(
    runs: Runs, team_id: str = TEAM, *, kind: str = "toy", channel: str | None = "C1", **params: Any
) -> str:
    """Propose and approve a toy run, and return its id."""
    proposal = await runs.propose(
        team_id, kind=kind, params=params, estimate={"seconds": 1}, requested_by=REQUESTER, channel=channel
    )
    run_id = await runs.approve(team_id, proposal.id, proposal.params_hash, APPROVER)
    assert run_id is not None
    return run_id


async def notes(database: Database, run_id: str, action: str, team_id: str = TEAM) -> list[Mapping[str, Any]]:
    """Return the details of what the toy stages wrote down, oldest first."""
    async with database.team(team_id) as connection:
        entries = await audit.of_subject(connection, team_id, f"run:{run_id}")
    return [entry.details for entry in entries if entry.action == action]
