"""What a reply may repeat: figures in any notation, quotes word for word, the core's verdict, and no secrets."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.dialogue.claims import secret, without_secrets
from agents.dialogue.guard import Guard, Sources
from tests.evals import numbers

SOURCES: Final = Sources(
    core=[
        "USD 1,234.56 a month at 40,000 requests a day, 12.5% off, p95 300 ms, payback 3 months.",
        "S2: the prompt was not exhausted. Run 7f3a (index): queued.",
    ],
    people=[
        "We have 20k tickets and a bill of €500; half a million docs; Ana said “caching has never been tried here”"
    ],
    passages=["Refunds are paid within 14 days after the goods came back."],
    verdict="prompt",
)
GUARD: Final = Guard(SOURCES)


def grouped(by: str) -> Callable[[int], str]:
    return lambda value: f"{value:,}".replace(",", by)


# Ways to write a whole number of thousands that the independent judge of the evals reads as well.
WRITTEN: Final[tuple[Callable[[int], str], ...]] = (
    str,
    grouped(","),
    grouped("."),
    grouped(" "),
    grouped("'"),
    grouped("\N{NO-BREAK SPACE}"),
    lambda value: f"{value / 1000:g}k",
    lambda value: f"{value / 1000:g} thousand",
    lambda value: f"{value / 1000:g} Tsd.",
    lambda value: f"{value / 1000:g} mille",
    lambda value: f"{value / 1_000_000:.9g}M",
    lambda value: f"{value / 1_000_000:.9g} Mio.".replace(".", ",", 1),
    lambda value: "".join(chr(ord(digit) + 0xFEE0) for digit in str(value)),
    lambda value: "".join(chr(ord(digit) + 0x630) for digit in str(value)),
)
MORE_WAYS: Final[tuple[Callable[[int], str], ...]] = (
    lambda value: f"{value / 100_000:.9g} lakh",
    lambda value: f"{value // 1000}e3",
    lambda value: f"{value // 1000}\N{MULTIPLICATION SIGN}10\N{SUPERSCRIPT THREE}",
    lambda value: f"{value / 10_000:.9g}万",
)
THOUSANDS: Final = st.integers(11, 900_000).map(lambda value: value * 1000)


@given(THOUSANDS, st.sampled_from(WRITTEN), st.sampled_from((*WRITTEN, *MORE_WAYS)))
def test_a_figure_of_the_sources_passes_in_any_notation(
    value: int, source: Callable[[int], str], told: Callable[[int], str]
) -> None:
    guard = Guard(Sources(people=[f"We get {source(value)} requests."]))

    assert guard.check(f"With {told(value)} requests a day it pays. ") is None


@given(THOUSANDS, THOUSANDS, st.sampled_from((*WRITTEN, *MORE_WAYS)))
def test_a_foreign_figure_never_passes(value: int, foreign: int, told: Callable[[int], str]) -> None:
    guard = Guard(Sources(core=[f"{value:,} requests"], people=[f"{value} requests"]))
    written = told(foreign)

    # What it may be taken for by rounding, or by leaving its unit out, is not foreign.
    if numbers.untraceable(written, {Decimal(value)}) and abs(value - foreign) >= 0.05 * foreign:
        assert guard.check(f"It is {written} requests. ") is not None


@given(
    st.lists(THOUSANDS | st.integers(0, 2000), min_size=1, max_size=4),
    st.lists(st.tuples(THOUSANDS | st.integers(2, 2000), st.sampled_from(WRITTEN)), min_size=1, max_size=3),
    st.sampled_from(["", "%", " %", " USD", " ms", " GPUs", "x", ".", ")", " million"]),
    st.sampled_from(["", "$", "€", "USD ", "about ", "(", "~", "**", "p95 ", "at "]),
)
def test_what_the_judge_of_the_evals_finds_is_withheld(
    held: list[int], told: list[tuple[int, Callable[[int], str]]], after: str, before: str
) -> None:
    sources = [f"{value:,} requests" for value in held]
    text = "It takes " + " and ".join(f"{before}{written(value)}{after}" for value, written in told)
    allowed = {value for source in sources for value in numbers.values(source)}

    if numbers.untraceable(text, allowed):
        assert Guard(Sources(core=sources)).check(text) is not None


@pytest.mark.parametrize(
    "sentence",
    [
        "It costs $1,234.56 a month.",
        "About $1,235 a month.",
        "Roughly 1.2k USD.",
        "At 40k requests a day, or 40.000 Anfragen.",
        "Forty thousand requests, 四万 or ４万.",
        "12.5 percent, 12,5 %, 13%.",
        "It pays back in three months.",
        "Nach drei Monaten, après trois mois, en tres meses, dopo tre mesi, três meses, po trzy miesiące, 三か月。",
        "Zwei Wege, deux options, dos caminos.",
        "Asked three times, it said so.",
        "There are two options, and one of them is cheap.",
        "Say 1 thing.",
        "0.5M docs, ½ million docs, 500,000 docs.",
        "€500 or 500 EUR.",
        "By rule S2 an H100 runs gpt-4.1 or llama-3.1-8b.",
        "1. First this.\n2. Then that.\n",
        "Refunds come within 14 days: “Refunds are paid within 14 days after the goods came back.”",
        'Ana wrote "caching has never been tried here", which matters.',
        "> Refunds are paid within … the goods came back.\n",
        "The verdict is a better prompt, for now.",
        "Verdict: prompting.",
        "Whether fine-tuning is the right thing depends on what goes wrong.",
        "I can't tell if a distilled model is the best fit.",
        "Ob Destillation die richtige Wahl ist, zeigt der Testsatz.",
        "The run has not been started; a person presses Approve once it was checked.",
        "Was the run approved?",
        "If the run is approved, it begins.",
        "Press “Index documents” on the card.",
    ],
)
def test_what_a_source_holds_is_shown(sentence: str) -> None:
    assert GUARD.check(sentence) is None


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("It costs $40,000 a month.", "figure"),
        ("It costs 40k USD.", "figure"),
        ("It costs $500.", "figure"),
        ("It costs $1.", "figure"),
        ("It is 3% cheaper.", "figure"),
        ("It pays back in two months.", "figure"),
        ("Das zeigt ein Test in ein bis zwei Tagen.", "figure"),
        ("Cela prend deux semaines.", "figure"),
        ("Tarda dos semanas.", "figure"),
        ("Ci vogliono due settimane.", "figure"),
        ("Leva cinco dias.", "figure"),
        ("二週間かかります。", "figure"),
        ("十倍安いです。", "figure"),
        ("It is ten times cheaper.", "figure"),
        ("It is a ten-fold saving.", "figure"),
        ("It pays back in 300 days.", "figure"),
        ("About 19,876 tickets.", "figure"),
        ("It takes sixty thousand requests.", "figure"),
        ("It takes ６０,０００ requests.", "figure"),  # noqa: RUF001  # full-width digits are what is tested
        ("It takes 4\N{ZERO WIDTH SPACE}1,000 requests.", "figure"),
        ("It takes _41_k requests.", "figure"),
        ("It takes 10K-100K requests.", "figure"),
        ("A million requests.", "figure"),
        ("10\N{SUPERSCRIPT SIX} requests.", "figure"),
        ("1 lakh requests.", "figure"),
        ("Run 8a2b is there.", "figure"),
        ("Ana wrote “we want distillation at any price”.", "quote"),
        ("> we want distillation at any price\n", "quote"),
        ("- > we want distillation at any price\n", "quote"),
        ("Sie schrieb „das Budget ist längst freigegeben“.", "quote"),
        ("«on a déjà payé pour ça», dit Ana.", "quote"),
        ("Ana wrote “we want distillation at any", "quote"),
        ("Verdict: distillation.", "verdict"),
        ("**Verdict:** *Fine-tune a small model*", "verdict"),
        ("You should fine-tune.", "verdict"),
        ("Ich empfehle Destillation.", "verdict"),
        ("Je recommande le fine-tuning.", "verdict"),
        ("Recomiendo la destilación.", "verdict"),
        ("Distillation is the right choice here.", "verdict"),
        ("我建议蒸馏。", "verdict"),
        ("I started the run.", "act"),
        ("I have approved your proposal.", "act"),
        ("The run is running now.", "act"),
        ("Your proposal was approved.", "act"),
        ("Ich habe das Training gestartet.", "act"),
        ("The key is sk-ant-api03-abcdef.", "secret"),
        ("Use xoxb-1234-abcdef.", "secret"),
        ("It is at postgres://cairn:secret@db/cairn.", "secret"),
        ("-----BEGIN RSA PRIVATE KEY-----", "secret"),
    ],
)
def test_what_no_source_holds_is_withheld(sentence: str, kind: str) -> None:
    withheld = GUARD.check(sentence)

    assert withheld is not None
    assert withheld.kind == kind


def test_a_secret_is_withheld_though_it_stands_in_a_source_and_is_not_repeated_to_the_model() -> None:
    withheld = Guard(Sources(people=["our key is sk-ant-api03-abcdef"])).check("Your key is sk-ant-api03-abcdef.")

    assert withheld is not None
    assert "api03" not in withheld.reason + withheld.what


def test_without_a_verdict_none_may_be_told() -> None:
    assert Guard(Sources()).check("The verdict is prompting.") is not None


def test_the_state_of_a_run_may_be_told_where_code_tells_it() -> None:
    assert (
        Guard(Sources(standing=["Run 7f3a (index): running"], core=["Run 7f3a"])).check("Run 7f3a is running.") is None
    )


def test_a_quote_may_not_be_put_together_out_of_two_sources() -> None:
    guard = Guard(Sources(people=["the bill is far", "too high for us"]))

    assert guard.check("“the bill is far too high for us”") is not None


@pytest.mark.parametrize(
    "key",
    [
        "sk-ant-api03-Zx81kQpLm27RtYv0",
        "xoxb-2048-4096-AbCdEfGhIjKl",
        "postgresql://cairn:hunter2@db.internal/cairn",
        "https://ana:hunter2@wiki.internal/page",
    ],
)
def test_a_key_is_left_out_of_a_text_to_its_end(key: str) -> None:
    text = f"The key is {key} and the rest stands."

    assert secret(text) is not None
    assert without_secrets(text) == "The key is [left out: it looks like a key] and the rest stands."
