"""How the running cost of a row comes about that is paid per token: an API model, or an open model at its hosts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.api import best_request_usd, cache_hit_rate, cached_request_usd, is_cacheable, rates_for, request_usd
from agents.costs.approaches import Approach
from agents.costs.derived.request import request_of_month
from agents.costs.derived.sheet import Sheet
from agents.costs.derived.tokens import token_derivations
from agents.costs.figures import DEFAULTS_AS_OF, Band, Figure, exact
from agents.costs.offers import POOR_CACHING, ApiOffer, HostedOffer
from agents.costs.prices.book import Rates
from agents.costs.scenario import Scenario
from agents.costs.terms import Derivation, Origin, Term, days_term, derived, leaf, price_kind, told, volume_term
from agents.costs.workload_offers import infra_usd_per_month

# What hosts or providers a rate is from; of several, their range.
RATE_TEXTS = {
    "input": "price of a million prompt tokens",
    "output": "price of a million answer tokens",
    "cache_read": "price of a million prompt tokens read from the cache",
    "cache_write": "price of a million prompt tokens written to the cache",
}


def api_derivations(scenario: Scenario, row: Approach, sheet: Sheet) -> None:
    """Add how the running cost of a row comes about, from the tokens of a request up to a month."""
    offer = row.offer
    usual = offer.usual if isinstance(offer, HostedOffer) else offer
    if not isinstance(usual, ApiOffer):
        raise TypeError("a row paid per token is an API model or hosted")
    hosts = offer.offers if isinstance(offer, HostedOffer) else (usual,)
    volume = volume_term(scenario)
    tokens = token_derivations(scenario, row, usual, sheet)
    call = Call(scenario, usual, hosts, volume, tokens)
    fixed = _fixed(scenario, usual)
    request = request_derivation(call, sheet, result=_request_figure(row, sheet, volume.value, usual))
    month = sheet.add(
        "usd_per_month",
        "running cost of a month",
        f"M = u * V * d{' + F' if fixed else ''}",
        terms=[derived("u", "price of one request", request), volume, days_term(), *fixed],
        result=row.usd_per_month,
    )
    one = request_of_month(month, volume, row, sheet)
    sheet.add(
        "usd_per_million_tokens",
        "running cost of a million of its tokens",
        "m = q / (i + o) * 1000000",
        terms=[
            derived("q", "running cost of a request", one),
            derived("i", "prompt tokens of a request", tokens["i"]),
            derived("o", "answer tokens of a request", tokens["o"]),
        ],
        result=row.usd_per_million_tokens,
        note="Tokens are the model's own: another model makes more or fewer of the same text.",
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One way of calling a model at one volume: `hosts` is all that offer it, `tokens` the parts of a request."""

    scenario: Scenario
    offer: ApiOffer
    hosts: Sequence[ApiOffer]
    volume: Term
    tokens: dict[str, Derivation]

    @property
    def hits(self) -> float:
        """The share of requests that find their prefix cached."""
        return cache_hit_rate(self.volume.value, self.offer.ttl_s)

    @property
    def is_cached(self) -> bool:
        """Whether caching the prefix makes a request cheaper here."""
        offer = self.offer
        if not is_cacheable(offer.shape):
            return False
        plain = request_usd(offer.price, offer.shape.tokens_in, offer.shape.tokens_out, batch=offer.batch)
        return cached_request_usd(offer.price, offer.shape, self.hits, batch=offer.batch) < plain


def request_derivation(call: Call, sheet: Sheet, *, result: Figure, figure: str = "request") -> Derivation:
    """Return how the price of one request comes about, cached where that is cheaper."""
    offer = call.offer
    extra = list(_embedded_query(call, sheet))
    tail = " + e" if extra else ""
    parts = [derived("i", "prompt tokens", call.tokens["i"]), derived("o", "answer tokens", call.tokens["o"])]
    if not call.is_cached:
        return sheet.add(
            figure,
            "price of one request, sent without a cache",
            f"u = (i * p_in + o * p_out) / 1000000{tail}",
            terms=[*parts, *_rate_terms(call, ("input", "output")), *extra],
            result=result,
            note=_note(call),
        )
    hit = _hit_rate(call, sheet, figure)
    return sheet.add(
        figure,
        "price of one request, its prefix cached",
        f"u = (s * (h * p_read + (1 - h) * p_write) + (i - s) * p_in + o * p_out) / 1000000{tail}",
        terms=[
            derived("s", "tokens of the prefix that never changes", call.tokens["s"]),
            derived("h", "share of requests that find the prefix cached", hit),
            *parts,
            *_rate_terms(call, ("input", "output", "cache_read", "cache_write")),
            *extra,
        ],
        result=result,
        note=_note(call) or f"Low is every request hitting the cache, high a fifth fewer hits; {offer.price.id}.",
    )


def _request_figure(row: Approach, sheet: Sheet, volume: Decimal, offer: ApiOffer) -> Figure:
    """Return the price of one request with its range, fixed costs left out."""
    if isinstance(row.offer, HostedOffer):
        prices = [host.request_usd(volume).base for host in row.offer.offers]
        return sheet.figure(Band(min(prices), offer.request_usd(volume).base, max(prices)), "USD/request")
    return sheet.figure(offer.request_usd(volume), "USD/request")


def plain_request_usd(call: Call) -> Decimal:
    """Return the price of one request at the call's volume, fixed costs left out."""
    offer = call.offer
    return best_request_usd(offer.price, offer.shape, call.hits, batch=offer.batch) + offer.extra_usd_per_request


def _hit_rate(call: Call, sheet: Sheet, figure: str) -> Derivation:
    hits, key = exact(call.hits), "ttl_s"
    origin = told(call.scenario, key, Origin("the providers' default", DEFAULTS_AS_OF, "published"))
    life = leaf("T", "life of a cache entry after its last use", exact(call.offer.ttl_s), "s", origin=origin, key=key)
    return sheet.add(
        "hit_rate" if figure == "request" else f"{figure}.hit_rate",
        "share of requests that find the prefix cached",
        "h = 1 - exp(-V / 86400 * T)",
        terms=[call.volume, life],
        result=sheet.figure(Band(hits * exact(POOR_CACHING), hits, Decimal(1)), "share"),
        note="Requests arrive at random over the day; bursts hit more often.",
    )


def _rate_terms(call: Call, names: Sequence[str]) -> Iterator[Term]:
    """Yield the model's rates, those of all its hosts as a range."""
    symbols = {"input": "p_in", "output": "p_out", "cache_read": "p_read", "cache_write": "p_write"}
    price = call.offer.price
    origin = Origin(price.source, price.as_of, price_kind(price))
    for name in names:
        usual = _rate(_rates(call.offer), name)
        all_hosts = [_rate(_rates(host), name) for host in call.hosts]
        yield leaf(
            symbols[name],
            f"{price.id}: {RATE_TEXTS[name]}{', in batches' if call.offer.batch and price.batch else ''}",
            Band(min(all_hosts), usual, max(all_hosts)),
            "USD/M tokens",
            origin=origin,
            # What a host asks is not among the prices that a person may set.
            key="prices_usd_per_mtok" if len(call.hosts) == 1 else None,
        )


def _rates(offer: ApiOffer) -> Rates:
    return rates_for(offer.price, offer.shape.tokens_in, batch=offer.batch)


def _rate(rates: Rates, name: str) -> Decimal:
    found = {
        "input": rates.input,
        "output": rates.output,
        "cache_read": rates.cache_read,
        "cache_write": rates.cache_write,
    }
    return found[name]


def _embedded_query(call: Call, sheet: Sheet) -> Iterator[Term]:
    """Yield the price of embedding the question, where retrieval does that at an API."""
    embedder, shape, scenario = call.scenario.embedder, call.scenario.shape, call.scenario
    if not call.offer.extra_usd_per_request or embedder is None or shape is None:
        return
    origin = Origin(embedder.source, embedder.as_of, price_kind(embedder))
    question = sheet.add(
        "query_embedding",
        "embedding the changing part of a prompt",
        "e = v * p / 1000000",
        terms=[
            leaf("v", "changing prompt tokens", shape.dynamic_in, "tokens", origin=told(scenario, "tokens_in")),
            leaf(
                "p", f"{embedder.id}: price of a million tokens", embedder.standard.input, "USD/M tokens", origin=origin
            ),
        ],
        result=sheet.figure(call.offer.extra_usd_per_request, "USD/request"),
    )
    yield derived("e", "embedding the question", question)


def _fixed(scenario: Scenario, offer: ApiOffer) -> list[Term]:
    """Return what is paid each month however little is asked."""
    if not offer.fixed_usd_per_month.high:
        return []
    key = "infra_usd_month"
    band = infra_usd_per_month(scenario)
    return [leaf("F", "database for retrieval", band, "USD/month", origin=told(scenario, key), key=key)]


def _note(call: Call) -> str:
    """Return what else decided the rates."""
    price, shape = call.offer.price, call.offer.shape
    if price.tier_tokens is not None and shape.tokens_in > price.tier_tokens:
        return f"The prompt is longer than {price.tier_tokens:,} tokens, so all of it is charged at the long rates."
    if shape.static_prefix and not is_cacheable(shape):
        return "The fixed prefix is too short to be cached."
    if call.scenario.inputs.batch_ok and price.batch is None:
        return "No batch discount is known for this model."
    return ""
