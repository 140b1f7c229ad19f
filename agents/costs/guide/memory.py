"""The guide's rules for training memory beside the bytes computed here."""

from collections.abc import Iterator
from types import MappingProxyType

from agents.costs.guide.lines import GuideLine
from agents.costs.hardware_details import METHODS
from agents.costs.prices.book import GpuPrice
from agents.costs.scenario import Scenario
from agents.costs.students import LLAMA_70B
from agents.costs.training import Method
from agents.costs.training_memory import TrainingSettings, gpus_needed, guide_bytes, per_gpu_bytes

_FACTORS = MappingProxyType[Method, str]({"full": "8 x", "lora": "1.5 x", "qlora": "0.5 x"})
_REASONS = MappingProxyType[Method, str](
    {
        "full": "8 x the bf16 weights is weights, gradients and optimiser at 16 bytes a parameter; "
        "activations come on top",
        "lora": "1.5 x the weights leaves more for activations than one short sequence needs; "
        "the weights alone are not enough",
        "qlora": "0.5 x the bf16 weights is too much room for a large model and too little for a small one, "
        "whose embeddings stay in bf16",
    }
)
# What a widely used training library publishes as the least memory for 70B, in GB: Unsloth's page on requirements.
PUBLISHED_LEAST_70B_GB = MappingProxyType[Method, int]({"lora": 164, "qlora": 41})
A100 = "A100-80"
H200 = "H200-141"


def memory_lines(scenario: Scenario) -> Iterator[GuideLine]:
    """Yield the guide's factor for each method, then the two figures it gives for Llama 70B."""
    for method in METHODS:
        computed = per_gpu_bytes(scenario.student, method, scenario.training_settings)
        rule = guide_bytes(scenario.student, method)
        reason = _REASONS[method]
        if scenario.student is LLAMA_70B and method != "full":
            reason += f"; {_of_70b(scenario, method)}"
        yield GuideLine(
            f"Training memory, {method}, {scenario.student.name}",
            f"{_FACTORS[method]} the weights: {rule / 1e9:,.3g} GB",
            f"{computed / 1e9:,.3g} GB on one GPU",
            reason,
        )
    if scenario.student is not LLAMA_70B:
        yield _named_70b(scenario, "lora", "about 140 GB, two A100-80")
        yield _named_70b(scenario, "qlora", "about 40 GB, one A100-80")


def _named_70b(scenario: Scenario, method: Method, said: str) -> GuideLine:
    computed = per_gpu_bytes(LLAMA_70B, method, scenario.training_settings)
    label = {"lora": "LoRA", "qlora": "QLoRA", "full": "Full training"}[method]
    return GuideLine(
        f"{label} on {LLAMA_70B.name}",
        said,
        f"{computed / 1e9:,.3g} GB on one GPU",
        _of_70b(scenario, method),
    )


def _of_70b(scenario: Scenario, method: Method) -> str:
    """Return what the guide's own figure for 70B leaves out, and what to rent instead."""
    settings = scenario.training_settings
    least = PUBLISHED_LEAST_70B_GB[method]
    published = f"the least that a training library publishes is {least} GB"
    needed = _needed(scenario, method)
    if method == "qlora":
        return (
            "the guide's 40 GB is about the quantised weights, and its own factor of 0.5 makes "
            f"{guide_bytes(LLAMA_70B, method) / 1e9:,.3g} GB, or half of that with 4-bit weights; {published}; {needed}"
        )
    return (
        "the guide's 140 GB is the weights alone, and its own factor of 1.5 makes "
        f"{guide_bytes(LLAMA_70B, method) / 1e9:,.3g} GB; {published}; {_filled(scenario, settings)}{needed}"
    )


def _filled(scenario: Scenario, settings: TrainingSettings) -> str:
    """Return how full the two A100-80 of the guide would be."""
    gpu = scenario.book.gpus.get(A100)
    if gpu is None:
        return ""
    filled = per_gpu_bytes(LLAMA_70B, "lora", settings, 2) / gpu.memory_bytes
    sequences = f"{settings.micro_batch} sequence of {settings.sequence:,} tokens"
    return f"two A100-80 would be {filled:.0%} full at {sequences}; "


def _needed(scenario: Scenario, method: Method) -> str:
    """Return how many of each kind of GPU the training takes here."""
    kinds = [scenario.book.gpus[name] for name in (A100, H200) if name in scenario.book.gpus]
    return "take " + " or ".join(_count(scenario, method, gpu) for gpu in kinds or [scenario.training_gpu])


def _count(scenario: Scenario, method: Method, gpu: GpuPrice) -> str:
    count = gpus_needed(LLAMA_70B, method, scenario.training_settings, gpu.memory_bytes)
    return f"more than 128 x {gpu.name}" if count is None else f"{count} x {gpu.name}"
