"""A cost file with one input moved, as a person would write it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agents.costs.compare import Comparison, compare
from agents.costs.documents import read_inputs
from agents.costs.scenario import Scenario
from tests.unit.costs.books import make_book

BOOK = make_book()
WHOLE = {
    "tokens_in", "tokens_out", "static_prefix", "min_replicas", "runs", "knowledge_tokens", "top_k", "chunk",
    "other_in", "n_gpu", "seq",
}  # fmt: skip


def compared(document: Mapping[str, Any]) -> Comparison:
    return compare(read_inputs(document), BOOK)


def edited(scenario: Scenario, document: Mapping[str, Any], key: str, value: Decimal) -> dict[str, Any]:
    """Return the file with one lever of the sensitivity at another value."""
    kind, _, name = key.partition(".")
    if kind == "prices_usd_per_mtok":
        return {**document, "prices_usd_per_mtok": {name: _rates(name, value)}}
    if kind == "gpus":
        return {**document, "gpus": {name.removesuffix(".usd"): {"usd": float(value)}}}
    if kind == "calibration":
        own, speed = scenario.calibration, float(value)
        faster = {
            "Rp": own.prefill * speed,
            "Rd": own.decode * speed,
            "c": own.context / speed,
            "n_gpu": own.gpus,
        }
        return {**document, "calibration": faster}
    return {**document, key: int(value) if key in WHOLE else float(value)}


def _rates(model: str, value: Decimal) -> dict[str, Any]:
    """Return a model's rates, all moved as its input rate is."""
    price = BOOK.models[model]
    rise = value / price.standard.input
    rates = price.standard.times(rise)
    found = {"i": rates.input, "o": rates.output, "cr": rates.cache_read, "cw": rates.cache_write}
    if price.long_standard is not None:
        long = price.long_standard.times(rise)
        found |= {"i_hi": long.input, "o_hi": long.output}
    return {
        **{key: float(rate) for key, rate in found.items()},
        **({"tier": price.tier_tokens} if price.tier_tokens else {}),
    }
