"""The inputs of a comparison that a person may type: their names, how each is read and how it is shown; pure."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from agents.costs.inputs import CostInputs
from agents.errors import UserError
from agents.services.cost_readers import (
    DAYS,
    MONTHS,
    SECONDS,
    Reader,
    count,
    name,
    names,
    number,
    of_units,
    one_of,
    share,
    tokens,
    usd,
    volume,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostField:
    """One input: the cost core's key, its name for people, and what reads a typed text; `slot` is the answer it fills.

    `is_part` says that it is one of several figures in that answer.
    """

    key: str
    label: str
    group: str
    read: Reader
    example: str
    unit: str = ""
    slot: str | None = None
    is_part: bool = False


_WORK, _MODELS, _SERVING, _TRAINING, _DOCUMENTS, _PEOPLE = (
    "The work", "API models", "Serving a model of your own", "Training it", "Documents", "People and time",
)  # fmt: skip
_TESTED: Final = one_of(yes="yes", no="no", not_tested="not_tested")

FIELDS: Final[tuple[CostField, ...]] = (
    CostField(key="requests_per_day", label="Requests per day", group=_WORK, read=volume,
              example='"20k a day" or "2M a month"', unit="a day", slot="requests_per_day"),
    CostField(key="peak_factor", label="Busiest hour, times the average", group=_WORK, read=number,
              example='"3"', unit="x", slot="peak_factor"),
    CostField(key="tokens_in", label="Tokens of a prompt, in all", group=_WORK, read=tokens,
              example='"1500" or "2 pages"', unit="tokens", slot="tokens", is_part=True),
    CostField(key="static_prefix", label="Of these, the same in every prompt", group=_WORK, read=tokens,
              example='"800" or "0"', unit="tokens", slot="tokens", is_part=True),
    CostField(key="tokens_out", label="Tokens of an answer", group=_WORK, read=tokens,
              example='"300" or "200 words"', unit="tokens", slot="tokens", is_part=True),
    CostField(key="batch_ok", label="Answers can wait a day", group=_WORK, read=one_of(yes=True, no=False),
              example='"yes" or "no"', slot="batch_ok"),
    CostField(key="models", label="API models to compare", group=_MODELS, read=names,
              example='"claude-sonnet-5-5, gpt-6-luna"; the first is the one in use'),
    CostField(key="teacher", label="Model that writes training data", group=_MODELS, read=name,
              example='"claude-opus-5-5"'),
    CostField(key="teacher_meets_bar", label="Best model meets the bar", group=_MODELS, read=_TESTED,
              example='"yes", "no" or "not tested"', slot="teacher_meets_bar"),
    CostField(key="small_api_meets_bar", label="Small API model meets the bar", group=_MODELS, read=_TESTED,
              example='"yes", "no" or "not tested"', slot="small_api_meets_bar"),
    CostField(key="ttl_s", label="Life of a prompt cache entry", group=_MODELS, read=of_units(SECONDS),
              example='"300 s" or "1 h"', unit="s"),
    CostField(key="claude_token_factor", label="Claude's tokens for one of the tokens given", group=_MODELS,
              read=number, example='"1.3"', unit="x"),
    CostField(key="student", label="Open model to train and serve", group=_SERVING, read=name,
              example='"llama-3.1-8b" or "llama-3.1-70b"'),
    CostField(key="gpu", label="GPUs you have", group=_SERVING, read=name, example='"2 x H100-80" or "rent"',
              slot="gpu"),
    CostField(key="usd_per_gpu_hour", label="Your price of a GPU hour", group=_SERVING, read=usd,
              example='"2.50"', unit="USD an hour"),
    CostField(key="precision", label="Weights when served", group=_SERVING, read=one_of(bf16="bf16", fp8="fp8"),
              example='"bf16" or "fp8"'),
    CostField(key="min_replicas", label="Replicas that always run", group=_SERVING, read=count, example='"1"'),
    CostField(key="headroom", label="How full a replica may get", group=_SERVING, read=share, example='"70%"',
              unit="%"),
    CostField(key="examples", label="Training examples", group=_TRAINING, read=count, example='"20k"',
              unit="examples"),
    CostField(key="reject_rate", label="Examples filtered out", group=_TRAINING, read=share, example='"10%"',
              unit="%"),
    CostField(key="method", label="How to train", group=_TRAINING,
              read=one_of(lora="lora", qlora="qlora", full="full"), example='"lora", "qlora" or "full"'),
    CostField(key="training_gpu", label="Kind of GPU to train on", group=_TRAINING, read=name,
              example='"A100-80"'),
    CostField(key="epochs", label="Passes over the examples", group=_TRAINING, read=number, example='"3"',
              unit="passes"),
    CostField(key="runs", label="Training runs until one is good", group=_TRAINING, read=count, example='"3"',
              unit="runs"),
    CostField(key="mfu", label="Share of a GPU's peak that training reaches", group=_TRAINING, read=share,
              example='"40%"', unit="%"),
    CostField(key="rank", label="LoRA rank", group=_TRAINING, read=count, example='"16"'),
    CostField(key="seq", label="Tokens of a training sequence", group=_TRAINING, read=tokens, example='"2048"',
              unit="tokens"),
    CostField(key="upfront_compute_usd", label="Your figure for data and training", group=_TRAINING, read=usd,
              example='"500"', unit="USD"),
    CostField(key="knowledge_tokens", label="Text it must know", group=_DOCUMENTS, read=tokens,
              example='"40 pages" or "200k tokens"', unit="tokens", slot="knowledge_tokens"),
    CostField(key="top_k", label="Passages looked up for a request", group=_DOCUMENTS, read=count, example='"5"'),
    CostField(key="chunk", label="Tokens of a passage", group=_DOCUMENTS, read=tokens, example='"512"',
              unit="tokens"),
    CostField(key="overlap", label="Tokens that neighbours share", group=_DOCUMENTS, read=tokens, example='"64"',
              unit="tokens"),
    CostField(key="other_in", label="Tokens of a prompt besides documents", group=_DOCUMENTS, read=tokens,
              example='"500"', unit="tokens"),
    CostField(key="embedder", label="Embedding model with a price", group=_DOCUMENTS, read=name,
              example='"text-embedding-3-small"'),
    CostField(key="infra_usd_month", label="Database for retrieval", group=_DOCUMENTS, read=usd,
              example='"150"', unit="USD a month"),
    CostField(key="setup_usd", label="Building retrieval, once", group=_DOCUMENTS, read=usd, example='"3000"',
              unit="USD"),
    CostField(key="engineering_days", label="Days of people's time", group=_PEOPLE, read=of_units(DAYS),
              example='"15" or "3 weeks"', unit="days"),
    CostField(key="engineering_day_rate", label="USD for a day of people's time", group=_PEOPLE, read=usd,
              example='"800"', unit="USD a day", slot="engineering_day_rate"),
    CostField(key="horizon_months", label="Months to spread upfront costs over", group=_PEOPLE,
              read=of_units(MONTHS), example='"12" or "2 years"', unit="months"),
    CostField(key="payback_limit_days", label="Longest payback", group=_PEOPLE, read=number, example='"90"',
              unit="days"),
)  # fmt: skip
BY_KEY: Final[Mapping[str, CostField]] = MappingProxyType({field.key: field for field in FIELDS})


def field_of(key: str) -> CostField:
    """Return the field of an input.

    Raises:
        UserError: It is none that can be typed.
    """
    if key not in BY_KEY:
        raise UserError(f"{key!r} cannot be changed here. These can: {', '.join(BY_KEY)}.")
    return BY_KEY[key]


def read_field(field: CostField, text: str) -> Any:
    """Return the value of a typed text, as JSON; within the range that the cost core takes.

    Raises:
        UserError: It cannot be read, or lies beyond the range.
    """
    value = field.read(text, field.example)
    if isinstance(value, int | float) and not isinstance(value, bool) and not _bounds(field.key).holds(value):
        raise UserError(f"{text.strip()!r} is out of range: {range_words(field)}. For example: {field.example}")
    return value


def range_words(field: CostField) -> str:
    """Return the range of a field in words, such as "from 1 to 1,000 x"; empty where there is none."""
    bounds = _bounds(field.key)
    if bounds.high == math.inf:
        return ""
    if bounds.is_open:
        return f"more than {_plain(field, bounds.low)}, at most {shown(field, bounds.high)}"
    return f"from {_plain(field, bounds.low)} to {shown(field, bounds.high)}"


def shown(field: CostField, value: Any) -> str:
    """Return a value for people, with its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    if isinstance(value, str):
        return value.replace("_", " ") if field.read is _TESTED else value
    return f"{_plain(field, value)} {field.unit}".strip() if field.unit != "%" else _plain(field, value)


def typed(field: CostField, value: Any) -> str:
    """Return a value as a person would type it, for a field to begin with."""
    if value is None:
        return ""
    if not isinstance(value, int | float) or isinstance(value, bool) or field.unit == "%":
        return shown(field, value)
    # Three decimals could be thousands to whoever reads them; four cannot.
    text = _plain(field, value)
    return f"{text}0" if re.fullmatch(r"-?\d{1,3}\.\d{3}", text) else text


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: float = -math.inf
    high: float = math.inf
    is_open: bool = False

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high and not (self.is_open and value == self.low)


@cache
def _bounds(key: str) -> _Bounds:
    """Return the range that the cost core takes."""
    schema = CostInputs.model_json_schema()["properties"].get(key, {})
    for part in (schema, *schema.get("anyOf", ())):
        if "maximum" in part:
            is_open = "exclusiveMinimum" in part
            return _Bounds(part["exclusiveMinimum"] if is_open else part.get("minimum", 0), part["maximum"], is_open)
    return _Bounds()


def _plain(field: CostField, value: float) -> str:
    if field.unit == "%":
        return f"{value * 100:.6g}%"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.10g}"
