"""A tiny paid service on loopback that counts what it sold, and stages that buy from it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp
from aiohttp import web

from agents.engine.effects import Refused
from agents.engine.stage import StageContext, Stages
from agents.runs import Recipe, StageSpec
from agents.runs.effects import EFFECT_QUESTION, Found, Intent, Outcome
from agents.runs.money import BUDGET_QUESTION
from agents.services.budgets import budget_answered
from agents.services.effect_answers import effect_answered
from agents.services.questions import Questions
from agents.services.runs import Runs
from agents.store import audit
from agents.store.db import Database
from tests.people import make_people

TEAM = "T0LOCAL"
ADMIN, APPROVER, REQUESTER = "U0ADA", "U0BOB", "U0ALICE"
QUEUE = "shop"
RECIPES = {"shop": Recipe("shop", (StageSpec("buy", QUEUE), StageSpec("last", QUEUE)))}
LONG_S = 600


@dataclass(slots=True)
class Shop:
    """What it sold, and where it is to hang: before a sale, or after one and before its answer."""

    url: str = ""
    orders: list[dict[str, Any]] = field(default_factory=list)
    hangs: str = ""
    answers: int = 200
    # It takes no order, whatever it answers.
    forgets: bool = False
    has_come: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def sold(self, item: str) -> int:
        return sum(order["item"] == item for order in self.orders)

    async def sell(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if self.hangs == "before the sale":
            await self._hang()
        if self.answers == 400:
            return web.json_response({"error": "sold out"}, status=400)
        order = {"id": f"order-{len(self.orders) + 1}", "key": request.headers["Idempotency-Key"], **asked}
        if not self.forgets:
            self.orders.append(order)
        if self.hangs == "after the sale":
            await self._hang()
        return web.json_response(order, status=self.answers)

    async def list(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self.orders)

    def go_on(self) -> None:
        """Serve whoever hangs, and hang no more."""
        self.hangs = ""
        self.released.set()

    def break_down(self) -> None:
        """Take no order of whoever hangs, and answer with an error."""
        self.hangs, self.answers, self.forgets = "", 500, True
        self.released.set()

    async def _hang(self) -> None:
        self.has_come.set()
        await self.released.wait()


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_post("/orders", shop.sell)
    app.router.add_get("/orders", shop.list)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield shop
    finally:
        await runner.cleanup()


async def buy(context: StageContext[Any]) -> Mapping[str, Any]:
    """Order `items`, one after the other, each of them once."""
    ordered = []
    async with aiohttp.ClientSession(context.params["shop"]) as shop:
        await _reach(context, "before the intent")
        for item in context.params.get("items", ["lamp"]):
            outcome = await context.effects.once(
                item,
                "shop_order",
                {"item": item},
                _order(context, shop, item),
                find=_search(context, shop, item) if context.params.get("find") else None,
                cost_usd=Decimal(str(context.params.get("cost_usd", 2))),
                is_open=True,
            )
            ordered.append(outcome.external_id)
            await _reach(context, "after the end")
            if context.params.get("twists"):
                await context.effects.once(item, "shop_order", {"item": "chair"}, _order(context, shop, "chair"))
            if context.params.get("closes"):
                await context.effects.close(item, Decimal(str(context.params["closes"])))
    return {"orders": ordered}


def _order(context: StageContext[Any], shop: aiohttp.ClientSession, item: str) -> Any:
    async def order(idempotency_key: str) -> Outcome:
        await _note(context, "calling", item=item)
        await _reach(context, "before the call")
        async with shop.post("/orders", json={"item": item}, headers={"Idempotency-Key": idempotency_key}) as answer:
            if answer.status == 400:
                raise Refused(f"The shop does not sell {item}: it is sold out.")
            answer.raise_for_status()
            bought = await answer.json()
        await _reach(context, "after the call")
        if context.params.get("answers_rubbish"):
            return Outcome(bought["id"], {"not JSON": object()})
        price = context.params.get("price_usd")
        return Outcome(bought["id"], {"item": item}, None if price is None else Decimal(str(price)))

    return order


def _search(context: StageContext[Any], shop: aiohttp.ClientSession, item: str) -> Any:
    async def search(intent: Intent) -> Sequence[Found]:
        async with shop.get("/orders") as answer:
            orders = await answer.json()
        is_told = bool(context.params.get("keys"))
        return [
            Found(order["id"], {"item": item}, is_ours=is_told and order["key"] == intent.idempotency_key)
            for order in orders
            if order["item"] == item
        ]

    return search


async def last(context: StageContext[Any]) -> Mapping[str, Any]:
    await asyncio.sleep(context.params.get("last_s", 0))
    return {"orders": context.previous["buy"]["orders"]}


STAGES: Stages = {("shop", "buy"): buy, ("shop", "last"): last}


async def _reach(context: StageContext[Any], point: str) -> None:
    """Hang at the point that the run names, in its first attempt."""
    if context.params.get("hangs") == point and context.attempt == 1:
        await _note(context, point)
        await asyncio.sleep(LONG_S)


async def _note(context: StageContext[Any], action: str, **details: Any) -> None:
    async with context.database.team(context.team_id) as connection:
        entry = audit.Entry("shop", action, f"run:{context.run_id}", details=details)
        await audit.add(connection, context.team_id, entry)


def make_runs(database: Database) -> Runs:
    return Runs(database, make_people(approvers={APPROVER}, admins={ADMIN}), RECIPES)


def make_questions(database: Database) -> Questions:
    people = make_people(approvers={APPROVER}, admins={ADMIN})
    return Questions(database, people, {EFFECT_QUESTION: effect_answered, BUDGET_QUESTION: budget_answered})


async def start_run(
    runs: Runs, shop: Shop | None = None, *, estimate: Any = None, team_id: str = TEAM, **params: Any
) -> str:
    """Propose and approve a run that shops, and return its id."""
    proposal = await runs.propose(
        team_id,
        kind="shop",
        params={"shop": shop.url if shop else "", **params},
        estimate=estimate or {"cost_usd": {"low": 1, "base": 5, "high": 10}},
        requested_by=REQUESTER,
        channel="C1",
    )
    run_id = await runs.approve(team_id, proposal.id, proposal.params_hash, APPROVER)
    assert run_id is not None
    return run_id


async def notes(database: Database, run_id: str, action: str, team_id: str = TEAM) -> list[Mapping[str, Any]]:
    """Return the details of what was written down about a run, oldest first."""
    async with database.team(team_id) as connection:
        entries = await audit.of_subject(connection, team_id, f"run:{run_id}")
    return [entry.details for entry in entries if entry.action == action]
