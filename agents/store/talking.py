"""Talking: the calls of models and what they cost, the limits for it, and the talker that a team chose."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from agents.dialogue.chat import Usage
from agents.dialogue.speaking import Speaking
from agents.store.db import Connection, one, rows, run

Limits = Mapping[str, Decimal]
"""USD by scope."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A limit of a scope and what counts against it; `limit_usd` is None where there is none."""

    scope: str
    limit_usd: Decimal | None
    spent_usd: Decimal
    reserved_usd: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """An amount and where its price is from."""

    usd: Decimal
    source: str
    as_of: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of a call; without `usage` and `priced` its reservation stands."""

    usage: Usage | None
    priced: Priced | None
    stop_reason: str | None
    failure: str | None
    refusal_category: str | None


@dataclass(frozen=True, slots=True)
class TalkUsage:
    """What talking used in a period.

    `reserved_usd` is for calls that are under way, or whose cost nobody knows. `refusals` counts them by category.
    """

    calls: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    spent_usd: Decimal
    reserved_usd: Decimal
    turns: int
    degraded_turns: int
    refusals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SetBudget:
    """A limit as an admin set it; None is no limit."""

    scope: str
    limit_usd: Decimal | None
    set_by: str
    set_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Lapse:
    """A call that failed: the kind of its failure, and when."""

    failure: str
    ended_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """The talker that an admin chose."""

    name: str
    set_by: str
    set_at: dt.datetime


async def begin_call(
    connection: Connection, call: Speaking, most: Priced, defaults: Limits, kept: dt.timedelta
) -> tuple[int | None, Counted | None]:
    """Write a call down with its reservation and return its id, or else the limit that it would pass.

    Concurrent callers of a team take turns until their transactions end. A limit with the scope "halt" is the switch
    that stops everything. Calls begun longer ago than `kept` are dropped.
    """
    given = {**asdict(call), "usd": most.usd, "price_source": most.source, "price_as_of": most.as_of}
    await run(connection, "talking.drop_old", {"team_id": call.team_id, "kept": kept})
    refused = await one(connection, "talking.refusal", {**given, "defaults": _limits(defaults)})
    if refused is not None:
        await run(connection, "talking.not_made", given)
        return None, Counted(**refused)
    made = await one(connection, "talking.begin", given)
    assert made is not None  # noqa: S101  # the row was just inserted
    return int(made["id"]), None


async def not_made(connection: Connection, call: Speaking) -> None:
    """Write down that a call was not made, as its price is not known."""
    given = {**asdict(call), "price_source": "none", "price_as_of": None}
    await run(connection, "talking.not_made", given)


async def model_of(connection: Connection, team_id: str, call_id: int) -> str | None:
    """Return the model of a call that has not ended; None where there is no such."""
    found = await one(connection, "talking.of_call", {"team_id": team_id, "call_id": call_id})
    return None if found is None else str(found["model"])


async def end_call(connection: Connection, team_id: str, call_id: int, ending: Ending) -> bool:
    """Write down what became of a call, once; return whether it had not ended before."""
    usage, priced = ending.usage, ending.priced
    none = dict.fromkeys(("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"))
    given = {
        **(none if usage is None else asdict(usage)),
        "team_id": team_id,
        "call_id": call_id,
        "actual_usd": None if priced is None else priced.usd,
        "price_source": None if priced is None else priced.source,
        "price_as_of": None if priced is None else priced.as_of,
        "stop_reason": ending.stop_reason,
        "failure": ending.failure,
        "refusal_category": ending.refusal_category,
    }
    return await run(connection, "talking.settle", given) > 0


async def caps(
    connection: Connection, team_id: str, defaults: Limits, *, conversation_id: str | None, user_id: str | None
) -> Sequence[Counted]:
    """Return every limit with what counts against it; nothing counts for a thread or a person that is not named."""
    given = {"team_id": team_id, "conversation_id": conversation_id, "user_id": user_id, "defaults": _limits(defaults)}
    return [Counted(**row) for row in await rows(connection, "talking.caps", given)]


async def usage(
    connection: Connection, team_id: str, *, conversation_id: str | None = None, user_id: str | None = None
) -> tuple[TalkUsage, TalkUsage]:
    """Return what talking used in this day and in this calendar month (UTC), of one thread or person where named."""
    given = {"team_id": team_id, "conversation_id": conversation_id, "user_id": user_id}
    found = {row.pop("name"): TalkUsage(**row) for row in await rows(connection, "talking.usage", given)}
    return found["day"], found["month"]


async def lapse(connection: Connection, team_id: str, model: str) -> Lapse | None:
    """Return how the newest call of a model failed; None where it did not, or there was none."""
    row = await one(connection, "talking.lapse", {"team_id": team_id, "model": model})
    return None if row is None or row["failure"] is None else Lapse(**row)


async def conversation_of(connection: Connection, team_id: str, *, channel: str, thread_ts: str) -> str | None:
    """Return the conversation of a thread; None where there is none."""
    given = {"team_id": team_id, "channel": channel, "thread_ts": thread_ts}
    row = await one(connection, "talking.conversation_of", given)
    return None if row is None else str(row["id"])


async def budgets(connection: Connection, team_id: str) -> Sequence[SetBudget]:
    """Return the limits that admins have set."""
    return [SetBudget(**row) for row in await rows(connection, "talking.budgets", {"team_id": team_id})]


async def set_budget(connection: Connection, team_id: str, scope: str, limit_usd: Decimal | None, who: str) -> None:
    """Set a limit, or with None no limit, in place of the one there was."""
    given: dict[str, Any] = {"team_id": team_id, "scope": scope, "limit_usd": limit_usd, "who": who}
    await run(connection, "talking.set_budget", given)


async def remove_budget(connection: Connection, team_id: str, scope: str) -> None:
    """Let the default hold again."""
    await run(connection, "talking.remove_budget", {"team_id": team_id, "scope": scope})


async def chosen(connection: Connection, team_id: str) -> Choice | None:
    """Return the talker that somebody chose; None where the settings hold."""
    row = await one(connection, "talking.chosen", {"team_id": team_id})
    return None if row is None else Choice(**row)


async def choose(connection: Connection, team_id: str, name: str, who: str) -> None:
    """Choose a talker, in place of the one there was."""
    await run(connection, "talking.choose", {"team_id": team_id, "name": name, "who": who})


async def unchoose(connection: Connection, team_id: str) -> None:
    """Let the settings hold again."""
    await run(connection, "talking.unchoose", {"team_id": team_id})


def _limits(limits: Limits) -> Jsonb:
    return Jsonb({scope: str(limit) for scope, limit in limits.items()})
