"""What a person writes to have a student made: the schema of a distillation file.

Only the name, the task, a golden set and where training examples come from are needed; everything else has a default.
Reading a file, and its errors in words, is in documents.py.
"""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from agents.costs.training import Method
from agents.distillation.names import MODEL_NAME, NAME
from agents.distillation.origins import Origin, Place

Name = Annotated[str, Field(pattern=NAME.pattern, max_length=40)]
ModelName = Annotated[str, Field(pattern=MODEL_NAME.pattern, max_length=200)]
Share = Annotated[float, Field(strict=True, gt=0, lt=1)]
Whole = Annotated[int, Field(strict=True)]
Label = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(?:.*\S)?$")]
Instructions = Annotated[str, Field(min_length=10, max_length=8_000)]


_A_WORD, _A_MODEL = "a word", "a model"
TAGS: Final = frozenset({_A_WORD, _A_MODEL})
"""What pydantic puts between the keys of a fault's place and that is no key of a file."""


class _Part(BaseModel):
    """Settings of everything read from a distillation file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassificationSpec(_Part):
    """One label for each text."""

    kind: Literal["classification"]
    instructions: Annotated[Instructions, Field(description="what the label says of a text, as for a new colleague")]
    labels: Annotated[tuple[Label, ...], Field(min_length=2, max_length=2_000, description="all there are")]

    @model_validator(mode="after")
    def _labels_differ(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            twice = next(label for label in self.labels if self.labels.count(label) > 1)
            raise ValueError(f"labels hold {twice!r} twice; keep one")
        return self


class ExtractionSpec(_Part):
    """A record for each text, valid against a JSON Schema."""

    kind: Literal["extraction"]
    instructions: Annotated[Instructions, Field(description="what is to be found in a text, as for a new colleague")]
    record: Annotated[dict[str, Any], Field(description="JSON Schema of the record, an object")]


class GenerationSpec(_Part):
    """A text for each text, whose result can be checked."""

    kind: Literal["generation"]
    instructions: Annotated[Instructions, Field(description="what is to be written, as for a new colleague")]
    match: Annotated[
        Literal["exact", "numeric", "regex"],
        Field(description="how an answer is held against the golden one: as a whole, by its last number, by a pattern"),
    ] = "exact"
    pattern: Annotated[
        str | None, Field(max_length=500, description="of regex: its first group, or all it finds, is compared")
    ] = None

    @model_validator(mode="after")
    def _has_its_pattern(self) -> Self:
        if (self.match == "regex") != (self.pattern is not None):
            raise ValueError("pattern belongs to match: regex, and match: regex needs a pattern")
        return self


TaskSpec = Annotated[ClassificationSpec | ExtractionSpec | GenerationSpec, Field(discriminator="kind")]


class Synthesis(_Part):
    """Inputs that the teacher writes itself, where there are none."""

    count: Annotated[Whole, Field(ge=1, le=200_000, description="inputs to write")]
    seeds: Annotated[
        Literal["golden_shape", "labelled"],
        Field(description="labelled: examples of yours show what inputs look like; else only the instructions do"),
    ] = "labelled"


class DataSpec(_Part):
    """Where examples come from: files or queries. Files are JSON Lines or CSV with "input", "output" and "id"."""

    golden: Annotated[Origin, Field(description="the fixed test set, which is never trained on")]
    labelled: Annotated[Origin | None, Field(description="examples of your own with their outputs")] = None
    inputs: Annotated[Origin | None, Field(description="inputs that the teacher is to label")] = None
    synthesis: Annotated[Synthesis | None, Field(description="inputs that the teacher is to write")] = None
    licence: Annotated[str, Field(max_length=500, description="what the data may be used for, for the data card")] = (
        "not stated"
    )


class TeacherSpec(_Part):
    """The model that writes outputs."""

    kind: Annotated[
        Literal["claude", "openai", "vllm"],
        Field(description="Anthropic's API, one that speaks OpenAI's, or an open model on a vLLM server"),
    ]
    model: Annotated[ModelName, Field(description="as its API knows it")]
    batch: Annotated[
        bool, Field(description="of claude and openai: by the batch API, at its prices; answers within a day")
    ] = True
    max_tokens: Annotated[
        Whole | None, Field(ge=16, le=64_000, description="of one output; enough for the task's kind if absent")
    ] = None
    samples: Annotated[
        Literal[1, 2], Field(description="outputs for each input; where two differ the example is dropped")
    ] = 1
    rationale: Annotated[bool, Field(description="let it think in words before the output; they are not kept")] = False

    @property
    def is_batched(self) -> bool:
        """Whether it is asked in batches, and so at their prices; a server of one's own is asked one by one."""
        return self.batch and self.kind != "vllm"


class FilterSpec(_Part):
    """What examples are dropped for, beside what is dropped always: invalid outputs, duplicates, leakage."""

    languages: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z]{2}$")], ...], Field(description="of inputs, as in ISO 639-1")
    ] = ()
    near_duplicate: Annotated[Share, Field(description="Jaccard similarity of word shingles from which one goes")] = 0.9
    min_characters: Annotated[Whole, Field(ge=0)] = 1
    max_characters: Annotated[Whole, Field(ge=1, le=1_000_000)] = 20_000

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min_characters > self.max_characters:
            raise ValueError(f"min_characters ({self.min_characters}) is above max_characters ({self.max_characters})")
        return self


class StudentSpec(_Part):
    """The open model that is to learn it."""

    base: Annotated[Place, Field(description="an id of the Hugging Face Hub, or the path of a folder on the GPU host")]
    kind: Annotated[
        Literal["causal", "encoder"], Field(description="a model that writes, or one that only tells labels apart")
    ] = "causal"
    method: Annotated[Method, Field(description="how it is trained")] = "lora"

    @property
    def is_whole(self) -> bool:
        """Whether it will have weights of its own, so that it needs a server of its own."""
        return self.kind == "encoder" or self.method == "full"


class TrainingSpec(_Part):
    """How it is trained; the defaults hold for data sets of some thousand examples."""

    epochs: Annotated[float, Field(gt=0, le=100, description="passes over the examples")] = 3.0
    max_steps: Annotated[Whole | None, Field(ge=1, description="ends earlier; all epochs if absent")] = None
    learning_rate: Annotated[
        float | None, Field(gt=0, le=1, description="2e-4 for lora and qlora, 2e-5 for full, if absent")
    ] = None
    rank: Annotated[Whole, Field(ge=1, le=1_024, description="of LoRA, on all linear layers")] = 16
    batch: Annotated[Whole, Field(ge=1, le=4_096, description="examples of a step")] = 16
    micro_batch: Annotated[Whole, Field(ge=1, le=4_096, description="examples at once on a GPU; halved if needed")] = 8
    sequence: Annotated[Whole, Field(ge=16, le=1_000_000, description="tokens of an example at most")] = 1_024
    seed: Annotated[Whole, Field(ge=0, le=2**31 - 1)] = 0
    save_every: Annotated[Whole, Field(ge=1, description="steps between checkpoints")] = 50
    gpus: Annotated[Whole, Field(ge=0, le=8, description="GPUs of one host; 0 trains on its processor")] = 1
    gpu_memory_gb: Annotated[Whole, Field(ge=1, le=1_000, description="of each; the least that a host must have")] = 80

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.batch % self.micro_batch:
            raise ValueError(f"batch ({self.batch}) must be a multiple of micro_batch ({self.micro_batch})")
        return self


class SmallModelSpec(_Part):
    """An API model that is small enough to stand in for a student."""

    kind: Annotated[
        Literal["claude", "openai", "vllm"],
        Field(description="Anthropic's API, one that speaks OpenAI's, or an open model on a vLLM server"),
    ]
    model: Annotated[ModelName, Field(description="as its API knows it")]

    @property
    def asked(self) -> TeacherSpec:
        """How it is asked: as a teacher, one by one, so that its latency is measured."""
        return TeacherSpec(kind=self.kind, model=self.model, batch=False)


class BaselinesSpec(_Part):
    """What the student is held against, beside its teacher, its base and what is free."""

    small_model: Annotated[
        Annotated[Literal["workspace", "none"], Tag(_A_WORD)] | Annotated[SmallModelSpec, Tag(_A_MODEL)],
        Discriminator(lambda given: _A_WORD if isinstance(given, str) else _A_MODEL),
        Field(description="an API model that answers the golden set; workspace: its small Claude, where it has a key"),
    ] = "workspace"


class GateSpec(_Part):
    """What the student has to reach, or nothing is deployed."""

    metric: Annotated[
        Literal["accuracy", "macro_f1", "record_exact_match", "field_f1", "match"] | None,
        Field(description="the main one of the task's kind if absent"),
    ] = None
    margin: Annotated[Share, Field(description="how much below the reference still counts as equal, as a share")] = 0.02
    confidence: Annotated[Share, Field(description="that it is not lower than the margin allows")] = 0.95
    minimum: Annotated[
        float | None, Field(ge=0, le=1, description="score to reach in any case; needed where there is no teacher")
    ] = None


class ServeSpec(_Part):
    """Where it is served."""

    deploy: Annotated[bool, Field(description="whether to serve it at all once it has passed")] = True
    alias: Annotated[Name | None, Field(description="what callers name; the student's name if absent")] = None
    measure: Annotated[
        bool, Field(description="send it up to 1,024 inputs at once for a minute at most, to know what it costs")
    ] = True


class DistillationSpec(_Part):
    """Everything that a distillation run is started with."""

    name: Annotated[Name, Field(description="of the student: lower case, digits and -")]
    task: TaskSpec
    data: DataSpec
    teacher: Annotated[
        TeacherSpec | None, Field(description="absent: only your own labelled examples are trained on")
    ] = None
    filter: FilterSpec = FilterSpec()
    validation_share: Annotated[Share, Field(description="of the examples, to watch training by")] = 0.1
    student: StudentSpec
    training: TrainingSpec = TrainingSpec()
    baselines: BaselinesSpec = BaselinesSpec()
    gate: GateSpec = GateSpec()
    serve: ServeSpec = ServeSpec()
    budget_usd: Annotated[
        Decimal | None, Field(ge=0, le=Decimal(10) ** 7, allow_inf_nan=False, description="the most it may spend")
    ] = None

    @property
    def alias(self) -> str:
        """What callers name."""
        return self.serve.alias or self.name

    @property
    def output_tokens(self) -> int:
        """The most that the teacher may write for one example."""
        if self.teacher is not None and self.teacher.max_tokens is not None:
            return self.teacher.max_tokens
        thinks = self.teacher is not None and self.teacher.rationale
        return _OUTPUT_TOKENS[self.task.kind] + (_RATIONALE_TOKENS if thinks else 0)

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.teacher is None and (self.data.inputs or self.data.synthesis):
            raise ValueError("data names inputs that nobody labels: add a teacher, or give labelled examples instead")
        if self.teacher is not None and not (self.data.inputs or self.data.synthesis):
            raise ValueError("the teacher has nothing to label: add data.inputs or data.synthesis, or leave it out")
        if self.teacher is None and self.data.labelled is None:
            raise ValueError("there is nothing to train on: add data.labelled, or a teacher with data.inputs")
        if self.data.synthesis and self.data.synthesis.seeds == "labelled" and self.data.labelled is None:
            raise ValueError("data.synthesis learns what inputs look like from data.labelled, which is absent")
        if self.teacher is None and self.gate.minimum is None:
            raise ValueError("without a teacher to hold the student to, gate.minimum must say what is good enough")
        if self.student.kind == "encoder" and self.task.kind != "classification":
            raise ValueError(f"an encoder only tells labels apart; for {self.task.kind} take student.kind: causal")
        if self.student.kind == "encoder" and self.student.method == "qlora":
            raise ValueError("an encoder is small enough for lora or full; qlora is for models that write")
        _require_metric(self.task.kind, self.gate.metric)
        return self


_OUTPUT_TOKENS = {"classification": 128, "extraction": 1_024, "generation": 2_048}
_RATIONALE_TOKENS = 768

METRICS = {
    "classification": ("accuracy", "macro_f1"),
    "extraction": ("record_exact_match", "field_f1"),
    "generation": ("match",),
}
"""What a gate may hold a task's kind to, the main one first."""


def _require_metric(kind: str, metric: str | None) -> None:
    if metric is not None and metric not in METRICS[kind]:
        raise ValueError(f"gate.metric {metric!r} is none of {kind}; choose one of: {', '.join(METRICS[kind])}")
