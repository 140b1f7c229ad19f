"""API prices from the genai-prices package or its newest list, guarded against its silent full prices.

The package answers a request for batch rates with standard ones where it knows no batch rates: before the
day its list starts, and for models it has none for. So batch rates are taken only if they are lower, and
else the provider's published discount is applied.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import genai_prices
import httpx2
from genai_prices import UpdatePrices, Usage, data_snapshot
from genai_prices.data_snapshot import DataSnapshot
from genai_prices.types import ModelPrice as Listed
from genai_prices.types import TieredPrices
from genai_prices.update_prices import DEFAULT_UPDATE_URL

from agents.adapters.prices.patience import in_thread
from agents.costs.prices.book import ModelPrice, PriceList, PriceSourceError, Rates

NAME = "genai-prices"
# The wheel carries no date: this is the day on which the prices of the pinned release were compared with the
# providers' pages. Another release is taken to be as old until somebody has compared it too.
SHIPPED_ON = dt.date(2026, 11, 23)

# The makers' own APIs, by precedence; resellers list the same models under names that would hide these.
PROVIDERS = ("anthropic", "openai", "google", "mistral", "deepseek", "x-ai", "cohere")
# Named first where an unknown model is answered with the known ones.
FEATURED = (
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "gpt-6.1-sol",
    "gpt-6-luna",
    "gpt-4o",
    "gpt-4",
)
# The days on which models leave or left their API; the package does not know them.
RETIRES_ON = MappingProxyType({"gpt-4o": dt.date(2027, 1, 14), "gpt-4": dt.date(2026, 10, 23)})
# Both providers publish half price for answers within 24 h:
# https://platform.claude.com/docs/en/build-with-claude/batch-processing and
# https://developers.openai.com/api/docs/pricing
BATCH_DISCOUNT = MappingProxyType({"anthropic": Decimal("0.5"), "openai": Decimal("0.5")})
# Short enough that no long-prompt tier of any model applies.
PROBE_TOKENS = 1_000
# A list with fewer models than this is not the whole list.
FEWEST_MODELS = 50
_FETCH_TIMEOUT_S = 10.0
_PATIENCE_S = 30.0


class GenaiPrices:
    """The list of API prices that the makers of genai-prices keep.

    Args:
        url: Where the newest list is; the package's own address by default.
    """

    name = NAME
    version = genai_prices.__version__

    def __init__(self, url: str | None = None) -> None:
        self._update = UpdatePrices(url=url or DEFAULT_UPDATE_URL, request_timeout=httpx2.Timeout(_FETCH_TIMEOUT_S))

    async def fetch(self, today: dt.date) -> PriceList:
        """Return the newest list, each price as of `today`.

        Raises:
            PriceSourceError: The address does not answer, or not with such a list.
        """
        # Started, the updater would also replace the prices of this process behind the price book's back.
        snapshot = await in_thread(self._newest, patience_s=_PATIENCE_S)
        try:
            models = model_prices(snapshot, today, as_of=today)
        except (ValueError, TypeError, ArithmeticError) as cause:
            raise PriceSourceError(f"The list of API prices at {self._update.url} cannot be read: {cause}.") from cause
        absent = [name for name in FEATURED[:3] if name not in models]
        if len(models) < FEWEST_MODELS or len(absent) == len(FEATURED[:3]):
            raise PriceSourceError(
                f"The list of API prices at {self._update.url} has {len(models)} models and is not the whole list."
            )
        return PriceList(source=NAME, version=self.version, models=models)

    def _newest(self) -> DataSnapshot:
        try:
            snapshot = self._update.fetch()
        except (httpx2.HTTPError, httpx2.InvalidURL) as cause:
            raise PriceSourceError(
                f"The list of API prices at {self._update.url} was not fetched: {_reason(cause)}."
            ) from cause
        except (ValueError, TypeError, KeyError) as cause:
            # JSON that is none, and the package's own check of what is in it.
            raise PriceSourceError(f"{self._update.url} holds no list of API prices: {_reason(cause)}.") from cause
        if snapshot is None:
            raise PriceSourceError(f"{self._update.url} holds no list of API prices.")
        return snapshot


def shipped_prices(today: dt.date) -> Mapping[str, ModelPrice]:
    """Return the prices that the installed package gives for a day, today's usual models first; no network."""
    return model_prices(data_snapshot.get_snapshot(), today, as_of=min(today, SHIPPED_ON))


def model_prices(snapshot: DataSnapshot, today: dt.date, *, as_of: dt.date) -> Mapping[str, ModelPrice]:
    """Return the prices that a list gives for requests made on a day, today's usual models first."""
    found: dict[str, ModelPrice] = {}
    by_id = {provider.id: provider for provider in snapshot.providers}
    for provider in (by_id[name] for name in PROVIDERS if name in by_id):
        for model in provider.models:
            price = _model_price(snapshot, model.id, provider.id, today, as_of)
            # Google resells Claude: the maker, who comes first, keeps its own name.
            if price is not None:
                found.setdefault(price.id, price)
    featured = {name: found[name] for name in FEATURED if name in found}
    return MappingProxyType({**featured, **found})


def _reason(cause: Exception) -> str:
    """Return the first line of an error, or its kind where it says nothing."""
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")


def _model_price(snapshot: DataSnapshot, name: str, provider: str, today: dt.date, as_of: dt.date) -> ModelPrice | None:
    """Return a model's price; None where it is not priced by input tokens, as speech models are not."""
    try:
        listed = _listed(snapshot, name, provider, today, batch=False)
    except LookupError:
        # Some entries match only longer names, such as those of fine-tuned models.
        return None
    if not _rates(listed, long=False).input:
        return None
    discounted = _listed(snapshot, name, provider, today, batch=True)
    standard, tier = _rates(listed, long=False), _tier(listed)
    long = _rates(listed, long=True) if tier else None
    batch, note = _batch(standard, _rates(discounted, long=False), provider)
    long_batch = _batch(long, _rates(discounted, long=True), provider)[0] if long else None
    return ModelPrice(
        id=name.lower(),
        provider=provider,
        standard=standard,
        source=f"{NAME} {genai_prices.__version__}{note}",
        as_of=as_of,
        batch=batch,
        tier_tokens=tier,
        long_standard=long,
        long_batch=long_batch,
        retires_on=RETIRES_ON.get(name),
    )


def _listed(snapshot: DataSnapshot, name: str, provider: str, today: dt.date, *, batch: bool) -> Listed:
    """Return the package's rates for one request made on that day."""
    answer = snapshot.calc(
        Usage(input_tokens=PROBE_TOKENS, output_tokens=0),
        name,
        provider,
        None,
        # Without it the package takes the current time and the figure changes under our feet.
        dt.datetime.combine(today, dt.time(12), tzinfo=dt.UTC),
        # {'service_tier': 'batch'} is accepted as well and returns the full price.
        {"processing": "batch"} if batch else None,
    )
    return answer.model_price


def _rates(listed: Listed, *, long: bool) -> Rates:
    """Return input, output and cache rates; a cache without its own rate costs what input costs."""
    tokens_in = _rate(listed.input_mtok, long=long) or Decimal(0)
    read, write = _rate(listed.cache_read_mtok, long=long), _rate(listed.cache_write_mtok, long=long)
    return Rates(
        input=tokens_in,
        output=_rate(listed.output_mtok, long=long) or Decimal(0),
        cache_read=tokens_in if read is None else read,
        cache_write=tokens_in if write is None else write,
    )


def _rate(value: Decimal | TieredPrices | None, *, long: bool) -> Decimal | None:
    if isinstance(value, TieredPrices):
        return value.tiers[-1].price if long and value.tiers else value.base
    return value


def _tier(listed: Listed) -> int | None:
    """Return the prompt length above which a request is charged at the long rates."""
    value = listed.input_mtok
    return value.tiers[-1].start if isinstance(value, TieredPrices) and value.tiers else None


def _batch(standard: Rates, discounted: Rates, provider: str) -> tuple[Rates | None, str]:
    """Return batch rates and a note on their origin; None where nothing is known to be discounted."""
    if discounted.input < standard.input:
        # GPT-4o's batch list has no cached rate, so the package keeps the standard one.
        return discounted, ""
    factor = BATCH_DISCOUNT.get(provider)
    if factor is None:
        return None, ""
    return standard.times(factor), "; batch at the provider's published discount"
