"""What a comparison takes for granted, each with its value and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass

from agents.costs.api import LARGEST_CACHEABLE_MINIMUM, SMALLEST_CACHEABLE_PREFIX
from agents.costs.figures import Kind
from agents.costs.scenario import Scenario, names_a_student


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing taken for granted; `key` is the input that replaces it, None where there is none."""

    text: str
    key: str | None
    source: str
    kind: Kind


def assumptions_of(scenario: Scenario) -> tuple[Assumption, ...]:
    """Return the assumptions behind this comparison that the person has not replaced."""
    given = scenario.inputs.model_fields_set
    found = [*_serving(scenario), *_prompting(scenario), *_training(scenario)]
    if scenario.corpus is not None:
        found += _knowledge(scenario)
    return tuple(line for line in found if line.key is None or line.key not in given)


def _serving(scenario: Scenario) -> Iterator[Assumption]:
    inputs, calibration = scenario.inputs, scenario.calibration
    yield Assumption("a month has 730 hours, a twelfth of 365 days", None, "definition", "computed")
    yield Assumption(
        f"{scenario.student.name} in {scenario.precision} on {calibration.gpus} x {scenario.serving_gpu.name}: "
        f"{calibration.prefill:,.0f} prompt and {calibration.decode:,.0f} output tokens per GPU second",
        "calibration",
        calibration.source,
        calibration.kind,
    )
    hour = scenario.serving_usd_per_hour
    yield Assumption(
        f"{scenario.serving_gpu.name} at ${hour.base}/h (${hour.low} to ${hour.high})",
        "usd_per_gpu_hour",
        f"{scenario.serving_gpu.source}, {scenario.serving_gpu.as_of}",
        "published",
    )
    yield Assumption(f"the busiest moment is {inputs.peak_factor:g} x the average", "peak_factor", "default", "assumed")
    yield Assumption(f"replicas are filled to {inputs.headroom:.0%}", "headroom", "default", "assumed")
    yield Assumption(
        f"replicas that run all month, however little traffic: {inputs.min_replicas}",
        "min_replicas",
        "default",
        "assumed",
    )


def _prompting(scenario: Scenario) -> Iterator[Assumption]:
    if names_a_student(scenario.inputs):
        counted = f"tokens are counted as the student's, and Claude makes {scenario.claude_token_factor} of each"
    else:
        counted = "tokens are counted for the API, and the student is taken to need as many"
    yield Assumption(counted, "claude_token_factor", "default", "assumed")
    prefix = scenario.inputs.static_prefix
    if prefix == 0:
        return
    yield Assumption(
        f"the prompt cache keeps an entry {scenario.inputs.ttl_s:g} s after its last use, and requests arrive at "
        "random; bursts hit more often",
        "ttl_s",
        "providers' default",
        "published",
    )
    if prefix < SMALLEST_CACHEABLE_PREFIX:
        yield Assumption(
            f"a prefix of {prefix} tokens is too short to be cached", None, "providers' minima", "published"
        )
    elif prefix < LARGEST_CACHEABLE_MINIMUM:
        yield Assumption(
            f"a prefix of {prefix:,} tokens is cached, though some models ask for up to {LARGEST_CACHEABLE_MINIMUM:,}",
            None,
            "providers' minima",
            "assumed",
        )


def _training(scenario: Scenario) -> Iterator[Assumption]:
    inputs = scenario.inputs
    yield Assumption(
        f"{inputs.examples:,.0f} training examples, written by {scenario.teacher_name}",
        "examples",
        "default within the guide's 10,000 to 100,000",
        "assumed",
    )
    yield Assumption(f"{inputs.reject_rate:.0%} of them are filtered out", "reject_rate", "default", "assumed")
    yield Assumption(f"{inputs.runs} training runs", "runs", "default", "assumed")
    yield Assumption(f"{inputs.epochs:g} passes over the examples", "epochs", "default", "assumed")
    gpu = scenario.training_gpu.name
    reached = scenario.training_efficiency
    yield Assumption(f"training on {scenario.training_gpus} x {gpu}", "training_gpu", "default", "assumed")
    yield Assumption(
        f"training reaches {reached.mfu:.0%} of the peak of {gpu}",
        "mfu",
        reached.source if reached.kind == "assumed" else f"{reached.source}, {reached.as_of}",
        reached.kind,
    )
    if inputs.engineering_usd is None and inputs.engineering_day_rate == 0:
        yield Assumption("people's time is not counted", "engineering_usd", "default", "assumed")


def _knowledge(scenario: Scenario) -> Iterator[Assumption]:
    inputs = scenario.inputs
    yield Assumption(f"{inputs.top_k} chunks of {inputs.chunk} tokens are retrieved", "top_k", "default", "assumed")
    yield Assumption("retrieval runs on a database for $0 to $300 a month", "infra_usd_month", "default", "assumed")
    yield Assumption("retrieval costs $1,000 to $5,000 to build", "setup_usd", "the guide", "published")
    yield Assumption("documents are embedded on your own machine", "embedder", "default", "assumed")
