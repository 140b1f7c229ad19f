"""Figures as people type them: understood, understood with a choice that is said, or refused with an example."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.decision.interview import read_fields, read_reply
from agents.decision.numerals import MAX_QUANTITY, numeral
from agents.errors import UserError

A_MONTH = 365 / 12


@pytest.mark.parametrize(
    ("text", "a_day"),
    [
        ("20000", 20_000),
        ("20k/day", 20_000),
        ("20k per day", 20_000),
        ("2M a month", round(2e6 / A_MONTH)),
        ("2M requests per month", round(2e6 / A_MONTH)),
        ("1,5 Mio", 1_500_000),
        ("1.5 Mio pro Monat", round(1.5e6 / A_MONTH)),
        ("1,5 Millionen am Tag", 1_500_000),
        ("40k tickets a day", 40_000),
        ("about twenty thousand", 20_000),
        ("about twenty thousand calls a day", 20_000),
        ("two hundred and fifty thousand", 250_000),
        ("half a million", 500_000),
        ("a quarter of a million a day", 250_000),
        ("two and a half million", 2_500_000),
        ("a million and a half", 1_500_000),
        ("\u00bd million", 500_000),
        ("a hundred per minute", 144_000),
        ("10 000", 10_000),
        ("10\u202f000", 10_000),
        ("1'000'000", 1_000_000),
        ("1\u2019000\u2019000", 1_000_000),
        ("1.000.000", 1_000_000),
        ("1,50,000", 150_000),
        ("2 lakh a day", 200_000),
        ("~2e6", 2_000_000),
        ("2.5e4 daily", 25_000),
        ("5 per second", 432_000),
        ("5 rps", 432_000),
        ("30 qpm", 43_200),
        ("100 requests per hour", 2_400),
        ("700 weekly", 100),
        ("36500 a year", 100),
        ("1.5 bn a year", round(1.5e9 / 365)),
        ("zero", 0),
        ("20k in an average week", round(20_000 / 7)),
        ("monthly volume 2M", round(2e6 / A_MONTH)),
        ("the whole team makes 20k", 20_000),
        ("40 000 par jour", 40_000),
        ("2 millions par mois", round(2e6 / A_MONTH)),
        ("1.200.000 al mes", round(1.2e6 / A_MONTH)),
        ("3 millones al mes", round(3e6 / A_MONTH)),
        ("40 mila al giorno", 40_000),
        ("1,5 milhões por mês", round(1.5e6 / A_MONTH)),
        ("1.5 Mio. pro Monat", round(1.5e6 / A_MONTH)),
        ("40 tys. dziennie", 40_000),
        ("40 tysięcy na dzień", 40_000),
        ("40 тыс. запросов", 40_000),
        ("4万件/日", 40_000),
        ("月120万件", round(1.2e6 / A_MONTH)),
    ],
)
def test_a_volume_is_understood(text: str, a_day: int) -> None:
    reply = read_reply("requests_per_day", text)

    assert reply.values == {"requests_per_day": a_day}
    assert reply.remark == ""


@pytest.mark.parametrize(
    ("text", "a_day", "says"),
    [
        ("3-5k", 4_000, ["4,000", "middle of 3,000 and 5,000"]),
        ("3\u20135k tickets a day", 4_000, ["middle"]),
        ("20k-30k", 25_000, ["middle of 20,000 and 30,000"]),
        ("between three and five thousand", 4_000, ["middle of 3,000 and 5,000"]),
        ("ten to twenty thousand a week", round(15_000 / 7), ["middle of 10,000 and 20,000"]),
        ("1-2 million", 1_500_000, ["middle"]),
        ("100 per second at peak", 2_880_000, ["busiest", "2,880,000", "3 times"]),
        ("6k in the busiest hour", 48_000, ["busiest", "48,000"]),
    ],
)
def test_what_had_to_be_chosen_is_said(text: str, a_day: int, says: list[str]) -> None:
    reply = read_reply("requests_per_day", text)

    assert reply.values["requests_per_day"] == a_day
    assert all(words in reply.remark for words in says), reply.remark


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("20k a day, 3x at peak", {"requests_per_day": 20_000, "peak_factor": 3.0}),
        ("20k/day and the busiest hour is 5 times the average", {"requests_per_day": 20_000, "peak_factor": 5.0}),
        ("2M a month (peak 2.5x)", {"requests_per_day": 65_753, "peak_factor": 2.5}),
    ],
)
def test_the_peak_may_be_told_with_the_volume(text: str, values: dict[str, Any]) -> None:
    assert read_reply("requests_per_day", text).values == values


def test_a_rate_at_the_peak_is_divided_by_the_peak_that_is_told_beside_it() -> None:
    reply = read_fields("requests_per_day", {"requests_per_day": "100 per second at peak", "peak_factor": "5x"})

    assert reply.values == {"requests_per_day": 1_728_000, "peak_factor": 5.0}
    assert "5 times" in reply.remark


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("tokens", "1,500 in / 300 out", {"static_prefix": 0, "tokens_in": 1_500, "tokens_out": 300}),
        ("tokens", "1,500 in, 300 out", {"static_prefix": 0, "tokens_in": 1_500, "tokens_out": 300}),
        ("tokens", "in 1500, out 300", {"static_prefix": 0, "tokens_in": 1_500, "tokens_out": 300}),
        ("tokens", "2 pages in, one page out", {"static_prefix": 0, "tokens_in": 1_300, "tokens_out": 650}),
        ("tokens", "800 fixed, 200 variable, 300 out", {"static_prefix": 800, "tokens_in": 1_000, "tokens_out": 300}),
        ("tokens", "300 out, 800 system, 200 user", {"static_prefix": 800, "tokens_in": 1_000, "tokens_out": 300}),
        ("tokens", "800 fixed / 200 in / 300 out", {"static_prefix": 800, "tokens_in": 1_000, "tokens_out": 300}),
        ("tokens", "1850 in, 1200 of it fixed, 60 out", {"static_prefix": 1_200, "tokens_in": 1_850, "tokens_out": 60}),
        (
            "tokens",
            "1,850 tokens in of which 1,200 never change, 60 out",
            {"static_prefix": 1_200, "tokens_in": 1_850, "tokens_out": 60},
        ),
        ("tokens", "800 / 200 / 300", {"static_prefix": 800, "tokens_in": 1_000, "tokens_out": 300}),
        ("knowledge_tokens", "2 pages", 1_300),
        ("knowledge_tokens", "40 Seiten", 26_000),
        ("knowledge_tokens", "half a million words", 650_000),
        ("knowledge_tokens", "3 MB of text", 750_000),
        ("latency_p95_ms", "300ms", 300.0),
        ("latency_p95_ms", "p95 300 ms", 300.0),
        ("latency_p95_ms", "p95 < 300ms", 300.0),
        ("latency_p95_ms", "0,3 s", 300.0),
        ("latency_p95_ms", "half a second", 500.0),
        ("latency_p95_ms", "2 seconds", 2_000.0),
        ("quality_gap_pp", "9 pp", 9.0),
        ("quality_gap_pp", "78% -> 87%", 9.0),
        ("quality_gap_pp", "from 78 to 87", 9.0),
        ("quality_gap_pp", "78-87", 9.0),
        ("quality_gap_pp", "0.78 / 0.87", 9.0),
        ("labelled_examples", "about three thousand", 3_000),
        ("labelled_examples", "none yet", 0),
        ("engineering_day_rate", "$800/day", 800.0),
        ("engineering_day_rate", "800 USD a day", 800.0),
        ("engineering_day_rate", "US$1,200", 1_200.0),
        ("engineering_day_rate", "1.2k$", 1_200.0),
        ("engineering_day_rate", "no", 0.0),
    ],
)
def test_other_figures_are_understood(slot: str, text: str, value: Any) -> None:
    assert read_reply(slot, text).values == {slot: value}


def test_tokens_without_a_fixed_part_say_that_nothing_is_cached() -> None:
    assert "cached" in read_reply("tokens", "1,500 in / 300 out").remark


@pytest.mark.parametrize(
    ("slot", "text", "says"),
    [
        ("requests_per_day", "1.500", ["1500", "1.5", "20k"]),
        ("requests_per_day", "2.500 Mio", ["2500", "2.5"]),
        ("requests_per_day", "lots", ["no number", "20k"]),
        ("requests_per_day", "a few thousand", ["no number", "20k"]),
        ("requests_per_day", "thousands", ["no number"]),
        ("requests_per_day", "1k to 100k", ["too wide", "20k"]),
        ("requests_per_day", "5 gazillion", ["gazillion"]),
        ("requests_per_day", "2 mil", ["mil"]),
        ("requests_per_day", "5 per fortnight", ["fortnight"]),
        ("tokens", "1850 in, 2000 of it fixed, 60 out", ["not clear"]),
        ("requests_per_day", "500 por agente", ["agente"]),
        ("requests_per_day", "1日4万件", ["more than one number"]),
        ("requests_per_day", "20k/m", ["'m'"]),
        ("requests_per_day", "1 a week", ["less than one"]),
        ("requests_per_day", "-5", ["negative"]),
        ("requests_per_day", "$800 a day", ["money", "requests"]),
        ("requests_per_day", "\u20ac800", ["money"]),
        ("requests_per_day", "20 %", ["share"]),
        ("requests_per_day", "20k users a day", ["users", "calls"]),
        ("requests_per_day", "2M monthly active users", ["users"]),
        ("requests_per_day", "1M tokens a day", ["tokens"]),
        ("requests_per_day", "50 GB", ["gb", "requests"]),
        ("requests_per_day", "300 ms", ["ms", "requests"]),
        ("requests_per_day", "5 hours", ["hours", "requests"]),
        ("requests_per_day", "999999999999 bn", ["larger"]),
        ("requests_per_day", "1e400", ["larger"]),
        ("requests_per_day", "9" * 5_000, ["too long"]),
        ("tokens", "800 / 200", ["3 numbers", "800 / 200 / 300"]),
        ("tokens", "1500 in", ["the answer"]),
        ("tokens", "300 out", ["the input"]),
        ("tokens", "800 fixed, 1000 in, 300 out", ["not clear", "800 / 200 / 300"]),
        ("tokens", "800 fixed, 200, 300 out", ["which size"]),
        ("tokens", "1500 in, 200-300 out", ["exact", "800 / 200 / 300"]),
        ("knowledge_tokens", "50 GB of PDFs", ["pdfs", "pages", "40 pages"]),
        ("knowledge_tokens", "200 scans", ["scans", "40 pages"]),
        ("knowledge_tokens", "3 shelves", ["shelves", "40 pages"]),
        ("latency_p95_ms", "3 parsecs", ["parsecs"]),
        ("latency_p95_ms", "-300ms", ["more than 0"]),
        ("quality_gap_pp", "78 / 870", ["0 and 100"]),
        ("labelled_examples", "20%", ["share"]),
        ("engineering_day_rate", "\u20ac800", ["US dollars", "800"]),
        ("engineering_day_rate", "800 EUR a day", ["US dollars"]),
        ("engineering_day_rate", "$100 an hour", ["a day of work", "800"]),
        ("engineering_day_rate", "$200k a year", ["a day of work"]),
        ("engineering_day_rate", "-5", ["negative"]),
    ],
)
def test_what_cannot_be_taken_is_refused_with_an_example(slot: str, text: str, says: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        read_reply(slot, text)

    assert all(words in str(refused.value) for words in says), str(refused.value)


_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_words(number: int) -> str:
    """Return a whole number under a million in English words."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    if number < 1_000:
        return f"{_ONES[number // 100]} hundred" + (f" and {in_words(number % 100)}" if number % 100 else "")
    rest = f" {in_words(number % 1_000)}" if number % 1_000 else ""
    return f"{in_words(number // 1_000)} thousand{rest}"


@given(
    st.integers(0, 10**12),
    st.sampled_from(
        [
            str,
            lambda n: f"{n:,}",
            lambda n: f"{n:,}".replace(",", " "),
            lambda n: f"{n:,}".replace(",", "'"),
            lambda n: f"{n:,}".replace(",", "\u2019"),
            lambda n: f"{n:,}".replace(",", "\u00a0"),
            lambda n: f"{n:,}".replace(",", "_"),
            lambda n: f"{n:,}.0",
            lambda n: f"~{n}",
            lambda n: f"about {n} or so",
            lambda n: f"{n / 1_000:.3f}k" if n % 1_000 == 0 else f"{n}",
            lambda n: f"{n}e0",
            lambda n: f" {n} ",
        ]
    ),
)
def test_a_number_is_the_same_in_every_spelling(number: int, spelled: Any) -> None:
    text = spelled(number)
    if text.endswith("k") and number < 1_000_000:
        text = text.replace(".000", "")
    assert numeral(text, example="20k").value == number


@given(st.integers(1_000, 10**12))
def test_points_between_groups_are_thousands_or_asked_about(number: int) -> None:
    text = f"{number:,}".replace(",", ".")
    if text.count(".") == 1:
        with pytest.raises(UserError, match="can be read as"):
            numeral(text, example="20k")
    else:
        assert numeral(text, example="20k").value == number


@given(st.integers(0, 999_999))
def test_a_number_in_words_is_the_number(number: int) -> None:
    assert numeral(in_words(number), example="20k").value == number
    assert numeral(f"about {in_words(number)} a day", example="20k").value == number


@given(st.integers(1, 9_999), st.sampled_from([("k", 1e3), (" million", 1e6), ("M", 1e6), (" Mio", 1e6), (" bn", 1e9)]))
def test_a_decimal_comma_scales_as_a_decimal_point_does(tenths: int, scale: tuple[str, float]) -> None:
    word, factor = scale
    expected = round(tenths / 10 * factor)
    for text in (f"{tenths / 10:.1f}{word}", f"{tenths / 10:.1f}{word}".replace(".", ",")):
        assert round(numeral(text, example="20k").value) == expected


_TYPED_SLOTS = [
    "quality_gap_pp",
    "requests_per_day",
    "tokens",
    "knowledge_tokens",
    "latency_p95_ms",
    "labelled_examples",
    "engineering_day_rate",
]
_FRAGMENTS = st.sampled_from(
    (
        *(
            "20k",
            "3-5k",
            "1,5",
            "1.500",
            "Mio",
            "million",
            "half",
            "a",
            "an",
            "twenty",
            "thousand",
            "and",
            "per",
            "day",
        ),
        *(
            "/",
            "month",
            "second",
            "at",
            "peak",
            "$",
            "\u20ac",
            "%",
            "2e6",
            "1e999",
            "in",
            "out",
            "fixed",
            "pages",
            "GB",
        ),
        *("of", "PDFs", "ms", "s", "p95", "-", "\u2013", "~", "\u00bd", "to", "between", "0", "-1", ",", ".", "(", ")"),
        *("x", "3x", "times", "rps", "\x00", "\ud800", "\u0663", "\u00b2"),
    )
)


@given(st.sampled_from(_TYPED_SLOTS), st.one_of(st.text(max_size=60), st.lists(_FRAGMENTS, max_size=9).map(" ".join)))
def test_nothing_that_is_typed_breaks_anything(slot: str, text: str) -> None:
    try:
        reply = read_reply(slot, text)
    except UserError:
        return
    value = reply.values[slot]
    numbers = value.values() if isinstance(value, dict) else [value]
    for number in numbers:
        if isinstance(number, int | float):
            assert abs(number) <= MAX_QUANTITY * 1e5
