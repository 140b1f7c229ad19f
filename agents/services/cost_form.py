"""The cost form: what it begins with, and how what was entered becomes answers and settings; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from agents.costs.inputs import LARGE_MODEL, SMALL_MODEL
from agents.costs.prices.book import ModelPrice, PriceBook
from agents.decision.answers import Answers
from agents.decision.quantities import read_milliseconds
from agents.errors import UserError
from agents.services.cost_fields import field_of, read_field, typed
from agents.services.cost_inputs import TOKENS_COUNTED, tokens_json
from agents.services.cost_readers import names

# Fields of text that fill one answer or setting each, by the key of that field.
PLAIN: Final = (
    "requests_per_day", "peak_factor", "latency_p95_ms", "knowledge_tokens", "engineering_days",
    "engineering_day_rate", "horizon_months",
)  # fmt: skip
TOKENS: Final = ("tokens_in", "static_prefix", "tokens_out")
# The sample whose count takes the place of a typed figure.
SAMPLES: Final = MappingProxyType({"tokens_in": "sample_prompt", "tokens_out": "sample_answer"})
MODELS, OTHER_MODELS, IN_USE, GPU_KIND, GPU_COUNT = "models", "other_models", "in_use", "gpu_kind", "gpu_count"
RENT: Final = "rent"
MOST_MODELS: Final = 12
MOST_GPUS: Final = 1024
_LATENCY: Final = "latency_p95_ms"
_LATENCY_EXAMPLE: Final = '"300", "300 ms" or "0.5 s"'
# Words in the names of models that write no text, or none for a prompt like these.
_OTHER_WORK: Final = (
    "audio",
    "embed",
    "image",
    "live",
    "realtime",
    "robotics",
    "transcribe",
    "tts",
    "vision",
    "voxtral",
)
_MOST_OF_A_PROVIDER: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CostForm:
    """What the form begins with.

    `texts` are what is known, by field, as it would be typed. `offered` are models by provider.
    """

    texts: Mapping[str, str]
    models: tuple[str, ...]
    offered: tuple[tuple[str, tuple[str, ...]], ...]
    gpus: tuple[str, ...]
    gpu_kind: str
    gpu_count: str
    counted_by: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The tokens of pasted samples, by the field they stand for, and how they were counted."""

    tokens: Mapping[str, int] = field(default_factory=dict)
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRead:
    """What was entered, as changes against what held: answers by slot, settings by key, and errors by field."""

    slots: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def cost_form(answers: Answers, settings: Mapping[str, Any], book: PriceBook, *, counted_by: str) -> CostForm:
    """Return the form as it begins where these answers and settings hold.

    Args:
        answers: Of the conversation; without any where there is none.
        settings: By the cost core's keys; None is not set.
        book: The prices that models and GPUs are picked from.
        counted_by: How a pasted sample is counted.
    """
    kind, count = _gpu_texts(answers)
    gpus = list(book.gpus)
    if kind not in ("", RENT, *gpus):
        gpus.append(kind)
    return CostForm(
        texts=_texts(answers, settings),
        models=_models(settings),
        offered=_offered(book),
        gpus=tuple(gpus),
        gpu_kind=kind,
        gpu_count=count,
        counted_by=counted_by,
    )


def read_form(
    entered: Mapping[str, Any], answers: Answers, settings: Mapping[str, Any], book: PriceBook, *, counts: Counts
) -> FormRead:
    """Return what was entered as changes against the answers and settings that hold.

    Args:
        entered: By field; texts, and for `MODELS` a list of ids.
        answers: Those that hold.
        settings: Those that hold.
        book: The prices in which models are looked up.
        counts: The tokens of the samples that were pasted.
    """
    reading = _Reading(entered=entered, answers=answers, settings=settings)
    reading.plain()
    reading.tokens(counts)
    reading.models(book)
    reading.gpus()
    return FormRead(slots=reading.slots, settings=reading.changed, errors=reading.errors)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One form being read: what was entered, what holds, and what has been found so far."""

    entered: Mapping[str, Any]
    answers: Answers
    settings: Mapping[str, Any]
    slots: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return what was typed into a field."""
        return str(self.entered.get(name) or "").strip()

    def plain(self) -> None:
        """Read the fields that fill one answer or setting each."""
        begun = _texts(self.answers, self.settings)
        for name in PLAIN:
            # What was not touched is not said again: a size that was given as a bucket stays one.
            if self.text(name) == begun.get(name, ""):
                continue
            try:
                value = _read(name, self.text(name))
            except UserError as cause:
                self.errors[name] = str(cause)
                continue
            is_slot = name == _LATENCY or field_of(name).slot is not None
            (self.slots if is_slot else self.changed)[name] = value
        if not self.text("requests_per_day"):
            self.errors["requests_per_day"] = "Nothing can be priced without the volume, for example: 20k a day"

    def tokens(self, counts: Counts) -> None:
        """Read the tokens of a request; a pasted sample takes the place of a typed figure."""
        parts: dict[str, int] = {}
        held = tokens_json(self.answers) or {}
        begun = _texts(self.answers, self.settings)
        for name in TOKENS:
            text = self.text(name)
            try:
                if name in counts.tokens:
                    parts[name] = counts.tokens[name]
                elif text:
                    parts[name] = held[name] if text == begun.get(name) else read_field(field_of(name), text)
                elif name in SAMPLES:
                    self.errors[name] = "Enter a figure, or paste a sample further down: nothing is priced without."
            except UserError as cause:
                self.errors[name] = str(cause)
        if any(name in self.errors for name in TOKENS):
            return
        if parts["tokens_in"] == 0:
            self.errors["tokens_in"] = "A prompt has one token at least."
        elif parts.setdefault("static_prefix", 0) > parts["tokens_in"]:
            self.errors["static_prefix"] = (
                f"The {parts['static_prefix']:,} tokens that stay the same are part of the prompt's "
                f"{parts['tokens_in']:,} and cannot be more. Enter fewer, or a longer prompt."
            )
        if parts != held:
            self.slots["tokens"] = parts
        if counts.tokens:
            self.changed[TOKENS_COUNTED] = {"method": counts.method, "tokens": parts}

    def models(self, book: PriceBook) -> None:
        """Read the models to compare, the one in use first."""
        typed_names = self.text(OTHER_MODELS)
        try:
            found = [book.model(name).id for name in names(typed_names, "gpt-6-luna")] if typed_names else []
        except UserError as cause:
            self.errors[OTHER_MODELS] = str(cause)
            return
        in_use = self.entered.get(IN_USE)
        chosen = [*([in_use] if in_use else []), *(self.entered.get(MODELS) or ()), *found]
        models = list(dict.fromkeys(chosen))
        if len(models) > MOST_MODELS:
            self.errors[MODELS] = f"At most {MOST_MODELS} models are compared, not {len(models)}. Leave some out."
        elif not models:
            self.errors[MODELS] = "Pick one model at least, or type its name below."
        elif tuple(models) != _models(self.settings):
            self.changed["models"] = models

    def gpus(self) -> None:
        """Read the GPUs at hand: a kind and how many, or none."""
        kind, count, held = self.text(GPU_KIND), self.text(GPU_COUNT), self.answers.gpu
        if (kind, count) == _gpu_texts(self.answers):
            return
        if not kind and count:
            self.errors[GPU_COUNT] = "How many of which kind? Pick the kind above, or leave this empty."
        elif not kind:
            if held is not None:
                self.slots["gpu"] = None
        elif kind == RENT:
            self.slots["gpu"] = {"kind": RENT, "count": 0}
        elif count and (not count.isdecimal() or not 1 <= int(count) <= MOST_GPUS):
            self.errors[GPU_COUNT] = f"{count!r} is no number of GPUs: a whole number from 1 to {MOST_GPUS:,}."
        else:
            self.slots["gpu"] = {"kind": kind, "count": int(count or 1)}


def _texts(answers: Answers, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what is known of the plain fields and of tokens, as it would be typed."""
    known: dict[str, Any] = {
        **{name: getattr(answers, name) for name in ("requests_per_day", "peak_factor", "knowledge_tokens")},
        "engineering_day_rate": answers.engineering_day_rate,
        "engineering_days": settings.get("engineering_days"),
        "horizon_months": settings.get("horizon_months"),
        **(tokens_json(answers) or {}),
    }
    texts = {name: typed(field_of(name), value) for name, value in known.items() if value is not None}
    if answers.latency_p95_ms is not None:
        texts[_LATENCY] = f"{answers.latency_p95_ms:g} ms"
    return texts


def _gpu_texts(answers: Answers) -> tuple[str, str]:
    """Return kind and count of the GPUs at hand, as the form shows them."""
    gpu = answers.gpu
    if gpu is None:
        return "", ""
    return (gpu.kind, str(gpu.count)) if gpu.count else (RENT, "")


def _read(name: str, text: str) -> Any:
    """Return the value of a plain field, None where it is empty."""
    if not text:
        return None
    if name == _LATENCY:
        reading = read_milliseconds(text, example=_LATENCY_EXAMPLE)
        if reading.remark:
            raise UserError(f"{text!r} leaves room. Write one exact figure, for example: {_LATENCY_EXAMPLE}")
        return reading.value
    return read_field(field_of(name), text)


def _models(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(settings.get("models") or (LARGE_MODEL, SMALL_MODEL))


def _offered(book: PriceBook) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the models that write text and can be called today, by provider; every other can be typed."""
    by_provider: dict[str, list[str]] = {}
    for price in book.models.values():
        if _writes_text(price) and not price.is_retired(book.as_of):
            by_provider.setdefault(price.provider, []).append(price.id)
    return tuple((provider, tuple(_newest(ids))) for provider, ids in by_provider.items())


def _writes_text(price: ModelPrice) -> bool:
    return price.standard.output > 0 and not any(word in price.id for word in _OTHER_WORK)


def _newest(ids: Sequence[str]) -> Sequence[str]:
    """Return as many of a provider's models as a list can show, by the version in their names, the newest first."""
    return sorted(ids, key=_version, reverse=True)[:_MOST_OF_A_PROVIDER]


def _version(model: str) -> tuple[int, int]:
    # Of "gpt-6.1-sol" 6 and 1, of "claude-opus-5-5" 5 and 5; neither dates nor sizes such as 8b.
    found = re.search(r"(?<![\d.])(\d{1,2})(?:[.-](\d{1,2}))?(?![\db])", model)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
