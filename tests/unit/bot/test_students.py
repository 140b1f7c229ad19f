"""Students as cards and lines: what serving one was measured to cost is said with its date and its GPUs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agents.distillation.registry import Student
from agents.services.students import StudentsView
from bot.blocks.students import students_message
from bot.shell.students import listed_text, students_document

MEASURED = {
    "is_measured": True,
    "usd_per_million_requests": 12.5,
    "usd_per_million_tokens": 0.0625,
    "as_of": "2026-11-30",
    "gpus": 2,
    "gpu": "H200-141",
}


def student(version: int) -> Student:
    scores: dict[str, Any] = {
        "candidates": [
            {"name": "student", "kind": "student", "metrics": {"accuracy": {"value": 0.95, "low": 0.9, "high": 0.98}}},
            {"name": "teacher", "kind": "teacher", "metrics": {"accuracy": {"value": 0.96, "low": 0.9, "high": 0.99}}},
        ]
    }
    return Student(
        name="tickets", version=version, run_id=f"run{version}", task={"kind": "classification"}, instructions="?",
        kind="causal", method="lora", base="base", base_fingerprint="f", rank=16, files={}, scores=scores, passed=True,
        overridden_by=None, override_reason=None, made_at=datetime(2026, 11, 30, tzinfo=UTC), retired_by=None,
        retired_at=None,
    )  # fmt: skip


@pytest.fixture
def view() -> StudentsView:
    return StudentsView([student(1), student(2)], [], [], {"tickets@v2": MEASURED}, {})


def test_the_card_says_what_a_version_was_measured_to_cost_and_nothing_of_another(view: StudentsView) -> None:
    shown = [str(block) for block in students_message(view).blocks]

    (line,) = [each for each in shown if "per 1M requests" in each]
    assert "tickets@v2" in line
    assert (
        "*$12.50* per 1M requests, $0.0625 per 1M tokens on a full server, measured 2026-11-30 on 2 x H200-141" in line
    )


def test_the_shell_says_the_same_in_a_line_and_as_json(view: StudentsView) -> None:
    first, second = listed_text(view).splitlines()
    assert "$" not in first
    assert "$12.50/M requests" in second
    assert [each["measured"] for each in students_document(view)["students"]] == [None, MEASURED]
