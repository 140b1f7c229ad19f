"""Whether a training fits the GPUs at hand, in words that say what would."""

import dataclasses
from collections.abc import Sequence
from types import MappingProxyType

from agents.costs.students import Student
from agents.costs.training import Method
from agents.costs.training_memory import TrainingSettings, gpus_needed, per_gpu_bytes, training_fits
from agents.errors import UserError

LABELS = MappingProxyType({"lora": "LoRA", "qlora": "QLoRA", "full": "full fine-tuning"})
# What most hosts with GPUs for this have; the H200 is sold and reported as 141e9 bytes.
USUAL_GPUS = MappingProxyType({"80 GB": 80 * 2**30, "H200": 141e9})


def micro_batches(batch: int, processes: int, largest: int) -> tuple[int, ...]:
    """Return the micro-batches that a batch may be trained in, the largest first and each at most half of the former.

    Raises:
        UserError: The batch cannot be shared evenly between the processes.
    """
    share, rest = divmod(batch, processes)
    if rest or not share:
        raise UserError(
            f"A batch of {batch} cannot be shared evenly by {processes} GPUs. Give a batch that is a multiple of it."
        )
    sizes = [size for size in range(min(share, largest), 0, -1) if share % size == 0]
    kept = sizes[:1]
    for size in sizes[1:]:
        if size <= kept[-1] // 2 or size == 1:
            kept.append(size)
    return tuple(kept)


def fitting_micro_batch(
    student: Student, method: Method, settings: TrainingSettings, sizes: Sequence[int], *, gpu_bytes: float, gpus: int
) -> int | None:
    """Return the first of the micro-batches, given in falling order, that fits on `gpus`; None where none does."""
    for size in sizes:
        tried = dataclasses.replace(settings, micro_batch=size)
        if training_fits(student, method, tried, gpu_bytes=gpu_bytes, gpus=gpus):
            return size
    return None


def misfit(
    student: Student, method: Method, settings: TrainingSettings, *, gpu_bytes: float, gpus: int, size: str
) -> str:
    """Return why a training does not fit a host and what would, for one whose smallest micro-batch does not.

    Args:
        student: The model.
        method: How it is to be trained.
        settings: With the smallest micro-batch.
        gpu_bytes: Memory of each of the host's GPUs.
        gpus: How many it has.
        size: Of each in words, such as "80 GB".
    """
    needed = per_gpu_bytes(student, method, settings) / 1e9
    smaller = [
        LABELS[other]
        for other in ("lora", "qlora")
        if method != other
        and not (method == "qlora" and other == "lora")
        and training_fits(student, other, settings, gpu_bytes=gpu_bytes, gpus=gpus)
    ]
    larger = [
        f"{count}x{name}"
        for name, usual in USUAL_GPUS.items()
        if (count := gpus_needed(student, method, settings, usual)) is not None and count <= 8
    ]
    ways = [f"{' and '.join(smaller)} fits here"] if len(smaller) == 1 else []
    ways += [f"{' and '.join(smaller)} fit here"] if len(smaller) > 1 else []
    ways += [f"it fits on {' or '.join(larger)}"] if larger else []
    what = (
        f"{LABELS[method][:1].upper()}{LABELS[method][1:]} of {student.name} needs about {needed:,.0f} GB of GPU memory"
    )
    offers = "; ".join(ways) or "no host with 8 GPUs is enough for it"
    return f"{what}; this host has {gpus}x{size}: {offers}. Choose one of these, a smaller base, or a shorter sequence."
