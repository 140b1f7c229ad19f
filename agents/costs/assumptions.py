"""What a comparison takes for granted, each with its value and where it comes from."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from agents.costs.api import LARGEST_CACHEABLE_MINIMUM, SMALLEST_CACHEABLE_PREFIX
from agents.costs.figures import DEFAULTS_AS_OF, GUIDE, Kind
from agents.costs.latency import API_FLOOR_S
from agents.costs.scenario import Scenario, names_a_student
from agents.costs.terms import price_kind
from agents.costs.training import QLORA_SLOWDOWN


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing taken for granted on some day; `key` is the input that replaces it, None where there is none."""

    text: str
    key: str | None
    source: str
    kind: Kind
    as_of: dt.date = DEFAULTS_AS_OF


def assumptions_of(scenario: Scenario) -> tuple[Assumption, ...]:
    """Return the assumptions behind this comparison that the person has not replaced."""
    given = scenario.inputs.model_fields_set
    found = [*_serving(scenario), *_prompting(scenario), *_training(scenario)]
    if scenario.corpus is not None:
        found += _knowledge(scenario)
    found += _limits(scenario)
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
        calibration.as_of,
    )
    hour = scenario.serving_usd_per_hour
    yield Assumption(
        f"{scenario.serving_gpu.name} at ${hour.base}/h (${hour.low} to ${hour.high})",
        "usd_per_gpu_hour",
        f"{scenario.serving_gpu.source}, {scenario.serving_gpu.as_of}",
        price_kind(scenario.serving_gpu),
        scenario.serving_gpu.as_of,
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
    yield from _teacher(scenario)
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
        reached.as_of,
    )
    if inputs.method == "qlora":
        slower = f"QLoRA takes {QLORA_SLOWDOWN:g} x the time of its arithmetic, to unpack the weights"
        yield Assumption(slower, "slowdown", "reports lie between 1.1 and 1.5", "assumed")
    if inputs.engineering_usd is None and inputs.engineering_day_rate == 0:
        yield Assumption("people's time is not counted", "engineering_usd", "default", "assumed")


def _teacher(scenario: Scenario) -> Iterator[Assumption]:
    """Yield who writes the training data, and at which price."""
    teacher, open_teacher = scenario.teacher, scenario.open_teacher
    if open_teacher is not None:
        where = f"{open_teacher.calibration.gpus} x {open_teacher.gpu.name}"
        text = f"training data is written by {scenario.teacher_name} on {where}, full while it writes"
        yield Assumption(
            text, "teacher", open_teacher.calibration.source, open_teacher.calibration.kind, open_teacher.gpu.as_of
        )
        return
    rates = teacher.batch if scenario.inputs.batch and teacher.batch is not None else teacher.standard
    text = f"training data is written by {teacher.id} at ${rates.input:f} and ${rates.output:f} per million tokens"
    yield Assumption(text, "teacher", teacher.source, price_kind(teacher), teacher.as_of)


def _limits(scenario: Scenario) -> Iterator[Assumption]:
    """Yield what stands behind a row that is shown without being ranked, or spread over time."""
    months = scenario.inputs.horizon_months
    yield Assumption(
        f"the ranking spreads upfront costs over {months:g} months", "horizon_months", "default", "assumed"
    )
    if scenario.hosted:
        yield Assumption(
            "hosted open models cost what the host in the middle asks, from the cheapest to the dearest known",
            None,
            scenario.hosted[0].quotes[0].source.partition(", in ")[2] or "their hosts' lists",
            "published",
            scenario.hosted[0].quotes[0].as_of,
        )
    if scenario.inputs.latency_p95_ms is not None:
        yield Assumption(
            f"an API takes {API_FLOOR_S * 1000:g} ms and more, and own GPUs their arithmetic's least time",
            None,
            f"{GUIDE}, without a measurement",
            "published",
        )


def _knowledge(scenario: Scenario) -> Iterator[Assumption]:
    inputs = scenario.inputs
    yield Assumption(f"{inputs.top_k} chunks of {inputs.chunk} tokens are retrieved", "top_k", "default", "assumed")
    yield Assumption("retrieval runs on a database for $0 to $300 a month", "infra_usd_month", "default", "assumed")
    yield Assumption(
        f"vectors of {inputs.dimensions} numbers, kept in that database",
        "dimensions",
        "the local embedder's",
        "assumed",
    )
    yield Assumption("retrieval costs $1,000 to $5,000 to build", "setup_usd", "the guide", "published")
    yield Assumption("documents are embedded on your own machine", "embedder", "default", "assumed")
