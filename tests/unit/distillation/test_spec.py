"""Distillation files: what has a default, and what does not fit together."""

from typing import Any

import pytest
from pydantic import ValidationError

from agents.distillation.names import versioned
from agents.distillation.spec import METRICS, DistillationSpec
from tests.unit.distillation.specs import INSTRUCTIONS, LEAST, TEACHER
from tests.unit.distillation.specs import make_spec as spec


def test_the_least_that_is_needed_has_defaults_for_all_else() -> None:
    read = spec()

    assert (read.alias, read.student.method, read.training.rank, read.gate.margin) == ("tickets", "lora", 16, 0.02)
    assert read.teacher is None


def test_what_is_written_down_is_read_again() -> None:
    read = spec(teacher=TEACHER, data={"golden": "g", "inputs": "i"}, budget_usd=40)

    assert DistillationSpec.model_validate(read.model_dump(mode="json")) == read


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"data": {"golden": "g"}}, "nothing to train on"),
        ({"data": {"golden": "g", "inputs": "i"}}, "add a teacher"),
        ({"data": {"labelled": "l"}}, "golden"),
        ({"teacher": TEACHER}, "nothing to label"),
        ({"teacher": TEACHER, "data": {"golden": "g", "synthesis": {"count": 5}}}, "data.labelled, which is absent"),
        ({"student": {"base": "b", "kind": "encoder", "method": "qlora"}}, "qlora is for models that write"),
        ({"gate": {}}, "gate.minimum must say what is good enough"),
        ({"gate": {"metric": "field_f1", "minimum": 0.9}}, "choose one of: accuracy, macro_f1"),
        ({"gate": {"margin": 0}}, "greater than 0"),
        ({"training": {"batch": 10, "micro_batch": 4}}, "multiple of micro_batch"),
        ({"filter": {"min_characters": 9, "max_characters": 3}}, "is above max_characters"),
        ({"name": "My Tickets"}, "pattern"),
        ({"name": "tickets-"}, "pattern"),
        ({"student": {"base": ""}}, "at least 1 character"),
        ({"task": {**LEAST["task"], "labels": ["a", "b", "a"]}}, "'a' twice"),
        ({"task": {**LEAST["task"], "labels": ["a"]}}, "at least 2"),
        ({"task": {"kind": "generation", "instructions": INSTRUCTIONS, "match": "regex"}}, "needs a pattern"),
        ({"task": {"kind": "generation", "instructions": INSTRUCTIONS, "pattern": "x"}}, "belongs to match: regex"),
    ],
)
def test_what_does_not_fit_together_is_refused(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        spec(**changed)


def test_an_encoder_is_only_for_labels() -> None:
    task = {"kind": "extraction", "instructions": INSTRUCTIONS, "record": {"type": "object"}}
    with pytest.raises(ValidationError, match="an encoder only tells labels apart"):
        spec(task=task, student={"base": "b", "kind": "encoder"})


def test_every_kind_of_task_has_a_main_metric() -> None:
    assert {kind: metrics[0] for kind, metrics in METRICS.items()} == {
        "classification": "accuracy",
        "extraction": "record_exact_match",
        "generation": "match",
    }


def test_a_version_of_a_student_is_told_from_its_alias() -> None:
    assert versioned("tickets", 3) == "tickets@v3"
