"""What this host has for stages: GPUs, memory, disk and cores, as far as this process may use them."""

import asyncio
import logging
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agents.errors import UserError
from agents.runs.gpus import declared_gpus, declared_sizes
from agents.runs.needs import Capacity, Gpu

_log = logging.getLogger(__name__)

# The driver of a host with many GPUs takes seconds to answer when nothing keeps it loaded.
_SMI_WITHIN_S = 30.0
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class LocalHost:
    """Looks at the host that this process runs on.

    Attributes:
        data_dir: Where the worker keeps its files; need not exist yet.
        declared_gpus: CAIRN_GPUS, which replaces a look for GPUs; None where it is not set.
        root: Where /proc and /sys are found.
    """

    data_dir: Path
    declared_gpus: str | None = None
    root: Path = Path("/")

    async def capacity(self) -> Capacity:
        """Return what there is now.

        Raises:
            UserError: CAIRN_GPUS declares what cannot be.
        """
        return Capacity(
            gpus=await self._gpus(),
            memory_bytes=self._memory_bytes(),
            disk_bytes=await asyncio.to_thread(self.free_disk_bytes),
            cores=_cores(),
        )

    def free_disk_bytes(self) -> int:
        """Return the bytes that are free for this user where the worker keeps its files; 0 where nobody can say."""
        for folder in (self.data_dir, *self.data_dir.absolute().parents):
            with suppress(OSError):
                return shutil.disk_usage(folder).free
        return 0

    async def _gpus(self) -> tuple[Gpu, ...]:
        visible = _visible()
        if self.declared_gpus is None:
            return chosen(await _probed(), visible)
        try:
            return declared_gpus(socket.gethostname(), declared_sizes(self.declared_gpus), visible)
        except ValueError as cause:
            raise UserError(f"CAIRN_GPUS={self.declared_gpus!r} cannot be used: {cause}.") from cause

    def _memory_bytes(self) -> int:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return min([physical, *self._memory_limits()])

    def _memory_limits(self) -> Iterator[int]:
        """Yield the limits of the control groups that this process is in, of either version, up to the topmost."""
        try:
            lines = (self.root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                mount, name = self.root / "sys/fs/cgroup", "memory.max"
            elif "memory" in controllers.split(","):
                mount, name = self.root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
            else:
                continue
            own = Path(path.lstrip("/"))
            for group in (own, *own.parents):
                limit = _number(mount / group / name)
                if limit is not None:
                    yield limit


def chosen(found: tuple[Gpu, ...], visible: tuple[str, ...] | None) -> tuple[Gpu, ...]:
    """Return the GPUs that CUDA_VISIBLE_DEVICES leaves of those found, which stand in the order of their bus.

    As for CUDA itself, entries are numbers or the beginnings of ids, and what follows one that names no GPU is not
    seen. Numbers are nvidia-smi's, which are CUDA's where CUDA_DEVICE_ORDER is PCI_BUS_ID; stages are given ids.
    """
    if visible is None:
        return found
    seen: list[Gpu] = []
    for entry in visible:
        if entry.isdecimal():
            named = [found[int(entry)]] if int(entry) < len(found) else []
        else:
            named = [gpu for gpu in found if entry and gpu.id.startswith(entry)]
        if len(named) != 1 or named[0] in seen:
            if entry.startswith("MIG-"):
                _log.warning("slices of GPUs, such as %s, are not looked up: declare them in CAIRN_GPUS", entry)
            break
        seen += named
    return tuple(seen)


def parsed(output: str) -> tuple[Gpu, ...]:
    """Return the GPUs of nvidia-smi's answer, each line "uuid, name, MiB"; one of unknown memory is left out."""
    gpus = []
    for line in output.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) < 3:
            continue
        name = ", ".join(parts[1:-1])
        if parts[-1].isdecimal():
            gpus.append(Gpu(parts[0], name, int(parts[-1]) * _MIB))
        else:
            _log.warning("%s says no memory of its own (%s): declare it in CAIRN_GPUS", name, parts[-1])
    return tuple(gpus)


async def _probed() -> tuple[Gpu, ...]:
    command = ("nvidia-smi", "--query-gpu=uuid,name,memory.total", "--format=csv,noheader,nounits")
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError:
        return ()
    try:
        async with asyncio.timeout(_SMI_WITHIN_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        _log.warning("nvidia-smi did not answer within %.0f s: this worker has no GPU", _SMI_WITHIN_S)
        return ()
    text = output.decode(errors="replace")
    if process.returncode != 0:
        _log.warning("nvidia-smi failed, so this worker has no GPU: %s", text.strip()[:500])
        return ()
    return parsed(text)


def _number(file: Path) -> int | None:
    # A container sees its own group at the top of the mount, so most of the way may be missing; "max" is no limit.
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="ascii"))
    return None


def _visible() -> tuple[str, ...] | None:
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return None if given is None else tuple(part.strip() for part in given.split(",") if part.strip())


def _cores() -> int:
    # macOS cannot say which cores a process may run on.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
