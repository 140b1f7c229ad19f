"""Measurements: made from what people and runs bring, and as the cost core takes them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from agents.costs.calibration_records import Calibrations, ServingRecord, TrainingRecord
from agents.costs.calibrations import (
    DEFAULT_GPU,
    DEFAULT_PRECISION,
    FITS,
    Precision,
    calibration_for,
    replica_gpus,
)
from agents.costs.prices.book import GpuPrice, PriceBook
from agents.costs.serving import Calibration
from agents.costs.students import Student, find_student, student_named
from agents.costs.throughput_fit import check_possible, fit_throughput
from agents.costs.training import FLOPS_PER_TOKEN_AND_WEIGHT, Method, default_slowdown
from agents.costs.vllm_bench import BenchRun
from agents.errors import UserError
from agents.store.measurements import Measured, MeasurementRow

MOST_RUNS: Final = 50
# Peak in fp8 against bf16, where a GPU has it.
_FP8_SPEED = 2
# Shares of a GPU's peak that no training falls below or rises above unless something was mistyped.
_LEAST_MFU, _MOST_MFU = 0.01, 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a throughput of serving was measured with; what is None is as it usually is for the student."""

    student: str
    precision: Precision | None = None
    gpu: str | None = None
    gpus: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A speed of training, tokens/s over all GPUs, and what it was measured with."""

    student: str
    method: Method
    gpu: str
    gpus: int
    tokens_per_second: Decimal


def calibrations_of(rows: Iterable[MeasurementRow]) -> Calibrations:
    """Return the records of measurements, in their order."""
    kept = tuple(rows)
    return Calibrations(
        serving=tuple(_serving(row) for row in kept if row.kind == "serving"),
        training=tuple(_training(row) for row in kept if row.kind == "training"),
    )


def serving_measured(
    runs: Sequence[BenchRun], served: Served, book: PriceBook, *, by: str = "your `vllm bench serve`"
) -> tuple[Measured, Calibration | None]:
    """Return what runs say of a student, and what the book said of it before; None where it said nothing.

    Args:
        runs: One at least.
        served: What they were made with.
        book: The team's prices.
        by: What made them, for people.

    Raises:
        UserError: They cannot be of what they are said to be.
    """
    if not 1 <= len(runs) <= MOST_RUNS:
        raise UserError(f"{len(runs)} runs were given; give 1 to {MOST_RUNS}.")
    student = student_named(served.student)
    precision = served.precision or DEFAULT_PRECISION[student.name]
    gpu = book.gpu(served.gpu or DEFAULT_GPU[student.name])
    prior = _prior(student, precision, gpu, book)
    gpus = prior.gpus if served.gpus is None else served.gpus
    _check_models(runs, student)
    day = _day(runs, book.as_of)
    check_possible(runs, gpus, student.parameters, gpu.flops * (_FP8_SPEED if precision == "fp8" else 1))
    found = fit_throughput(runs, gpus, prior)
    failed = sum(run.failed for run in runs)
    counted = f"{sum(run.completed for run in runs):,} requests" + (f", {failed:,} failed" if failed else "")
    return Measured(
        kind="serving",
        student=student.name,
        variant=precision,
        gpu=gpu.name,
        gpus=gpus,
        fit={"prefill": found.prefill, "decode": found.decode, "context": found.context},
        points=tuple(run.document() for run in runs),
        source=f"{by} of {day.isoformat()} ({counted}): {found.how}",
        measured_on=day,
    ), _known(student, precision, gpu, book)


def training_measured(trained: Trained, book: PriceBook) -> Measured:
    """Return what a speed of training says of a GPU.

    Raises:
        UserError: It cannot be, or names what is not known.
    """
    student, gpu = student_named(trained.student), book.gpu(trained.gpu)
    if not 1 <= trained.gpus <= 1024:
        raise UserError(f"Training on {trained.gpus} GPUs cannot be: give 1 to 1,024.")
    speed = float(trained.tokens_per_second)
    if not 0 < speed < 1e12:
        raise UserError(f"{trained.tokens_per_second} tokens a second cannot be: give the speed over all GPUs.")
    operations = FLOPS_PER_TOKEN_AND_WEIGHT[trained.method] * student.parameters * default_slowdown(trained.method)
    mfu = speed * operations / (gpu.flops * trained.gpus)
    if not _LEAST_MFU <= mfu <= _MOST_MFU:
        least, most = (share * gpu.flops * trained.gpus / operations for share in (_LEAST_MFU, _MOST_MFU))
        raise UserError(
            f"{speed:,.0f} tokens a second on {trained.gpus} x {gpu.name} would be {mfu:.2%} of their peak; training "
            f"of {student.name} reaches {least:,.0f} to {most:,.0f} there. Give the tokens a second of all GPUs "
            "together, and check their number."
        )
    return Measured(
        kind="training",
        student=student.name,
        variant=trained.method,
        gpu=gpu.name,
        gpus=trained.gpus,
        fit={"mfu": mfu, "tokens_per_second": speed},
        points=({"tokens_per_second": speed, "gpus": trained.gpus},),
        source=f"your measurement: {speed:,.0f} tokens/s on {trained.gpus} x {gpu.name}",
        measured_on=book.as_of,
    )


def what_of(measured: Measured) -> str:
    """Return what was measured, such as "serving llama-3.1-8b in bf16 on 1 x H100-80"."""
    how = "serving {} in {}" if measured.kind == "serving" else "training {} by {}"
    return f"{how.format(measured.student, measured.variant)} on {measured.gpus} x {measured.gpu}"


def _serving(row: MeasurementRow) -> ServingRecord:
    fit = row.fit
    calibration = Calibration(
        prefill=float(fit["prefill"]),
        decode=float(fit["decode"]),
        context=float(fit["context"]),
        gpus=row.gpus,
        source=row.source,
        kind="measured",
        as_of=row.measured_on,
    )
    return ServingRecord(row.student, row.variant, row.gpu, calibration)


def _training(row: MeasurementRow) -> TrainingRecord:
    return TrainingRecord(
        student=row.student,
        method=row.variant,  # type: ignore[arg-type]  # checked before it was kept
        gpu=row.gpu,
        gpus=row.gpus,
        mfu=float(row.fit["mfu"]),
        tokens_per_second=float(row.fit["tokens_per_second"]),
        source=row.source,
        as_of=row.measured_on,
        kind="measured",
    )


def _prior(student: Student, precision: Precision, gpu: GpuPrice, book: PriceBook) -> Calibration:
    """Return the shipped throughput that a measurement scales; a precision without one borrows that of another."""
    shipped = replace(book, calibrations=Calibrations())
    if (student.name, precision) in FITS:
        return calibration_for(student, precision, gpu, shipped)
    borrowed = calibration_for(student, DEFAULT_PRECISION[student.name], gpu, shipped)
    return replace(borrowed, gpus=replica_gpus(student, precision, gpu))


def _known(student: Student, precision: Precision, gpu: GpuPrice, book: PriceBook) -> Calibration | None:
    try:
        return calibration_for(student, precision, gpu, book)
    except UserError:
        return None


def _check_models(runs: Sequence[BenchRun], student: Student) -> None:
    for run in runs:
        meant = find_student(run.model.rpartition("/")[2]) if run.model else None
        if meant is not None and meant.name != student.name:
            raise UserError(f"{run.name} was measured with {run.model}, which is {meant.name} and not {student.name}.")
    models = {run.model for run in runs if run.model}
    if len(models) > 1:
        raise UserError(
            f"The runs are of several models: {', '.join(sorted(models))}. Load each model's by themselves."
        )


def _day(runs: Sequence[BenchRun], today: dt.date) -> dt.date:
    days = [run.made_on for run in runs if run.made_on is not None]
    for day in days:
        if day > today + dt.timedelta(days=1):
            raise UserError(f"A run is dated {day.isoformat()}, which is still to come; correct its date.")
    return min(max(days, default=today), today)
