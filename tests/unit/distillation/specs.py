"""Specs for tests, with defaults."""

from typing import Any

from agents.distillation.spec import DistillationSpec

INSTRUCTIONS = "Tell which team a ticket belongs to."
LEAST: dict[str, Any] = {
    "name": "tickets",
    "task": {"kind": "classification", "instructions": INSTRUCTIONS, "labels": ["billing", "shipping"]},
    "data": {"golden": "golden.jsonl", "labelled": "labelled.jsonl"},
    "student": {"base": "meta-llama/Llama-3.1-8B-Instruct"},
    "gate": {"minimum": 0.9},
}
TEACHER: dict[str, Any] = {"kind": "claude", "model": "claude-opus-5-5"}


def make_spec(**changed: Any) -> DistillationSpec:
    """Return the least that is needed, with changes."""
    return DistillationSpec.model_validate({**LEAST, **changed})


def taught_spec(
    *, task: dict[str, Any] | None = None, data: dict[str, Any] | None = None, **teacher: Any
) -> DistillationSpec:
    """Return one with a teacher that labels inputs."""
    given = {"golden": "g", "labelled": "l", "inputs": "i", **(data or {})}
    return make_spec(task=task or LEAST["task"], data=given, teacher={**TEACHER, **teacher})
