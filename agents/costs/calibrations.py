"""How fast students are served and trained: a team's own measurement, else a fit or a share that is shipped."""

import datetime as dt
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from agents.costs.calibration_records import Calibrations, ServingRecord
from agents.costs.figures import Kind
from agents.costs.prices.book import GpuPrice, PriceBook
from agents.costs.serving import Calibration
from agents.costs.serving_memory import kv_cache_tokens
from agents.costs.students import LLAMA_8B, LLAMA_70B, Student
from agents.costs.training import Method, default_mfu
from agents.costs.training_memory import GPU_COUNTS
from agents.errors import UserError

Precision = Literal["bf16", "fp8"]
BYTES_PER_WEIGHT = MappingProxyType({"bf16": 2, "fp8": 1})
DEFAULT_PRECISION: MappingProxyType[str, Precision] = MappingProxyType({LLAMA_8B.name: "bf16", LLAMA_70B.name: "fp8"})
DEFAULT_GPU = MappingProxyType({LLAMA_8B.name: "H100-80", LLAMA_70B.name: "H200-141"})
# Fewer tokens of context than this at once and requests wait for each other instead of sharing a batch.
LEAST_KV_TOKENS = 20_000
# The day on which the fits and shares below were settled.
SHIPPED_ON = dt.date(2026, 11, 23)


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration with the hardware it was made on (dense bf16 FLOP/s, bytes/s)."""

    gpu: str
    flops: float
    bandwidth: float
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class TrainingEfficiency:
    """Share of a GPU's peak that training reaches, 0 to 1, and where that is from."""

    mfu: float
    source: str
    as_of: dt.date
    kind: Kind


def _shipped(prefill: float, decode: float, context: float, gpus: int) -> Calibration:
    source = "throughput fit shipped with Cairn, replaced by your own measurement after a deployment"
    return Calibration(prefill, decode, context, gpus, source, "assumed", SHIPPED_ON)


_H100 = ("H100-80", 989e12, 3.35e12)
_H200 = ("H200-141", 989e12, 4.8e12)

FITS = MappingProxyType(
    {
        (LLAMA_8B.name, "bf16"): Fit(*_H100, _shipped(28_332, 176_036, 1.12e-7, 1)),
        (LLAMA_8B.name, "fp8"): Fit(*_H100, _shipped(45_478, 56_807, 8.07e-8, 1)),
        (LLAMA_70B.name, "fp8"): Fit(*_H200, _shipped(6_129, 9_000, 7.15e-8, 2)),
    }
)


def calibration_for(
    student: Student, precision: Precision, gpu: GpuPrice, book: PriceBook | None = None
) -> Calibration:
    """Return how fast the student is served: measured in the book, else fitted, else scaled from another GPU.

    Raises:
        UserError: Nothing is known of the student in this precision, or it does not fit on 128 such GPUs.
    """
    records = _records(student, precision, book)
    measured = next((record.calibration for record in records if record.gpu == gpu.name), None)
    if measured is not None:
        return measured
    fit = FITS.get((student.name, precision))
    if fit is not None and fit.gpu == gpu.name:
        return fit.calibration
    fit = _elsewhere(records, book) or fit
    if fit is None:
        known = ", ".join(kind for name, kind in FITS if name == student.name)
        raise UserError(
            f"No throughput is known for {student.name} in {precision}. Use {known}, load a measurement with "
            "`cairn measure load`, or give your own under calibration: {Rp: .., Rd: .., c: .., n_gpu: ..}."
        )
    return _scaled(fit, student, precision, gpu)


def training_efficiency(student: Student, method: Method, gpu_name: str, known: Calibrations) -> TrainingEfficiency:
    """Return the share of the peak: measured with this student, else with another on the same GPU, else assumed."""
    fitting = [record for record in known.training if record.gpu == gpu_name and record.method == method]
    own = next((record for record in fitting if record.student == student.name), None)
    if own is not None:
        return TrainingEfficiency(own.mfu, own.source, own.as_of, own.kind)
    if fitting:
        other = fitting[0]
        source = f"measured with {other.student}: {other.source}"
        return TrainingEfficiency(other.mfu, source, other.as_of, "assumed")
    mfu = default_mfu(gpu_name)
    source = "reproduces torchtune's published 70B throughput" if gpu_name.upper().startswith("A100") else "default"
    return TrainingEfficiency(mfu, source, SHIPPED_ON, "assumed")


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


def _records(student: Student, precision: Precision, book: PriceBook | None) -> tuple[ServingRecord, ...]:
    if book is None:
        return ()
    wanted = (student.name, precision)
    return tuple(each for each in book.calibrations.serving if (each.student, each.precision) == wanted)


def _elsewhere(records: tuple[ServingRecord, ...], book: PriceBook | None) -> Fit | None:
    """Return the newest measurement on a GPU whose size is known; it says more than a fit that is shipped."""
    gpus = book.gpus if book is not None else {}
    for record in records:
        if record.gpu in gpus:
            gpu = gpus[record.gpu]
            return Fit(gpu.name, gpu.flops, gpu.bandwidth, record.calibration)
    return None


def _scaled(fit: Fit, student: Student, precision: Precision, gpu: GpuPrice) -> Calibration:
    compute, memory = gpu.flops / fit.flops, gpu.bandwidth / fit.bandwidth
    what = "your measurement on" if fit.calibration.kind == "measured" else "fit for"
    return replace(
        fit.calibration,
        prefill=fit.calibration.prefill * compute,
        decode=fit.calibration.decode * memory,
        context=fit.calibration.context / memory,
        gpus=replica_gpus(student, precision, gpu),
        source=f"{what} {fit.gpu} scaled to {gpu.name} by its FLOP/s and bandwidth",
        kind="assumed",
    )
