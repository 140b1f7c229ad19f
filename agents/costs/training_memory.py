"""GPU memory of a training run, how many GPUs it needs, and whether it fits those at hand.

Bytes are bytes: GB is 1e9 and GiB is 2**30. Sequences are trained with activation checkpointing; without
it the activations would be several times larger and are not covered.
"""

from dataclasses import dataclass

from agents.costs.students import Student
from agents.costs.training import Method

# Adam in mixed precision: bf16 weight and gradient, fp32 master weight and two moments.
TRAINED_WEIGHT_BYTES = 16
FROZEN_WEIGHT_BYTES = 2
# NF4 with double quantisation of its scales.
QLORA_LINEAR_BITS = 4.127
# CUDA context, kernels and fragmentation.
RUNTIME_BYTES = 1.5e9
# Beyond this share a run dies of fragmentation sooner or later.
FILL_LIMIT = 0.95
GPU_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What decides a run's memory besides the model."""

    rank: int = 16
    micro_batch: int = 1
    sequence: int = 2048
    limit: float = FILL_LIMIT


def state_bytes(student: Student, method: Method, rank: int) -> float:
    """Return weights, gradients and optimiser state, before they are shared between GPUs."""
    if method == "full":
        return float(TRAINED_WEIGHT_BYTES * student.parameters)
    adapter = TRAINED_WEIGHT_BYTES * student.lora_parameters(rank)
    if method == "lora":
        return float(FROZEN_WEIGHT_BYTES * student.parameters + adapter)
    quantised = QLORA_LINEAR_BITS / 8 * student.linear_parameters
    return quantised + FROZEN_WEIGHT_BYTES * student.embedding_parameters + adapter


def activation_bytes(student: Student, micro_batch: int, sequence: int) -> float:
    """Return what checkpointed activations and the logits occupy on each GPU."""
    per_token = 2 * student.layers * student.hidden + 34 * student.hidden + student.vocabulary * 10
    return float(micro_batch * sequence * per_token)


def per_gpu_bytes(student: Student, method: Method, settings: TrainingSettings, gpus: int = 1) -> float:
    """Return the memory that each of `gpus` needs when the states are sharded evenly."""
    states = state_bytes(student, method, settings.rank) / gpus
    activations = activation_bytes(student, settings.micro_batch, settings.sequence)
    # A sharded run gathers one layer at a time, and the next while the current one computes.
    gathered = 4 * student.linear_parameters / student.layers if gpus > 1 else 0.0
    return states + activations + gathered + RUNTIME_BYTES


def training_fits(student: Student, method: Method, settings: TrainingSettings, *, gpu_bytes: float, gpus: int) -> bool:
    """Return whether a run fits, with room to spare, on `gpus` of `gpu_bytes` each."""
    return per_gpu_bytes(student, method, settings, gpus) <= settings.limit * gpu_bytes


def gpus_needed(student: Student, method: Method, settings: TrainingSettings, gpu_bytes: float) -> int | None:
    """Return the smallest usual number of GPUs (1, 2, 4, ...) that a run fits on; None beyond 128."""
    for gpus in GPU_COUNTS:
        if training_fits(student, method, settings, gpu_bytes=gpu_bytes, gpus=gpus):
            return gpus
    return None


def guide_bytes(student: Student, method: Method) -> float:
    """Return the rule of thumb: 8, 1.5 or 0.5 times the bf16 weights."""
    factor = {"full": 8.0, "lora": 1.5, "qlora": 0.5}[method]
    return factor * student.weight_bytes(FROZEN_WEIGHT_BYTES)
