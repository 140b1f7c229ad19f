"""Distillation files as people write them: what is wrong is said with the place, the value and the way out."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from agents.distillation.documents import evaluated, json_schema, read_spec, within
from agents.errors import UserError
from agents.evaluation.tasks import Classification, Extraction
from tests.unit.distillation.specs import INSTRUCTIONS, LEAST


def test_a_file_becomes_a_spec_and_its_task_can_be_evaluated() -> None:
    assert evaluated(read_spec(LEAST)) == Classification(("billing", "shipping"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"lables": 1}, "Unknown key 'lables' in the distillation file. Did you mean labels?"),
        (
            {"training": {"epoch": 1}},
            "Unknown key 'epoch' under training in the distillation file. Did you mean epochs?",
        ),
        (
            {"baselines": {"small_model": {"kind": "claude", "model": "m", "batch": False}}},
            "Unknown key 'batch' under baselines.small_model in the distillation file.",
        ),
        (
            {"baselines": {"small_model": "some"}},
            "baselines.small_model: 'some' cannot be used. It must be 'workspace' or 'none'.",
        ),
        ({"baselines": {"small_model": {"kind": "claude"}}}, "baselines.small_model.model is missing from"),
        ({"student": {}}, "student.base is missing from the distillation file."),
        ({"task": {"labels": ["a", "b"]}}, "task.kind is missing from the distillation file."),
        ({"gate": {"margin": 2}}, "gate.margin: 2 cannot be used. It must be less than 1."),
        ({"data": {"golden": "g"}}, "The distillation file does not add up: there is nothing to train on"),
    ],
)
def test_a_fault_is_named_with_its_place_and_the_way_out(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as error:
        read_spec({**LEAST, **changed})

    assert told in str(error.value)


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(UserError, match="not a list"):
        read_spec([LEAST])


def test_a_record_s_schema_that_is_none_is_refused() -> None:
    task = {"kind": "extraction", "instructions": INSTRUCTIONS, "record": {"type": "objekt"}}
    with pytest.raises(UserError):
        read_spec({**LEAST, "task": task})


def test_a_record_is_evaluated_against_its_schema() -> None:
    task = {"kind": "extraction", "instructions": INSTRUCTIONS, "record": {"type": "object"}}

    assert evaluated(read_spec({**LEAST, "task": task})) == Extraction({"type": "object"})


def test_the_schema_takes_what_is_taken_and_refuses_what_is_refused() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(LEAST, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**LEAST, "gate": {"margin": 2}}, schema)


EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "docs" / "distill").glob("*.yaml"))


def test_there_is_an_example_for_each_kind_of_task() -> None:
    assert [path.stem for path in EXAMPLES] == ["classification", "extraction", "generation"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_that_is_shipped_can_be_read(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))

    spec = read_spec(document)

    jsonschema.validate(document, json_schema())
    assert spec.task.kind == path.stem


def test_files_are_named_relative_to_the_file_and_whole_paths_stay() -> None:
    document = {**LEAST, "data": {"golden": "g.jsonl", "labelled": "/x/l.jsonl"}, "student": {"base": "./tiny"}}

    whole = within(document, "/data")

    assert whole["data"] == {"golden": "/data/g.jsonl", "labelled": "/x/l.jsonl"}
    assert whole["student"] == {"base": "/data/tiny"}
    assert within(LEAST, "/data")["student"] == LEAST["student"]
