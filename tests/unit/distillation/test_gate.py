"""The gate: who passes, who does not, and what is said; with the statistics that it stands on."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.distillation.gate import Candidate, free_alternative, gate_metric, judged, score_document
from agents.distillation.spec import DistillationSpec
from agents.evaluation.metrics import scores
from agents.evaluation.tasks import Classification
from tests.unit.distillation.specs import make_spec, taught_spec

TASK = Classification(("billing", "shipping"))
GOLDEN = {f"g{at:04d}": "billing" if at % 2 else "shipping" for at in range(400)}


def with_errors(errors: int, name: str = "student") -> Candidate:
    """Return a candidate that is wrong on the first examples."""
    wrong = set(sorted(GOLDEN)[:errors])
    answers: Mapping[str, str] = {
        each: ("shipping" if label == "billing" else "billing") if each in wrong else label
        for each, label in GOLDEN.items()
    }
    return Candidate(name, "student", scores(TASK, GOLDEN, answers))


def with_gate(**gate: float) -> DistillationSpec:
    spec = taught_spec()
    return spec.model_copy(update={"gate": spec.gate.model_copy(update={"minimum": None, **gate})})


def test_a_student_as_good_as_its_teacher_passes() -> None:
    verdict = judged(with_gate(), with_errors(20), with_errors(20, "teacher"))

    assert verdict.passes
    assert verdict.reasons[0].startswith("student is as good as teacher within 2.0%: accuracy 95.0% against 95.0%")


def test_a_student_that_is_clearly_worse_does_not_pass() -> None:
    verdict = judged(with_gate(), with_errors(60), with_errors(20, "teacher"))

    assert not verdict.passes
    assert "worse than teacher by more than 2.0%" in verdict.reasons[0]


def test_a_student_of_whom_too_little_is_known_does_not_pass() -> None:
    verdict = judged(with_gate(), with_errors(28), with_errors(20, "teacher"))

    assert not verdict.passes
    assert "too small to say" in verdict.reasons[0]


def test_a_wider_margin_lets_more_pass() -> None:
    assert judged(with_gate(margin=0.1), with_errors(28), with_errors(20, "teacher")).passes


def test_a_minimum_holds_beside_the_teacher() -> None:
    verdict = judged(with_gate(minimum=0.99), with_errors(20), with_errors(20, "teacher"))

    assert not verdict.passes
    assert "does not surely reach the minimum of 99.0%" in verdict.reasons[1]


def test_without_a_teacher_the_minimum_decides() -> None:
    spec = make_spec(gate={"minimum": 0.9})

    assert judged(spec, with_errors(20), None).passes
    assert not judged(spec, with_errors(60), None).passes


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=15, deadline=None)
def test_whoever_makes_fewer_errors_is_judged_no_worse(few: int, more: int, teacher: int) -> None:
    few, more = sorted((few, more))

    better, worse = (judged(with_gate(), with_errors(each), with_errors(teacher, "t")).passes for each in (few, more))

    assert better or not worse


def test_the_best_free_baseline_that_is_good_enough_is_a_reason_to_stop() -> None:
    baselines = [with_errors(80, "majority"), with_errors(21, "tf-idf"), with_errors(20, "embeddings")]

    found = free_alternative(with_gate(), baselines, with_errors(20, "teacher"))

    assert found is not None
    assert found[0].name == "embeddings"


def test_baselines_that_are_not_good_enough_are_none() -> None:
    assert free_alternative(with_gate(), [with_errors(100, "majority")], with_errors(20, "teacher")) is None


def test_the_main_metric_is_the_gate_s_where_none_is_named() -> None:
    assert gate_metric(make_spec()) == "accuracy"
    assert gate_metric(make_spec(gate={"metric": "macro_f1", "minimum": 0.9})) == "macro_f1"


@pytest.mark.parametrize("errors", [0, 20, 400])
def test_scores_are_written_down_with_what_they_lie_between(errors: int) -> None:
    document = score_document(with_errors(errors))

    accuracy = document["metrics"]["accuracy"]
    assert accuracy["value"] == pytest.approx(1 - errors / 400)
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert (document["examples"], document["invalid"]) == (400, 0)
