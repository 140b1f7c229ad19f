"""Documents as a price question: retrieval against long context for the model in use."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.costs.api import cache_hit_rate, rates_for
from agents.costs.figures import exact
from agents.costs.long_context import breakeven_knowledge_tokens
from agents.costs.rag import embed_once_usd, vector_bytes
from agents.costs.scenario import Scenario
from agents.costs.workload_offers import long_context, retrieval, setup_usd


@dataclass(frozen=True, slots=True)
class KnowledgePrices:
    """USD per month of both ways; `long_context` is None where the documents are too long for it."""

    long_context: Decimal | None
    rag: Decimal
    rag_with_setup: Decimal

    @property
    def is_long_context_cheaper(self) -> bool | None:
        """Whether long context costs less than retrieval with its setup spread over the horizon."""
        return None if self.long_context is None else self.long_context < self.rag_with_setup


def knowledge_prices(scenario: Scenario) -> KnowledgePrices | None:
    """Return what both ways cost; None while documents, tokens or volume are unknown."""
    shape, volume = scenario.shape, scenario.requests_per_day
    if shape is None or volume is None or scenario.corpus is None:
        return None
    rag = retrieval(scenario, shape, scenario.in_use).usd_per_month(volume).base
    upfront = setup_usd(scenario).base + embed_once_usd(scenario.corpus, scenario.embedder)
    whole = long_context(scenario, shape, scenario.in_use)
    return KnowledgePrices(
        long_context=whole.usd_per_month(volume).base if whole else None,
        rag=rag,
        rag_with_setup=rag + upfront / exact(scenario.inputs.horizon_months),
    )


def knowledge_details(scenario: Scenario) -> Mapping[str, Any]:
    """Return the figures behind both ways; empty where there are no documents."""
    corpus, inputs = scenario.corpus, scenario.inputs
    if corpus is None:
        return {}
    found: dict[str, Any] = {
        "chunks": corpus.chunks,
        "embedded_tokens": corpus.embedded_tokens,
        "embed_usd": embed_once_usd(corpus, scenario.embedder),
        "vector_bytes": vector_bytes(corpus.chunks, inputs.dimensions),
        "halfvec_bytes": vector_bytes(corpus.chunks, inputs.dimensions, half=True),
        "breakeven_kb_tokens_at_full_hit": breakeven_knowledge_tokens(
            rates_for(scenario.in_use, Decimal(corpus.tokens)), inputs.top_k, inputs.chunk
        ),
    }
    prices = knowledge_prices(scenario)
    if prices is None or scenario.requests_per_day is None or scenario.shape is None:
        return found
    offer = retrieval(scenario, scenario.shape, scenario.in_use)
    is_cheaper = prices.is_long_context_cheaper
    return {
        **found,
        "hit_rate": cache_hit_rate(scenario.requests_per_day, inputs.ttl_s),
        "rag_tokens_in": offer.shape.tokens_in,
        "rag_usd_per_request": offer.request_usd(scenario.requests_per_day).base,
        "long_context_usd_month": prices.long_context,
        "rag_usd_month": prices.rag,
        "rag_usd_month_with_setup": prices.rag_with_setup,
        "cheaper": "long_context" if is_cheaper else "rag",
    }
