"""The models, GPUs and methods that the guide names, and those that stand beside them today, at this workload."""

from collections.abc import Iterator

from agents.costs.calibrations import BYTES_PER_WEIGHT, DEFAULT_GPU, DEFAULT_PRECISION, calibration_for
from agents.costs.compare import Comparison
from agents.costs.open_models import OpenModel
from agents.costs.prices.book import GpuPrice, ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.serving_memory import kv_cache_tokens
from agents.costs.students import STUDENTS, Student
from agents.costs.training import Method
from agents.costs.training_memory import gpus_needed
from agents.costs.wording import dollars
from agents.costs.workload_offers import prompting, untrained

# The models of the guide, then today's; those that the price book lacks are left out.
NAMED_MODELS = (
    ("claude-opus-5-5", "the guide's teacher"),
    ("claude-sonnet-5-5", "the guide's model to prompt"),
    ("gpt-4o", "the guide's other teacher"),
    ("gpt-4", "the guide's model to match"),
    ("claude-haiku-5-5", "today's small model"),
    ("gpt-6.1-sol", "today's other large model"),
    ("gpt-6-luna", "today's other small model"),
)
UNKNOWN = "not priced yet"
MODEL_COLUMNS = ("System", "What it is here", "Price", "USD per month here")
GPU_COLUMNS = ("GPU", "USD per hour", "Memory", "Training 8B", "Training 70B", "Serving 8B", "Serving 70B")
# Replicas larger than this are priced, but not shown.
MOST_GPUS = 8


def model_rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    """Yield each named model with its price and what a month of this workload costs on it."""
    scenario = comparison.scenario
    for name, role in NAMED_MODELS:
        price = scenario.book.models.get(name)
        if price is not None:
            yield name, _role(role, price, scenario), _rates(price), _month(scenario, price)
    for student in STUDENTS.values():
        gpu, month = _own(comparison, student)
        yield student.name, "open model to train, on own GPUs with vLLM", gpu, month
        hosted = next((row for row in comparison.rows if row.id == f"serverless:{student.name}"), None)
        if hosted is not None:
            rate = f"{dollars(hosted.usd_per_million_tokens.value)} per M tokens of this mix"
            yield f"{student.name}, hosted", "the same as it is, at others", rate, dollars(hosted.usd_per_month.value)
    calibration = scenario.calibration
    speed = f"{calibration.prefill:,.0f} prompt and {calibration.decode:,.0f} answer tokens per GPU second"
    yield "vLLM", "the server on own GPUs", "free", f"{speed} ({calibration.kind})"


def gpu_rows(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    """Yield each GPU of the price book with what it takes of them to train and to serve both students."""
    small, large = STUDENTS.values()
    for gpu in scenario.book.gpus.values():
        hour = gpu.usd_per_hour
        yield (
            gpu.name,
            f"{dollars(hour.base)} ({dollars(hour.low)} to {dollars(hour.high)})",
            f"{gpu.memory_bytes / 1e9:.3g} GB",
            _training(scenario, small, gpu),
            _training(scenario, large, gpu),
            _serving(scenario, small, gpu),
            _serving(scenario, large, gpu),
        )


def _own(comparison: Comparison, student: Student) -> tuple[str, str]:
    """Return on which GPUs a student runs, and what a month of this workload costs there."""
    scenario = comparison.scenario
    if student == scenario.student:
        model = scenario.own_model
    else:
        gpu = scenario.book.gpus.get(DEFAULT_GPU[student.name])
        if gpu is None:
            return "by the GPU hour", UNKNOWN
        precision = DEFAULT_PRECISION[student.name]
        fit = calibration_for(student, precision, gpu, scenario.book)
        model = OpenModel(student, precision, gpu, gpu.usd_per_hour, fit)
    where = f"{model.calibration.gpus} x {model.gpu.name} a replica, {dollars(model.usd_per_hour.base)} per GPU hour"
    shape, volume = scenario.shape, scenario.requests_per_day
    if shape is None or volume is None:
        return where, UNKNOWN
    return where, dollars(untrained(scenario, shape, model).base_usd_per_month(volume))


def _role(role: str, price: ModelPrice, scenario: Scenario) -> str:
    if price.retires_on is None:
        return role
    verb = "left" if price.is_retired(scenario.book.as_of) else "leaves"
    return f"{role}; {verb} its API on {price.retires_on:%Y-%m-%d}"


def _rates(price: ModelPrice) -> str:
    rates = price.standard
    return f"{dollars(rates.input)} in, {dollars(rates.output)} out per M tokens"


def _month(scenario: Scenario, price: ModelPrice) -> str:
    shape, volume = scenario.shape, scenario.requests_per_day
    if shape is None or volume is None:
        return UNKNOWN
    return dollars(prompting(scenario, shape, price).base_usd_per_month(volume))


def _training(scenario: Scenario, student: Student, gpu: GpuPrice) -> str:
    """Return how many of these GPUs each method takes."""
    methods: tuple[tuple[Method, str], ...] = (("full", "full"), ("lora", "LoRA"), ("qlora", "QLoRA"))
    counts = [
        (label, gpus_needed(student, method, scenario.training_settings, gpu.memory_bytes)) for method, label in methods
    ]
    return ", ".join(f"{label} {'over 128' if count is None else count}" for label, count in counts)


def _serving(scenario: Scenario, student: Student, gpu: GpuPrice) -> str:
    """Return the smallest number of these GPUs that hold the student, and the tokens of context beside it."""
    inputs, precision = scenario.inputs, DEFAULT_PRECISION[student.name]
    gpus = 1
    while gpus <= MOST_GPUS:
        tokens = kv_cache_tokens(
            student,
            bytes_per_weight=BYTES_PER_WEIGHT[precision],
            gpu_bytes=gpu.memory_bytes,
            gpus=gpus,
            share=inputs.util,
            overhead_bytes_per_gpu=inputs.overhead_gb_per_gpu * 1e9,
            bytes_per_value=inputs.kv_bytes,
        )
        if tokens:
            return f"{gpus} in {precision}, {tokens:,} tokens of context"
        gpus *= 2
    return f"over {MOST_GPUS} in {precision}"
