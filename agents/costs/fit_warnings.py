"""What the hardware or the latency budget does not allow, in sentences for people."""

from collections.abc import Iterator, Sequence

from agents.costs.approaches import Approach
from agents.costs.plans import AIR_GAPPED
from agents.costs.scenario import Scenario
from agents.costs.serving_memory import kv_cache_tokens
from agents.costs.training_memory import training_fits


def fit_warnings(scenario: Scenario, rows: Sequence[Approach]) -> tuple[str, ...]:
    """Return a sentence for each thing that does not fit; none where all does."""
    return (*_training(scenario), *_serving(scenario), *_latency(scenario, rows))


def _training(scenario: Scenario) -> Iterator[str]:
    method, gpu, gpus = scenario.inputs.method, scenario.training_gpu, scenario.training_gpus
    if not training_fits(scenario.student, method, scenario.training_settings, gpu_bytes=gpu.memory_bytes, gpus=gpus):
        yield f"{method} training of {scenario.student.name} does not fit on {gpus} x {gpu.name}."


def _serving(scenario: Scenario) -> Iterator[str]:
    """Yield what a replica is too small for: the weights, or one request beside them."""
    inputs, gpu, gpus = scenario.inputs, scenario.serving_gpu, scenario.calibration.gpus
    held = kv_cache_tokens(
        scenario.student,
        bytes_per_weight=scenario.bytes_per_weight,
        gpu_bytes=gpu.memory_bytes,
        gpus=gpus,
        share=inputs.util,
        overhead_bytes_per_gpu=inputs.overhead_gb_per_gpu * 1e9,
        bytes_per_value=inputs.kv_bytes,
    )
    needed = (inputs.tokens_in or 0) + (inputs.tokens_out or 0)
    replica = f"a replica of {gpus} x {gpu.name}"
    if held == 0:
        yield (
            f"{scenario.student.name} in {scenario.precision} does not fit into {replica}: its running cost holds for "
            "GPUs with more memory only."
        )
    elif held < needed:
        yield f"{replica[0].upper()}{replica[1:]} holds {held:,} tokens of context, and one request takes {needed:,}."


def _latency(scenario: Scenario, rows: Sequence[Approach]) -> Iterator[str]:
    budget_ms = scenario.inputs.latency_p95_ms
    allowed = [row for row in rows if not row.is_reference and row.ruled_out != AIR_GAPPED]
    if budget_ms is not None and allowed and all(row.ruled_out for row in allowed):
        fastest = min(row.latency_floor_s.value for row in allowed) * 1000
        yield (
            f"Nothing compared can answer within {budget_ms:g} ms: the fastest takes at least {fastest:,.0f} ms. "
            "Shorter answers, a smaller student or faster GPUs would."
        )
