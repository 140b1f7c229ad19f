"""What open models cost where others host them: per token, by every provider whose list says so.

The makers' own APIs are in genai.py. Resellers of other hosts are left out, because they repeat their prices.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from types import MappingProxyType

import genai_prices
from genai_prices import Usage, calc_price
from genai_prices.types import TieredPrices

from agents.costs.prices.book import HostedModels, ModelPrice, Rates

# The name that each provider gives the model. A host that no longer lists it is left out.
HOSTS = MappingProxyType(
    {
        "llama-3.1-8b": (
            ("novita", "meta-llama/llama-3.1-8b-instruct"),
            ("groq", "llama-3.1-8b-instant"),
            ("ovhcloud", "Llama-3.1-8B-Instruct"),
            ("together", "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"),
            ("fireworks", "accounts/fireworks/models/llama-v3p1-8b-instruct"),
            ("aws", "meta.llama3-1-8b-instruct-v1:0"),
            ("databricks", "databricks-meta-llama-3-1-8b-instruct"),
            ("cloudflare", "@cf/meta/llama-3.1-8b-instruct-fp8"),
        ),
        "llama-3.1-70b": (
            ("novita", "meta-llama/llama-3.1-70b-instruct"),
            ("together", "meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo"),
            ("aws", "meta.llama3-1-70b-instruct-v1:0"),
            ("cloudflare", "@cf/meta/llama-3.1-70b-instruct-fp8-fast"),
        ),
        "llama-3.3-70b": (
            ("novita", "meta-llama/llama-3.3-70b-instruct"),
            ("groq", "llama-3.3-70b-versatile"),
            ("ovhcloud", "Meta-Llama-3_3-70B-Instruct"),
            ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
            ("aws", "meta.llama3-3-70b-instruct-v1:0"),
            ("databricks", "databricks-meta-llama-3-3-70b-instruct"),
        ),
        "gpt-oss-120b": (
            ("novita", "openai/gpt-oss-120b"),
            ("groq", "openai/gpt-oss-120b"),
            ("ovhcloud", "gpt-oss-120b"),
            ("together", "openai/gpt-oss-120b"),
            ("fireworks", "accounts/fireworks/models/gpt-oss-120b"),
            ("aws", "openai.gpt-oss-120b-1:0"),
            ("databricks", "databricks-gpt-oss-120b"),
        ),
        "deepseek-v4.1-flash": (
            ("novita", "deepseek/deepseek-v4.1-flash"),
            ("together", "deepseek-ai/DeepSeek-V4.1-Flash"),
            ("fireworks", "accounts/fireworks/models/deepseek-v4p1-flash"),
            ("baseten", "deepseek-ai/DeepSeek-V4.1-Flash"),
            ("databricks", "databricks-deepseek-v4-1-flash"),
        ),
        "qwen3.8-27b": (
            ("novita", "qwen/qwen3.8-27b"),
            ("groq", "qwen/qwen3.8-27b"),
            ("ovhcloud", "Qwen3.8-27B"),
            ("cerebras", "qwen-3.8-27b"),
        ),
    }
)
# Short enough that no long-prompt tier applies; none of these hosts has one.
PROBE_TOKENS = 1_000


def hosted_prices(today: dt.date) -> HostedModels:
    """Return the prices of hosted open models on a day, each model with those of its hosts."""
    return MappingProxyType({model: tuple(_quotes(model, today)) for model in HOSTS})


def _quotes(model: str, today: dt.date) -> Iterator[ModelPrice]:
    """Yield what each host asks; a host that dropped the model from its list is passed over."""
    for provider, name in HOSTS[model]:
        try:
            rates = _rates(provider, name, today)
        except LookupError:
            continue
        yield ModelPrice(
            id=f"{provider}/{model}",
            provider=provider,
            standard=rates,
            source=f"{provider}, in genai-prices {genai_prices.__version__}",
            as_of=today,
        )


def _rates(provider: str, name: str, today: dt.date) -> Rates:
    listed = calc_price(
        Usage(input_tokens=PROBE_TOKENS, output_tokens=0),
        name,
        provider_id=provider,
        # Without it the package takes the current time and the figure changes under our feet.
        genai_request_timestamp=dt.datetime.combine(today, dt.time(12), tzinfo=dt.UTC),
    ).model_price
    tokens_in = _rate(listed.input_mtok)
    if tokens_in is None:
        raise LookupError(f"{provider} does not price {name} by input tokens")
    read, write = _rate(listed.cache_read_mtok), _rate(listed.cache_write_mtok)
    return Rates(
        input=tokens_in,
        output=_rate(listed.output_mtok) or Decimal(0),
        cache_read=tokens_in if read is None else read,
        cache_write=tokens_in if write is None else write,
    )


def _rate(value: Decimal | TieredPrices | None) -> Decimal | None:
    return value.base if isinstance(value, TieredPrices) else value
