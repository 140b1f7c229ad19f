"""Mappings to answers, facts and cases: what YAML does to words, and what is refused with which hint."""

import math
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.decision import (
    NEVER,
    SLOTS,
    Answers,
    Evals,
    Facts,
    Gpu,
    KnowledgeChange,
    Problem,
    PromptTried,
    Tokens,
    answers_to_json,
    decide,
    facts_to_json,
    load_cases,
    parse_answers,
    parse_facts,
    to_json,
)
from agents.errors import UserError
from tests.unit.decision.strategies import any_answers, any_facts


@given(any_answers)
def test_answers_survive_being_stored(answers: Answers) -> None:
    assert parse_answers(answers_to_json(answers)) == answers


@given(any_facts)
def test_facts_survive_being_stored(facts: Facts) -> None:
    assert parse_facts(facts_to_json(facts)) == facts


def test_bare_yaml_words_mean_what_they_look_like() -> None:
    document = yaml.safe_load(
        "{teacher_meets_bar: no, small_api_meets_bar: yes, citations: off, evals: none, prompt_tried: none}"
    )

    answers = parse_answers(document)

    assert answers.teacher_meets_bar is False
    assert answers.small_api_meets_bar is True
    assert answers.citations is False
    assert answers.evals is Evals.NONE
    assert answers.prompt_tried is PromptTried.NONE


@pytest.mark.parametrize("unknown", [None, "not_tested", "not_sure", "unknown", "Not sure", "not tested"])
@pytest.mark.parametrize("slot", SLOTS)
def test_not_known_is_unknown_for_every_slot(slot: str, unknown: str | None) -> None:
    assert parse_answers({slot: unknown}) == Answers()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], None),
        (["not_sure"], None),
        ("knowledge", (Problem.KNOWLEDGE,)),
        (["cost", "knowledge", "cost"], (Problem.KNOWLEDGE, Problem.COST)),
        (["cost", "not_sure"], (Problem.COST,)),
    ],
)
def test_problems_come_as_a_list_or_one_word(value: Any, expected: tuple[Problem, ...] | None) -> None:
    assert parse_answers({"problem": value}).problem == expected


@pytest.mark.parametrize(
    ("value", "tokens", "is_estimated"),
    [
        (9_999, 9_999, False),
        (6000.0, 6_000, False),
        ("<10K", 5_000, True),
        ("<10K tokens (~15 pages)", 5_000, True),
        ("10-200K", 60_000, True),
        (">200K", 1_000_000, True),
        ("40 pages", 26_000, False),
        ("20k", 20_000, False),
    ],
)
def test_a_size_is_a_number_a_bucket_or_pages(value: Any, tokens: int, is_estimated: bool) -> None:
    answers = parse_answers({"knowledge_tokens": value})

    assert (answers.knowledge_tokens, answers.knowledge_tokens_estimated) == (tokens, is_estimated)


def test_an_estimated_size_stays_a_bucket_when_stored() -> None:
    assert answers_to_json(parse_answers({"knowledge_tokens": "<10k"})) == {"knowledge_tokens": "<10K"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("hourly", KnowledgeChange.REALTIME),
        ("minutes", KnowledgeChange.REALTIME),
        ("daily", KnowledgeChange.WEEKLY),
        ("weekly", KnowledgeChange.WEEKLY),
        ("quarterly", KnowledgeChange.MONTHLY),
        ("yearly", KnowledgeChange.STATIC),
    ],
)
def test_each_pace_of_change_has_its_class(word: str, expected: KnowledgeChange) -> None:
    assert parse_answers({"knowledge_change": word}).knowledge_change is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2 x H100-80", Gpu(kind="H100-80", count=2)),
        ("H100-80 x 2", Gpu(kind="H100-80", count=2)),
        ("A100-80", Gpu(kind="A100-80", count=1)),
        ({"kind": "RTX 4090", "count": 1}, Gpu(kind="RTX 4090", count=1)),
        ("rent", Gpu(kind="rent", count=0)),
        ("none", Gpu(kind="rent", count=0)),
        ({"kind": "H100-80", "count": 0}, Gpu(kind="rent", count=0)),
    ],
)
def test_gpus_come_as_words_or_as_kind_and_count(value: Any, expected: Gpu) -> None:
    assert parse_answers({"gpu": value}).gpu == expected


def test_tokens_may_stand_beside_the_other_answers() -> None:
    expected = Tokens(static_prefix=0, tokens_in=900, tokens_out=80)

    assert parse_answers({"tokens_in": 900, "tokens_out": 80}).tokens == expected
    assert parse_answers({"tokens": {"tokens_in": 900, "tokens_out": 80}}).tokens == expected


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"problems": ["cost"]}, ["problems", "'problem'"]),
        ({"knowlege_tokens": 5}, ["knowlege_tokens", "'knowledge_tokens'"]),
        ({"zzz": 1}, ["zzz", "Known:"]),
        ({1: 2}, ["named 1"]),
        ({"problem": ["speed"]}, ["problem", "speed", "latency"]),
        ({"problem": 7}, ["problem", "7", "a list of"]),
        ({"problem": [["cost"]]}, ["problem", "cost"]),
        ({"evals": "gold"}, ["evals", "gold", "golden"]),
        ({"evals": False}, ["evals", "False", "informal"]),
        ({"demand": date(2026, 1, 1)}, ["demand", "proven"]),
        ({"citations": "maybe"}, ["citations", "maybe", "yes"]),
        ({"citations": 1}, ["citations", "1", "yes"]),
        ({"knowledge_tokens": True}, ["knowledge_tokens", "True", "number"]),
        ({"knowledge_tokens": -1}, ["knowledge_tokens", "-1", "at least 0"]),
        ({"knowledge_tokens": 10.5}, ["knowledge_tokens", "10.5", "whole"]),
        ({"knowledge_tokens": "a lot"}, ["knowledge_tokens", "a lot", "40 pages"]),
        ({"knowledge_tokens": math.nan}, ["knowledge_tokens", "nan"]),
        ({"knowledge_tokens": 10**400}, ["knowledge_tokens"]),
        ({"labelled_examples": "many"}, ["labelled_examples", "many"]),
        ({"labelled_examples": "3 boxes"}, ["labelled_examples", "boxes"]),
        ({"latency_p95_ms": 0}, ["latency_p95_ms", "0"]),
        ({"peak_factor": 0.5}, ["peak_factor", "at least 1"]),
        ({"quality_gap_pp": math.inf}, ["quality_gap_pp", "inf"]),
        ({"quality_gap_pp": [78, 87]}, ["quality_gap_pp", "[78, 87]"]),
        ({"gpu": 4}, ["gpu", "4", "rent"]),
        ({"gpu": "\x00"}, ["gpu"]),
        ({"gpu": {"sort": "H100"}}, ["sort", "kind"]),
        ({"tokens": 900}, ["tokens", "900", "tokens_in"]),
        ({"tokens_in": 900}, ["tokens", "tokens_out"]),
        ({"tokens": {"static_prefix": 9, "tokens_in": 5, "tokens_out": 1}}, ["prefix", "9", "5"]),
        ({"tokens": {"tokens_in": 5, "tokens_out": 1}, "tokens_in": 5}, ["twice"]),
    ],
)
def test_what_is_refused_is_named_with_what_is_allowed(document: dict[Any, Any], says: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        parse_answers(document)

    for words in says:
        assert words in str(refused.value)


_yaml_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(SLOTS), _yaml_like)
def test_any_value_is_read_or_politely_refused(slot: str, value: Any) -> None:
    try:
        answers = parse_answers({slot: value})
    except UserError:
        return
    assert parse_answers(answers_to_json(answers)) == answers
    assert decide(answers, Facts()).verdict


def test_an_absent_payback_is_not_computed_and_a_null_one_never_comes() -> None:
    assert parse_facts({}).payback_days is None
    assert parse_facts({"payback_days": None}).payback_days == NEVER
    assert parse_facts({"payback_days": "never"}).payback_days == NEVER
    assert parse_facts({"payback_days": "unknown"}).payback_days is None
    assert parse_facts({"payback_days": 90}).payback_days == 90


def test_other_null_facts_are_not_computed() -> None:
    assert parse_facts({"lora_fits": None, "longctx_cheaper": None, "payback_limit_days": None}) == Facts()


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"payback": 3}, ["payback", "'payback_days'"]),
        ({"payback_days": -1}, ["payback_days", "-1"]),
        ({"payback_days": "soon"}, ["payback_days", "soon"]),
        ({"lora_fits": "perhaps"}, ["lora_fits", "perhaps"]),
        ({"payback_limit_days": -5}, ["payback_limit_days"]),
    ],
)
def test_facts_that_make_no_sense_are_refused(document: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        parse_facts(document)

    assert all(words in str(refused.value) for words in says)


def test_one_case_or_a_list_of_scenarios_is_loaded() -> None:
    one = {"id": 7, "answers": {"problem": ["cost"]}, "facts": {"payback_days": None}}

    assert load_cases(one) == [("7", Answers(problem=(Problem.COST,)), Facts(payback_days=NEVER))]
    assert [id_ for id_, _answers, _facts in load_cases({"scenarios": [one, {"answers": {}}]})] == ["7", "case 2"]


def test_expectations_are_ignored() -> None:
    assert load_cases({"title": "x", "answers": {}, "expect": {"verdict": "rag"}}) == [("case", Answers(), Facts())]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (None, ["nothing", "answers"]),
        ([], ["a list", "answers"]),
        ("text", ["a str"]),
        ({}, ["no answers"]),
        ({"scenarios": {}}, ["scenarios", "list"]),
        ({"scenarios": [3]}, ["case 1", "a int"]),
        ({"answers": ["cost"]}, ["answers", "mapping"]),
        ({"answers": {}, "facts": 3}, ["facts", "mapping"]),
        ({"answers": {}, "fact": {}}, ["'fact'", "facts"]),
        ({"scenarios": [{"id": "D9", "answers": {"problem": ["speed"]}}]}, ["D9", "speed"]),
    ],
)
def test_a_document_of_another_shape_says_what_it_should_be(document: Any, says: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        load_cases(document)

    assert all(words in str(refused.value) for words in says)


@given(any_answers, any_facts)
def test_a_decision_is_plain_json_with_the_documented_keys(answers: Answers, facts: Facts) -> None:
    document = to_json(decide(answers, facts))

    assert set(document) == {
        "verdict", "method", "add", "blockers", "todo", "rules", "not_because", "confidence", "next_question",
        "optional_questions", "blocker_state", "what_would_change", "method_would_change",
        "crossings", "evidence",
    }  # fmt: skip
    assert yaml.safe_load(yaml.safe_dump(document)) == document
