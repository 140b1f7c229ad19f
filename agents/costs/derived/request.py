"""How the running cost of one request comes about from that of a month, for whatever answers it."""

from agents.costs.approaches import Approach
from agents.costs.derived.sheet import Sheet
from agents.costs.terms import Derivation, Term, days_term, derived


def request_of_month(month: Derivation, volume: Term, row: Approach, sheet: Sheet) -> Derivation:
    """Return how the running cost of a request comes about; fixed costs are shared among all."""
    return sheet.add(
        "usd_per_request",
        "running cost of a request",
        "q = M / (V * d)",
        terms=[derived("M", "running cost of a month", month), volume, days_term()],
        result=row.usd_per_request,
    )
