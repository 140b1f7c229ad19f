"""GPUs that a person declares rather than a driver, and what a process is told of the GPUs that it may use."""

import re
from collections.abc import Sequence

from agents.runs.needs import GIB, Gpu

_GROUP = re.compile(r"(?P<count>\d{1,3})\s*[x×]\s*(?P<gib>\d{1,5}(?:\.\d+)?)")  # noqa: RUF001  # people write it
_MOST = 64


def declared_sizes(text: str) -> tuple[int, ...]:
    """Return the memory of each GPU that `text` declares, such as "2x80" or "1x48, 2x80"; none for "none".

    Raises:
        ValueError: It declares nothing that there could be.
    """
    if text.strip().lower() == "none":
        return ()
    sizes: list[int] = []
    for part in text.split(","):
        found = _GROUP.fullmatch(part.strip())
        if found is None or not int(found["count"]) or not float(found["gib"]):
            raise ValueError('write COUNTxGB, as in "2x80" or "1x48,2x80", or "none"')
        sizes += [round(float(found["gib"]) * GIB)] * int(found["count"])
    if len(sizes) > _MOST:
        raise ValueError(f"a host has {_MOST} GPUs at most, not {len(sizes)}")
    return tuple(sizes)


def declared_gpus(host: str, sizes: Sequence[int], visible: Sequence[str] | None) -> tuple[Gpu, ...]:
    """Return GPUs of a host by their sizes.

    Args:
        host: The host's own name: workers on it that declare the same GPUs share them.
        sizes: The memory of each.
        visible: The entries of CUDA_VISIBLE_DEVICES, which name these GPUs to a process; None where it is not set.

    Raises:
        ValueError: As many GPUs as are declared are not visible.
    """
    names = [str(number) for number in range(len(sizes))] if visible is None else list(visible)
    if len(names) < len(sizes):
        raise ValueError(f"{len(sizes)} are declared, but CUDA_VISIBLE_DEVICES shows {len(names)}")
    return tuple(Gpu(f"{host}:{name}", "declared", size) for name, size in zip(names, sizes, strict=False))


def visible_devices(gpu_ids: Sequence[str]) -> str:
    """Return CUDA_VISIBLE_DEVICES for a process that is to see exactly these GPUs."""
    return ",".join(gpu_id.rpartition(":")[2] for gpu_id in gpu_ids)
