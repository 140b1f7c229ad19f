"""A run that does each kind of thing a real one does, and writes down what it did.

`collect` works in the worker and saves its steps, `train` in a child with a checkpoint file, `buy` pays for something
outside, `serve` ends it.
"""

import asyncio
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import aiohttp

from agents.engine.process import ChildLimits
from agents.engine.stage import ChildCode, HandOver, StageContext, Stages
from agents.errors import UserError
from agents.runs import Recipe, StageSpec
from agents.runs.effects import Found, Intent, Outcome
from agents.store import audit

QUEUE = "chaos"
NAMES = ("collect", "train", "buy", "serve")
RECIPES = {
    "chaos": Recipe(
        "chaos",
        (
            StageSpec("collect", QUEUE),
            StageSpec("train", QUEUE, execution="child"),
            StageSpec("buy", QUEUE),
            StageSpec("serve", QUEUE),
        ),
    )
}
STEPS = 12
PRICE = Decimal(2)
_NEVER_S = 600.0


async def collect(context: StageContext[Any]) -> Mapping[str, Any]:
    """Save one step after the other."""
    await _begin(context, "collect")
    for step in range(context.checkpoint.get("step", 0), STEPS):
        await asyncio.sleep(pace_s(context.params, "collect"))
        async with context.database.team(context.team_id) as connection:
            await audit.add(connection, context.team_id, _entry(context, "step", step=step))
            await context.save(connection, {"step": step + 1})
        await context.progress(step + 1, STEPS, "steps")
        if context.draining.is_set():
            raise HandOver
    return {"steps": STEPS}


async def buy(context: StageContext[Any]) -> Mapping[str, Any]:
    """Order one thing, once, from a shop that may be slow to answer."""
    await _begin(context, "buy")
    async with aiohttp.ClientSession(context.params["shop"]) as shop:

        async def order(key: str) -> Outcome:
            given = {"item": context.run_id, "slow_s": pace_s(context.params, "buy") * STEPS}
            async with shop.post("/orders", json=given, headers={"Idempotency-Key": key}) as answer:
                answer.raise_for_status()
                return Outcome(str((await answer.json())["id"]), {}, PRICE)

        async def search(intent: Intent) -> list[Found]:
            async with shop.get("/orders") as answer:
                sold = await answer.json()
            return [Found(each["id"], {}, is_ours=each["key"] == intent.idempotency_key) for each in sold]

        outcome = await context.effects.once(
            "order", "chaos_order", {"item": context.run_id}, order, find=search, cost_usd=PRICE
        )
    return {"order": outcome.external_id}


async def serve(context: StageContext[Any]) -> Mapping[str, Any]:
    """Take a moment, and end."""
    await _begin(context, "serve")
    await asyncio.sleep(pace_s(context.params, "serve") * STEPS)
    return {"order": context.previous["buy"]["order"], "loss": context.previous["train"]["loss"]}


STAGES: Stages = {
    ("chaos", "collect"): collect,
    ("chaos", "train"): ChildCode("tests.chaos.train", ChildLimits(address_space_bytes=2 * 1024**3)),
    ("chaos", "buy"): buy,
    ("chaos", "serve"): serve,
}


def pace_s(params: Mapping[str, Any], stage: str) -> float:
    """Return what a step takes: long in the stage that is to be disturbed, so that this finds its middle."""
    return 0.4 if params.get("slow_at") == stage else 0.02


async def _begin(context: StageContext[Any], name: str) -> None:
    """Write down that an attempt began; then hang, fail or go on as the run was told to."""
    async with context.database.team(context.team_id) as connection:
        await audit.add(connection, context.team_id, _entry(context, "begin", stage=name, at_s=time.time()))
        await context.fenced(connection)
    if context.attempt == 1 and context.params.get("fails_at") == name:
        raise UserError(f"{name} was told to fail. Retry the run.")
    if context.attempt == 1 and context.params.get("hangs_at") == name:
        await asyncio.sleep(_NEVER_S)


def _entry(context: StageContext[Any], action: str, **details: Any) -> audit.Entry:
    return audit.Entry("chaos", action, f"run:{context.run_id}", details={"attempt": context.attempt, **details})
