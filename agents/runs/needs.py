"""What a stage needs of a worker's host, what a host has, and why a stage waits where none has it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

GIB = 1024**3
# A GPU that is sold as 80 GB shows up to 2 % less than 80 GiB, which its driver keeps; app.is_enough agrees.
_SHOWN_OF_SOLD = (49, 50)


@dataclass(frozen=True, slots=True)
class Needs:
    """The least that a stage can work with; 0 for any.

    Attributes:
        gpus: GPUs that it occupies alone.
        gpu_memory_bytes: Of each of them.
        memory_bytes: Main memory.
        disk_bytes: Free space where the worker keeps its files.
        on: The only worker that reaches the files that the run has kept; empty where any does.

    Raises:
        ValueError: A figure is negative, or memory is asked of no GPU.
    """

    gpus: int = 0
    gpu_memory_bytes: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0
    on: str = ""

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
class Capacity:
    """What a host has for stages.

    Attributes:
        gpus: Those that the worker may use.
        memory_bytes: Main memory that its processes may fill.
        disk_bytes: Free space where the worker keeps its files.
        cores: That its processes may run on.
    """

    gpus: tuple[Gpu, ...] = ()
    memory_bytes: int = 0
    disk_bytes: int = 0
    cores: int = 1


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
        return (
            needs.on in {"", self.name}
            and self.memory_bytes >= needs.memory_bytes
            and self.disk_bytes >= needs.disk_bytes
            and self.pick(needs) is not None
        )

    def pick(self, needs: Needs, busy: Collection[str] = ()) -> tuple[Gpu, ...] | None:
        """Return the GPUs that the stage would get, the smallest that are enough; None where too few are free."""
        shown, sold = _SHOWN_OF_SOLD
        large = [gpu for gpu in self.gpus if gpu.memory_bytes * sold >= needs.gpu_memory_bytes * shown]
        free = sorted((gpu for gpu in large if gpu.id not in busy), key=lambda gpu: (gpu.memory_bytes, gpu.id))
        return tuple(free[: needs.gpus]) if len(free) >= needs.gpus else None


def needs_document(needs: Needs) -> dict[str, int]:
    """Return the needs as plain JSON, without what is not needed."""
    return {name: value for name, value in asdict(needs).items() if value}


def read_needs(document: Mapping[str, Any]) -> Needs:
    """Return the needs that `needs_document` wrote."""
    return Needs(**document)


def waits_for(
    needs: Needs, queue: str, hosts: Sequence[Host], busy: Mapping[str, str | None] | None = None
) -> str | None:
    """Return why a stage waits, such as "needs 2x80 GB; gpu-1 has 1x48 GB"; None where a host can take it.

    Args:
        needs: What the stage needs.
        queue: Where its job waits.
        hosts: The live workers that take new stages.
        busy: The GPUs that stages occupy, with the run where the reader may know it; None stands for none.
    """
    busy = busy or {}
    serving = [host for host in hosts if queue in host.queues]
    fitting = [host for host in serving if host.fits(needs)]
    if any(host.pick(needs, busy) is not None for host in fitting):
        return None
    if needs.on and needs.on not in {host.name for host in serving}:
        return (
            f"its files are on {needs.on}, which is away; start its worker again, "
            "or set CAIRN_ARTIFACTS to one place for all workers before the next run"
        )
    if not serving:
        return f"no worker serves the queue {queue}; start one: cairn worker --queues {queue}"
    if fitting:
        return _waits_for_gpus(needs, fitting, busy)
    within = [host for host in serving if needs.on in {"", host.name}]
    have = ", ".join(f"{host.name} has {_has(host, needs)}" for host in within)
    return f"needs {_wanted(needs)}; {have}"


def _waits_for_gpus(needs: Needs, fitting: Sequence[Host], busy: Mapping[str, str | None]) -> str:
    where = _joined([host.name for host in fitting], "or")
    held = sorted({busy[gpu.id] or "" for host in fitting for gpu in host.gpus if gpu.id in busy})
    runs = [f"run {run_id}" for run_id in held if run_id]
    what = "a GPU" if needs.gpus == 1 else f"{needs.gpus} GPUs"
    return f"waits for {what} of {where}, busy with {_joined([*runs, *(['other work'] if '' in held else [])], 'and')}"


def _joined(words: Sequence[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _wanted(needs: Needs) -> str:
    parts = []
    if needs.gpus:
        of_memory = f"x{size_text(needs.gpu_memory_bytes)}" if needs.gpu_memory_bytes else " GPU"
        parts.append(f"{needs.gpus}{of_memory}")
    if needs.memory_bytes:
        parts.append(f"{size_text(needs.memory_bytes)} of memory")
    if needs.disk_bytes:
        parts.append(f"{size_text(needs.disk_bytes)} of free disk")
    return ", ".join(parts)


def _has(host: Host, needs: Needs) -> str:
    parts = []
    if needs.gpus:
        parts.append(gpus_text(host.gpus))
    if needs.memory_bytes:
        parts.append(f"{size_text(host.memory_bytes)} of memory")
    if needs.disk_bytes:
        parts.append(f"{size_text(host.disk_bytes)} of free disk")
    return ", ".join(parts)


def gpus_text(gpus: Sequence[Gpu]) -> str:
    """Return GPUs by size, such as "2x80 GB and 1x48 GB"; "no GPU" where there is none."""
    sizes = sorted({gpu.memory_bytes for gpu in gpus}, reverse=True)
    return _joined([f"{sum(gpu.memory_bytes == size for gpu in gpus)}x{size_text(size)}" for size in sizes], "and") or (
        "no GPU"
    )


def size_text(size: int) -> str:
    """Return a size as hosts are spoken of: "80 GB" for 80 GiB and for 80 times 10^9, "79.6 GB" for a little less."""
    if size and size % 10**9 == 0:
        return f"{size // 10**9} GB"
    value = size / GIB
    whole = round(value)
    return f"{whole} GB" if whole and abs(value - whole) < 0.05 else f"{value:.1f} GB"
