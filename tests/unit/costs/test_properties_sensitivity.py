"""What the sensitivity says must be what the comparison says once the input is moved there."""

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.costs.compare import Comparison, facts_from
from agents.costs.crossings import FactCrossing, crossings
from agents.costs.sensitivity.tornado import CostFlip
from tests.unit.costs.edited import WHOLE, compared, edited
from tests.unit.costs.strategies import usual_documents

NEAR = Decimal("1e-6")
# Kinks inside the range: a prefix that becomes long enough to be cached, a cache that gets warmer.
UNEVEN = {"static_prefix", "requests_per_day", "ttl_s"}

quick = settings(deadline=None, max_examples=40)


def leader(comparison: Comparison) -> str:
    return comparison.ranking[0]


def moved(comparison: Comparison, document: dict[str, Any], key: str, value: Decimal) -> Comparison:
    return compared(edited(comparison.scenario, document, key, value))


def sides(found: CostFlip | FactCrossing) -> tuple[Decimal, Decimal]:
    """Return the values just before and just past a flip."""
    is_up = found.direction == "above"
    if (found.key in WHOLE or found.unit.startswith("x ")) and found.at == found.at.to_integral_value():
        return found.at + (-1 if is_up else 1), found.at
    return found.at * (1 - NEAR if is_up else 1 + NEAR), found.at * (1 + NEAR if is_up else 1 - NEAR)


@quick
@given(usual_documents(), st.data())
def test_a_flip_flips_just_past_its_value_and_not_before(document: dict[str, Any], data: st.DataObject) -> None:
    comparison = compared(document)
    flips = comparison.sensitivity.flips
    if flips:
        flip = data.draw(st.sampled_from(flips))
        before, past = sides(flip)

        assert leader(moved(comparison, document, flip.key, before)) == leader(comparison)
        assert leader(moved(comparison, document, flip.key, past)) == flip.becomes != leader(comparison)


@quick
@given(usual_documents(), st.data())
def test_short_of_a_flip_nobody_else_leads(document: dict[str, Any], data: st.DataObject) -> None:
    comparison = compared(document)
    swing = data.draw(st.sampled_from(comparison.sensitivity.swings))
    flips = [flip for flip in comparison.sensitivity.flips if flip.key == swing.key]
    low = max([swing.low, *(flip.at for flip in flips if flip.direction == "below")])
    high = min([swing.high, *(flip.at for flip in flips if flip.direction == "above")])
    if swing.key in WHOLE:
        # What lies between two whole numbers is one of them.
        first, last = math.floor(low) + 1, math.ceil(high) - 1
        inside = Decimal(data.draw(st.integers(first, last))) if first <= last else swing.base
    else:
        inside = low + (high - low) * Decimal(str(data.draw(st.floats(0.01, 0.99))))

    assert leader(moved(comparison, document, swing.key, inside)) == leader(comparison)


@quick
@given(usual_documents(), st.data())
def test_a_swing_ends_where_the_comparison_does(document: dict[str, Any], data: st.DataObject) -> None:
    comparison = compared(document)
    swing = data.draw(st.sampled_from(comparison.sensitivity.swings))

    for value, usd, first in (
        (swing.low, swing.usd_low, swing.leader_low),
        (swing.high, swing.usd_high, swing.leader_high),
    ):
        there = moved(comparison, document, swing.key, value)
        assert leader(there) == first
        assert float(usd) == pytest.approx(float(_usd(there, leader(comparison))), rel=1e-9)


@quick
@given(usual_documents(), st.data())
def test_between_its_ends_a_swing_bounds_the_cost(document: dict[str, Any], data: st.DataObject) -> None:
    comparison = compared(document)
    swing = data.draw(st.sampled_from([one for one in comparison.sensitivity.swings if one.key not in UNEVEN]))
    inside = swing.low + (swing.high - swing.low) * Decimal(str(data.draw(st.floats(0, 1))))

    there = moved(comparison, document, swing.key, inside)
    amounts = (swing.usd_low, comparison.sensitivity.usd_base, swing.usd_high)
    assert min(amounts) * (1 - NEAR) <= _usd(there, leader(comparison)) <= max(amounts) * (1 + NEAR)


@quick
@given(usual_documents())
def test_the_widest_swing_comes_first_and_every_input_once(document: dict[str, Any]) -> None:
    found = compared(document).sensitivity

    widths = [abs(swing.usd_high - swing.usd_low) for swing in found.swings]
    assert widths == sorted(widths, reverse=True)
    assert len({swing.key for swing in found.swings}) == len(found.swings)
    assert all(swing.low <= swing.base <= swing.high and swing.source for swing in found.swings)
    flipping = {flip.key for flip in found.flips}
    assert len(found.steady) == len(found.swings) - len(flipping)


@quick
@given(usual_documents(), st.data())
def test_a_fact_is_the_opposite_just_past_its_crossing(document: dict[str, Any], data: st.DataObject) -> None:
    comparison = compared(document)
    found = crossings(comparison)
    if found:
        crossing = data.draw(st.sampled_from(found))
        before, past = sides(crossing)

        assert _holds(moved(comparison, document, crossing.key, past), crossing.fact) is crossing.becomes
        assert _holds(moved(comparison, document, crossing.key, before), crossing.fact) is not crossing.becomes


def _usd(comparison: Comparison, row_id: str) -> Decimal:
    rows = {row.id: row for row in comparison.rows}
    row = rows.get(row_id, rows[leader(comparison)])
    return row.usd_per_month_all_in(comparison.scenario.inputs.horizon_months)


def _holds(comparison: Comparison, fact: str) -> bool | None:
    """Return a fact; a payback holds within its limit."""
    facts = facts_from(comparison)
    if fact == "payback_days":
        return facts[fact] is not None and facts[fact] <= comparison.scenario.inputs.payback_limit_days
    return facts.get(fact)
