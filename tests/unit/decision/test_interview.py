"""The questions, the replies to them, and how stored values are said."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.decision import (
    QUESTIONS,
    RULES,
    SLOTS,
    Answers,
    Control,
    Evals,
    Problem,
    answers_to_json,
    askable,
    describe,
    parse_answers,
    parse_fields,
    parse_reply,
    question,
)
from agents.errors import UserError
from tests.shared_data import shared
from tests.unit.decision.cases import about_knowledge, fine_tunable
from tests.unit.decision.strategies import any_answers


def slots(answers: Answers) -> set[str]:
    """Return the slots that may be asked."""
    return {each.slot for each in askable(answers)}


def test_the_questions_come_in_the_documented_order() -> None:
    documented = yaml.safe_load(shared("domain/interview.yaml").read_text(encoding="utf-8"))

    assert [each.slot for each in QUESTIONS] == [entry["slot"] for entry in documented]


def test_every_question_has_words_a_reason_and_known_rules() -> None:
    for each in QUESTIONS:
        assert each.text
        assert each.short
        assert each.why
        assert set(each.rules) <= set(RULES)
        assert each.options or each.example


def test_every_button_is_an_answer() -> None:
    for each in QUESTIONS:
        for option in each.options:
            value = parse_reply(each.slot, option.value)
            assert parse_reply(each.slot, option.label) == value
            assert len(option.label) <= 75
            if value is not None:
                assert describe(each.slot, value) != "not known"


def test_questions_that_make_no_sense_yet_are_not_askable() -> None:
    assert slots(Answers()).isdisjoint({"knowledge_tokens", "format_only", "latency_p95_ms", "task_stable", "batch_ok"})
    assert {"knowledge_tokens", "few_facts", "citations"} <= slots(about_knowledge())
    assert "few_facts" not in slots(about_knowledge(knowledge_tokens=5))
    assert "knowledge_tokens" not in slots(about_knowledge(few_facts=True))
    assert "quality_gap_pp" not in slots(Answers(evals=Evals.INFORMAL))
    assert "quality_gap_pp" in slots(Answers(evals=Evals.GOLDEN))
    assert {"task_stable", "labelled_examples", "gpu", "purpose"} <= slots(Answers(problem=(Problem.CAPABILITY,)))
    assert "purpose" not in slots(fine_tunable(teacher_meets_bar=True))
    assert {"batch_ok", "small_api_meets_bar"} <= slots(Answers(problem=(Problem.COST,)))


@given(any_answers)
def test_an_answered_question_is_not_askable(answers: Answers) -> None:
    assert not any(answers.knows(slot) for slot in slots(answers))


def test_an_unknown_question_names_the_nearest() -> None:
    with pytest.raises(UserError, match="'evals'"):
        question("eval")


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("problem", "knowledge, cost", ["knowledge", "cost"]),
        ("problem", "It costs too much and it is too slow", ["cost", "latency"]),
        ("evals", "Spot checks", "informal"),
        ("evals", "GOLDEN", "golden"),
        ("citations", "yes", True),
        ("teacher_meets_bar", "No", False),
        ("teacher_meets_bar", "not tested", None),
        ("requests_per_day", "20k", 20_000),
        ("requests_per_day", "20,000", 20_000),
        ("requests_per_day", "20 000", 20_000),
        ("requests_per_day", "about 20'000 a day", 20_000),
        ("requests_per_day", "1,5 Mio", 1_500_000),
        ("requests_per_day", "1.5M", 1_500_000),
        ("requests_per_day", "2M a month", 65_753),
        ("requests_per_day", "2M/month", 65_753),
        ("requests_per_day", "700 weekly", 100),
        ("requests_per_day", "5 per second", 432_000),
        ("requests_per_day", "100 requests per hour", 2_400),
        ("quality_gap_pp", "78 / 87", 9.0),
        ("quality_gap_pp", "78% → 87%", 9.0),
        ("quality_gap_pp", "0.78, 0.87", 9.0),
        ("quality_gap_pp", "90 to 85", -5.0),
        ("quality_gap_pp", "9 pp", 9.0),
        ("quality_gap_pp", "8,5", 8.5),
        ("tokens", "800 / 200 / 300", {"static_prefix": 800, "tokens_in": 1_000, "tokens_out": 300}),
        ("tokens", "1k 200 50", {"static_prefix": 1_000, "tokens_in": 1_200, "tokens_out": 50}),
        ("knowledge_tokens", "10-200K", "10-200K"),
        ("knowledge_tokens", "40 pages", 26_000),
        ("knowledge_tokens", "9000 words", 11_700),
        ("knowledge_tokens", "2 MB", 500_000),
        ("knowledge_tokens", "20k tokens", 20_000),
        ("latency_p95_ms", "0.5 s", 500.0),
        ("latency_p95_ms", "300ms", 300.0),
        ("labelled_examples", "3k", 3_000),
        ("labelled_examples", "1200 examples", 1_200),
        ("gpu", "2x H100-80", {"kind": "H100-80", "count": 2}),
        ("gpu", "rent", {"kind": "rent", "count": 0}),
        ("engineering_day_rate", "$800", 800.0),
    ],
)
def test_a_reply_is_understood(slot: str, text: str, value: Any) -> None:
    assert parse_reply(slot, text) == value


@pytest.mark.parametrize("text", ["not sure", "Not_sure", "skip", "", "?", "I don't know"])
def test_not_sure_is_an_answer_to_everything(text: str) -> None:
    assert [parse_reply(slot, text) for slot in (each.slot for each in QUESTIONS)] == [None] * len(QUESTIONS)


@pytest.mark.parametrize(
    ("slot", "text", "says"),
    [
        ("requests_per_day", "lots", ["lots", "20k"]),
        ("requests_per_day", "20k, 30k", ["more than one number", "20k"]),
        ("requests_per_day", "3 4", ["more than one number"]),
        ("requests_per_day", "10.000", ["10.000", "10000"]),
        ("requests_per_day", "5 per fortnight", ["fortnight"]),
        ("requests_per_day", "-5", ["negative"]),
        ("requests_per_day", "999999999999 bn", ["larger"]),
        ("quality_gap_pp", "78 of", ["78 of", "78 / 87"]),
        ("quality_gap_pp", "78 / 870", ["0 and 100"]),
        ("tokens", "800 / 200", ["3 numbers", "800 / 200 / 300"]),
        ("knowledge_tokens", "3 shelves", ["shelves", "40 pages"]),
        ("latency_p95_ms", "3 parsecs", ["parsecs"]),
        ("latency_p95_ms", "0", ["more than 0"]),
        ("evals", "vibes", ["vibes", "golden"]),
        ("problem", "everything", ["everything", "latency"]),
        ("citations", "sometimes", ["sometimes", "yes"]),
    ],
)
def test_a_reply_that_is_not_understood_is_met_with_an_example(slot: str, text: str, says: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        parse_reply(slot, text)

    assert all(words in str(refused.value) for words in says)


@given(st.sampled_from([each.slot for each in QUESTIONS]), st.text(max_size=40))
def test_any_text_is_understood_or_politely_refused(slot: str, text: str) -> None:
    try:
        value = parse_reply(slot, text)
    except UserError:
        return
    assert describe(slot, value)
    parse_answers({slot: value})


def test_the_inputs_of_a_question_become_answers() -> None:
    assert parse_fields("requests_per_day", {"requests_per_day": "20k", "peak_factor": "5"}) == {
        "requests_per_day": 20_000,
        "peak_factor": 5.0,
    }
    assert parse_fields("requests_per_day", {"requests_per_day": "20k", "peak_factor": ""}) == {
        "requests_per_day": 20_000
    }
    assert parse_fields("quality_gap_pp", {"score_now": "78", "score_needed": "87"}) == {"quality_gap_pp": 9.0}


def test_an_empty_input_is_named() -> None:
    with pytest.raises(UserError, match="Score needed"):
        parse_fields("quality_gap_pp", {"score_now": "78", "score_needed": " "})


def test_only_questions_of_several_numbers_have_inputs() -> None:
    for each in QUESTIONS:
        assert bool(each.fields) == (each.control is Control.NUMBERS)


@pytest.mark.parametrize(
    ("slot", "value", "said"),
    [
        ("knowledge_tokens", 26_000, "26,000 tokens (about 40 pages)"),
        ("knowledge_tokens", "10-200K", "60,000 tokens (estimated, about 92 pages)"),
        ("problem", ["cost", "knowledge"], "It lacks our knowledge, It costs too much"),
        ("citations", True, "Yes"),
        ("citations", None, "not known"),
        ("gpu", {"kind": "H100-80", "count": 2}, "2 x H100-80"),
        ("gpu", "rent", "none, would rent"),
        (
            "tokens",
            {"static_prefix": 800, "tokens_in": 1_000, "tokens_out": 300},
            "800 fixed + 200 variable in, 300 out",
        ),
        ("requests_per_day", 2_000_000, "2,000,000 requests a day"),
        ("peak_factor", 3, "3 times the average"),
        ("quality_gap_pp", 8.5, "8.5 percentage points"),
        ("domain", "legal", "Legal"),
    ],
)
def test_a_stored_value_reads_like_a_sentence(slot: str, value: Any, said: str) -> None:
    assert describe(slot, value) == said


@given(any_answers)
def test_every_stored_answer_can_be_said(answers: Answers) -> None:
    for slot, value in answers_to_json(answers).items():
        assert describe(slot, value) != "not known"


def test_every_slot_can_be_described_as_unknown() -> None:
    assert {describe(slot, None) for slot in SLOTS} == {"not known"}
