"""The offers that a workload has: prompting, retrieval, long context, hosted open models, and models on own GPUs."""

from dataclasses import replace
from decimal import Decimal

from agents.costs.api import RequestShape
from agents.costs.figures import MILLION, Band
from agents.costs.long_context import LARGEST_LONG_CONTEXT_TOKENS, long_context_shape
from agents.costs.offers import ApiOffer, HostedOffer, SelfHostedOffer
from agents.costs.open_models import HostedModel, OpenModel
from agents.costs.prices.book import ModelPrice
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
    return ApiOffer(
        price,
        longer.times(scenario.token_factor(price)),
        scenario.inputs.ttl_s,
        scenario.inputs.batch_ok,
        fixed_usd_per_month=infra_usd_per_month(scenario),
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


def hosted(scenario: Scenario, shape: RequestShape, model: HostedModel) -> HostedOffer:
    """Return the offer of an open model at its hosts; it sees the tokens as they are given."""
    inputs = scenario.inputs
    return HostedOffer.of(ApiOffer(quote, shape, inputs.ttl_s, inputs.batch_ok) for quote in model.quotes)


def untrained(scenario: Scenario, shape: RequestShape, model: OpenModel) -> SelfHostedOffer:
    """Return the offer of an open model on own GPUs as it is."""
    return SelfHostedOffer(model.calibration, scenario.fleet, shape.tokens_in, shape.tokens_out, model.usd_per_hour)


def untrained_retrieval(scenario: Scenario, shape: RequestShape, model: OpenModel) -> SelfHostedOffer:
    """Return the offer of an open model on own GPUs that reads the chunks retrieved for each request."""
    longer = rag_shape(_without_documents(scenario, shape), scenario.inputs.top_k, scenario.inputs.chunk)
    return replace(untrained(scenario, longer, model), fixed_usd_per_month=infra_usd_per_month(scenario))


def infra_usd_per_month(scenario: Scenario) -> Band:
    """Return the price of the database that retrieval searches."""
    given = scenario.inputs.infra_usd_month
    return RAG_INFRA_USD_PER_MONTH if given is None else Band.flat(given)


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
