"""When which approach is worth it: the guide's situations, and what this workload's figures say of each."""

from collections.abc import Iterator

from agents.costs.compare import Comparison
from agents.costs.wording import dollars, rounded_volume

# Below this the guide puts knowledge into the prompt.
SMALL_KNOWLEDGE_TOKENS = 10_000


def use_case_rows(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    """Yield each situation, what the guide advises, and what the figures here say."""
    yield from _fine_tuning(comparison)
    yield from _prompting(comparison)
    yield from _retrieval(comparison)


def _fine_tuning(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    yield "Classifying at scale", "fine-tune a small model", _break_even(comparison)
    yield "A domain with terms of its own", "fine-tune", "a matter of quality: your test set decides"
    yield "One style, millions of times", "fine-tune", _volume(comparison)
    yield "Answers needed within the request path", "fine-tune a small model", _latency(comparison)
    yield "A large model's work at a small one's price", "distil", _payback(comparison)


def _prompting(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    yield "Good instructions are enough", "stay with prompting", "a matter of quality: your test set decides"
    yield "A schema can enforce the format", "stay with prompting", "costs nothing extra here"
    yield "Few enough requests", "stay with prompting", _cheapest_api(comparison)
    yield "The task still changes", "stay with prompting", _training_hours(comparison)


def _retrieval(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    tokens = comparison.scenario.inputs.knowledge_tokens
    size = "no documents are given" if tokens is None else f"{tokens:,} tokens of documents"
    yield "Private or recent knowledge", "RAG", size
    yield "Knowledge that changes often", "RAG", size
    yield "Answers must cite", "RAG", size
    yield "Knowledge under 10,000 tokens", "put it into the prompt", _is_small(tokens)
    yield "Knowledge that hardly changes", "put it into the prompt and cache it", _cached_or_retrieved(comparison)
    yield "A handful of facts", "put them into the prompt", _is_small(tokens)


def _is_small(tokens: int | None) -> str:
    if tokens is None:
        return "no documents are given"
    holds = "yes" if tokens < SMALL_KNOWLEDGE_TOKENS else "no"
    return f"{holds}: {tokens:,} tokens"


def _break_even(comparison: Comparison) -> str:
    row = next((row for row in comparison.rows if row.kind == "fine_tune"), None)
    if row is None:
        return "not priced yet"
    other = comparison.baseline
    if other.row_id.startswith("open_prompt:"):
        return f"air-gapped: set against {other.id} on your own GPUs, not against an API"
    even = row.break_even_against(other.row_id)
    if even is None:
        return f"never cheaper to run than {other.id}"
    return f"cheaper to run than {other.id} from {rounded_volume(even)} requests a day"


def _volume(comparison: Comparison) -> str:
    volume = comparison.scenario.requests_per_day
    return "no volume is given" if volume is None else f"{rounded_volume(volume)} requests a day"


def _latency(comparison: Comparison) -> str:
    found = comparison.details.get("latency", {}).get("answer_floor_s")
    return "no tokens are given" if found is None else f"at least {found * 1000:,.0f} ms for a whole answer"


def _payback(comparison: Comparison) -> str:
    row = next((row for row in comparison.rows if row.kind == "distil"), None)
    if row is None:
        return "not priced yet"
    if row.payback_days is None:
        return f"never pays back against {comparison.baseline.id}"
    return f"pays back in {rounded_volume(row.payback_days)} days against {comparison.baseline.id}"


def _cheapest_api(comparison: Comparison) -> str:
    prompts = [row for row in comparison.rows if row.kind == "prompt" and not row.is_reference]
    if not prompts:
        return "not priced yet"
    cheapest = min(prompts, key=lambda row: row.usd_per_month.value)
    return f"{cheapest.label} costs {dollars(cheapest.usd_per_month.value)} a month"


def _training_hours(comparison: Comparison) -> str:
    run = comparison.scenario.training
    return "not priced yet" if run is None else f"every change of the task costs {run.wall_h:.2g} h of training again"


def _cached_or_retrieved(comparison: Comparison) -> str:
    cheaper = comparison.details.get("knowledge", {}).get("cheaper")
    if cheaper is None:
        return "no documents are given"
    return "cached in the prompt is cheaper" if cheaper == "long_context" else "retrieval is cheaper"
