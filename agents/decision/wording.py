"""Sentences about a flip: what would have to be different, and what would follow."""

import math
from enum import StrEnum
from typing import Any, Final

from agents.decision.flips import MEMORY_FACTS, Flip
from agents.decision.interview import BY_SLOT, describe
from agents.decision.rules import METHODS, VERDICTS

_FACT_NAMES: Final = {
    "payback_days": "Payback",
    "longctx_cheaper": "Reading the whole text is cheaper than retrieval",
    "payback_limit_days": "Payback limit",
    "lora_fits": "LoRA fits the GPUs",
    "qlora_fits": "QLoRA fits the GPUs",
    "full_fits": "Full fine-tuning fits the GPUs",
}
# More ways to bring a fact about than these are for a table, not for a sentence.
_MOST_CROSSINGS: Final = 3


def flip_text(flip: Flip) -> str:
    """Return one sentence: the answer or fact, the value at which it flips, and what follows."""
    name = _FACT_NAMES[flip.name] if flip.is_fact else BY_SLOT[flip.name].short
    given = ", with every open gate passed" if flip.in_best_case else ""
    return f"{name}: {_at(flip)}{_reached(flip)} → {_follows(flip)}{given}"


def _follows(flip: Flip) -> str:
    if flip.name not in MEMORY_FACTS:
        return VERDICTS[flip.verdict]
    if flip.method is None:
        return "GPUs to rent" if flip.rents_gpus else "no GPUs to rent"
    return f"{METHODS[flip.method]}{' on rented GPUs' if flip.rents_gpus else ''}"


def _reached(flip: Flip) -> str:
    """Return, in brackets, which figures bring a fact there, each alone: volume, then what may well happen."""
    ways = sorted(flip.crossings, key=lambda one: (one.key != "requests_per_day", not one.is_plausible))
    ways = ways[:_MOST_CROSSINGS]
    return f" ({', or '.join(crossing.text for crossing in ways)})" if ways else ""


def _at(flip: Flip) -> str:
    value = flip.becomes
    if flip.is_fact:
        return _fact_at(flip)
    if flip.name == "quality_gap_pp":
        return "above 0 percentage points" if value > 0 else "0 percentage points or less"
    text = describe(flip.name, _json(value))
    if flip.name in ("knowledge_tokens", "latency_p95_ms", "labelled_examples"):
        return f"{text} or {'more' if value > flip.current else 'less'}"
    return text


def _fact_at(flip: Flip) -> str:
    value = flip.becomes
    if isinstance(value, bool):
        return "yes" if value else "no"
    if math.isinf(value):
        return "never"
    days = f"{value:,.4g} days"
    if flip.name == "payback_limit_days":
        return f"{days} or {'more' if value > flip.current else 'less'}"
    # One day past the limit stands for everything past it.
    is_later = flip.current is not None and value > flip.current
    return f"over {value - 1:,.4g} days" if is_later else f"{days} or less"


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [item.value for item in value]
    return value.value if isinstance(value, StrEnum) else value
