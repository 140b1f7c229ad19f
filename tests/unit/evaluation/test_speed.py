"""Latency and cost of what was measured."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.evaluation.speed import gpu_usd_per_thousand, latency, token_usd_per_thousand


def test_percentiles_are_latencies_that_occurred() -> None:
    found = latency([0.1 * place for place in range(1, 101)])

    assert (found.p50_s, found.p95_s) == pytest.approx((5.0, 9.5))
    assert found.requests == 100


@given(samples=st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_in_order_and_do_not_hang_on_the_order_of_requests(samples: list[float]) -> None:
    found = latency(samples)

    assert found.p50_s in samples
    assert min(samples) <= found.p50_s <= found.p95_s <= max(samples)
    assert found == latency(sorted(samples))


@pytest.mark.parametrize("samples", [[], [float("nan")], [-1.0]])
def test_what_was_not_measured_has_no_latency(samples: list[float]) -> None:
    with pytest.raises(ValueError, match="measured seconds"):
        latency(samples)


def test_paid_tokens_make_the_cost_of_a_thousand_requests() -> None:
    cost = token_usd_per_thousand(
        requests=200,
        tokens_in=300_000,
        tokens_out=40_000,
        usd_per_million_in=Decimal("2.50"),
        usd_per_million_out=Decimal(10),
    )

    assert cost == Decimal("5.75")  # 1,500 in and 200 out each: $0.00375 + $0.002


def test_paid_gpus_make_the_cost_of_a_thousand_requests() -> None:
    assert gpu_usd_per_thousand(requests=7_200, busy_s=3_600, gpus=2, usd_per_gpu_hour=Decimal("3.60")) == Decimal(1)


def test_no_requests_have_no_cost_each() -> None:
    with pytest.raises(ValueError, match="needs a request"):
        gpu_usd_per_thousand(requests=0, busy_s=1, gpus=1, usd_per_gpu_hour=Decimal(1))
