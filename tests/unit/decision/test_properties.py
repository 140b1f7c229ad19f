"""What holds whatever people say and whatever the cost core computed."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agents.decision import (
    ADDITIONS,
    BLOCKERS,
    METHODS,
    QUESTIONS,
    RULES,
    TODOS,
    Answers,
    Approach,
    Confidence,
    Demand,
    Evals,
    Facts,
    Problem,
    PromptTried,
    Standing,
    askable,
    decide,
    flip_text,
    ladder,
    reason_text,
)
from agents.decision.best_case import best_answers, best_facts
from agents.decision.compose import outcome
from agents.decision.compose import verdict as verdict_alone
from agents.decision.flips import SLOT_VALUES as TRIED_VALUES
from tests.unit.decision.strategies import SLOT_VALUES, any_answers, any_facts

TRAINING = (Approach.FINE_TUNE, Approach.DISTILL)


@given(any_answers, any_facts)
def test_training_waits_for_evals_demand_prompting_and_a_task_not_known_to_move(answers: Answers, facts: Facts) -> None:
    if decide(answers, facts).verdict in TRAINING:
        assert answers.evals is Evals.GOLDEN
        assert answers.demand is Demand.PROVEN
        assert answers.prompt_tried is PromptTried.SYSTEMATIC
        assert answers.task_stable is not False


@given(any_answers, any_facts)
def test_distillation_needs_a_cost_problem_and_a_passing_teacher(answers: Answers, facts: Facts) -> None:
    if decide(answers, facts).verdict is Approach.DISTILL:
        assert Problem.COST in (answers.problem or ())
        assert answers.teacher_meets_bar


@given(any_answers, any_facts)
def test_retrieval_needs_a_knowledge_problem_of_some_size(answers: Answers, facts: Facts) -> None:
    decision = decide(answers, facts)

    if decision.verdict is Approach.RAG or "rag" in decision.add:
        assert Problem.KNOWLEDGE in (answers.problem or ())
        assert answers.knowledge_tokens is None or answers.knowledge_tokens >= 10_000


@given(any_answers, any_facts)
def test_no_problem_leads_to_a_prompt(answers: Answers, facts: Facts) -> None:
    assert decide(replace(answers, problem=None), facts).verdict is Approach.PROMPT


@given(any_answers, any_facts)
def test_a_blocked_training_is_not_the_verdict_and_says_what_blocks_it(answers: Answers, facts: Facts) -> None:
    decision = decide(answers, facts)

    assert set(decision.blocker_state) == set(decision.blockers)
    if decision.blockers:
        assert decision.verdict not in TRAINING
        assert decision.wanted in TRAINING
        assert decision.wanted in decision.not_because
    elif decision.wanted in TRAINING:
        assert decision.verdict is decision.wanted
    assert (decision.method is not None) == (decision.verdict in TRAINING)
    assert decision.verdict not in decision.not_because


@given(any_answers, any_facts)
def test_everything_named_has_wording_and_evidence(answers: Answers, facts: Facts) -> None:
    decision = decide(answers, facts)

    assert all(citation.rule in RULES and citation.evidence for citation in decision.rules)
    assert all(blocker in BLOCKERS for blocker in decision.blockers)
    assert all(addition in ADDITIONS for addition in decision.add)
    assert all(todo in TODOS for todo in decision.todo)
    assert decision.method is None or decision.method in METHODS
    assert all(reason_text(reason) for reason in decision.not_because.values())
    assert all(flip_text(flip) for flip in decision.what_would_change)
    assert [rung.standing for rung in ladder(answers, facts, decision)].count(Standing.HERE) == 1


@given(any_answers, any_facts)
def test_nothing_is_named_twice(answers: Answers, facts: Facts) -> None:
    decision = decide(answers, facts)

    for ids in (decision.add, decision.blockers, decision.todo, [citation.rule for citation in decision.rules]):
        assert len(set(ids)) == len(ids)


@given(any_answers, any_facts)
def test_the_quick_verdict_is_the_verdict(answers: Answers, facts: Facts) -> None:
    assert verdict_alone(answers, facts) is outcome(answers, facts).verdict


@given(any_answers, any_facts)
def test_the_best_case_keeps_everything_that_is_known(answers: Answers, facts: Facts) -> None:
    best = best_answers(answers)
    computed = best_facts(facts)

    for slot in SLOT_VALUES:
        if answers.knows(slot):
            assert getattr(best, slot) == getattr(answers, slot)
    assert facts.payback_days is None or computed == facts


@given(any_answers, any_facts)
def test_the_interview_goes_on_exactly_while_something_open_matters(answers: Answers, facts: Facts) -> None:
    decision = decide(answers, facts)

    assert (decision.next_question is None) == (not decision.open_slots)
    if answers.problem:
        assert (decision.confidence is Confidence.HIGH) == (decision.next_question is None)
    else:
        assert decision.confidence is Confidence.LOW
        assert decision.next_question in ("problem", None)


@given(any_answers, any_facts)
def test_only_open_questions_that_make_sense_are_asked(answers: Answers, facts: Facts) -> None:
    decision = decide(answers, facts)
    sensible = {question.slot for question in askable(answers)}

    assert set(decision.optional_questions) <= sensible
    assert not set(decision.optional_questions) & set(decision.open_slots)
    assert decision.next_question is None or decision.next_question in sensible
    assert not any(answers.knows(slot) for slot in decision.open_slots)


@given(any_answers, any_facts, st.data())
def test_any_answers_end_the_interview_within_the_number_of_questions(
    answers: Answers, facts: Facts, data: st.DataObject
) -> None:
    asked: set[str] = set()
    while (slot := decide(answers, facts, asked=asked).next_question) is not None:
        assert slot not in asked
        asked.add(slot)
        if not data.draw(st.booleans(), label="not sure"):
            answers = replace(answers, **{slot: data.draw(SLOT_VALUES[slot], label=slot)})  # type: ignore[arg-type]  # the strategy yields the slot's type
    assert len(asked) <= len(QUESTIONS)


@given(any_answers, any_facts, st.data())
def test_a_slot_that_is_not_open_cannot_change_the_verdict(answers: Answers, facts: Facts, data: st.DataObject) -> None:
    decision = decide(answers, facts)
    settled = [
        slot
        for slot in TRIED_VALUES
        # The size is left out on purpose once there are only a few facts.
        if not answers.knows(slot) and slot not in decision.open_slots and slot != "knowledge_tokens"
    ]
    if settled:
        slot = data.draw(st.sampled_from(settled))
        changed = replace(answers, **{slot: data.draw(SLOT_VALUES[slot])})  # type: ignore[arg-type]  # the strategy yields the slot's type

        assert decide(changed, facts).verdict is decision.verdict


@given(any_answers, any_facts)
def test_a_flip_that_needs_nothing_else_does_what_it_says(answers: Answers, facts: Facts) -> None:
    decision = decide(answers, facts)

    for flip in decision.what_would_change:
        assert flip.verdict is not decision.verdict
        if not flip.in_best_case:
            changed = {flip.name: flip.becomes}
            flipped = (
                decide(answers, replace(facts, **changed))
                if flip.is_fact
                else decide(replace(answers, **changed), facts)
            )
            assert flipped.verdict is flip.verdict
