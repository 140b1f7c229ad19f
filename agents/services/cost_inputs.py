"""From the answers and settings of a conversation to the inputs of the cost core; pure.

Only what was said goes in. What the core needs and nobody said is named, never made up; what it has a default for is
listed as assumed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from agents.costs.compare import Comparison, compare
from agents.costs.documents import read_inputs
from agents.costs.prices.book import PriceBook
from agents.decision.answers import Answers, Problem
from agents.errors import UserError

# Slots without which nothing can be priced.
NEEDED: Final = ("requests_per_day", "tokens")
# Slots that a comparison is made from, in the order they are shown.
USED: Final = (
    *NEEDED,
    "peak_factor",
    "knowledge_tokens",
    "gpu",
    "batch_ok",
    "teacher_meets_bar",
    "small_api_meets_bar",
    "engineering_day_rate",
    "latency_p95_ms",
)
# A setting that is no input: how the tokens of the answer were counted, with those tokens.
TOKENS_COUNTED: Final = "tokens_counted"
NO_SETTINGS: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Priced:
    """A comparison made from answers, and remarks on what of them could not be used or was added."""

    comparison: Comparison
    remarks: tuple[str, ...]


def missing_slots(answers: Answers) -> Sequence[str]:
    """Return the slots that must be answered before anything can be priced."""
    has_volume = bool(answers.requests_per_day)
    has_tokens = answers.tokens is not None and answers.tokens.tokens_in > 0
    return [slot for slot, known in zip(NEEDED, (has_volume, has_tokens), strict=True) if not known]


def inputs_document(answers: Answers, settings: Mapping[str, Any] = NO_SETTINGS) -> dict[str, Any]:
    """Return answers and settings as a cost file holds them; a setting stands above an answer.

    Args:
        answers: Of the conversation.
        settings: By the cost core's keys; None is not set.
    """
    document: dict[str, Any] = {"batch_ok": answers.batch_ok, "peak_factor": answers.peak_factor}
    if answers.requests_per_day:
        document["requests_per_day"] = answers.requests_per_day
    if answers.tokens is not None and answers.tokens.tokens_in > 0:
        document["tokens_in"] = answers.tokens.tokens_in
        document["tokens_out"] = answers.tokens.tokens_out
        document["static_prefix"] = answers.tokens.static_prefix
        # People read these off the API they use.
        document["claude_token_factor"] = 1
    if answers.knowledge_tokens and _counts_knowledge(answers):
        document["knowledge_tokens"] = answers.knowledge_tokens
    if answers.gpu is not None and answers.gpu.count > 0:
        document["gpu"], document["n_gpu"] = answers.gpu.kind, answers.gpu.count
    for slot in ("teacher_meets_bar", "small_api_meets_bar"):
        tested = getattr(answers, slot)
        if tested is not None:
            document[slot] = "yes" if tested else "no"
    if answers.engineering_day_rate:
        document["engineering_day_rate"] = answers.engineering_day_rate
    if answers.is_airgapped:
        document["air_gapped"] = True
    # The two contradict each other, and the cost core takes only one.
    document["latency_p95_ms"] = None if answers.batch_ok else answers.latency_p95_ms
    document.update({key: value for key, value in settings.items() if key != TOKENS_COUNTED})
    return {key: value for key, value in document.items() if value is not None}


def compared(document: Mapping[str, Any], book: PriceBook) -> Comparison:
    """Return the comparison of inputs as a cost file holds them.

    Raises:
        UserError: An input cannot be read or priced.
    """
    return compare(read_inputs(document), book)


def priced(
    answers: Answers,
    book: PriceBook,
    settings: Mapping[str, Any] = NO_SETTINGS,
    *,
    compared: Callable[[Mapping[str, Any], PriceBook], Comparison] = compared,
) -> Priced:
    """Return the comparison for these answers; GPUs that the book cannot price or use are left out, with a remark.

    Args:
        answers: Of a conversation.
        book: The prices.
        settings: By the cost core's keys; None is not set.
        compared: What makes a comparison.

    Raises:
        UserError: A figure is beyond what can be priced.
    """
    remarks = tuple(_remarks(answers, settings))
    document = inputs_document(answers, settings)
    try:
        return Priced(compared(document, book), remarks)
    except UserError as cause:
        if "gpu" not in document:
            raise
        without = {key: value for key, value in document.items() if key not in ("gpu", "n_gpu")}
        return Priced(compared(without, book), (*remarks, f"Your GPUs are left out: {cause}"))


def stored_inputs(comparison: Comparison) -> dict[str, Any]:
    """Return the inputs of a comparison as JSON."""
    return comparison.scenario.inputs.model_dump(mode="json", exclude_unset=True)


def _counts_knowledge(answers: Answers) -> bool:
    """Return whether documents are part of the work: knowledge is a problem, or nobody has said what is."""
    return not answers.problem or answers.has(Problem.KNOWLEDGE)


def _remarks(answers: Answers, settings: Mapping[str, Any]) -> Sequence[str]:
    remarks = []
    if answers.engineering_day_rate and settings.get("engineering_days") is None:
        remarks.append("10 days of people's time to fine-tune, 15 to distil (assumed: the guide's one to four weeks)")
    if answers.knowledge_tokens and not _counts_knowledge(answers):
        remarks.append(
            f"The {answers.knowledge_tokens:,} tokens of knowledge are not priced: knowledge is not among the problems "
            "that were named"
        )
    if answers.batch_ok and answers.latency_p95_ms is not None:
        remarks.append(f"The latency budget of {answers.latency_p95_ms:g} ms rules nothing out: answers can wait a day")
    counted = settings.get(TOKENS_COUNTED)
    if counted is not None and answers.tokens is not None and counted["tokens"] == tokens_json(answers):
        remarks.append(f"Tokens per request are counted from a pasted sample: {counted['method']}")
    return remarks


def tokens_json(answers: Answers) -> dict[str, int] | None:
    """Return the tokens of a request as the slot holds them."""
    tokens = answers.tokens
    if tokens is None:
        return None
    return {
        "static_prefix": tokens.static_prefix,
        "tokens_in": tokens.tokens_in,
        "tokens_out": tokens.tokens_out,
    }
