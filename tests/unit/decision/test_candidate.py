"""What the tree wants for the model itself: T2-T4, F1-F5, P1, P2, X4, and the order of the branches."""

import pytest

from agents.decision import (
    Answers,
    Approach,
    Domain,
    Facts,
    Problem,
    PromptTried,
    Residency,
    TaskType,
    decide,
)
from tests.unit.decision.cases import PAID_BACK, cited, distillable, fine_tunable, rules, verdict


def consistency(**changes: object) -> Answers:
    """Return answers about an inconsistent model that a fine-tuning would help."""
    return fine_tunable(
        **({"problem": (Problem.CONSISTENCY,), "quality_gap_pp": 9.0, "teacher_meets_bar": None} | changes)
    )


def test_nothing_known_stays_with_a_prompt_and_asks_for_an_error_analysis() -> None:
    decision = decide(Answers(), Facts())

    assert decision.verdict is Approach.PROMPT
    assert decision.todo == ("error_analysis",)
    assert rules(decision) == {"S0"}


def test_cost_at_scale_leads_to_distillation() -> None:
    decision = decide(distillable(), PAID_BACK)

    assert decision.verdict is Approach.DISTILL
    assert {"T4", "F5", "S2", "D2"} <= rules(decision)
    assert "F1" not in rules(decision)


def test_cheap_classification_is_a_classic_for_a_small_tuned_model() -> None:
    assert "F1" in cited(distillable(task_type=TaskType.CLASSIFICATION))


def test_classification_without_cost_pressure_is_not() -> None:
    assert "F1" not in cited(fine_tunable(task_type=TaskType.CLASSIFICATION))


@pytest.mark.parametrize(("p95_ms", "expected"), [(499.0, Approach.FINE_TUNE), (500.0, Approach.PROMPT)])
def test_only_a_budget_under_half_a_second_asks_for_a_small_model(p95_ms: float, expected: Approach) -> None:
    answers = fine_tunable(problem=(Problem.LATENCY,), latency_p95_ms=p95_ms, quality_gap_pp=None)

    assert verdict(answers) is expected
    assert ("F4" in cited(answers)) == (expected is Approach.FINE_TUNE)


def test_an_unknown_latency_budget_changes_nothing() -> None:
    assert verdict(fine_tunable(problem=(Problem.LATENCY,))) is Approach.PROMPT


def test_a_tight_budget_without_a_latency_problem_changes_nothing() -> None:
    assert "F4" not in cited(fine_tunable(latency_p95_ms=50.0))


@pytest.mark.parametrize("teacher", [None, False])
def test_a_task_no_model_is_known_to_do_is_trained(teacher: bool | None) -> None:
    decision = decide(fine_tunable(teacher_meets_bar=teacher), PAID_BACK)

    assert decision.verdict is Approach.FINE_TUNE
    assert "T3" in rules(decision)


def test_a_task_a_frontier_model_can_do_is_prompted() -> None:
    decision = decide(fine_tunable(teacher_meets_bar=True), PAID_BACK)

    assert decision.verdict is Approach.PROMPT
    assert decision.blockers == ()
    assert "P1" in rules(decision)
    assert decision.not_because[Approach.FINE_TUNE] == "P1"


@pytest.mark.parametrize(
    ("domain", "is_cited"),
    [
        (Domain.MEDICAL, True),
        (Domain.LEGAL, True),
        (Domain.FINANCIAL, True),
        (Domain.OTHER_SPECIALISED, True),
        (Domain.GENERAL, False),
        (None, False),
    ],
)
def test_a_specialised_field_is_a_reason_of_its_own(domain: Domain | None, is_cited: bool) -> None:
    assert ("F2" in cited(fine_tunable(domain=domain))) == is_cited


def test_a_style_that_prompting_does_not_capture_is_trained() -> None:
    assert verdict(consistency()) is Approach.FINE_TUNE
    assert {"T2", "T3", "S2"} <= cited(consistency())


@pytest.mark.parametrize(("volume", "is_cited"), [(999_999, False), (1_000_000, True), (None, False)])
def test_millions_of_calls_are_a_reason_of_their_own(volume: int | None, is_cited: bool) -> None:
    assert ("F3" in cited(consistency(requests_per_day=volume))) == is_cited


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt_tried": PromptTried.BASIC},
        {"prompt_tried": None},
        {"quality_gap_pp": None},
        {"quality_gap_pp": 0.0},
        {"quality_gap_pp": -2.0},
        {"format_only": True},
    ],
)
def test_inconsistency_is_otherwise_a_matter_of_prompting(changes: dict[str, object]) -> None:
    decision = decide(consistency(**changes), PAID_BACK)

    assert decision.verdict is Approach.PROMPT
    assert decision.blockers == ()
    assert "T2" in rules(decision)
    assert decision.not_because[Approach.FINE_TUNE] == "T2"


@pytest.mark.parametrize("problem", [Problem.CONSISTENCY, Problem.COST])
def test_a_format_problem_always_gets_structured_output(problem: Problem) -> None:
    decision = decide(distillable(problem=(problem,), format_only=True), PAID_BACK)

    assert "structured_outputs" in decision.add
    assert "P2" in rules(decision)


@pytest.mark.parametrize(
    ("problems", "rule"),
    [
        ((Problem.CAPABILITY, Problem.COST, Problem.LATENCY), "T4"),
        ((Problem.CAPABILITY, Problem.LATENCY), "F4"),
        ((Problem.CONSISTENCY, Problem.CAPABILITY), "T3"),
    ],
)
def test_the_first_branch_that_applies_decides(problems: tuple[Problem, ...], rule: str) -> None:
    answers = fine_tunable(problem=problems, latency_p95_ms=100.0, teacher_meets_bar=None)

    assert cited(answers) & {"T4", "F4", "T3"} == {rule}


def test_a_teacher_that_fails_leaves_nothing_to_distil() -> None:
    decision = decide(distillable(teacher_meets_bar=False, evals=None, small_api_meets_bar=None), PAID_BACK)

    assert decision.verdict is Approach.PROMPT
    assert decision.wanted is Approach.DISTILL
    assert decision.blockers == ("teacher_fails",)
    assert decision.blocker_state["teacher_fails"] == "failed"
    assert decision.not_because[Approach.DISTILL] == "X4"
    assert "X4" in rules(decision)
    assert decision.todo == ("test_small_api_model",)


def test_where_the_teacher_fails_a_capability_gap_is_still_trained() -> None:
    answers = fine_tunable(problem=(Problem.CAPABILITY, Problem.COST), domain=Domain.LEGAL)

    decision = decide(answers, Facts(payback_days=500))

    assert decision.verdict is Approach.FINE_TUNE
    assert decision.not_because[Approach.DISTILL] == "X4"
    assert {"X4", "T3", "F2"} <= rules(decision)
    assert "teacher_fails" not in decision.blockers


def test_where_the_teacher_fails_a_latency_problem_is_no_way_out() -> None:
    answers = distillable(problem=(Problem.COST, Problem.LATENCY), latency_p95_ms=50.0, teacher_meets_bar=False)

    assert decide(answers, PAID_BACK).blockers == ("teacher_fails",)


def test_cheaper_prompting_is_offered_while_a_distillation_is_blocked() -> None:
    answers = distillable(evals=None, batch_ok=True, small_api_meets_bar=True)

    decision = decide(answers, PAID_BACK)

    assert set(decision.add) == {"prompt_cache", "batch_api", "small_api_model"}
    assert "X7" in rules(decision)
    assert "test_small_api_model" not in decision.todo


def test_an_air_gapped_task_is_offered_nothing_that_needs_an_api() -> None:
    answers = distillable(evals=None, batch_ok=True, small_api_meets_bar=None, residency=Residency.AIRGAPPED)

    decision = decide(answers, PAID_BACK)

    assert set(decision.add) == {"prompt_cache", "self_hosted_open_model"}
    assert "test_small_api_model" not in decision.todo
    assert "X6" in rules(decision)
