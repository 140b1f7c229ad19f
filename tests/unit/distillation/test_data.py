"""Data checked before anything is proposed: each fault is one error with its file, its place and the way out."""

from typing import Any

import pytest

from agents.distillation.data import Data, read_data
from agents.distillation.examples import jsonl
from agents.errors import UserError
from tests.unit.distillation.specs import LEAST, make_spec


def rows(count: int, first: int = 0, **changed: Any) -> list[dict[str, Any]]:
    labels = ("billing", "shipping")
    return [{"input": f"case {n}", "output": labels[n % 2], **changed} for n in range(first, first + count)]


def read(golden: list[dict[str, Any]] | str, labelled: list[dict[str, Any]] | str, **changed: Any) -> Data:
    texts = {
        use: given if isinstance(given, str) else jsonl(given)
        for use, given in {"golden": golden, "labelled": labelled}.items()
    }
    return read_data(make_spec(**changed), texts)


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


def test_records_that_a_table_holds_as_text_become_what_a_student_writes() -> None:
    task = {"kind": "extraction", "instructions": "Find what is ordered.", "record": {"type": "object"}}
    data = {**LEAST["data"], "labelled": "labelled.csv"}
    golden = [{"input": f"g{n}", "output": {"n": n}} for n in range(40)]
    labelled = "input,output\n" + "".join(f'l{n},"{{""b"":1,""a"":{n}}}"\n' for n in range(30))

    found = read(golden, labelled, task=task, data=data)

    assert found.labelled[2].output == '{"a": 2, "b": 1}'
