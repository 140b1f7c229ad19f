"""Inputs and prices brought together: every default chosen, every name looked up."""

from dataclasses import dataclass, replace
from decimal import Decimal

from agents.costs.api import RequestShape
from agents.costs.calibrations import (
    BYTES_PER_WEIGHT,
    DEFAULT_GPU,
    DEFAULT_PRECISION,
    Precision,
    TrainingEfficiency,
    calibration_for,
    training_efficiency,
)
from agents.costs.data_generation import DataGeneration
from agents.costs.figures import Band, exact
from agents.costs.inputs import LARGE_MODEL, SMALL_MODEL, TEACHER, CostInputs
from agents.costs.open_models import OPEN_TEACHER, HostedModel, OpenModel, hosted_models
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook
from agents.costs.prices.overrides import with_overrides
from agents.costs.rag import Corpus
from agents.costs.serving import Calibration, Fleet
from agents.costs.students import Student, find_student, student_named
from agents.costs.training import (
    FLOPS_PER_TOKEN_AND_WEIGHT,
    TrainingRun,
    default_slowdown,
    training_run,
)
from agents.costs.training_memory import TrainingSettings, gpus_needed
from agents.errors import UserError

TRAINING_GPU = "A100-80"
# Shown beside the models compared and not ranked: the largest, the other maker's today, and those of older advice.
REFERENCE_MODELS = ("claude-opus-5-5", "gpt-6.1-sol", "gpt-6-luna", "gpt-4o", "gpt-4")
# Newer Claude tokenisers make about 30% more tokens of the same text than Llama's.
STUDENT_TO_CLAUDE_TOKENS = Decimal("1.3")
_NAMES_A_STUDENT = {"student", "gpu", "n_gpu", "calibration", "precision", "usd_per_gpu_hour"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One workload with its prices, hardware and models settled; tokens are counted as in the inputs.

    `open_teacher` writes the training data in place of `teacher` where no API may.
    """

    inputs: CostInputs
    book: PriceBook
    models: tuple[ModelPrice, ...]
    references: tuple[ModelPrice, ...]
    teacher: ModelPrice
    embedder: ModelPrice | None
    student: Student
    precision: Precision
    serving_gpu: GpuPrice
    serving_usd_per_hour: Band
    calibration: Calibration
    training_gpu: GpuPrice
    training_usd_per_hour: Band
    training_gpus: int
    claude_token_factor: Decimal
    hosted: tuple[HostedModel, ...] = ()
    open_teacher: OpenModel | None = None

    @property
    def teacher_name(self) -> str:
        """The model that writes training data."""
        return self.teacher.id if self.open_teacher is None else self.open_teacher.student.name

    @property
    def own_model(self) -> OpenModel:
        """The student as it is before any training, on the GPUs that it would be served on."""
        return OpenModel(self.student, self.precision, self.serving_gpu, self.serving_usd_per_hour, self.calibration)

    @property
    def in_use(self) -> ModelPrice:
        """The API model that the workload runs on today."""
        return self.models[0]

    @property
    def fleet(self) -> Fleet:
        """How replicas are planned."""
        return Fleet(self.inputs.peak_factor, self.inputs.headroom, self.inputs.min_replicas)

    @property
    def shape(self) -> RequestShape | None:
        """Tokens of a request; None while they are not known."""
        tokens_in, tokens_out = self.inputs.tokens_in, self.inputs.tokens_out
        if tokens_in is None or tokens_out is None:
            return None
        prefix = Decimal(self.inputs.static_prefix)
        return RequestShape(prefix, tokens_in - prefix, Decimal(tokens_out))

    @property
    def requests_per_day(self) -> Decimal | None:
        """Average volume; None while it is not known."""
        volume = self.inputs.requests_per_day
        return None if volume is None else exact(volume)

    @property
    def corpus(self) -> Corpus | None:
        """The documents; None where there are none."""
        tokens = self.inputs.knowledge_tokens
        return None if tokens is None else Corpus(tokens, self.inputs.chunk, self.inputs.overlap)

    @property
    def training_settings(self) -> TrainingSettings:
        """What decides the memory of a training run."""
        return TrainingSettings(self.inputs.rank, self.inputs.micro_batch, self.inputs.seq, self.inputs.limit)

    @property
    def bytes_per_weight(self) -> int:
        """Bytes of a weight when served."""
        return BYTES_PER_WEIGHT[self.precision]

    def token_factor(self, price: ModelPrice) -> Decimal:
        """Return how many of this model's tokens one token of the inputs makes."""
        return self.claude_token_factor if price.is_claude else Decimal(1)

    def data_generation(self, teacher: ModelPrice) -> DataGeneration | None:
        """Return the plan for writing examples in the teacher's tokens; None while tokens are unknown."""
        tokens = self.example_tokens
        if tokens is None:
            return None
        factor = self.token_factor(teacher)
        rejected = exact(self.inputs.reject_rate)
        return DataGeneration(exact(self.inputs.examples), rejected, tokens[0] * factor, tokens[1] * factor)

    @property
    def example_tokens(self) -> tuple[Decimal, Decimal] | None:
        """Prompt and answer tokens of a training example; those of a request unless given."""
        given = self.inputs.example_tokens_in, self.inputs.example_tokens_out
        used = (
            self.inputs.tokens_in if given[0] is None else given[0],
            self.inputs.tokens_out if given[1] is None else given[1],
        )
        return None if used[0] is None or used[1] is None else (Decimal(used[0]), Decimal(used[1]))

    @property
    def trained_tokens(self) -> float | None:
        """Tokens that one training run passes over; None while tokens are unknown."""
        if self.inputs.trained_tokens is not None:
            return self.inputs.trained_tokens
        if self.example_tokens is None:
            return None
        return self.inputs.examples * float(sum(self.example_tokens)) * self.inputs.epochs

    @property
    def training_efficiency(self) -> TrainingEfficiency:
        """Share of the training GPU's peak that a run reaches unless the inputs say otherwise, and who says so."""
        return training_efficiency(self.student, self.inputs.method, self.training_gpu.name, self.book.calibrations)

    @property
    def training(self) -> TrainingRun | None:
        """One training run; None while its tokens are unknown."""
        tokens = self.trained_tokens
        if tokens is None:
            return None
        inputs = self.inputs
        return training_run(
            student=self.student,
            flops_per_weight=inputs.flops_per_token or FLOPS_PER_TOKEN_AND_WEIGHT[inputs.method],
            flops=self.training_gpu.flops,
            gpus=self.training_gpus,
            tokens=tokens,
            mfu=inputs.mfu or self.training_efficiency.mfu,
            slowdown=inputs.slowdown or default_slowdown(inputs.method),
        )

    def at(self, requests_per_day: Decimal) -> "Scenario":
        """Return the same workload at another volume."""
        return replace(self, inputs=self.inputs.model_copy(update={"requests_per_day": float(requests_per_day)}))


def settle(inputs: CostInputs, prices: PriceBook) -> Scenario:
    """Return the scenario that the inputs describe.

    Raises:
        UserError: A model, GPU or student is unknown, the student does not fit the GPU, or an API is named for
            work that may not leave the network.
    """
    book = with_overrides(prices, inputs)
    open_teacher = _open_teacher(inputs, book)
    student = student_named(inputs.student)
    precision = inputs.precision or DEFAULT_PRECISION[student.name]
    serving_gpu = book.gpu(inputs.gpu or DEFAULT_GPU[student.name])
    training_gpu = book.gpu(inputs.training_gpu or inputs.gpu or TRAINING_GPU)
    settings = TrainingSettings(inputs.rank, inputs.micro_batch, inputs.seq, inputs.limit)
    needed = gpus_needed(student, inputs.method, settings, training_gpu.memory_bytes)
    return Scenario(
        inputs=inputs,
        book=book,
        models=tuple(book.model(name) for name in inputs.models or (LARGE_MODEL, SMALL_MODEL)),
        references=() if inputs.models else _references(book),
        teacher=book.model(inputs.teacher if inputs.teacher and open_teacher is None else TEACHER),
        embedder=book.model(inputs.embedder) if inputs.embedder else None,
        student=student,
        precision=precision,
        serving_gpu=serving_gpu,
        serving_usd_per_hour=_usd_per_hour(inputs, serving_gpu),
        calibration=_calibration(inputs, student, precision, serving_gpu, book),
        training_gpu=training_gpu,
        training_usd_per_hour=_training_usd_per_hour(inputs, serving_gpu, training_gpu),
        training_gpus=inputs.n_gpu or needed or 1,
        claude_token_factor=_claude_token_factor(inputs),
        hosted=hosted_models(book, inputs.open_models),
        open_teacher=open_teacher,
    )


def _references(book: PriceBook) -> tuple[ModelPrice, ...]:
    return tuple(book.models[name] for name in REFERENCE_MODELS if name in book.models)


def _open_teacher(inputs: CostInputs, book: PriceBook) -> OpenModel | None:
    """Return the open model that writes training data on own GPUs; None where an API model does."""
    if inputs.air_gapped and inputs.embedder is not None:
        raise UserError(
            f"embedder {inputs.embedder!r} is an API, and air_gapped rules APIs out. Leave embedder out to embed on "
            "your own machine."
        )
    named = None if inputs.teacher is None else find_student(inputs.teacher)
    if named is None and not inputs.air_gapped:
        return None
    if named is None and inputs.teacher is not None:
        raise UserError(
            f"teacher {inputs.teacher!r} is an API model, and air_gapped rules APIs out. Name an open one, such as "
            f"{OPEN_TEACHER}, or leave teacher out."
        )
    teacher = named or student_named(OPEN_TEACHER)
    precision, gpu = DEFAULT_PRECISION[teacher.name], book.gpu(inputs.gpu or DEFAULT_GPU[teacher.name])
    calibration = calibration_for(teacher, precision, gpu, book)
    # The person's own price is that of the GPU they serve on.
    is_same = gpu.name == book.gpu(inputs.gpu or DEFAULT_GPU[student_named(inputs.student).name]).name
    hour = _usd_per_hour(inputs, gpu) if is_same else gpu.usd_per_hour
    return OpenModel(teacher, precision, gpu, hour, calibration)


def _usd_per_hour(inputs: CostInputs, gpu: GpuPrice) -> Band:
    return gpu.usd_per_hour if inputs.usd_per_gpu_hour is None else Band.flat(inputs.usd_per_gpu_hour)


def _training_usd_per_hour(inputs: CostInputs, serving: GpuPrice, training: GpuPrice) -> Band:
    """Return the hour's price; the person's own price holds only for the GPU they named."""
    same = inputs.gpu is not None and training.name == serving.name
    return _usd_per_hour(inputs, training) if same else training.usd_per_hour


def _calibration(
    inputs: CostInputs, student: Student, precision: Precision, gpu: GpuPrice, book: PriceBook
) -> Calibration:
    own = inputs.calibration
    if own is None:
        return calibration_for(student, precision, gpu, book)
    return Calibration(own.Rp, own.Rd, own.c, own.n_gpu, "your calibration", "measured", book.as_of)


def _claude_token_factor(inputs: CostInputs) -> Decimal:
    """Return the factor given; else 1.3 where tokens are a student's, as naming one suggests."""
    if inputs.claude_token_factor is not None:
        return exact(inputs.claude_token_factor)
    return STUDENT_TO_CLAUDE_TOKENS if names_a_student(inputs) else Decimal(1)


def names_a_student(inputs: CostInputs) -> bool:
    """Return whether the person said anything about the student or its hardware."""
    return bool(_NAMES_A_STUDENT & inputs.model_fields_set)
