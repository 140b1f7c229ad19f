"""Data checked before anything is proposed: each fault is one error with its file, its place and the way out."""

from typing import Any

import pytest

from agents.distillation.data import Data, read_data
from agents.distillation.examples import jsonl
from agents.distillation.filtering import reasons_in_words
from agents.errors import UserError
from tests.unit.distillation.specs import LEAST, make_spec, taught_spec


def rows(count: int, first: int = 0, **changed: Any) -> list[dict[str, Any]]:
    labels = ("billing", "shipping")
    return [{"input": f"case {n}", "output": labels[n % 2], **changed} for n in range(first, first + count)]


def read(golden: list[dict[str, Any]] | str, labelled: list[dict[str, Any]] | str, **changed: Any) -> Data:
    texts = {
        use: given if isinstance(given, str) else jsonl(given)
        for use, given in {"golden": golden, "labelled": labelled}.items()
    }
    return read_data(make_spec(**changed), texts)


def taught_data(golden: list[dict[str, Any]], labelled: list[dict[str, Any]], inputs: list[dict[str, Any]]) -> Data:
    data = {"golden": "golden.jsonl", "labelled": "labelled.jsonl", "inputs": "inputs.jsonl"}
    spec = taught_spec(data=data, kind="claude", model="claude-sonnet-5-5")
    return read_data(spec, {"golden": jsonl(golden), "labelled": jsonl(labelled), "inputs": jsonl(inputs)})


@pytest.mark.parametrize(
    ("golden", "labelled", "told"),
    [
        ("", rows(40, 100), "golden.jsonl holds no rows"),
        (rows(5), rows(40, 100), "golden.jsonl has 5 golden examples, and below 30"),
        (rows(40, output="refunds"), rows(40, 100), "'line-1': 'refunds' is no label of the task"),
        (rows(40, output="billing"), rows(40, 100), "golden.jsonl holds one label only, 'billing'"),
        (rows(40), rows(40, 100, output="refunds"), "labelled.jsonl has 0 examples with outputs of the task"),
        (rows(40), '{"input": "a", "output": "billing"}\nno json\n', "labelled.jsonl, line 2 is not JSON: 'no json'"),
        (rows(40), '{"input": "a"}\n', "labelled.jsonl: the example 'line-1' has no \"output\""),
    ],
)
def test_data_that_cannot_be_used_is_refused(golden: Any, labelled: Any, told: str) -> None:
    with pytest.raises(UserError) as raised:
        read(golden, labelled)

    assert told in str(raised.value)


def test_a_golden_set_that_is_trained_on_is_refused() -> None:
    with pytest.raises(UserError, match=r"30 of the 40 golden inputs of golden\.jsonl stand in labelled\.jsonl too"):
        read(rows(40), rows(100, 10))


def test_a_few_golden_rows_among_the_examples_are_counted_to_be_dropped() -> None:
    found = read(rows(40), [*rows(100, 100), {"input": " CASE  3", "output": "shipping"}])

    assert found.leaking == 1


def test_a_teacher_is_not_asked_twice_nor_for_what_is_golden_or_labelled() -> None:
    inputs = [
        *rows(30, 500),
        {"input": "CASE 500"},
        {"input": "case 3"},
        {"input": "case 101"},
        {"input": "x" * 30_000},
    ]

    found = taught_data(rows(40), rows(5, 100), inputs)

    assert len(found.inputs) == 30
    assert reasons_in_words(found.not_asked) == "1 length, 1 leakage, 2 duplicate"


def test_a_teacher_is_not_paid_for_what_cannot_become_enough() -> None:
    with pytest.raises(UserError) as raised:
        taught_data(rows(40), rows(5, 100), [{"input": f"same  {'a' * (n % 14)}"} for n in range(60)])

    assert "5 labelled examples, 14 inputs and 0 to be written make fewer than the 20" in str(raised.value)
    assert "Left out: 46 duplicate." in str(raised.value)


def test_records_that_a_table_holds_as_text_become_what_a_student_writes() -> None:
    task = {"kind": "extraction", "instructions": "Find what is ordered.", "record": {"type": "object"}}
    data = {**LEAST["data"], "labelled": "labelled.csv"}
    golden = [{"input": f"g{n}", "output": {"n": n}} for n in range(40)]
    labelled = "input,output\n" + "".join(f'l{n},"{{""b"":1,""a"":{n}}}"\n' for n in range(30))

    found = read(golden, labelled, task=task, data=data)

    assert found.labelled[2].output == '{"a": 2, "b": 1}'
