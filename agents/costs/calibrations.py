"""Throughput fits for students on GPUs, until a deployment's own measurement replaces them."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from agents.costs.prices import GpuPrice
from agents.costs.serving import Calibration
from agents.costs.serving_memory import kv_cache_tokens
from agents.costs.students import LLAMA_8B, LLAMA_70B, Student
from agents.costs.training_memory import GPU_COUNTS
from agents.errors import UserError

Precision = Literal["bf16", "fp8"]
BYTES_PER_WEIGHT = MappingProxyType({"bf16": 2, "fp8": 1})
DEFAULT_PRECISION: MappingProxyType[str, Precision] = MappingProxyType({LLAMA_8B.name: "bf16", LLAMA_70B.name: "fp8"})
DEFAULT_GPU = MappingProxyType({LLAMA_8B.name: "H100-80", LLAMA_70B.name: "H200-141"})
# Fewer tokens of context than this at once and requests wait for each other instead of sharing a batch.
LEAST_KV_TOKENS = 20_000


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration with the hardware it was made on (dense bf16 FLOP/s, bytes/s)."""

    gpu: str
    flops: float
    bandwidth: float
    calibration: Calibration


_H100 = ("H100-80", 989e12, 3.35e12)
_H200 = ("H200-141", 989e12, 4.8e12)
_SOURCE = "throughput fit shipped with Cairn, replaced by your own measurement after a deployment"

FITS = MappingProxyType(
    {
        (LLAMA_8B.name, "bf16"): Fit(*_H100, Calibration(28_332, 176_036, 1.12e-7, 1, _SOURCE, "assumed")),
        (LLAMA_8B.name, "fp8"): Fit(*_H100, Calibration(45_478, 56_807, 8.07e-8, 1, _SOURCE, "assumed")),
        (LLAMA_70B.name, "fp8"): Fit(*_H200, Calibration(6_129, 9_000, 7.15e-8, 2, _SOURCE, "assumed")),
    }
)


def calibration_for(student: Student, precision: Precision, gpu: GpuPrice) -> Calibration:
    """Return the fit for a GPU; for one without a fit, the nearest scaled by FLOP/s and bandwidth.

    Raises:
        UserError: The student is not fitted in this precision, or does not fit on 128 such GPUs.
    """
    fit = FITS.get((student.name, precision))
    if fit is None:
        known = ", ".join(kind for name, kind in FITS if name == student.name)
        raise UserError(
            f"No throughput is known for {student.name} in {precision}. Use {known}, or give your own "
            "under calibration: {Rp: .., Rd: .., c: .., n_gpu: ..}."
        )
    if fit.gpu == gpu.name:
        return fit.calibration
    compute, memory = gpu.flops / fit.flops, gpu.bandwidth / fit.bandwidth
    return replace(
        fit.calibration,
        prefill=fit.calibration.prefill * compute,
        decode=fit.calibration.decode * memory,
        context=fit.calibration.context / memory,
        gpus=replica_gpus(student, precision, gpu),
        source=f"fit for {fit.gpu} scaled to {gpu.name} by its FLOP/s and bandwidth",
    )


def replica_gpus(student: Student, precision: Precision, gpu: GpuPrice) -> int:
    """Return the smallest usual number of GPUs that hold the weights and a working key-value cache.

    Raises:
        UserError: Not even 128 of them do.
    """
    for gpus in GPU_COUNTS:
        room = kv_cache_tokens(
            student, bytes_per_weight=BYTES_PER_WEIGHT[precision], gpu_bytes=gpu.memory_bytes, gpus=gpus
        )
        if room >= LEAST_KV_TOKENS:
            return gpus
    raise UserError(f"{student.name} in {precision} does not fit on {GPU_COUNTS[-1]} x {gpu.name}.")
