"""The derivations of one row of the comparison."""

from collections.abc import Iterator

from agents.costs.approaches import Approach
from agents.costs.baseline import Baseline
from agents.costs.scenario import Scenario
from agents.costs.terms import Derivation, days_term, derived_term, flat_term, volume_term


def row_derivations(scenario: Scenario, row: Approach, baseline: Baseline) -> Iterator[Derivation]:
    """Yield how each figure of a row comes about, what a figure rests on before it."""
    month = Derivation(
        id=f"{row.id}/usd_per_month",
        title=f"{row.label}: running cost of a month",
        formula="M = q * V * d",
        terms=(
            flat_term(
                "q",
                "price of one request, fixed costs shared among all",
                "USD/request",
                row.usd_per_request.value,
                source=row.usd_per_request.source,
                as_of=row.usd_per_request.as_of,
                kind="computed",
            ),
            volume_term(scenario),
            days_term(),
        ),
        result=row.usd_per_month,
    )
    yield month
    yield Derivation(
        id=f"{row.id}/usd_per_request",
        title=f"{row.label}: running cost of a request",
        formula="q = M / (V * d)",
        terms=(derived_term("M", "running cost of a month", month), volume_term(scenario), days_term()),
        result=row.usd_per_request,
    )
