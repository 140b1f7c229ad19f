"""Measurements as the cost core takes them."""

from collections.abc import Iterable

from agents.costs.calibration_records import Calibrations, ServingRecord, TrainingRecord
from agents.costs.serving import Calibration
from agents.store.measurements import MeasurementRow


def calibrations_of(rows: Iterable[MeasurementRow]) -> Calibrations:
    """Return the records of measurements, in their order."""
    kept = tuple(rows)
    return Calibrations(
        serving=tuple(_serving(row) for row in kept if row.kind == "serving"),
        training=tuple(_training(row) for row in kept if row.kind == "training"),
    )


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
