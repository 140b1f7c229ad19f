"""The guide's rules of thumb beside the figures computed here, and why they differ."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.costs.api import RequestShape
from agents.costs.approaches import Approach
from agents.costs.figures import exact
from agents.costs.guide.lines import GuideLine
from agents.costs.guide.memory import memory_lines
from agents.costs.latency import answer_floor_s
from agents.costs.scenario import Scenario
from agents.costs.serving import usd_per_million_tokens
from agents.costs.wording import dollars
from agents.costs.workload_offers import RAG_SETUP_USD, infra_usd_per_month, setup_usd


def guide_lines(scenario: Scenario, rows: Sequence[Approach]) -> tuple[GuideLine, ...]:
    """Return the lines that this workload has figures for; memory is always among them."""
    by_kind = {row.kind: row for row in reversed(rows)}
    lines: list[GuideLine] = []
    if "prompt" in by_kind:
        lines.append(_prompting_rate(by_kind["prompt"]))
        lines.append(_per_query(by_kind["prompt"]))
        lines += _students(scenario, by_kind["fine_tune"], by_kind["distil"])
        lines.append(_reduction(rows, by_kind["distil"]))
        lines += _gpt4(rows, by_kind["distil"])
        lines.append(_latency(scenario))
    if "rag" in by_kind:
        lines.append(_rag_setup(scenario))
        lines.append(_rag_infrastructure(scenario))
    return (*lines, *memory_lines(scenario))


def _prompting_rate(row: Approach) -> GuideLine:
    return GuideLine(
        "Prompting, USD per million tokens",
        "3 to 15",
        dollars(row.usd_per_million_tokens.value),
        "3 and 15 are the input and output list prices of one older model, not a range; "
        "ours is today's price of this mix of input, cached and output tokens",
    )


def _per_query(row: Approach) -> GuideLine:
    return GuideLine(
        "What one query costs",
        "a price per million tokens",
        f"{dollars(row.usd_per_request.value)} per request, {dollars(row.usd_per_month.value)} a month",
        "the guide gives a price per million tokens under that name; tokens of different models are not alike, so "
        "only requests and months compare",
    )


def _students(scenario: Scenario, tuned: Approach, distilled: Approach) -> Iterator[GuideLine]:
    shape = scenario.shape
    if shape is None:
        return
    levels = ", ".join(
        f"{dollars(_usd_per_million(scenario, shape, used))} at {used:.0%}" for used in scenario.inputs.utilisation
    )
    per_million = f"{dollars(tuned.usd_per_million_tokens.value)} here, {(tuned.utilisation or 0) * 100:.2g}% used"
    same = f"both are the same serving, and only how busy the GPUs are sets them apart: {levels}"
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
    yield _distilling(scenario, distilled)
    hours = tuned.compute_h or 0.0
    yield GuideLine(
        "Time to deploy a student",
        "1 to 4 weeks",
        f"{hours:.2g} h of training",
        "computing takes hours; data, evaluation and rollout take people weeks",
    )


def _usd_per_million(scenario: Scenario, shape: RequestShape, used: float) -> Decimal:
    """Return the price of a million of the student's tokens on GPUs that are this busy."""
    tokens_in, tokens_out = float(shape.tokens_in), float(shape.tokens_out)
    return usd_per_million_tokens(scenario.calibration, tokens_in, tokens_out, scenario.serving_usd_per_hour.base, used)


def _distilling(scenario: Scenario, row: Approach) -> GuideLine:
    paid = sum((band.base for name, band in row.upfront_lines.items() if name != "engineering"), Decimal(0))
    data, examples = row.upfront_lines.get("training_data"), exact(scenario.inputs.examples)
    sizes = ""
    if data is not None:
        ten, hundred = (dollars(data.base * count / examples) for count in (10_000, 100_000))
        sizes = f"; written by {scenario.teacher_name}, 10,000 examples like yours cost {ten} and 100,000 {hundred}"
    return GuideLine(
        "Distillation, upfront USD of data and training",
        "500 to 2,000",
        f"{dollars(paid)} for {scenario.inputs.examples:,.0f} examples",
        f"at today's batch rates the guide's range fits 100,000 examples of 1,000 tokens and 500 answered{sizes}",
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
        f"at least {floor_ms(1):,.0f} ms for one token, {floor_ms(tokens_out):,.0f} ms for {tokens_out:.0f}",
        "only label-sized answers are that fast: every further token reads all weights again",
    )


def _rag_infrastructure(scenario: Scenario) -> GuideLine:
    band = infra_usd_per_month(scenario)
    is_assumed = scenario.inputs.infra_usd_month is None
    span = f"{dollars(band.base)} a month" + (f" ({dollars(band.low)} to {dollars(band.high)})" if is_assumed else "")
    return GuideLine(
        "RAG, infrastructure besides tokens",
        "named, without a figure",
        span,
        "a database beside what already runs, up to a managed one; assumed" if is_assumed else "your own figure",
    )


def _rag_setup(scenario: Scenario) -> GuideLine:
    is_assumed = scenario.inputs.setup_usd is None
    return GuideLine(
        "RAG, upfront USD of setup",
        f"{RAG_SETUP_USD.low:,} to {RAG_SETUP_USD.high:,}",
        dollars(setup_usd(scenario).base),
        "the middle of the guide's range, because you gave none" if is_assumed else "your own figure",
    )
