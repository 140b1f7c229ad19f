"""What a distillation will take: counted from the data, priced by the book, and never less than it may spend."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.costs.prices.book import ModelPrice, Rates
from agents.distillation.examples import Example, Input
from agents.distillation.plan import PROBE, PROBED_FROM, Plan, plan, request_usd
from agents.distillation.teaching import teacher_request
from agents.stages.distil.asking import most_usd
from tests.unit.distillation.specs import make_spec, taught_spec

RATES = Rates(Decimal(4), Decimal(20), Decimal("0.2"), Decimal(5))
PRICE = ModelPrice("m", "anthropic", RATES, "list", dt.date(2026, 11, 1), batch=RATES.times(Decimal("0.5")))
GOLDEN = [Example("g", "x" * 400, "billing")]


def planned(spec: Any, inputs: int = 100, price: ModelPrice | None = PRICE) -> Plan:
    given_inputs = [Input(f"i{at}", "x" * 400) for at in range(inputs)]
    return plan(spec, golden=GOLDEN, labelled=[], inputs=given_inputs, teacher=price)


def test_a_team_s_own_examples_cost_no_requests() -> None:
    took = plan(make_spec(), golden=GOLDEN, labelled=GOLDEN * 50, inputs=[], teacher=None)

    assert (took.examples, took.requests, took.high_usd) == (50, 0, Decimal(0))
    assert took.trained_tokens > 50 * 3 * 100


@pytest.mark.parametrize("samples", [1, 2])
def test_every_input_is_asked_for_as_often_as_there_are_samples(samples: int) -> None:
    took = planned(taught_spec(samples=samples))

    assert (took.requests, took.examples) == (100 * samples + len(GOLDEN), 100)


def test_a_batch_costs_half() -> None:
    assert planned(taught_spec(batch=True)).base_usd * 2 == planned(taught_spec(batch=False)).base_usd


def test_the_few_that_are_asked_before_a_large_batch_cost_the_whole_price() -> None:
    golden = [Example(f"g{at}", "x" * 400, "billing") for at in range(40)]
    inputs = [Input(f"i{at}", "x" * 400) for at in range(PROBED_FROM)]
    took, live = (
        plan(taught_spec(batch=batch), golden=golden, labelled=[], inputs=inputs, teacher=PRICE)
        for batch in (True, False)
    )

    # 240 requests, of which twenty cost twice the price of a batch.
    assert took.base_usd / live.base_usd == pytest.approx(Decimal(220 + 2 * PROBE) / 480)
    assert took.high_usd / live.high_usd == pytest.approx(Decimal(220 + 2 * PROBE) / 480)


@pytest.mark.parametrize("kind", ["openai", "vllm"])
def test_what_is_asked_one_by_one_is_planned_at_the_price_of_that(kind: str) -> None:
    assert planned(taught_spec(kind=kind, batch=kind == "vllm")) == planned(taught_spec(kind="claude", batch=False))


def test_the_most_is_every_answer_as_long_as_it_may_be() -> None:
    took = planned(taught_spec(batch=False, max_tokens=1_000))

    assert took.high_usd >= 100 * 1_000 * RATES.output / 1_000_000
    assert took.low_usd < took.base_usd < took.high_usd


def test_inputs_that_the_teacher_writes_cost_requests_of_their_own() -> None:
    spec = taught_spec(data={"inputs": None, "synthesis": {"count": 100}})

    took = planned(spec, inputs=0)

    assert (took.requests, took.examples) == (110 + len(GOLDEN), 100)


@given(st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=5), st.sampled_from([1, 2]), st.booleans())
def test_what_all_requests_reserve_together_is_within_the_plan(texts: list[str], samples: int, is_batch: bool) -> None:
    spec = taught_spec(batch=is_batch, samples=samples)
    inputs = [Input(f"i{at}", text) for at, text in enumerate(texts)]

    took = plan(spec, golden=GOLDEN, labelled=[], inputs=inputs, teacher=PRICE)

    requests = [teacher_request(spec, "a", text) for text in [*texts * samples, *(each.input for each in GOLDEN)]]
    reserved = most_usd(PRICE, requests, is_batch=is_batch)
    assert reserved is not None
    assert reserved <= took.high_usd


@given(st.text(max_size=300), st.booleans())
def test_one_request_costs_at_most_what_is_reserved_for_it(text: str, is_batch: bool) -> None:
    spec = taught_spec(batch=is_batch)
    request = teacher_request(spec, "a", text)

    reserved = request_usd(PRICE, request.system + request.user, request.max_tokens, is_batch=is_batch)

    longest = request.max_tokens * RATES.output / (2 if is_batch else 1) / 1_000_000
    assert reserved > longest
