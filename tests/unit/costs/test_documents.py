"""Cost files: what is understood, and what is said about what is not."""

from typing import Any

import jsonschema
import pytest
import yaml

from agents.costs.documents import alternatives, json_schema, read_inputs
from agents.costs.inputs import CostInputs
from agents.errors import UserError
from tests.shared_data import shared

TOKENS = {"requests_per_day": 1000, "tokens_in": 1500, "tokens_out": 300}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"request_per_day": 3}, "Did you mean requests_per_day"),
        ({"colour": "blue"}, "Known: requests_per_day, tokens_in"),
        ({"requests_per_day": 0}, "requests_per_day: 0 cannot be used"),
        ({"requests_per_day": -5}, "at least 0.01"),
        ({"requests_per_day": 1e12}, "at most 10000000000"),
        ({"requests_per_day": float("nan")}, "finite"),
        ({"requests_per_day": True}, "It must be a number"),
        ({"requests_per_day": "many"}, "'many' cannot be used"),
        ({"tokens_in": 0}, "tokens_in: 0"),
        ({"tokens_out": -1}, "tokens_out: -1"),
        ({"tokens_in": 100, "static_prefix": 200}, "static_prefix .200. is part of tokens_in .100."),
        ({"chunk": 100, "overlap": 100}, "overlap .100. must be smaller than chunk .100."),
        ({"headroom": 1.5}, "headroom: 1.5"),
        ({"peak_factor": 0.5}, "peak_factor: 0.5"),
        ({"min_replicas": 0}, "min_replicas: 0"),
        ({"usd_per_gpu_hour": 0}, "usd_per_gpu_hour: 0"),
        ({"usd_per_gpu_hour": "cheap"}, "'cheap' cannot be used"),
        ({"reject_rate": 1}, "reject_rate: 1"),
        ({"method": "magic"}, "'lora', 'qlora' or 'full'"),
        ({"calibration": {"Rp": 1}}, "calibration.Rd is missing"),
        ({"calibration": {"Rp": 0, "Rd": 1, "c": 0}}, "calibration.Rp: 0"),
        ({"gpus": {"H100-80": {"usd": -1}}}, "gpus.H100-80.usd: -1"),
        ({"gpus": {"H100-80": {"usd": 2, "lo": 3}}}, "lo <= usd <= hi"),
        ({"prices_usd_per_mtok": {"m": {"i": 1, "tier": 5}}}, "belong together"),
        ({"small_api_meets_bar": "maybe"}, "'yes', 'no' or 'not_tested'"),
        ({"model": "gpt-4o", "models": ["gpt-4"]}, "keep models"),
        ({"model": ["gpt-4o"]}, "one name"),
        ({"kb_tokens": 5, "knowledge_tokens": 6}, "keep one"),
        ({"static_prefix": 10, "dynamic_in": 5, "tokens_in": 20}, "make 15"),
        ({"dynamic_in": -1}, "whole number"),
        ({"targets": "attention"}, "only 'all-linear'"),
        ({"checkpointing": False}, "not modelled"),
        ({"bytes_per_param": {"lora": 1}}, "bytes_per_param"),
        ({"upfront_compute_usd": "a lot"}, "upfront_compute_usd: 'a lot'"),
        ({"tokens_in": []}, "at least one"),
        ({"tokens_in": list(range(1, 12)), "min_replicas": list(range(1, 12))}, "121 combinations"),
        ([], "not a list"),
        ("text", "not a str"),
        (None, "not a NoneType"),
    ],
)
def test_a_fault_is_named_with_its_value_and_the_way_out(document: Any, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        read_inputs(document)
    assert "pydantic" not in str(caught.value)


def test_several_faults_are_said_at_once() -> None:
    with pytest.raises(UserError) as caught:
        read_inputs({"requests_per_day": 0, "tokens_in": 0, "headroom": 2})
    assert len(str(caught.value).splitlines()) == 3


def test_a_model_that_is_a_student_is_the_student() -> None:
    assert read_inputs({"model": "Llama 3.1 70B"}).student == "Llama 3.1 70B"
    assert read_inputs({"model": "gpt-4o"}).models == ("gpt-4o", "claude-haiku-5-5")
    assert read_inputs({"api": "claude-haiku-5-5"}).models == ("claude-haiku-5-5",)


def test_a_prompt_may_be_given_in_parts() -> None:
    assert read_inputs({"static_prefix": 1200, "dynamic_in": 300}).tokens_in == 1500
    inputs = read_inputs({"system_tokens": 300, "question_tokens": 100, "knowledge_tokens": 5})
    assert (inputs.other_in, inputs.tokens_in) == (400, 400)


def test_yaml_words_for_true_and_false_are_answers() -> None:
    inputs = read_inputs(yaml.safe_load("small_api_meets_bar: yes\nteacher_meets_bar: no"))
    assert (inputs.small_api_meets_bar, inputs.teacher_meets_bar) == ("yes", "no")


def test_lists_are_read_as_alternatives() -> None:
    found = [(dict(chosen), inputs) for chosen, inputs in alternatives({**TOKENS, "min_replicas": [1, 2]})]
    assert [chosen for chosen, _ in found] == [{"min_replicas": 1}, {"min_replicas": 2}]
    assert [inputs.min_replicas for _, inputs in found] == [1, 2]


def test_a_null_is_an_absent_key() -> None:
    assert read_inputs({**TOKENS, "gpu": None}) == read_inputs(TOKENS)


def test_every_key_says_what_it_is() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert all(entry.get("description") for entry in schema["properties"].values())
    assert schema["properties"].keys() >= CostInputs.model_fields.keys()


def test_the_schema_accepts_what_is_read_and_refuses_an_unknown_key() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    for document in (TOKENS, {**TOKENS, "model": "gpt-4o", "min_replicas": [1, 2], "kb_tokens": 5, "note": "x"}):
        read_inputs(document)
        assert validator.is_valid(document)
    assert not validator.is_valid({"requests": 5})
    for wrong in ({"requests_per_day": 0}, {"usd_per_gpu_hour": "cheap"}, {"min_replicas": 0}, {"headroom": 2}):
        assert not validator.is_valid(wrong)
        with pytest.raises(UserError):
            read_inputs(wrong)


def test_the_schema_accepts_every_worked_example() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    for case in yaml.safe_load(shared("domain/worked_examples.yaml").read_text())["cases"]:
        if not isinstance(case["inputs"].get("upfront_compute_usd"), str):
            assert list(validator.iter_errors(case["inputs"])) == [], case["id"]
