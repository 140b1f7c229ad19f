"""Workers as rows: who is there with what, what waits for one of them, and what each has in hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from agents.runs.needs import Capacity, Host, Needs, read_needs, waits_for
from agents.runs.workers import (
    WaitingStage,
    WorkerStage,
    WorkerState,
    WorkerView,
    free_name,
    gpu_documents,
    read_gpus,
)
from agents.store.db import Connection, one, rows, run
from agents.store.outbox import touch_card
from agents.store.stages import StageKey, run_card

# For a stage that another host could take; it goes round until that host picks it up.
_FOR_ANOTHER_HOST_S = 1.0
# For one that nobody can take: the sweep wakes it as soon as somebody can, so this is a second way only.
_UNTIL_WOKEN_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A worker as it presents itself; `place` is the kernel and namespace that its process id belongs to."""

    name: str
    host: str
    place: str
    pid: int
    version: str
    queues: tuple[str, ...]
    concurrency: int
    capacity: Capacity
    lease_s: float


@dataclass(frozen=True, slots=True)
class Known:
    """A worker that has a name already."""

    id: str
    name: str
    place: str
    pid: int
    is_live: bool


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A stage that waits to be picked up, and what it was told."""

    key: StageKey
    queue: str
    needs: Needs
    waits_for: str | None


async def known(connection: Connection) -> Sequence[Known]:
    """Return, as the engine, all workers; nobody else takes a name before the transaction ends."""
    await one(connection, "workers.lock_names")
    return [Known(**row) for row in await rows(connection, "workers.names")]


async def register(
    connection: Connection, registration: Registration, others: Sequence[Known], gone: Sequence[str]
) -> tuple[str, str]:
    """Add a worker, as the engine, in place of those that are gone; return its id and the name that it got."""
    taken = [other.name for other in others if other.is_live and other.id not in gone]
    name = free_name(registration.name, taken)
    replaced = [other.id for other in others if other.name == name]
    await run(connection, "workers.delete", {"ids": [*gone, *replaced]})
    capacity = registration.capacity
    made = await one(
        connection,
        "workers.insert",
        {
            "name": name,
            "host": registration.host,
            "place": registration.place,
            "pid": registration.pid,
            "version": registration.version,
            "queues": list(registration.queues),
            "concurrency": registration.concurrency,
            "gpus": Jsonb(gpu_documents(capacity.gpus)),
            "memory_bytes": capacity.memory_bytes,
            "disk_bytes": capacity.disk_bytes,
            "cores": capacity.cores,
            "lease_s": registration.lease_s,
        },
    )
    assert made is not None  # noqa: S101  # INSERT ... RETURNING answers with the row or raises
    return str(made["id"]), name


async def beat(connection: Connection, worker_id: str, *, disk_bytes: int, is_draining: bool) -> bool:
    """Say, as the engine, that the worker is there; False where its row is gone."""
    parameters = {"id": worker_id, "disk_bytes": disk_bytes, "is_draining": is_draining}
    return await run(connection, "workers.beat", parameters) > 0


async def leave(connection: Connection, worker_id: str) -> None:
    """Take the worker's row away, as the engine."""
    await run(connection, "workers.delete", {"ids": [worker_id]})


async def forget_silent(connection: Connection) -> int:
    """Delete, as the engine, the workers that were silent for a day; return how many."""
    return await run(connection, "workers.delete_silent")


async def live_hosts(connection: Connection) -> tuple[Host, ...]:
    """Return the live workers that take new stages."""
    return tuple(
        Host(row["name"], frozenset(row["queues"]), read_gpus(row["gpus"]), row["memory_bytes"], row["disk_bytes"])
        for row in await rows(connection, "workers.live")
    )


async def comes_again_s(connection: Connection, key: StageKey, host: Host) -> float | None:
    """Return after how long a stage that this host could not claim is worth another look; None for never.

    A stage that nobody can take is told why.
    """
    row = await one(connection, "stage.claimable", key.parameters())
    if row is None:
        return None
    if row["left_s"] is not None and row["left_s"] > 0:
        return float(row["left_s"])
    needs = read_needs(row["needs"])
    # This worker serves the queue, whether or not the others see its row at the moment.
    others = [other for other in await live_hosts(connection) if other.name != host.name]
    used = {use["gpu"]: use["run_id"] for use in await rows(connection, "workers.gpus_in_use")}
    reason = waits_for(needs, row["queue"], [host, *others], used)
    if reason is not None:
        await tell(connection, key, reason)
        return _UNTIL_WOKEN_S
    # Where this host could take it after all, it became free since the claim.
    return 0.0 if waits_for(needs, row["queue"], [host], used) is None else _FOR_ANOTHER_HOST_S


async def tell(connection: Connection, key: StageKey, reason: str | None) -> None:
    """Record why the stage waits, or with None that somebody can take it, which is then picked up at once."""
    if await run(connection, "stage.wait_for", {**key.parameters(), "reason": reason}):
        await touch_card(connection, key.team_id, run_card(key.run_id))
    if reason is None:
        await one(connection, "stage.wake", key.parameters())


async def unplaced(connection: Connection, hosts: Sequence[Host]) -> Sequence[Unplaced]:
    """Return, as the engine, stages that may have to be told something, in the order of their queues."""
    served = sorted({queue for host in hosts for queue in host.queues})
    return [
        Unplaced(
            StageKey(row["team_id"], row["run_id"], row["seq"]),
            row["queue"],
            read_needs(row["needs"]),
            row["waits_for"],
        )
        for row in await rows(connection, "workers.unplaced", {"served": served})
    ]


async def gpus_in_use(connection: Connection) -> Mapping[str, tuple[str, str]]:
    """Return, as the engine, team and run by each GPU that is occupied."""
    return {row["gpu"]: (row["team_id"], row["run_id"]) for row in await rows(connection, "workers.gpus_in_use_by_all")}


async def views(connection: Connection, team_id: str) -> tuple[WorkerView, ...]:
    """Return all workers by name, each with what it does for the team."""
    in_hand: dict[str, list[WorkerStage]] = {}
    for row in await rows(connection, "workers.in_hand", {"team_id": team_id}):
        stage = WorkerStage(row["run_id"], row["kind"], row["subject"], row["name"], tuple(row["gpus"]))
        in_hand.setdefault(row["owner"], []).append(stage)
    return tuple(_view(row, tuple(in_hand.get(row["name"], ()))) for row in await rows(connection, "workers.all"))


async def waiting(connection: Connection, team_id: str, at_most: int) -> tuple[WaitingStage, ...]:
    """Return the team's stages that nobody can take, oldest run first."""
    found = await rows(connection, "workers.waiting", {"team_id": team_id, "at_most": at_most})
    return tuple(WaitingStage(**row) for row in found)


def _view(row: Mapping[str, Any], stages: tuple[WorkerStage, ...]) -> WorkerView:
    given = {name: value for name, value in row.items() if name != "is_live"}
    given |= {"queues": tuple(row["queues"]), "gpus": read_gpus(row["gpus"])}
    return WorkerView(**given, state=_state(row["is_live"], row["draining_since"]), stages=stages)


def _state(is_live: bool, draining_since: datetime | None) -> WorkerState:
    if not is_live:
        return WorkerState.AWAY
    return WorkerState.LIVE if draining_since is None else WorkerState.DRAINING
