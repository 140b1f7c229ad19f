"""What a teacher is asked, and what its answers are taken for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.distillation.examples import Example
from agents.distillation.teaching import (
    INPUTS_AT_ONCE,
    answer_schema,
    base_system,
    chat_row,
    synthesis_requests,
    synthesised,
    taught,
    teacher_request,
)
from tests.unit.distillation.specs import INSTRUCTIONS, LEAST, make_spec, taught_spec

RECORD: dict[str, Any] = {
    "kind": "extraction",
    "instructions": INSTRUCTIONS,
    "record": {"type": "object", "properties": {"city": {"type": "string"}}},
}
TEXT: dict[str, Any] = {"kind": "generation", "instructions": INSTRUCTIONS}


@given(st.text(), st.text())
def test_the_instructions_are_the_same_bytes_for_every_input(one: str, other: str) -> None:
    spec = taught_spec()

    assert teacher_request(spec, "a", one).system == teacher_request(spec, "b", other).system


@given(st.lists(st.sampled_from(["<", "/", "input", ">", " ", "x", "<input>", "</input>"])).map("".join))
def test_an_input_cannot_end_the_part_that_it_stands_in(text: str) -> None:
    user = teacher_request(taught_spec(), "a", text).user

    assert (user.count("<input>"), user.count("</input>")) == (1, 1)
    assert (user.startswith("<input>"), user.endswith("</input>")) == (True, True)


def test_a_label_is_bound_to_those_there_are() -> None:
    assert answer_schema(taught_spec())["properties"] == {"label": {"type": "string", "enum": ["billing", "shipping"]}}


def test_a_rationale_is_written_before_the_output_and_kept_apart() -> None:
    spec = taught_spec(rationale=True)

    assert list(answer_schema(spec)["properties"]) == ["rationale", "label"]
    read = taught(spec, '{"rationale": "It names an invoice.", "label": "billing"}')
    assert (read.output, read.rationale) == ("billing", "It names an invoice.")


@pytest.mark.parametrize(
    ("task", "answer", "output"),
    [
        (None, {"label": " billing "}, "billing"),
        (RECORD, {"record": {"b": 1, "a": "ü"}}, '{"a": "ü", "b": 1}'),
        (TEXT, {"answer": "Hello.\n"}, "Hello."),
    ],
)
def test_an_output_is_taken_as_the_student_is_to_write_it(
    task: dict[str, Any] | None, answer: dict[str, Any], output: str
) -> None:
    assert taught(taught_spec(task=task), json.dumps(answer)).output == output


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("billing", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('["billing"]', "without label"),
        ('{"record": {}}', "without label"),
        ('{"label": ""}', "empty"),
        ('{"label": 3}', "empty"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(text: str, fault: str) -> None:
    assert taught(taught_spec(), text).fault == fault


def test_a_record_with_what_is_no_number_of_json_is_not_used() -> None:
    assert taught(taught_spec(task=RECORD), '{"record": {"a": NaN}}').fault == "not JSON"


@given(st.integers(1, 95))
def test_as_many_inputs_are_asked_for_as_are_wanted_and_no_two_requests_are_alike(count: int) -> None:
    spec = taught_spec(data={"inputs": None, "synthesis": {"count": count}})
    examples = [Example(f"e{at}", f"ticket {at}", "billing") for at in range(9)]

    requests = synthesis_requests(spec, examples)

    assert sum(int(each.user.rsplit("Write ", 1)[1].split()[0]) for each in requests) == count
    assert len({each.user for each in requests}) == len({each.id for each in requests}) == len(requests)
    assert requests == synthesis_requests(spec, examples)


def test_every_label_is_asked_for_in_turn() -> None:
    spec = taught_spec(data={"inputs": None, "synthesis": {"count": 4 * INPUTS_AT_ONCE}})

    users = [each.user for each in synthesis_requests(spec, [Example("e", "x", "billing")])]

    assert [("'billing'" in user, "'shipping'" in user) for user in users] == [(True, False), (False, True)] * 2


def test_inputs_that_a_teacher_wrote_are_read_and_what_is_none_is_left_out() -> None:
    assert synthesised('{"inputs": [" a ", "", 3, "b"]}') == ["a", "b"]
    assert [synthesised(text) for text in ("{", "[]", '{"inputs": "a"}', '{"outputs": ["a"]}')] == [[]] * 4
    assert len(synthesised(json.dumps({"inputs": ["x"] * 99}))) == INPUTS_AT_ONCE


def test_a_student_is_trained_on_the_output_behind_instructions_and_input() -> None:
    row = chat_row(taught_spec(), Example("e1", "Where is my parcel?", "shipping"))

    assert [(each["role"], each["content"]) for each in row["messages"]] == [
        ("system", INSTRUCTIONS),
        ("user", "Where is my parcel?"),
        ("assistant", "shipping"),
    ]


def test_an_untrained_base_is_told_the_form_of_its_answer_behind_the_same_instructions() -> None:
    by_labels, by_schema, as_text = (base_system(make_spec(task=task)) for task in (LEAST["task"], RECORD, TEXT))

    assert all(each.startswith(INSTRUCTIONS) for each in (by_labels, by_schema, as_text))
    assert by_labels.endswith("- billing\n- shipping")
    assert json.loads(by_schema.splitlines()[-1]) == RECORD["record"]
    assert as_text == INSTRUCTIONS
