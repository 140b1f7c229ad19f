"""The guide's tables with this comparison's figures beside them: methods, approaches, use cases and rules of thumb."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.figures import Band
from agents.costs.guide_tables.claims import claims
from agents.costs.guide_tables.systems import GPU_COLUMNS, MODEL_COLUMNS, UNKNOWN, gpu_rows, model_rows
from agents.costs.guide_tables.use_cases import use_case_rows
from agents.costs.hardware_details import METHODS
from agents.costs.plans import ApproachKind
from agents.costs.scenario import Scenario
from agents.costs.training import Method, default_slowdown
from agents.costs.training_memory import gpus_needed, guide_bytes, per_gpu_bytes
from agents.costs.wording import dollars


@dataclass(frozen=True, slots=True)
class GuideTable:
    """A table of texts: the guide's figure, ours and the reason for a difference in one line."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


@dataclass(frozen=True, slots=True)
class MethodRule:
    """What the guide says of a way of training."""

    label: str
    memory: str
    quality: str
    speed: str
    use_when: str


METHOD_RULES = MappingProxyType[Method, MethodRule](
    {
        "full": MethodRule("Full fine-tuning", "8 x the weights", "100%, the reference", "slow", "money is no limit"),
        "lora": MethodRule("LoRA", "about 1.5 x the weights", "95 to 99%", "fast", "the default in production"),
        "qlora": MethodRule("QLoRA", "about 0.5 x the weights", "90 to 97%", "moderate", "few GPUs, or a prototype"),
    }
)


@dataclass(frozen=True, slots=True)
class ApproachRule:
    """What the guide says of an approach."""

    label: str
    upfront: str
    per_million: str
    time: str
    reason: str


APPROACH_RULES = MappingProxyType[ApproachKind, ApproachRule](
    {
        "prompt": ApproachRule(
            "Prompting",
            "$0",
            "$3 to $15",
            "minutes",
            "$3 and $15 are one older model's input and output prices; ours is today's for this mix of tokens",
        ),
        "rag": ApproachRule(
            "RAG",
            "$1,000 to $5,000",
            "$3 to $15 and infrastructure",
            "1 to 2 weeks",
            "chunks make the prompt longer, and cheap input tokens pull the mean down; setup is the guide's range",
        ),
        "fine_tune": ApproachRule(
            "Fine-tuning (LoRA)",
            "$50 to $500",
            "$0.02 to $0.50",
            "1 to 3 weeks",
            "a token's price is the GPU's hour over how busy it is; the guide's compute fits longer examples",
        ),
        "distil": ApproachRule(
            "Distillation",
            "$500 to $2,000",
            "$0.02 to $0.05",
            "2 to 4 weeks",
            "the same serving as LoRA, so the same price; the guide's upfront fits about 100,000 examples",
        ),
    }
)


def guide_tables(comparison: Comparison) -> tuple[GuideTable, ...]:
    """Return the guide's tables beside this comparison's figures; always all of them, in the same order."""
    return (
        _approaches(comparison),
        _methods(comparison.scenario),
        GuideTable(
            "use_cases",
            "When which approach is worth it",
            ("Situation", "The guide's advice", "Here"),
            tuple(use_case_rows(comparison)),
            "The middle column is the guide's rule; the last one is what this workload's own figures say of it.",
        ),
        _figures(comparison),
        _claims(comparison),
        GuideTable(
            "systems",
            "The systems it names, and today's",
            MODEL_COLUMNS,
            tuple(model_rows(comparison)),
            "Prices per million tokens compare within one model only: others make more or fewer of the same text.",
        ),
        GuideTable(
            "gpus",
            "GPUs to train and to serve on",
            GPU_COLUMNS,
            tuple(gpu_rows(comparison.scenario)),
            "Training is the least number, a power of two, that the memory of one short sequence takes.",
        ),
    )


def _claims(comparison: Comparison) -> GuideTable:
    rows = tuple((one.claim, one.verdict, one.computed, one.holds, one.reason) for one in claims(comparison))
    return GuideTable(
        "claims",
        "Its promises, held against this workload",
        ("Promise", "Verdict", "Computed", "Where it would hold", "Why"),
        rows,
        "" if rows else f"Nothing is priced yet: {', '.join(comparison.missing)} must be known.",
    )


def _approaches(comparison: Comparison) -> GuideTable:
    rows = tuple(_approach_row(rule, _first(comparison, kind)) for kind, rule in APPROACH_RULES.items())
    return GuideTable(
        "approaches",
        "What each approach costs",
        (
            "Approach",
            "Upfront, guide",
            "Upfront, here",
            "Per M tokens, guide",
            "Per M tokens, here",
            "Time to deploy, guide",
            "Computing, here",
            "Why they differ",
        ),
        rows,
        "The guide calls its prices per million tokens a cost per query. Its weeks are people's time, ours the hours "
        "of computing within them.",
    )


def _first(comparison: Comparison, kind: ApproachKind) -> Approach | None:
    return next((row for row in comparison.rows if row.kind == kind), None)


def _approach_row(rule: ApproachRule, row: Approach | None) -> tuple[str, ...]:
    if row is None:
        return (rule.label, rule.upfront, UNKNOWN, rule.per_million, UNKNOWN, rule.time, UNKNOWN, rule.reason)
    computing = "none" if row.compute_h is None else f"{row.compute_h:.2g} h"
    return (
        f"{rule.label}: {row.label}",
        rule.upfront,
        _upfront(row),
        rule.per_million,
        dollars(row.usd_per_million_tokens.value),
        rule.time,
        computing,
        rule.reason,
    )


def _upfront(row: Approach) -> str:
    """Return what is paid once, people's time apart: the guide's figures are of compute and data."""
    people = row.upfront_lines.get("engineering", Band.flat(0)).base
    paid = dollars(row.usd_upfront.value - people)
    return f"{paid} + {dollars(people)} people" if people else paid


def _methods(scenario: Scenario) -> GuideTable:
    return GuideTable(
        "methods",
        f"Ways of training {scenario.student.name}",
        (
            "Method",
            "Memory, guide",
            "Memory, computed",
            f"{scenario.training_gpu.name} needed",
            "Quality, guide",
            "Speed, guide",
            "Time against LoRA, computed",
            "Use when",
        ),
        tuple(_method_row(scenario, method) for method in METHODS),
        "Quality is the guide's, as a share of full fine-tuning; your own test set decides.",
    )


def _method_row(scenario: Scenario, method: Method) -> tuple[str, ...]:
    rule, student, settings = METHOD_RULES[method], scenario.student, scenario.training_settings
    needed = gpus_needed(student, method, settings, scenario.training_gpu.memory_bytes)
    operations = {"full": 6.0, "lora": 4.0, "qlora": 4.0}[method] * default_slowdown(method)
    return (
        rule.label,
        f"{rule.memory}: {guide_bytes(student, method) / 1e9:,.3g} GB",
        f"{per_gpu_bytes(student, method, settings) / 1e9:,.3g} GB on one GPU",
        "more than 128" if needed is None else str(needed),
        rule.quality,
        rule.speed,
        f"{operations / 4:.3g} x",
        rule.use_when,
    )


def _figures(comparison: Comparison) -> GuideTable:
    def lines() -> Iterator[tuple[str, ...]]:
        for line in comparison.guide:
            yield line.topic, line.guide, line.computed, line.reason

    return GuideTable(
        "figures",
        "The guide's rules of thumb beside today's figures",
        ("Figure", "The guide", "Computed", "Why they differ"),
        tuple(lines()),
        "",
    )
