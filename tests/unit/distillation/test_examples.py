"""Files of examples: what is read, what is refused in words, and what stands for a data set."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.distillation.examples import Example, dataset_sha256, jsonl, read_examples, read_inputs
from agents.errors import UserError

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)


def test_examples_are_read_with_their_ids_or_by_their_lines() -> None:
    lines = ['{"id": "a", "input": "x", "output": "cold"}', "", '{"input": "y", "output": "warm"}']

    assert read_examples(lines, "f") == (Example("a", "x", "cold"), Example("line-3", "y", "warm"))


def test_a_record_is_taken_as_its_canonical_text() -> None:
    (example,) = read_examples(['{"input": "x", "output": {"b": "ü", "a": [1]}}'], "f")

    assert example.output == '{"a": [1], "b": "ü"}'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 1 is not JSON"),
        ("[1]", "line 1 is no object"),
        ('{"output": "x"}', 'line 1 has no "input"'),
        ('{"input": " ", "output": "x"}', 'line 1 has no "input"'),
        ('{"input": 3, "output": "x"}', 'line 1 has no "input"'),
        ('{"input": "x"}', 'has no "output"'),
        ('{"input": "x", "output": ""}', 'has no "output"'),
        ('{"input": "x", "output": 3}', 'has no "output"'),
        ('{"input": "x", "output": {"a": 1e999}}', "'line-1' holds a number that is too large"),
        ('{"input": "\\ud800", "output": "x"}', "character that is none"),
        ('{"input": "x", "output": "\\u0000"}', "character that is none"),
        (json.dumps({"input": "x" * 200_001, "output": "x"}), "200,001 characters"),
        ("[" * 100_000, "is not JSON"),
        ('{"input": "x", "output": {"a": NaN}}', "is not JSON"),
    ],
)
def test_a_line_that_is_no_example_is_refused_with_its_place(line: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_examples([line], "f")


def test_an_id_that_stands_twice_is_refused() -> None:
    with pytest.raises(UserError, match="line 2: the id 'a' stands there already"):
        read_inputs(['{"id": "a", "input": "x"}', '{"id": "a", "input": "y"}'], "f")


@pytest.mark.parametrize("lines", [[], ["", "  "]])
def test_a_file_without_rows_is_refused(lines: list[str]) -> None:
    with pytest.raises(UserError, match="holds no rows"):
        read_inputs(lines, "f")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_what_is_written_is_read_again(pairs: list[tuple[str, str]]) -> None:
    examples = [Example(f"e{at}", text, output.strip(), "teacher") for at, (text, output) in enumerate(pairs)]

    read = read_examples(jsonl(each.row() for each in examples).split("\n"), "f")

    assert [(each.id, each.input, each.output) for each in read] == [
        (each.id, each.input, each.output) for each in examples
    ]


@given(st.permutations([Example("a", "x", "1"), Example("b", "y", "2"), Example("c", "x", "2")]))
def test_a_data_set_is_the_same_in_any_order_and_under_any_ids(examples: list[Example]) -> None:
    renamed = [Example(f"n{at}", each.input, each.output) for at, each in enumerate(examples)]

    assert dataset_sha256(renamed) == dataset_sha256(examples)


def test_another_output_makes_another_data_set() -> None:
    assert dataset_sha256([Example("a", "x", "1")]) != dataset_sha256([Example("a", "x", "2")])
