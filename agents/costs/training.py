"""How long a training run takes and what its GPU hours cost. Memory is in training_memory.py."""

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from agents.costs.figures import Band, exact
from agents.costs.students import Student

Method = Literal["lora", "qlora", "full"]

# Forward, backward and recomputation of frozen weights cost 4 operations per weight and token; training
# the weights themselves costs 6.
FLOPS_PER_TOKEN_AND_WEIGHT = MappingProxyType({"lora": 4, "qlora": 4, "full": 6})
# Dequantising the weights on the way; assumed, reports lie between 1.1 and 1.5.
QLORA_SLOWDOWN = 1.25
# 0.40 on A100 reproduces torchtune's published 70B LoRA throughput on eight of them.
A100_MFU = 0.40
ASSUMED_MFU = 0.35


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One run: its length on the clock, the GPU hours it is billed for, and its speed."""

    wall_h: float
    gpu_h: float
    tokens_per_second: float

    def usd(self, usd_per_gpu_hour: Band) -> Band:
        """Return the price of the GPU hours."""
        return usd_per_gpu_hour.times(exact(self.gpu_h))


def default_slowdown(method: Method) -> float:
    """Return how much longer a method takes than its arithmetic says."""
    return QLORA_SLOWDOWN if method == "qlora" else 1.0


def default_mfu(gpu_name: str) -> float:
    """Return the share of a GPU's peak that training reaches."""
    return A100_MFU if gpu_name.upper().startswith("A100") else ASSUMED_MFU


def training_run(
    *, student: Student, flops_per_weight: float, flops: float, gpus: int, tokens: float, mfu: float, slowdown: float
) -> TrainingRun:
    """Return time and speed of one run.

    Args:
        student: The model that is trained.
        flops_per_weight: Operations per weight and trained token, 4 for LoRA and 6 for all weights.
        flops: Peak of one GPU, dense bf16 FLOP/s.
        gpus: GPUs that share the work.
        tokens: Tokens trained on, over all epochs.
        mfu: Share of the peak that is reached, above 0 and up to 1.
        slowdown: 1 for none.
    """
    per_second = flops * mfu * gpus / (flops_per_weight * student.parameters * slowdown)
    wall_h = tokens / per_second / 3600
    return TrainingRun(wall_h=wall_h, gpu_h=wall_h * gpus, tokens_per_second=per_second)


def runs_usd(run: TrainingRun, usd_per_gpu_hour: Band, runs: int) -> Band:
    """Return the price of repeating a run, as a search for settings does."""
    return run.usd(usd_per_gpu_hour).times(Decimal(runs))
