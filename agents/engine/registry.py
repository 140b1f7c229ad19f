"""A worker's row among the workers: taken when it starts, kept by beats, given back at a clean end."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from agents.engine.lease import DATABASE_AWAY
from agents.engine.placing import place_waiting
from agents.runs.needs import Capacity, Host
from agents.store import workers
from agents.store.db import Database
from agents.store.workers import Known, Registration

_log = logging.getLogger(__name__)

# How long a worker that ends tries to take its row away; one that cannot is seen as away and forgotten in a day.
_LEAVE_WITHIN_S = 2.0


class Seat:
    """This worker among the others: its name, what it has, and that it is there.

    Args:
        database: Where the workers are.
        registration: How it presents itself; where the name is taken it gets another one.
        free_disk: Returns the bytes that are free where the worker keeps its files.
    """

    def __init__(self, database: Database, registration: Registration, free_disk: Callable[[], int]) -> None:
        self._database = database
        self._registration = registration
        self._free_disk = free_disk
        self._disk_bytes = registration.capacity.disk_bytes
        self._id: str | None = None
        self.name = registration.name

    @property
    def host(self) -> Host:
        """What stages are placed by, with the disk as it was at the last beat."""
        capacity = self._registration.capacity
        return Host(
            self.name, frozenset(self._registration.queues), capacity.gpus, capacity.memory_bytes, self._disk_bytes
        )

    async def take(self) -> None:
        """Add the row, and have the stages that waited for such a worker picked up."""
        async with self._database.engine() as connection:
            others = await workers.known(connection)
            # Its own row is there already where it was added but not all that follows was done.
            gone = [other.id for other in others if other.id == self._id or _is_gone(other, self._registration.place)]
            self._id, self.name = await workers.register(connection, self._registration, others, gone)
        if self.name != self._registration.name:
            _log.warning("a worker %s is there already; this one is %s", self._registration.name, self.name)
        await place_waiting(self._database)

    async def keep(self, draining: asyncio.Event) -> None:
        """Beat four times in a lease, and at once when the worker starts to drain; cancel to end."""
        every_s = self._registration.lease_s / 4
        while True:
            try:
                await self._beat(is_draining=draining.is_set())
            except DATABASE_AWAY as cause:
                _log.warning("this worker could not say that it is there: %s", cause)
            except Exception:  # noqa: BLE001  # a worker that cannot be seen still works, and says in its log what keeps it
                _log.exception("this worker could not say that it is there")
            if draining.is_set():
                await asyncio.sleep(every_s)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(draining.wait(), every_s)

    async def leave(self) -> None:
        """Take the row away."""
        if self._id is None:
            return
        try:
            async with asyncio.timeout(_LEAVE_WITHIN_S), self._database.engine() as connection:
                await workers.leave(connection, self._id)
        except (*DATABASE_AWAY, TimeoutError) as cause:
            _log.warning("this worker could not take its row away: %s", cause)
        self._id = None

    async def _beat(self, *, is_draining: bool) -> None:
        # A folder of another host may not answer for long.
        self._disk_bytes = await asyncio.to_thread(self._free_disk)
        if self._id is not None:
            async with self._database.engine() as connection:
                if await workers.beat(connection, self._id, disk_bytes=self._disk_bytes, is_draining=is_draining):
                    return
            # It was silent for so long that its name was given away.
            self._id = None
        if not is_draining:
            await self.take()


def register_as(
    name: str | None, *, host: str, queues: Sequence[str], concurrency: int, capacity: Capacity, lease_s: float
) -> Registration:
    """Return how the worker of this process presents itself; the host's name is its own where none is given."""
    return Registration(
        name=name or host,
        host=host,
        place=_place(),
        pid=os.getpid(),
        version=version("cairn-slack"),
        queues=tuple(queues),
        concurrency=concurrency,
        capacity=capacity,
        lease_s=lease_s,
    )


def _place() -> str:
    """Return what tells apart where process ids mean the same; empty where that is not known."""
    if sys.platform != "linux":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _is_gone(other: Known, place: str) -> bool:
    """Whether another worker's process has surely ended, so that its successor need not wait out its lease."""
    if not place or other.place != place or other.pid == os.getpid():
        return False
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
