"""What is known about a task: the answers people gave and the facts the cost core computed.

Everything is optional. `None` means unknown, and unknown is never replaced by a guess here; the two
defaults that exist are named constants for the cost core to apply.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agents.decision.crossings import Crossing

DEFAULT_PEAK_FACTOR: Final = 3.0
DEFAULT_ENGINEERING_DAY_RATE_USD: Final = 0.0
NEVER: Final = math.inf
"""The payback of something that never pays back; `None` is a payback nobody has computed yet."""

DEFAULT_PAYBACK_LIMIT_DAYS: Final = 90.0
PROMPT_LIMIT_TOKENS: Final = 10_000
"""Knowledge smaller than this goes into the prompt."""

LONG_CONTEXT_LIMIT_TOKENS: Final = 200_000
"""Knowledge up to this size may be read whole, when that is cheaper."""

TOKENS_PER_PAGE: Final = 650
TOKENS_PER_WORD: Final = 1.3
CHARACTERS_PER_TOKEN: Final = 4

KNOWLEDGE_BUCKETS: Final[Mapping[str, int]] = {"<10K": 5_000, "10-200K": 60_000, ">200K": 1_000_000}
"""The sizes offered as buttons, and the tokens each counts as."""


class Problem(StrEnum):
    """What hurts, in the order it is shown."""

    KNOWLEDGE = "knowledge"
    CONSISTENCY = "consistency"
    CAPABILITY = "capability"
    COST = "cost"
    LATENCY = "latency"


class PromptTried(StrEnum):
    """How far prompting has been taken."""

    NONE = "none"
    BASIC = "basic"
    SYSTEMATIC = "systematic"


class Evals(StrEnum):
    """How quality is measured today."""

    NONE = "none"
    INFORMAL = "informal"
    GOLDEN = "golden"


class Demand(StrEnum):
    """Whether the volume is there or hoped for."""

    PROVEN = "proven"
    FORECAST = "forecast"


class KnowledgeChange(StrEnum):
    """How often the knowledge changes."""

    STATIC = "static"
    MONTHLY = "monthly"
    WEEKLY = "weekly"
    REALTIME = "realtime"


class TaskType(StrEnum):
    """The kind of task."""

    CLASSIFICATION = "classification"
    EXTRACTION = "extraction"
    GENERATION = "generation"
    QA_CHAT = "qa_chat"
    AGENT_TOOLS = "agent_tools"
    OTHER = "other"


class TeacherTerms(StrEnum):
    """Whether the provider's terms allow training on its outputs."""

    OK = "ok"
    RESTRICTED = "restricted"


class Residency(StrEnum):
    """Where data may go."""

    API_OK = "api_ok"
    PRIVATE_CLOUD = "private_cloud"
    AIRGAPPED = "airgapped"


class Purpose(StrEnum):
    """What a trained model would be for."""

    PROTOTYPE = "prototype"
    PRODUCTION = "production"


class Domain(StrEnum):
    """The field the task is in."""

    MEDICAL = "medical"
    LEGAL = "legal"
    FINANCIAL = "financial"
    OTHER_SPECIALISED = "other_specialised"
    GENERAL = "general"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of one request; `tokens_in` includes the fixed prefix."""

    static_prefix: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """GPUs at hand; a count of 0 means there are none and they would be rented."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One field per slot of the interview; `None` is unknown, and so is an empty `problem`."""

    problem: tuple[Problem, ...] | None = None
    prompt_tried: PromptTried | None = None
    evals: Evals | None = None
    quality_gap_pp: float | None = None
    demand: Demand | None = None
    requests_per_day: int | None = None
    peak_factor: float | None = None
    tokens: Tokens | None = None
    knowledge_tokens: int | None = None
    knowledge_tokens_estimated: bool = False
    few_facts: bool | None = None
    knowledge_change: KnowledgeChange | None = None
    citations: bool | None = None
    per_user_acl: bool | None = None
    format_only: bool | None = None
    task_type: TaskType | None = None
    task_stable: bool | None = None
    latency_p95_ms: float | None = None
    teacher_meets_bar: bool | None = None
    small_api_meets_bar: bool | None = None
    labelled_examples: int | None = None
    teacher_terms: TeacherTerms | None = None
    residency: Residency | None = None
    gpu: Gpu | None = None
    batch_ok: bool | None = None
    purpose: Purpose | None = None
    max_quality_unlimited_budget: bool | None = None
    domain: Domain | None = None
    engineering_day_rate: float | None = None

    def has(self, problem: Problem) -> bool:
        """Return whether this problem was named."""
        return self.problem is not None and problem in self.problem

    @property
    def is_airgapped(self) -> bool:
        """Whether no API may be called."""
        return self.residency is Residency.AIRGAPPED

    def knows(self, slot: str) -> bool:
        """Return whether this slot has an answer; no problem named counts as no answer."""
        value = getattr(self, slot)
        return value is not None and value != ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the cost core computed; `None` is not computed yet.

    `payback_days` is `NEVER` where training and hosting a model of one's own never pays back. `crossings` say where,
    along which figure, each fact changes.
    """

    payback_days: float | None = None
    longctx_cheaper: bool | None = None
    lora_fits: bool | None = None
    qlora_fits: bool | None = None
    full_fits: bool | None = None
    payback_limit_days: float = DEFAULT_PAYBACK_LIMIT_DAYS
    crossings: tuple[Crossing, ...] = ()

    def crossings_to(self, fact: str, becomes: float | bool) -> tuple[Crossing, ...]:
        """Return the crossings past which a fact is as it is with this value."""
        wanted = becomes <= self.payback_limit_days if fact == "payback_days" else becomes
        return tuple(crossing for crossing in self.crossings if crossing.fact == fact and crossing.becomes == wanted)

    @property
    def is_paid_back(self) -> bool:
        """Whether the payback is known and within the limit."""
        return self.payback_days is not None and self.payback_days <= self.payback_limit_days
