"""Workers as people see them: what they have, whether they are there, and what waits for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from agents.runs.needs import Gpu


class WorkerState(StrEnum):
    """How a worker stands; one that is draining finishes what it holds and takes nothing new."""

    LIVE = "live"
    DRAINING = "draining"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class WorkerStage:
    """A stage that a worker has in hand, of the team that looks."""

    run_id: str
    kind: str
    subject: str
    name: str
    gpus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker; `stages` are those of the team that looks."""

    name: str
    host: str
    version: str
    queues: tuple[str, ...]
    concurrency: int
    gpus: tuple[Gpu, ...]
    memory_bytes: int
    disk_bytes: int
    cores: int
    state: WorkerState
    started_at: datetime
    seen_at: datetime
    draining_since: datetime | None
    # Since it was seen last, by the database's clock.
    silent_for: timedelta
    stages: tuple[WorkerStage, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingStage:
    """A stage that no worker can take up at the moment, and why."""

    run_id: str
    kind: str
    subject: str
    name: str
    queue: str
    reason: str


@dataclass(frozen=True, slots=True)
class WorkersView:
    """All workers, by name, and the stages of a team that wait for one."""

    workers: tuple[WorkerView, ...]
    waiting: tuple[WaitingStage, ...]


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """Return `wanted`, or where it is taken the first of NAME-2, NAME-3 and so on that is not."""
    number = 1
    name = wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def gpu_documents(gpus: Sequence[Gpu]) -> list[dict[str, Any]]:
    """Return GPUs as plain JSON."""
    return [{"id": gpu.id, "name": gpu.name, "memory_bytes": gpu.memory_bytes} for gpu in gpus]


def read_gpus(documents: Sequence[Mapping[str, Any]]) -> tuple[Gpu, ...]:
    """Return the GPUs that `gpu_documents` wrote."""
    return tuple(Gpu(each["id"], each["name"], each["memory_bytes"]) for each in documents)
