"""What a stage needs of a worker's host, what a host has, and why a stage waits where none has it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Needs:
    """The least that a stage can work with; 0 for any.

    Attributes:
        gpus: GPUs that it occupies alone.
        gpu_memory_bytes: Of each of them.
        memory_bytes: Main memory.
        disk_bytes: Free space where the worker keeps its files.

    Raises:
        ValueError: A figure is negative, or memory is asked of no GPU.
    """

    gpus: int = 0
    gpu_memory_bytes: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0

    def __post_init__(self) -> None:
        if min(self.gpus, self.gpu_memory_bytes, self.memory_bytes, self.disk_bytes) < 0:
            raise ValueError(f"needs cannot be negative: {self}")
        if self.gpu_memory_bytes and not self.gpus:
            raise ValueError("memory of a GPU is needed, but no GPU")


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU of a host; `id` is the same for every process that sees it."""

    id: str
    name: str
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Host:
    """A live worker as far as the placing of stages goes."""

    name: str
    queues: frozenset[str]
    gpus: tuple[Gpu, ...] = ()
    memory_bytes: int = 0
    disk_bytes: int = 0

    def fits(self, needs: Needs) -> bool:
        """Return whether a stage with these needs could run here once nothing else does."""
        large = sum(gpu.memory_bytes >= needs.gpu_memory_bytes for gpu in self.gpus)
        return large >= needs.gpus and self.memory_bytes >= needs.memory_bytes and self.disk_bytes >= needs.disk_bytes


def needs_document(needs: Needs) -> dict[str, int]:
    """Return the needs as plain JSON, without what is not needed."""
    return {name: value for name, value in asdict(needs).items() if value}


def read_needs(document: Mapping[str, Any]) -> Needs:
    """Return the needs that `needs_document` wrote."""
    return Needs(**document)


def waits_for(needs: Needs, queue: str, hosts: Sequence[Host]) -> str | None:
    """Return why a stage waits, such as "needs 2x80 GB; gpu-1 has 1x48 GB"; None where a host could take it."""
    serving = [host for host in hosts if queue in host.queues]
    if any(host.fits(needs) for host in serving):
        return None
    if not serving:
        return f"no worker serves the queue {queue}; start one: cairn worker --queues {queue}"
    have = ", ".join(f"{host.name} has {_has(host, needs)}" for host in serving)
    return f"needs {_wanted(needs)}; {have}"


def _wanted(needs: Needs) -> str:
    parts = []
    if needs.gpus:
        of_memory = f"x{_gib(needs.gpu_memory_bytes)}" if needs.gpu_memory_bytes else " GPU"
        parts.append(f"{needs.gpus}{of_memory}")
    if needs.memory_bytes:
        parts.append(f"{_gib(needs.memory_bytes)} of memory")
    if needs.disk_bytes:
        parts.append(f"{_gib(needs.disk_bytes)} of free disk")
    return ", ".join(parts)


def _has(host: Host, needs: Needs) -> str:
    parts = []
    if needs.gpus:
        sizes = sorted({gpu.memory_bytes for gpu in host.gpus}, reverse=True)
        counted = [f"{sum(gpu.memory_bytes == size for gpu in host.gpus)}x{_gib(size)}" for size in sizes]
        parts.append(" and ".join(counted) or "no GPU")
    if needs.memory_bytes:
        parts.append(f"{_gib(host.memory_bytes)} of memory")
    if needs.disk_bytes:
        parts.append(f"{_gib(host.disk_bytes)} of free disk")
    return ", ".join(parts)


def _gib(size: int) -> str:
    # Vendors' "80 GB" cards hold 80 GiB, give or take what the driver keeps.
    return f"{round(size / _GIB)} GB"
