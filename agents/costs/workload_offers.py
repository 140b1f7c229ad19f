"""The offers that a scenario's workload has: prompting, retrieval, long context, and the own student."""

from decimal import Decimal

from agents.costs.api import RequestShape
from agents.costs.figures import MILLION, Band
from agents.costs.long_context import LARGEST_LONG_CONTEXT_TOKENS, long_context_shape
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.prices import ModelPrice
from agents.costs.rag import rag_shape
from agents.costs.scenario import Scenario

# A database beside what already runs, up to a managed one; assumed.
RAG_INFRA_USD_PER_MONTH = Band(Decimal(0), Decimal(150), Decimal(300))
# The guide's range for building retrieval once, and its middle.
RAG_SETUP_USD = Band(Decimal(1000), Decimal(3000), Decimal(5000))


def prompting(scenario: Scenario, shape: RequestShape, price: ModelPrice) -> ApiOffer:
    """Return the offer of an API model with the prompt as it is."""
    scaled = shape.times(scenario.token_factor(price))
    return ApiOffer(price, scaled, scenario.inputs.ttl_s, scenario.inputs.batch_ok)


def retrieval(scenario: Scenario, shape: RequestShape, price: ModelPrice) -> ApiOffer:
    """Return the offer of an API model that reads the chunks retrieved for each request."""
    longer = rag_shape(_without_documents(scenario, shape), scenario.inputs.top_k, scenario.inputs.chunk)
    query = Decimal(0)
    if scenario.embedder is not None:
        query = shape.dynamic_in * scenario.embedder.standard.input / MILLION
    given = scenario.inputs.infra_usd_month
    return ApiOffer(
        price,
        longer.times(scenario.token_factor(price)),
        scenario.inputs.ttl_s,
        scenario.inputs.batch_ok,
        fixed_usd_per_month=RAG_INFRA_USD_PER_MONTH if given is None else Band.flat(given),
        extra_usd_per_request=query,
    )


def long_context(scenario: Scenario, shape: RequestShape, price: ModelPrice) -> ApiOffer | None:
    """Return the offer of an API model with all documents in its cached prefix; None where they are too long."""
    tokens = scenario.inputs.knowledge_tokens
    if tokens is None or tokens > LARGEST_LONG_CONTEXT_TOKENS:
        return None
    longer = long_context_shape(_without_documents(scenario, shape), Decimal(tokens))
    scaled = longer.times(scenario.token_factor(price))
    return ApiOffer(price, scaled, scenario.inputs.ttl_s, scenario.inputs.batch_ok)


def self_hosted(scenario: Scenario, shape: RequestShape) -> SelfHostedOffer:
    """Return the offer of the own student; it sees the tokens as they are given."""
    return SelfHostedOffer(
        scenario.calibration, scenario.fleet, shape.tokens_in, shape.tokens_out, scenario.serving_usd_per_hour
    )


def setup_usd(scenario: Scenario) -> Band:
    """Return the price of building retrieval once."""
    given = scenario.inputs.setup_usd
    return RAG_SETUP_USD if given is None else Band.flat(given)


def _without_documents(scenario: Scenario, shape: RequestShape) -> RequestShape:
    """Return the prompt besides the documents."""
    other = scenario.inputs.other_in
    if other is None:
        return shape
    prefix = min(shape.static_prefix, Decimal(other))
    return RequestShape(prefix, other - prefix, shape.tokens_out)
