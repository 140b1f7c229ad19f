"""What a measurement changes: the figures of its student and GPU, those scaled from it, and nothing else."""

import datetime as dt
from dataclasses import replace

import pytest

from agents.adapters.prices import price_book
from agents.costs.calibration_records import Calibrations, ServingRecord, TrainingRecord
from agents.costs.calibrations import FITS, calibration_for, training_efficiency
from agents.costs.compare import compare
from agents.costs.documents import read_inputs
from agents.costs.report import to_json
from agents.costs.serving import Calibration
from agents.costs.students import LLAMA_8B, LLAMA_70B
from agents.costs.training import Method
from agents.errors import UserError

TODAY = dt.date(2026, 11, 23)
BOOK = price_book(TODAY)
MEASURED = Calibration(10_000, 50_000, 3e-7, 1, "a bench", "measured", dt.date(2026, 11, 20))
INPUTS = read_inputs({"requests_per_day": 1_000_000, "tokens_in": 1_000, "tokens_out": 200})


def measured(*serving: ServingRecord, training: tuple[TrainingRecord, ...] = ()) -> Calibrations:
    return Calibrations(serving=serving, training=training)


def trained(student: str = "llama-3.1-8b", method: Method = "lora", mfu: float = 0.5) -> TrainingRecord:
    return TrainingRecord(student, method, "A100-80", 8, mfu, 1_000, "a run", TODAY, "measured")


ON_H100 = ServingRecord("llama-3.1-8b", "bf16", "H100-80", MEASURED)
WITH = replace(BOOK, calibrations=measured(ON_H100))


def test_a_measurement_replaces_the_fit_of_its_student_precision_and_gpu_alone() -> None:
    assert calibration_for(LLAMA_8B, "bf16", BOOK.gpu("H100-80"), WITH) == MEASURED
    assert calibration_for(LLAMA_8B, "fp8", BOOK.gpu("H100-80"), WITH) == FITS["llama-3.1-8b", "fp8"].calibration
    assert calibration_for(LLAMA_70B, "fp8", BOOK.gpu("H200-141"), WITH) == FITS["llama-3.1-70b", "fp8"].calibration


def test_on_another_gpu_it_is_scaled_and_no_longer_called_measured() -> None:
    found = calibration_for(LLAMA_8B, "bf16", BOOK.gpu("A100-80"), WITH)
    assert found.prefill == pytest.approx(10_000 * 312 / 989)
    assert found.kind == "assumed"
    assert found.source == "your measurement on H100-80 scaled to A100-80 by its FLOP/s and bandwidth"


def test_a_precision_without_a_fit_is_known_once_it_was_measured() -> None:
    gpu = BOOK.gpu("H200-141")
    with pytest.raises(UserError, match="cairn measure load"):
        calibration_for(LLAMA_70B, "bf16", gpu, BOOK)
    record = ServingRecord("llama-3.1-70b", "bf16", "H200-141", MEASURED)
    assert calibration_for(LLAMA_70B, "bf16", gpu, replace(BOOK, calibrations=measured(record))) == MEASURED


def test_of_two_measurements_the_first_holds() -> None:
    older = replace(ON_H100, calibration=replace(MEASURED, prefill=1.0))
    book = replace(BOOK, calibrations=measured(ON_H100, older))
    assert calibration_for(LLAMA_8B, "bf16", BOOK.gpu("H100-80"), book) == MEASURED


def test_a_speed_of_training_holds_for_its_student_and_is_a_guide_for_another() -> None:
    known = measured(training=(trained(),))
    own = training_efficiency(LLAMA_8B, "lora", "A100-80", known)
    assert (own.mfu, own.kind, own.source) == (0.5, "measured", "a run")
    other = training_efficiency(LLAMA_70B, "lora", "A100-80", known)
    assert (other.mfu, other.kind, other.source) == (0.5, "assumed", "measured with llama-3.1-8b: a run")
    assert training_efficiency(LLAMA_8B, "full", "A100-80", known).mfu == 0.4
    assert training_efficiency(LLAMA_8B, "lora", "H100-80", known).mfu == 0.35


def test_a_comparison_is_priced_by_the_measurement_and_says_so() -> None:
    before, after = (to_json(compare(INPUTS, book)) for book in (BOOK, WITH))
    assert before["calibrations"]["serving"]["kind"] == "assumed"
    serving = after["calibrations"]["serving"]
    assert (serving["kind"], serving["as_of"], serving["source"]) == ("measured", "2026-11-20", "a bench")
    assert (serving["student"], serving["precision"], serving["gpu"], serving["gpus"]) == (
        "llama-3.1-8b", "bf16", "H100-80", 1,
    )  # fmt: skip

    def replicas(document: dict[str, object]) -> object:
        rows = document["approaches"]
        assert isinstance(rows, list)
        return next(row["replicas"] for row in rows if row["kind"] == "distil")

    assert replicas(before) != replicas(after)


def test_training_is_priced_by_a_measured_speed() -> None:
    book = replace(BOOK, calibrations=measured(training=(trained(mfu=0.2),)))
    found = to_json(compare(INPUTS, book))["calibrations"]["training"]
    assert (found["mfu"], found["kind"], found["source"]) == (0.2, "measured", "a run")
