"""What a person may say about a workload, each key with its unit: the schema of a cost file.

Only tokens and volume are truly needed; everything else has a default that the result lists as assumed.
Reading a file, with its other spellings and its errors, is in documents.py.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agents.costs.serving import DEFAULT_HEADROOM, DEFAULT_PEAK_FACTOR
from agents.costs.serving_memory import MEMORY_SHARE, OVERHEAD_BYTES_PER_GPU
from agents.costs.training_memory import FILL_LIMIT

LARGE_MODEL = "claude-sonnet-5-5"
SMALL_MODEL = "claude-haiku-5-5"
TEACHER = "claude-opus-5-5"

Answer = Literal["yes", "no", "not_tested"]


def _plain_number(value: Any) -> Any:
    """Refuse texts, and true and false, which Python would count as 1 and 0."""
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


def _yes_or_no(value: Any) -> Any:
    """Return the word for a YAML true or false: an unquoted yes is read as true."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def _flops(value: Any) -> Any:
    """Return 4.0 for "4N"."""
    return value[:-1] if isinstance(value, str) and value.upper().endswith("N") else _plain_number(value)


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Volume = Annotated[Number, Field(ge=0.01, le=1e10)]
Tokens = Annotated[Whole, Field(ge=0, le=10_000_000)]
# Money arrives as a number; the schema is told so, because a decimal would take a text as well.
Usd = Annotated[
    Decimal,
    Field(ge=0, le=Decimal(10) ** 9, allow_inf_nan=False),
    BeforeValidator(_plain_number, json_schema_input_type=Annotated[float, Field(ge=0, le=1e9)]),
]
UsdPerHour = Annotated[
    Decimal,
    Field(ge=Decimal("0.0001"), le=Decimal(10_000), allow_inf_nan=False),
    BeforeValidator(_plain_number, json_schema_input_type=Annotated[float, Field(ge=0.0001, le=10_000)]),
]
# Below a ten-thousandth a share is a typing error, and what is divided by it has no end.
Share = Annotated[Number, Field(ge=0.0001, le=1)]
Tested = Annotated[Answer, BeforeValidator(_yes_or_no)]


class Model(BaseModel):
    """Settings of everything read from a cost file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CalibrationInput(Model):
    """Measured throughput of the student, in place of the fits shipped."""

    Rp: Annotated[Number, Field(ge=0.001, le=1e9, description="prompt tokens per GPU second")]
    Rd: Annotated[Number, Field(ge=0.001, le=1e9, description="output tokens per GPU second")]
    c: Annotated[Number, Field(ge=0, le=1, description="GPU seconds per output token and token of context")]
    n_gpu: Annotated[Whole, Field(gt=0, le=1024, description="GPUs of one replica")] = 1


class ModelRatesInput(Model):
    """Prices of an API model, USD per million tokens."""

    i: Annotated[Usd, Field(description="input")]
    o: Annotated[Usd, Field(description="output")] = Decimal(0)
    cr: Annotated[Usd | None, Field(description="read from the prompt cache; i if absent")] = None
    cw: Annotated[Usd | None, Field(description="written to the prompt cache; i if absent")] = None
    tier: Annotated[Whole | None, Field(gt=0, description="prompt tokens above which i_hi and o_hi apply")] = None
    i_hi: Annotated[Usd | None, Field(description="input above the tier")] = None
    o_hi: Annotated[Usd | None, Field(description="output above the tier")] = None

    @model_validator(mode="after")
    def _tier_is_whole(self) -> Self:
        parts = (self.tier, self.i_hi, self.o_hi)
        if any(part is None for part in parts) and any(part is not None for part in parts):
            raise ValueError("tier, i_hi and o_hi belong together: give all three or none")
        return self


class GpuInput(Model):
    """A kind of GPU; for one that is known, what is absent is taken from the price book."""

    usd: Annotated[UsdPerHour, Field(description="USD per GPU hour")]
    lo: Annotated[UsdPerHour | None, Field(description="lowest USD per GPU hour; usd if absent")] = None
    hi: Annotated[UsdPerHour | None, Field(description="highest USD per GPU hour; usd if absent")] = None
    flops: Annotated[Number | None, Field(ge=1e9, le=1e21, description="dense bf16 FLOP/s")] = None
    mem: Annotated[Number | None, Field(ge=1e6, le=1e15, description="memory, bytes")] = None
    bw: Annotated[Number | None, Field(ge=1e6, le=1e18, description="memory bandwidth, bytes/s")] = None

    @model_validator(mode="after")
    def _range_is_ordered(self) -> Self:
        if (self.lo or self.usd) > self.usd or (self.hi or self.usd) < self.usd:
            raise ValueError("must have lo <= usd <= hi")
        return self


class CostInputs(Model):
    """A workload and everything that its costs depend on."""

    requests_per_day: Annotated[Volume | None, Field(description="requests per day, on average")] = None
    tokens_in: Annotated[
        Annotated[Tokens, Field(gt=0)] | None, Field(description="tokens of one prompt, fixed prefix included")
    ] = None
    tokens_out: Annotated[Tokens | None, Field(description="tokens of one answer")] = None
    static_prefix: Annotated[Tokens, Field(description="tokens at the start of every prompt, always the same")] = 0
    ttl_s: Annotated[Number, Field(ge=1, le=86_400, description="life of a prompt cache entry, s")] = 300.0
    batch_ok: Annotated[bool, Field(description="answers can wait up to 24 h, so batch rates apply")] = False

    latency_p95_ms: Annotated[
        Number | None,
        Field(ge=0.001, le=3_600_000, description="time within which 95 of 100 answers must be there, ms"),
    ] = None
    air_gapped: Annotated[
        bool,
        Field(
            strict=True, description="nothing may leave your network: APIs and hosted models are shown but ruled out"
        ),
    ] = False

    models: Annotated[
        tuple[str, ...], Field(max_length=12, description="API models to compare; the first is the one in use")
    ] = ()
    open_models: Annotated[
        tuple[str, ...] | None,
        Field(
            max_length=8,
            description="open models hosted by others, priced per token, that are good enough to be ranked; "
            "absent: Llama 8B and 70B are shown and not ranked",
        ),
    ] = None
    teacher: Annotated[
        str | None, Field(description="model that writes training data: an API model, or an open one on your GPUs")
    ] = None
    teacher_meets_bar: Annotated[Tested, Field(description="the best model meets the quality bar")] = "not_tested"
    small_api_meets_bar: Annotated[Tested, Field(description="the cheapest API model meets the quality bar")] = (
        "not_tested"
    )

    student: Annotated[str, Field(description="open model to train and serve")] = "llama-3.1-8b"
    precision: Annotated[Literal["bf16", "fp8"] | None, Field(description="weights when served")] = None
    gpu: Annotated[str | None, Field(description="kind of GPU, as in the price book")] = None
    n_gpu: Annotated[Whole | None, Field(gt=0, le=1024, description="GPUs at hand for training")] = None
    usd_per_gpu_hour: Annotated[UsdPerHour | None, Field(description="your price, USD per GPU hour")] = None
    calibration: Annotated[CalibrationInput | None, Field(description="your measured throughput")] = None
    peak_factor: Annotated[Number, Field(ge=1, le=1000, description="busiest moment as a multiple of the average")] = (
        DEFAULT_PEAK_FACTOR
    )
    headroom: Annotated[Share, Field(description="share of its capacity that a replica may reach")] = DEFAULT_HEADROOM
    min_replicas: Annotated[Whole, Field(ge=1, le=10_000, description="replicas that always run")] = 1
    utilisation: Annotated[
        tuple[Share, ...], Field(max_length=20, description="levels of use to price a full replica at, 0 to 1")
    ] = (1.0, 0.4, 0.1, 0.02)
    claude_token_factor: Annotated[
        Number | None,
        Field(
            ge=0.5,
            le=3,
            description="Claude tokens per token given; 1 where they were counted for the API, "
            "1.3 where they are a Llama student's (default if a student or its GPU is named)",
        ),
    ] = None

    knowledge_tokens: Annotated[
        Annotated[Whole, Field(gt=0, le=10**12)] | None, Field(description="tokens of all documents")
    ] = None
    top_k: Annotated[Whole, Field(ge=1, le=1000, description="chunks retrieved per request")] = 5
    chunk: Annotated[Whole, Field(ge=16, le=100_000, description="tokens of a chunk")] = 512
    overlap: Annotated[Whole, Field(ge=0, le=50_000, description="tokens that neighbours share")] = 64
    other_in: Annotated[Tokens | None, Field(description="prompt tokens besides documents; tokens_in if absent")] = None
    embedder: Annotated[str | None, Field(description="embedding model with a price; absent: run locally")] = None
    dimensions: Annotated[Whole, Field(ge=1, le=16_000, description="length of a vector")] = 384
    infra_usd_month: Annotated[Usd | None, Field(description="database for retrieval, USD per month")] = None
    setup_usd: Annotated[Usd | None, Field(description="building retrieval once, USD")] = None
    horizon_months: Annotated[
        Number, Field(ge=0.01, le=120, description="months that upfront costs are spread over")
    ] = 12.0

    examples: Annotated[
        Annotated[Number, Field(ge=1, le=1e9)], Field(description="training examples after filtering")
    ] = 20_000.0
    example_tokens_in: Annotated[Tokens | None, Field(description="prompt tokens of an example")] = None
    example_tokens_out: Annotated[Tokens | None, Field(description="answer tokens of an example")] = None
    reject_rate: Annotated[
        Annotated[Number, Field(ge=0, le=0.95)], Field(description="share of examples filtered out, 0 to 0.95")
    ] = 0.1
    batch: Annotated[bool, Field(description="training data is written at batch rates")] = True
    method: Annotated[Literal["lora", "qlora", "full"], Field(description="how to train")] = "lora"
    training_gpu: Annotated[str | None, Field(description="GPU to train on; gpu if absent, else A100-80")] = None
    epochs: Annotated[Number, Field(ge=0.001, le=1000, description="passes over the examples")] = 3.0
    runs: Annotated[Whole, Field(ge=1, le=10_000, description="training runs until one is good")] = 3
    trained_tokens: Annotated[
        Annotated[Number, Field(ge=1, le=1e15)] | None,
        Field(description="tokens of one run; examples x tokens x epochs if absent"),
    ] = None
    mfu: Annotated[Share | None, Field(description="share of the GPU's peak that training reaches")] = None
    slowdown: Annotated[
        Number | None, Field(ge=1, le=10, description="training time as a multiple of its arithmetic")
    ] = None
    flops_per_token: Annotated[
        Annotated[float, Field(ge=0.001, le=100), BeforeValidator(_flops)] | None,
        Field(description='operations per weight and token, 4 or "4N" for LoRA'),
    ] = None
    rank: Annotated[Whole, Field(ge=1, le=1024, description="LoRA rank")] = 16
    micro_batch: Annotated[Whole, Field(ge=1, le=1024, description="sequences per GPU and step")] = 1
    seq: Annotated[Whole, Field(ge=1, le=1_000_000, description="tokens of a training sequence")] = 2048
    limit: Annotated[Share, Field(description="share of GPU memory a run may fill")] = FILL_LIMIT
    engineering_usd: Annotated[Usd | None, Field(description="people's time to train and deploy, USD")] = None
    engineering_days: Annotated[
        Number | None,
        Field(ge=0, le=10_000, description="days of people's time; 10 to fine-tune and 15 to distil if absent"),
    ] = None
    engineering_day_rate: Annotated[Usd, Field(description="USD per day of people's time")] = Decimal(0)
    upfront_compute_usd: Annotated[Usd | None, Field(description="your figure for data and training, USD")] = None
    payback_limit_days: Annotated[Number, Field(ge=0.001, le=36_500, description="longest payback, days")] = 90.0

    util: Annotated[Share, Field(description="share of GPU memory the server uses")] = MEMORY_SHARE
    overhead_gb_per_gpu: Annotated[Number, Field(ge=0, le=1000, description="GB kept from the cache")] = (
        OVERHEAD_BYTES_PER_GPU / 1e9
    )
    kv_bytes: Annotated[Literal[1, 2], Field(description="bytes of a cached value")] = 2

    prices_usd_per_mtok: Annotated[dict[str, ModelRatesInput], Field(description="your API prices")] = {}
    gpus: Annotated[dict[str, GpuInput], Field(description="your GPUs")] = {}

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.tokens_in is not None and self.static_prefix > self.tokens_in:
            raise ValueError(
                f"static_prefix ({self.static_prefix}) is part of tokens_in ({self.tokens_in}) and cannot exceed it"
            )
        if self.batch_ok and self.latency_p95_ms is not None:
            raise ValueError(
                f"batch_ok says that answers can wait 24 h and latency_p95_ms that they cannot wait longer than "
                f"{self.latency_p95_ms:g} ms; leave one out"
            )
        if self.overlap >= self.chunk:
            raise ValueError(f"overlap ({self.overlap}) must be smaller than chunk ({self.chunk})")
        return self
