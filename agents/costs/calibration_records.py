"""Throughput as it was measured: on which hardware, when, and by what."""

import datetime as dt
from dataclasses import dataclass

from agents.costs.figures import Kind
from agents.costs.serving import Calibration
from agents.costs.training import Method


@dataclass(frozen=True, slots=True)
class ServingRecord:
    """How fast a student is served in one precision on one kind of GPU; how many of them is in the calibration."""

    student: str
    precision: str
    gpu: str
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """How much of a GPU's peak the training of a student reaches, 0 to 1, and the speed that this is, tokens/s."""

    student: str
    method: Method
    gpu: str
    gpus: int
    mfu: float
    tokens_per_second: float
    source: str
    as_of: dt.date
    kind: Kind


@dataclass(frozen=True, slots=True)
class Calibrations:
    """What was measured, newest first."""

    serving: tuple[ServingRecord, ...] = ()
    training: tuple[TrainingRecord, ...] = ()
