"""Reports for tests: what the stages of a run have returned, with defaults."""

import datetime as dt
from decimal import Decimal
from typing import Any

from agents.costs.figures import Band
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook, Rates
from agents.distillation.report import Report
from agents.distillation.run_report import run_report
from agents.distillation.spec import DistillationSpec
from tests.unit.distillation.specs import taught_spec

TODAY = dt.date(2026, 12, 1)
RATES = Rates(Decimal(10), Decimal(50), Decimal(1), Decimal(12))
H200 = GpuPrice("H200-141", Band.flat(Decimal(4)), 141e9, 989e12, 4.8e12, "list", TODAY)
A100 = (
    GpuPrice("A100-40", Band.flat(Decimal(1)), 40e9, 312e12, 1.5e12, "list", TODAY),
    GpuPrice("A100-80", Band.flat(Decimal(2)), 80e9, 312e12, 2e12, "list", TODAY),
)
BOOK = PriceBook(
    as_of=TODAY,
    models={"claude-opus-5-5": ModelPrice("claude-opus-5-5", "anthropic", RATES, "list", TODAY)},
    gpus={gpu.name: gpu for gpu in (H200, *A100)},
)
LOAD = {
    "student": "tickets@v1",
    "base": "own/base",
    "requests": 1_000,
    "failed": 0,
    "seconds": 10.0,
    "tokens_in": 90_000,
    "tokens_out": 10_000,
    "at_once": 128,
    "gpu": "NVIDIA H200",
    "gpus": 1,
}
VERIFIED = {"verified": True, "latency": {"p50_s": 0.03, "p95_s": 0.05, "requests": 200}, "load": LOAD}
DEPLOYED = {"deployed": True, "served_as": "t0/tickets", "server": "http://127.0.0.1:8000"}
NOT_DEPLOYED = {"deployed": False, "reason": "It did not pass its gate, so it is not served."}


def candidate(name: str, kind: str, value: float, what: str = "") -> dict[str, Any]:
    """Return a candidate as the gate writes it."""
    bounds = {"value": value, "low": max(0.0, value - 0.02), "high": min(1.0, value + 0.02), "level": 0.95}
    return {"name": name, "kind": kind, "what": what, "examples": 500, "metrics": {"accuracy": bounds}, "invalid": 0}


def against_teacher(difference: float, low: float) -> dict[str, Any]:
    """Return a paired test with the teacher."""
    return {
        "against": "teacher", "metric": "accuracy", "difference": difference, "low": low, "high": 0.0, "level": 0.95,
        "method": "exact McNemar test", "p_value": 0.25, "only_student": 3, "only_other": 8, "is_different": False,
    }  # fmt: skip


def results(*, passes: bool = True, student: float = 0.95, **changed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the stages have returned."""
    candidates = [
        candidate("student", "student", student, "own/base, lora"),
        candidate("teacher", "teacher", 0.96, "claude-opus-5-5"),
        candidate("base", "base", 0.4, "own/base, prompted"),
        candidate("tfidf", "baseline", 0.9, "logistic regression"),
    ]
    tokens = {"input": 300_000, "cache_read": 100_000, "cache_write": 0, "output": 10_000}
    found: dict[str, dict[str, Any]] = {
        "generate": {"golden": {"answers": 500, "tokens": tokens}},
        "split": {"train": 4_000, "validation": 400, "sha256": "e" * 64},
        "baselines": {"candidates": [{"name": "tfidf", "what": "", "file": "", "p50_s": 0.0004, "p95_s": 0.001}]},
        "advise": {"enough": None, "reasons": []},
        "train": {"base": "own/base", "base_fingerprint": "f" * 64, "loss_curve": [[1, 2.0], [2, 1.0]]},
        "predict": {
            "candidates": [
                {"name": "base", "answers": 500, "tokens_in": 200_000, "tokens_out": 5_000},
                {"name": "student", "answers": 500, "tokens_in": 45_000, "tokens_out": 5_000},
            ],
        },
        "gate": {
            "passes": passes,
            "reasons": ["student is as good as the teacher within 2.0%."],
            "candidates": candidates,
            "tests": [against_teacher(student - 0.96, student - 0.98)],
            "weaknesses": [{"what": "'billing' taken for 'shipping'", "examples": 7}],
            "student": "tickets@v1",
            "may_be_served": passes,
            "overridden_by": None,
        },
        "deploy": DEPLOYED if passes else NOT_DEPLOYED,
        "verify": VERIFIED if passes else {"verified": False, "reason": ""},
    }
    return {**found, **changed}


def spec(**student: Any) -> DistillationSpec:
    """Return what the run was approved with."""
    made = taught_spec()
    return made.model_copy(update={"student": made.student.model_copy(update={"base": "own/base", **student})})


def make_report(given: dict[str, dict[str, Any]] | None = None, **student: Any) -> Report:
    """Return the report of a run with these results."""
    return run_report(spec(**student), given or results(), BOOK, TODAY)
