"""Names and amounts as charts write them."""

import pytest

from agents.adapters.charts.names import brief, brief_number, brief_usd, days, shown


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Prompting claude-sonnet-5-5", "Claude Sonnet 5.5"),
        ("RAG + claude-opus-4-1", "RAG + Claude Opus 4.1"),
        ("Self-hosted llama-3.1-70b", "Self-hosted Llama 70B"),
        ("gpt-4o", "GPT-4o"),
        ("house-model", "house-model"),
    ],
)
def test_names_are_written_as_people_do(name: str, said: str) -> None:
    assert shown(name) == said


def test_a_long_name_is_cut() -> None:
    assert brief("a-model-with-a-name-that-nobody-remembers") == "a-model-with-a-name-that-…"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (0.00109, "0.00109"),
        (10.199999, "10.2"),
        (999.6, "1K"),
        (20_000, "20K"),
        (1_500_000, "1.5M"),
        (1e10, "10B"),
        (-2_500, "-2.5K"),
    ],
)
def test_numbers_keep_three_digits_and_no_exponent(number: float, said: str) -> None:
    assert brief_number(number) == said


@pytest.mark.parametrize(("usd", "said"), [(43.5, "$43.50"), (8_740, "$8,740"), (130_488, "$130K"), (1.2e9, "$1.2B")])
def test_amounts_are_short_once_they_are_large(usd: float, said: str) -> None:
    assert brief_usd(usd) == said


@pytest.mark.parametrize(
    ("amount", "said"), [(0.2, "a day"), (4.51, "4.5 days"), (11.3, "11 days"), (400, "400 days"), (900, "2.5 years")]
)
def test_days_are_rounded_as_people_do(amount: float, said: str) -> None:
    assert days(amount) == said
