"""The derivations of every row of a comparison."""

from collections.abc import Mapping
from types import MappingProxyType

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.derived.api import api_derivations
from agents.costs.derived.latency import api_latency, own_latency
from agents.costs.derived.memory import memory_derivation
from agents.costs.derived.payback import break_even_derivations, payback_derivation
from agents.costs.derived.serving import serving_derivations
from agents.costs.derived.sheet import Sheet
from agents.costs.derived.upfront import upfront_derivations
from agents.costs.offers import SelfHostedOffer
from agents.costs.plans import model_of
from agents.costs.scenario import Scenario
from agents.costs.terms import Derivation

_TRAINED = frozenset({"fine_tune", "distil"})


def all_derivations(comparison: Comparison) -> Mapping[str, Derivation]:
    """Return every derivation of a comparison by its id, in the order of the rows; empty while nothing is priced."""
    scenario = comparison.scenario
    sheets = {row.id: (row, _sheet(scenario, row)) for row in comparison.rows}
    for row, sheet in sheets.values():
        if row.kind in _TRAINED:
            model = model_of(scenario, row.id)
            break_even_derivations(scenario, row, model, others=sheets, sheet=sheet)
            theirs = sheets[comparison.baseline.row_id][1]
            payback_derivation(row, comparison.baseline, theirs=theirs, sheet=sheet)
            memory_derivation(scenario, sheet)
    return MappingProxyType({made.id: made for _, sheet in sheets.values() for made in sheet.made.values()})


def _sheet(scenario: Scenario, row: Approach) -> Sheet:
    """Return the derivations of a row that need no other row."""
    sheet = Sheet(row.id, row.label, row.usd_per_month.as_of)
    if isinstance(row.offer, SelfHostedOffer):
        model = model_of(scenario, row.id)
        serving_derivations(scenario, row, model, sheet)
        own_latency(row, model, sheet)
    else:
        api_derivations(scenario, row, sheet)
        api_latency(row, sheet)
    upfront_derivations(scenario, row, sheet)
    return sheet
