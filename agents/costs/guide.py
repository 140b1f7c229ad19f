"""The guide's rules of thumb beside the figures computed here, and why they differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.approaches import Approach
from agents.costs.hardware_details import METHODS
from agents.costs.latency import answer_floor_s
from agents.costs.scenario import Scenario
from agents.costs.serving import usd_per_million_tokens
from agents.costs.students import LLAMA_70B
from agents.costs.training_memory import guide_bytes, per_gpu_bytes
from agents.costs.wording import dollars
from agents.costs.workload_offers import RAG_SETUP_USD, setup_usd


@dataclass(frozen=True, slots=True)
class GuideLine:
    """One rule of thumb: what the guide says, what was computed, and the reason for the difference."""

    topic: str
    guide: str
    computed: str
    reason: str


def guide_lines(scenario: Scenario, rows: Sequence[Approach]) -> tuple[GuideLine, ...]:
    """Return the lines that this workload has figures for; memory is always among them."""
    by_kind = {row.kind: row for row in reversed(rows)}
    lines: list[GuideLine] = []
    if "prompt" in by_kind:
        lines.append(_prompting_rate(by_kind["prompt"]))
        lines += _students(scenario, by_kind["fine_tune"], by_kind["distil"])
        lines.append(_reduction(rows, by_kind["distil"]))
        lines += _gpt4(rows, by_kind["distil"])
        lines.append(_latency(scenario))
    if "rag" in by_kind:
        lines.append(_rag_setup(scenario))
    return (*lines, *_memory(scenario))


def _prompting_rate(row: Approach) -> GuideLine:
    return GuideLine(
        "Prompting, USD per million tokens",
        "3 to 15",
        dollars(row.usd_per_million_tokens.value),
        "3 and 15 are the input and output list prices of one older model, not a range; "
        "ours is today's price of this mix of input, cached and output tokens",
    )


def _students(scenario: Scenario, tuned: Approach, distilled: Approach) -> Iterator[GuideLine]:
    shape = scenario.shape
    if shape is None:
        return
    full = usd_per_million_tokens(
        scenario.calibration,
        float(shape.tokens_in),
        float(shape.tokens_out),
        scenario.serving_usd_per_hour.base,
        1.0,
    )
    used = f"{(tuned.utilisation or 0) * 100:.2g}% used"
    per_million = f"{dollars(tuned.usd_per_million_tokens.value)} ({used}); {dollars(full)} when full"
    same = "both are the same serving, and only how busy the GPUs are sets them apart"
    yield GuideLine("LoRA student, USD per million tokens", "0.02 to 0.50", per_million, same)
    yield GuideLine("Distilled student, USD per million tokens", "0.02 to 0.05", per_million, same)
    compute = tuned.upfront_lines.get("training")
    if compute is not None:
        yield GuideLine(
            "LoRA, upfront USD of compute",
            "50 to 500",
            dollars(compute.base),
            f"{scenario.inputs.runs} runs over {scenario.inputs.examples:,.0f} examples; "
            "people's time is a line of its own and usually the larger one",
        )
    paid = sum((band.base for name, band in distilled.upfront_lines.items() if name != "engineering"), Decimal(0))
    yield GuideLine(
        "Distillation, upfront USD of data and training",
        "500 to 2,000",
        dollars(paid),
        f"at batch rates {scenario.inputs.examples:,.0f} short examples are cheap; "
        "the guide's range fits about 100,000 of them",
    )
    hours = tuned.compute_h or 0.0
    yield GuideLine(
        "Time to deploy a student",
        "1 to 4 weeks",
        f"{hours:.2g} h of training",
        "computing takes hours; data, evaluation and rollout take people weeks",
    )


def _reduction(rows: Sequence[Approach], distilled: Approach) -> GuideLine:
    month = distilled.usd_per_month.value
    ratios = [
        f"{row.usd_per_month.value / month:.2g}x against {row.id.partition(':')[2]}"
        for row in rows
        if row.kind == "prompt" and not row.is_reference
    ]
    return GuideLine(
        "Cost reduction by distillation",
        "10x to 100x",
        ", ".join(ratios),
        "it depends on the model it replaces and on the volume; below 1x the student is the dearer one",
    )


def _gpt4(rows: Sequence[Approach], distilled: Approach) -> Iterator[GuideLine]:
    for row in rows:
        if row.id == "prompt:gpt-4":
            share = distilled.usd_per_month.value / row.usd_per_month.value
            yield GuideLine(
                "A student's cost against GPT-4",
                "1/100",
                f"{share:.2g} of it",
                "GPT-4's last list price, 30 and 60; the model has left its API",
            )


def _latency(scenario: Scenario) -> GuideLine:
    shape = scenario.shape
    tokens_in, tokens_out = (float(shape.tokens_in), float(shape.tokens_out)) if shape else (0.0, 0.0)

    def floor_ms(tokens: float) -> float:
        seconds = answer_floor_s(
            scenario.calibration,
            tokens_in=tokens_in,
            tokens_out=tokens,
            weight_bytes=scenario.student.weight_bytes(scenario.bytes_per_weight),
            bandwidth=scenario.serving_gpu.bandwidth,
        )
        return seconds * 1000

    return GuideLine(
        "Latency of a small student",
        "10 to 50 ms",
        f"at least {floor_ms(1):.0f} ms for one token, {floor_ms(tokens_out):.0f} ms for {tokens_out:.0f}",
        "only label-sized answers are that fast: every further token reads all weights again",
    )


def _rag_setup(scenario: Scenario) -> GuideLine:
    is_assumed = scenario.inputs.setup_usd is None
    return GuideLine(
        "RAG, upfront USD of setup",
        f"{RAG_SETUP_USD.low:,} to {RAG_SETUP_USD.high:,}",
        dollars(setup_usd(scenario).base),
        "the middle of the guide's range, because you gave none" if is_assumed else "your own figure",
    )


def _memory(scenario: Scenario) -> Iterator[GuideLine]:
    reasons = {
        "full": "8 x the bf16 weights is weights, gradients and optimiser at 16 bytes a parameter; "
        "activations come on top",
        "lora": "1.5 x the weights leaves more for activations than one short sequence needs; "
        "the weights alone are not enough",
        "qlora": "0.5 x the bf16 weights is too much room for a large model and too little for a small one, "
        "whose embeddings stay in bf16",
    }
    if scenario.student is LLAMA_70B:
        reasons["lora"] += (
            "; the guide's other figure for 70B, 140 GB, is just the weights, and two A100-80 would be 97% full: "
            "take four, or two H200"
        )
        reasons["qlora"] += "; the guide's other figure for 70B is 40 GB, just the quantised weights"
    factors = {"full": "8 x", "lora": "1.5 x", "qlora": "0.5 x"}
    for method in METHODS:
        computed = per_gpu_bytes(scenario.student, method, scenario.training_settings)
        rule = guide_bytes(scenario.student, method)
        yield GuideLine(
            f"Training memory, {method}, {scenario.student.name}",
            f"{factors[method]} the weights: {rule / 1e9:,.3g} GB",
            f"{computed / 1e9:,.3g} GB on one GPU",
            reasons[method],
        )
