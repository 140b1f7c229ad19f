"""How sure a verdict is, what is asked next, and what would change it."""

import pytest

from agents.decision import (
    NEVER,
    Answers,
    Approach,
    Confidence,
    Demand,
    Evals,
    Facts,
    Flip,
    Gpu,
    KnowledgeChange,
    Problem,
    PromptTried,
    Purpose,
    Residency,
    TeacherTerms,
    Tokens,
    decide,
)
from agents.decision.best_case import best_answers, best_facts
from tests.unit.decision.cases import PAID_BACK, about_knowledge, distillable, fine_tunable

TOKENS = Tokens(static_prefix=500, tokens_in=800, tokens_out=100)


def change(answers: Answers, facts: Facts, name: str) -> list[Flip]:
    """Return the flips of one answer or fact."""
    return [flip for flip in decide(answers, facts).what_would_change if flip.name == name]


def test_without_a_problem_confidence_is_low_and_the_problem_is_asked_first() -> None:
    decision = decide(Answers(evals=Evals.GOLDEN, prompt_tried=PromptTried.SYSTEMATIC), Facts())

    assert decision.confidence is Confidence.LOW
    assert decision.next_question == "problem"


def test_where_every_problem_would_lead_to_a_prompt_none_has_to_be_named() -> None:
    decision = decide(Answers(prompt_tried=PromptTried.NONE, knowledge_tokens=2_000), Facts())

    assert decision.confidence is Confidence.LOW
    assert decision.next_question is None


def test_a_verdict_that_nothing_open_could_change_is_certain() -> None:
    decision = decide(about_knowledge(knowledge_tokens=5_000), Facts())

    assert decision.confidence is Confidence.HIGH
    assert decision.next_question is None
    assert decision.open_slots == ()


@pytest.mark.parametrize(
    ("unknown", "confidence"),
    [
        ((), Confidence.HIGH),
        (("demand",), Confidence.MEDIUM),
        (("demand", "task_stable"), Confidence.MEDIUM),
        (("demand", "task_stable", "prompt_tried"), Confidence.LOW),
    ],
)
def test_confidence_falls_with_each_open_slot_that_matters(unknown: tuple[str, ...], confidence: Confidence) -> None:
    decision = decide(fine_tunable(**dict.fromkeys(unknown)), PAID_BACK)

    assert set(decision.open_slots) == set(unknown)
    assert decision.confidence is confidence


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        (about_knowledge(), "knowledge_tokens"),
        (Answers(problem=(Problem.CONSISTENCY,)), "prompt_tried"),
        (Answers(problem=(Problem.CAPABILITY,)), "prompt_tried"),
        (Answers(problem=(Problem.COST,)), "prompt_tried"),
        (Answers(problem=(Problem.LATENCY,)), "latency_p95_ms"),
        (Answers(problem=(Problem.LATENCY,), latency_p95_ms=100.0), "prompt_tried"),
        (Answers(problem=(Problem.COST,), prompt_tried=PromptTried.SYSTEMATIC), "evals"),
    ],
)
def test_the_next_question_is_the_one_that_matters_most(answers: Answers, asked: str) -> None:
    assert decide(answers, Facts()).next_question == asked


def test_a_failed_gate_settles_the_verdict_and_ends_the_interview() -> None:
    answers = Answers(problem=(Problem.COST,), prompt_tried=PromptTried.SYSTEMATIC, evals=Evals.NONE)

    assert decide(answers, Facts()).next_question is None


def test_the_size_is_not_asked_once_there_are_only_a_few_facts() -> None:
    decision = decide(about_knowledge(few_facts=True), Facts())

    assert "knowledge_tokens" not in (*decision.open_slots, *decision.optional_questions)
    assert decision.next_question is None


def test_a_slot_that_was_answered_with_not_sure_is_not_asked_again() -> None:
    answers = Answers(problem=(Problem.CAPABILITY,))

    decision = decide(answers, Facts(), asked={"prompt_tried", "evals"})

    assert decision.next_question == "demand"
    assert "prompt_tried" in decision.open_slots


def test_the_gap_is_not_asked_while_there_is_no_test_set_to_measure_it_on() -> None:
    answers = fine_tunable(evals=None, quality_gap_pp=None)

    decision = decide(answers, PAID_BACK, asked={"evals"})

    assert decision.next_question is None
    assert decision.open_slots == ("evals", "quality_gap_pp")


def test_volume_tokens_and_gpus_matter_while_the_payback_is_not_computed() -> None:
    decision = decide(distillable(residency=Residency.API_OK), Facts())

    assert decision.open_slots == ("requests_per_day", "tokens", "gpu")
    assert decision.next_question == "requests_per_day"


@pytest.mark.parametrize("payback", [20.0, 200.0, NEVER])
def test_volume_tokens_and_gpus_stop_mattering_once_the_payback_is_known(payback: float) -> None:
    decision = decide(distillable(residency=Residency.API_OK), Facts(payback_days=payback))

    assert decision.open_slots == ()


def test_volume_matters_while_long_context_is_not_priced() -> None:
    answers = about_knowledge(knowledge_tokens=50_000)

    assert decide(answers, Facts()).next_question == "requests_per_day"
    assert "requests_per_day" not in decide(answers, Facts(longctx_cheaper=False)).open_slots


def test_once_volume_tokens_and_gpus_are_said_they_are_not_asked_again() -> None:
    answers = distillable(
        residency=Residency.API_OK, requests_per_day=5_000, tokens=TOKENS, gpu=Gpu(kind="H100-80", count=1)
    )

    assert decide(answers, Facts()).next_question is None


def test_where_the_payback_fails_air_gapped_data_would_still_turn_it() -> None:
    assert decide(distillable(), Facts(payback_days=91)).next_question == "residency"


def test_the_best_case_passes_every_open_gate() -> None:
    best = best_answers(Answers(problem=(Problem.CAPABILITY,)))

    assert decide(best, Facts()).verdict is Approach.FINE_TUNE


def test_the_best_case_of_a_cost_problem_distils() -> None:
    best = best_answers(Answers(problem=(Problem.COST,)))

    assert decide(best, best_facts(Facts())).verdict is Approach.DISTILL
    assert best.labelled_examples is None


def test_the_best_case_of_a_failed_teacher_still_has_examples() -> None:
    best = best_answers(Answers(problem=(Problem.COST, Problem.CAPABILITY), teacher_meets_bar=False))

    assert decide(best, Facts()).verdict is Approach.FINE_TUNE


def test_quick_answers_refine_the_method_additions_and_to_dos() -> None:
    decision = decide(distillable(small_api_meets_bar=None), PAID_BACK)

    assert set(decision.optional_questions) == {
        "task_type",
        "small_api_meets_bar",
        "teacher_terms",
        "residency",
        "purpose",
        "max_quality_unlimited_budget",
    }


def test_waiting_for_batches_is_a_quick_answer_where_prompts_are_paid_for() -> None:
    assert "batch_ok" in decide(distillable(evals=Evals.NONE), PAID_BACK).optional_questions


def test_gpus_are_a_quick_answer_where_they_decide_the_method() -> None:
    assert "gpu" in decide(fine_tunable(), Facts()).optional_questions
    assert (
        "gpu" not in decide(fine_tunable(), Facts(lora_fits=True, qlora_fits=True, full_fits=True)).optional_questions
    )


def test_the_field_is_a_quick_answer_for_a_capability_gap_only() -> None:
    assert "domain" in decide(fine_tunable(), PAID_BACK).optional_questions
    assert "domain" not in decide(distillable(), PAID_BACK).optional_questions


def test_quick_answers_that_were_given_are_gone() -> None:
    answers = distillable(teacher_terms=TeacherTerms.OK, purpose=Purpose.PRODUCTION)

    optional = decide(answers, PAID_BACK, asked={"residency"}).optional_questions

    assert {"teacher_terms", "purpose", "residency"}.isdisjoint(optional)


@pytest.mark.parametrize(
    ("answers", "facts", "name", "becomes", "verdict"),
    [
        (about_knowledge(knowledge_tokens=6_000), Facts(), "knowledge_tokens", 10_000, Approach.RAG),
        (about_knowledge(knowledge_tokens=60_000), Facts(), "knowledge_tokens", 9_999, Approach.PROMPT),
        (
            about_knowledge(knowledge_tokens=60_000),
            Facts(longctx_cheaper=True),
            "knowledge_tokens",
            200_001,
            Approach.RAG,
        ),
        (fine_tunable(), PAID_BACK, "labelled_examples", 49, Approach.PROMPT),
        (fine_tunable(labelled_examples=10), PAID_BACK, "labelled_examples", 50, Approach.FINE_TUNE),
        (fine_tunable(), PAID_BACK, "quality_gap_pp", 0.0, Approach.PROMPT),
        (distillable(), Facts(payback_days=91.0), "payback_days", 90.0, Approach.DISTILL),
        (distillable(), Facts(payback_days=NEVER), "payback_days", 90.0, Approach.DISTILL),
        (distillable(), Facts(payback_days=40.0), "payback_days", 91.0, Approach.PROMPT),
        (distillable(), Facts(payback_days=91.0), "payback_limit_days", 91.0, Approach.DISTILL),
        (distillable(demand=Demand.FORECAST), PAID_BACK, "demand", Demand.PROVEN, Approach.DISTILL),
        (about_knowledge(knowledge_tokens=60_000), Facts(), "longctx_cheaper", True, Approach.PROMPT),
    ],
)
def test_a_change_is_named_with_the_value_at_which_the_verdict_flips(
    answers: Answers, facts: Facts, name: str, becomes: object, verdict: Approach
) -> None:
    found = change(answers, facts, name)

    assert [(flip.becomes, flip.verdict) for flip in found] == [(becomes, verdict)]


def test_an_answer_that_holds_the_best_case_back_is_named_as_such() -> None:
    answers = Answers(problem=(Problem.COST,), prompt_tried=PromptTried.SYSTEMATIC, evals=Evals.NONE)

    [flip] = change(answers, Facts(), "evals")

    assert (flip.becomes, flip.verdict, flip.in_best_case) == (Evals.GOLDEN, Approach.DISTILL, True)


def test_another_problem_would_change_the_verdict() -> None:
    answers = Answers(problem=(Problem.CONSISTENCY,))

    [flip] = change(answers, Facts(), "problem")

    assert flip.becomes == (Problem.KNOWLEDGE, Problem.CONSISTENCY)
    assert flip.verdict is Approach.RAG


def test_an_answer_that_changes_nothing_is_not_named() -> None:
    answers = about_knowledge(knowledge_tokens=20_000_000, knowledge_change=KnowledgeChange.STATIC)

    assert change(answers, Facts(), "knowledge_change") == []
