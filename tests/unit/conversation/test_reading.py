"""What a free text fills, and above all what it leaves to be asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.conversation.reading import read
from agents.decision.parsing import parse_answers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "we answer 40k tickets a day with Sonnet, the bill hurts, formatting is off in 3% of replies",
            {"problem": ["consistency", "cost"], "requests_per_day": 40_000},
        ),
        ("20k requests/day", {"requests_per_day": 20_000}),
        ("2M calls a month", {"requests_per_day": 65_753}),
        ("We get 5,000 support requests per hour.", {"requests_per_day": 120_000}),
        ("about 20k LLM calls daily", {"requests_per_day": 20_000}),
        ("The bot doesn't know our docs.", {"problem": ["knowledge"]}),
        ("Our bot does not know what is in our handbook", {"problem": ["knowledge"]}),
        ("I want answers from our handbook", {"problem": ["knowledge"]}),
        (
            "300 pages of internal documentation that changes weekly",
            {"problem": ["knowledge"], "knowledge_tokens": 195_000, "knowledge_change": "weekly"},
        ),
        ("p95 has to be under 200 ms", {"latency_p95_ms": 200.0}),
        (
            "I want to classify emails, it is too expensive and too slow",
            {"problem": ["cost", "latency"], "task_type": "classification"},
        ),
        ("Our cluster is air-gapped. Answers must cite their sources.", {"residency": "airgapped"}),
        ("answers have to cite sources", {"citations": True}),
    ],
)
def test_plain_statements_are_taken(text: str, found: dict[str, Any]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "",
        "cost is not a problem",
        "it isn't too slow",
        "is it too expensive?",
        "we spend $20k a day",
        "20k users a day",
        "10-20k requests a day",
        "20k requests/day or maybe more",
        "we hope to reach 20k requests/day",
        "we had 20k requests/day and then 30k requests/day",
        "we no longer get 20k requests/day",
        "1.500 calls a day",
        "should we classify this?",
        "the bill is fine",
        "formatting is fine",
        "cheaper than Opus, too expensive would be worse",
    ],
)
def test_doubt_fills_nothing(text: str) -> None:
    assert read(text) == {}


def test_doubt_in_one_clause_leaves_the_others() -> None:
    assert read("It is too slow, but cost is not a problem") == {"problem": ["latency"]}


_FRAGMENTS = (
    *("20k", "2M", "1.5", "300", "99999999999999999", "requests/day", "calls a month", "tokens of docs", "per day"),
    *("under 200 ms", "too expensive", "not", "but", "our handbook", "the bill hurts", "classify", "changes weekly"),
    *(",", ".", "?", "$", "-", "\x00"),
)
_WORDS = st.sampled_from(_FRAGMENTS)


@given(st.one_of(st.text(max_size=300), st.lists(_WORDS, max_size=40).map(" ".join)))
def test_whatever_is_read_can_be_stored_as_answers(text: str) -> None:
    parse_answers(read(text))
