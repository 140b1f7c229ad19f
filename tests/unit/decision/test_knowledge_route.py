"""Where knowledge goes: the rules T1, R1-R3, O1-O3, X1 and X2, in their order."""

import pytest

from agents.decision import Answers, Approach, Facts, KnowledgeChange, Problem, Residency, decide
from tests.unit.decision.cases import PAID_BACK, about_knowledge, cited, distillable, rules, verdict

CHEAPER = Facts(longctx_cheaper=True)


def test_missing_knowledge_of_unknown_size_is_retrieved() -> None:
    decision = decide(about_knowledge(), Facts())

    assert decision.verdict is Approach.RAG
    assert {"T1", "R1", "S1"} <= rules(decision)
    assert "X2" not in rules(decision)


@pytest.mark.parametrize(("tokens", "expected"), [(9_999, Approach.PROMPT), (10_000, Approach.RAG)])
def test_text_under_ten_thousand_tokens_goes_into_the_prompt(tokens: int, expected: Approach) -> None:
    decision = decide(about_knowledge(knowledge_tokens=tokens), Facts())

    assert decision.verdict is expected
    assert ("O1" in rules(decision)) == (expected is Approach.PROMPT)


def test_small_knowledge_is_cached_in_the_prompt_whatever_else_is_asked() -> None:
    answers = about_knowledge(
        knowledge_tokens=5_000, per_user_acl=True, citations=True, knowledge_change=KnowledgeChange.WEEKLY
    )

    decision = decide(answers, Facts())

    assert set(decision.add) == {"knowledge_in_prompt", "prompt_cache"}
    assert decision.not_because[Approach.RAG] == "O1"


def test_a_few_facts_of_unknown_size_go_into_the_prompt() -> None:
    decision = decide(about_knowledge(few_facts=True, citations=True), Facts())

    assert decision.verdict is Approach.PROMPT
    assert set(decision.add) == {"knowledge_in_prompt", "prompt_cache"}
    assert decision.not_because[Approach.RAG] == "O3"


def test_a_known_size_outweighs_the_claim_of_a_few_facts() -> None:
    assert verdict(about_knowledge(few_facts=True, knowledge_tokens=50_000)) is Approach.RAG


@pytest.mark.parametrize(
    ("slots", "rule"),
    [
        ({"per_user_acl": True, "knowledge_change": KnowledgeChange.WEEKLY, "citations": True}, "X1"),
        ({"knowledge_change": KnowledgeChange.WEEKLY, "citations": True}, "R2"),
        ({"knowledge_change": KnowledgeChange.REALTIME}, "R2"),
        ({"citations": True}, "R3"),
    ],
)
def test_the_first_reason_to_retrieve_is_the_one_cited(slots: dict[str, object], rule: str) -> None:
    found = cited(about_knowledge(knowledge_tokens=50_000, **slots), CHEAPER)

    assert {"S1", rule} <= found
    assert found.isdisjoint({"X1", "R2", "R3", "O2", "X2"} - {rule})


@pytest.mark.parametrize(
    ("tokens", "facts", "expected", "rule_set"),
    [
        (200_000, CHEAPER, Approach.PROMPT, {"O2", "X2"}),
        (200_001, CHEAPER, Approach.RAG, {"S1"}),
        (200_000, Facts(longctx_cheaper=False), Approach.RAG, {"S1", "X2"}),
        (200_000, Facts(), Approach.RAG, {"S1", "X2"}),
        (200_001, Facts(), Approach.RAG, {"S1"}),
    ],
)
def test_a_middling_size_is_a_question_of_price(
    tokens: int, facts: Facts, expected: Approach, rule_set: set[str]
) -> None:
    decision = decide(about_knowledge(knowledge_tokens=tokens), facts)

    assert decision.verdict is expected
    assert rules(decision) & {"S1", "O2", "X2"} == rule_set


@pytest.mark.parametrize("change", [KnowledgeChange.STATIC, KnowledgeChange.MONTHLY])
def test_long_context_is_cached_where_it_is_cheaper_and_holds_still(change: KnowledgeChange) -> None:
    decision = decide(about_knowledge(knowledge_tokens=50_000, knowledge_change=change), CHEAPER)

    assert set(decision.add) == {"long_context", "prompt_cache"}
    assert decision.not_because[Approach.RAG] == "O2"


@pytest.mark.parametrize("tokens", [5_000, 50_000])
def test_knowledge_that_changes_by_the_minute_gets_a_live_tool(tokens: int) -> None:
    answers = about_knowledge(knowledge_tokens=tokens, knowledge_change=KnowledgeChange.REALTIME)

    assert "live_tool" in decide(answers, Facts()).add


def test_nothing_is_retrieved_where_knowledge_is_no_problem() -> None:
    answers = Answers(problem=(Problem.CONSISTENCY,), citations=True, per_user_acl=True, knowledge_tokens=500_000)

    decision = decide(answers, Facts())

    assert decision.verdict is Approach.PROMPT
    assert decision.not_because[Approach.RAG] == "T1"
    assert rules(decision).isdisjoint({"T1", "R1", "R3", "X1"})


def test_a_trained_model_that_needs_documents_gets_retrieval_added() -> None:
    answers = distillable(problem=(Problem.KNOWLEDGE, Problem.COST), knowledge_tokens=10_000_000)

    decision = decide(answers, PAID_BACK)

    assert decision.verdict is Approach.DISTILL
    assert "rag" in decision.add
    assert Approach.RAG not in decision.not_because


def test_air_gapped_retrieval_runs_on_an_open_model() -> None:
    decision = decide(about_knowledge(residency=Residency.AIRGAPPED), Facts())

    assert decision.add == ("self_hosted_open_model",)
    assert "X6" in rules(decision)
