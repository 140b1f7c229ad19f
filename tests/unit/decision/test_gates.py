"""What holds a training back (S2, D1, P1, P3, P4, X3, X5), what it still needs (X8, D2), and its method (M1-M3)."""

import pytest

from agents.decision import (
    NEVER,
    Answers,
    Approach,
    Demand,
    Evals,
    Facts,
    Method,
    Problem,
    PromptTried,
    Purpose,
    Residency,
    TeacherTerms,
    decide,
)
from tests.unit.decision.cases import PAID_BACK, cited, distillable, fine_tunable, rules, verdict


@pytest.mark.parametrize(
    ("changes", "blocker", "state"),
    [
        ({"evals": Evals.INFORMAL}, "evals", "failed"),
        ({"evals": Evals.NONE}, "evals", "failed"),
        ({"evals": None}, "evals", "unknown"),
        ({"prompt_tried": PromptTried.BASIC}, "prompt_first", "failed"),
        ({"prompt_tried": None}, "prompt_first", "unknown"),
        ({"demand": Demand.FORECAST}, "demand", "failed"),
        ({"demand": None}, "demand", "unknown"),
        ({"task_stable": False}, "unstable_task", "failed"),
        ({"quality_gap_pp": 0.0}, "no_gap", "failed"),
        ({"quality_gap_pp": -1.0}, "no_gap", "failed"),
        ({"labelled_examples": 49}, "data", "failed"),
        ({"labelled_examples": 49, "teacher_meets_bar": None}, "data", "unknown"),
        ({"labelled_examples": None}, "data", "unknown"),
    ],
)
def test_one_closed_gate_blocks_a_fine_tuning(changes: dict[str, object], blocker: str, state: str) -> None:
    decision = decide(fine_tunable(**changes), PAID_BACK)

    assert decision.verdict is Approach.PROMPT
    assert decision.wanted is Approach.FINE_TUNE
    assert decision.method is None
    assert decision.blockers == (blocker,)
    assert decision.blocker_state == {blocker: state}
    assert decision.not_because[Approach.FINE_TUNE] == blocker
    assert "S2" in rules(decision)


@pytest.mark.parametrize("changes", [{}, {"task_stable": None}, {"quality_gap_pp": None}, {"labelled_examples": 50}])
def test_open_and_harmlessly_unknown_gates_let_a_fine_tuning_through(changes: dict[str, object]) -> None:
    assert verdict(fine_tunable(**changes)) is Approach.FINE_TUNE


def test_every_closed_gate_is_reported() -> None:
    decision = decide(
        fine_tunable(
            evals=None, prompt_tried=None, demand=None, task_stable=False, quality_gap_pp=-1.0, labelled_examples=0
        ),
        Facts(),
    )

    assert decision.blockers == ("evals", "prompt_first", "demand", "unstable_task", "no_gap", "data")
    assert {"D1", "S0", "P4", "P1", "X5"} <= rules(decision)
    assert decision.not_because[Approach.FINE_TUNE] == "evals"


def test_a_latency_problem_needs_no_quality_gap() -> None:
    answers = fine_tunable(problem=(Problem.LATENCY,), latency_p95_ms=50.0, quality_gap_pp=0.0)

    assert verdict(answers) is Approach.FINE_TUNE


def test_a_passing_teacher_makes_up_for_missing_examples() -> None:
    answers = fine_tunable(problem=(Problem.LATENCY,), latency_p95_ms=50.0, labelled_examples=0, teacher_meets_bar=True)

    assert verdict(answers) is Approach.FINE_TUNE


@pytest.mark.parametrize(
    ("payback", "blockers", "state"),
    [
        (90.0, (), None),
        (90.5, ("economics",), "failed"),
        (91.0, ("economics",), "failed"),
        (NEVER, ("economics",), "failed"),
        (None, ("economics",), "unknown"),
    ],
)
def test_a_distillation_pays_back_within_the_limit(
    payback: float | None, blockers: tuple[str, ...], state: str | None
) -> None:
    decision = decide(distillable(), Facts(payback_days=payback))

    assert decision.blockers == blockers
    assert decision.blocker_state.get("economics") == state
    assert ({"X3", "P3"} <= rules(decision)) == bool(blockers)


def test_the_payback_limit_can_be_set() -> None:
    assert verdict(distillable(), Facts(payback_days=91, payback_limit_days=120)) is Approach.DISTILL


@pytest.mark.parametrize("payback", [None, 500.0, NEVER])
def test_air_gapped_there_is_no_api_to_pay_back_against(payback: float | None) -> None:
    answers = distillable(residency=Residency.AIRGAPPED, small_api_meets_bar=None)

    decision = decide(answers, Facts(payback_days=payback))

    assert decision.verdict is Approach.DISTILL
    assert "self_hosted_open_model" in decision.add
    assert "test_small_api_model" not in decision.todo


def test_a_private_cloud_still_has_to_pay_back() -> None:
    assert "economics" in decide(distillable(residency=Residency.PRIVATE_CLOUD), Facts(payback_days=91)).blockers


def test_a_fine_tuning_does_not_have_to_pay_back() -> None:
    assert verdict(fine_tunable(), Facts(payback_days=NEVER)) is Approach.FINE_TUNE


def test_an_untested_teacher_holds_a_distillation() -> None:
    decision = decide(distillable(teacher_meets_bar=None), PAID_BACK)

    assert decision.blockers == ("teacher_unverified",)
    assert decision.blocker_state["teacher_unverified"] == "unknown"


def test_a_distillation_needs_no_labelled_examples() -> None:
    assert verdict(distillable(labelled_examples=0)) is Approach.DISTILL


def test_the_evidence_says_which_model_the_payback_is_against() -> None:
    def evidence(small_api: bool | None) -> str:
        decision = decide(distillable(small_api_meets_bar=small_api), Facts(payback_days=120))
        return next(citation.evidence for citation in decision.rules if citation.rule == "X3")

    assert "in use" in evidence(None)
    assert "in use" not in evidence(False)


@pytest.mark.parametrize(
    ("answers", "todo", "add"),
    [
        (distillable(), ("confirm_teacher_terms",), ()),
        (distillable(teacher_terms=TeacherTerms.OK), (), ()),
        (distillable(teacher_terms=TeacherTerms.RESTRICTED), (), ("open_weights_teacher",)),
        (distillable(labelled_examples=9_000), ("confirm_teacher_terms",), ()),
        (distillable(evals=Evals.NONE), ("confirm_teacher_terms",), ("prompt_cache",)),
        (distillable(small_api_meets_bar=None), ("test_small_api_model", "confirm_teacher_terms"), ()),
    ],
)
def test_a_distillation_lists_what_it_still_needs(
    answers: Answers, todo: tuple[str, ...], add: tuple[str, ...]
) -> None:
    decision = decide(answers, PAID_BACK)

    assert decision.todo == todo
    assert decision.add == add
    assert ("X8" in rules(decision)) == ("open_weights_teacher" in add)
    assert "D2" in rules(decision)


@pytest.mark.parametrize(("examples", "asks"), [(None, True), (499, True), (500, False)])
def test_a_teacher_writes_data_for_a_fine_tuning_with_too_few_examples(examples: int | None, asks: bool) -> None:
    answers = fine_tunable(
        problem=(Problem.LATENCY,), latency_p95_ms=50.0, teacher_meets_bar=True, labelled_examples=examples
    )

    assert ("confirm_teacher_terms" in decide(answers, PAID_BACK).todo) == asks


def test_terms_do_not_matter_where_no_teacher_passes() -> None:
    answers = fine_tunable(labelled_examples=100, teacher_terms=TeacherTerms.RESTRICTED)

    assert "open_weights_teacher" not in decide(answers, PAID_BACK).add


@pytest.mark.parametrize(
    ("slots", "facts", "method", "rule"),
    [
        ({}, Facts(), Method.LORA, "M1"),
        ({}, Facts(lora_fits=False), Method.LORA, "M1"),
        ({}, Facts(lora_fits=False, qlora_fits=True), Method.QLORA, "M2"),
        ({}, Facts(lora_fits=False, qlora_fits=False), Method.LORA, "M1"),
        ({"purpose": Purpose.PROTOTYPE}, Facts(lora_fits=True), Method.QLORA, "M2"),
        ({"purpose": Purpose.PRODUCTION}, Facts(lora_fits=True), Method.LORA, "M1"),
        ({"max_quality_unlimited_budget": True}, Facts(lora_fits=False, qlora_fits=True), Method.FULL, "M3"),
        ({"max_quality_unlimited_budget": True, "purpose": Purpose.PROTOTYPE}, Facts(), Method.FULL, "M3"),
    ],
)
def test_the_method_follows_memory_purpose_and_budget(
    slots: dict[str, object], facts: Facts, method: Method, rule: str
) -> None:
    answers = fine_tunable(**slots)

    assert decide(answers, facts).method is method
    assert cited(answers, facts) & {"M1", "M2", "M3"} == {rule}


@pytest.mark.parametrize(
    ("full", "facts", "rents"),
    [
        (False, Facts(lora_fits=False, qlora_fits=False), True),
        (False, Facts(lora_fits=False), False),
        (False, Facts(full_fits=False), False),
        (True, Facts(full_fits=False), True),
        (True, Facts(full_fits=True), False),
        (True, Facts(), False),
    ],
)
def test_gpus_are_rented_where_the_training_does_not_fit(full: bool, facts: Facts, rents: bool) -> None:
    decision = decide(fine_tunable(max_quality_unlimited_budget=full), facts)

    assert ("rent_gpus" in decision.todo) == rents


def test_a_blocked_training_still_says_that_it_would_need_gpus() -> None:
    decision = decide(fine_tunable(evals=Evals.NONE), Facts(lora_fits=False, qlora_fits=False))

    assert decision.method is None
    assert "rent_gpus" in decision.todo
