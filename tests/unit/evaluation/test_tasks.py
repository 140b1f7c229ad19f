"""What tasks are, and what a text means as an answer to one."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import UserError
from agents.evaluation.tasks import (
    Classification,
    Extraction,
    Generation,
    Task,
    canonical_record,
    last_number,
    read,
    read_golden,
    task_document,
    task_of,
)

PLACE: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"$ref": "#/$defs/count"}},
    "required": ["city"],
    "additionalProperties": False,
    "$defs": {"count": {"type": "integer", "minimum": 0}},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda held: st.lists(held, max_size=3) | st.dictionaries(st.text(max_size=5), held, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "task", [Classification(("refund", "other")), Extraction(PLACE), Generation(), Generation("regex", r"A: (.*)")]
)
def test_a_task_comes_back_from_its_document(task: Task) -> None:
    assert task_of(json.loads(json.dumps(task_document(task)))) == task


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "kind None"),
        ({"kind": "ranking"}, "'ranking'"),
        ({"kind": "classification"}, "needs labels"),
        ({"kind": "classification", "labels": ["one"]}, "two or more"),
        ({"kind": "classification", "labels": ["one", "one"]}, "twice"),
        ({"kind": "classification", "labels": ["one", " two"]}, "blank"),
        ({"kind": "extraction", "record": "object"}, "JSON Schema"),
        ({"kind": "extraction", "record": {"type": "objekt"}}, r"at \$.type"),
        ({"kind": "extraction", "record": {"const": float("nan")}}, "no JSON"),
        ({"kind": "extraction", "record": {"$ref": "#/$defs/none"}}, "which it does not hold"),
        ({"kind": "extraction", "record": {"$ref": "https://example.com/schema.json"}}, "which it does not hold"),
        ({"kind": "generation", "match": "fuzzy"}, "'fuzzy'"),
        ({"kind": "generation", "match": "regex"}, "needs a pattern"),
        ({"kind": "generation", "match": "exact", "pattern": "A"}, "no other match"),
        ({"kind": "generation", "match": "regex", "pattern": "(A"}, "no regular expression"),
    ],
)
def test_a_task_that_cannot_be_used_is_refused_in_words(document: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        task_of(document)


def test_a_label_is_read_between_outer_blanks_and_not_otherwise() -> None:
    task = Classification(("card lost", "refund"))
    assert read(task, " refund\n").value == "refund"
    for text in ("Refund", "refund.", "card  lost", "", "refund refund"):
        assert not read(task, text).is_valid, text


def test_a_record_is_read_where_the_schema_takes_it() -> None:
    assert read(Extraction(PLACE), '{"people": 3, "city": "Rome"}').value == {"city": "Rome", "people": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ('```json\n{"city": "Rome"}\n```', "no JSON"),
        ('{"city": "Rome"} or so', "no JSON"),
        ('{"city": "Rome", "city": "Oslo"}', "twice"),
        ('{"city": "Rome", "people": NaN}', "NaN"),
        ('{"city": "Rome", "people": 1e999}', "no JSON"),
        ('{"city": "\\ud800"}', "no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"people": 3}', "'city' is a required property"),
        ('{"city": "Rome", "people": -1}', r"\$.people"),
        ('{"city": "Rome", "mayor": "x"}', "mayor"),
        ('["Rome"]', "not of type 'object'"),
    ],
)
def test_a_record_that_cannot_be_used_says_why(text: str, said: str) -> None:
    found = read(Extraction(PLACE), text)
    assert found.value is None
    assert found.problem is not None
    assert re.search(said, found.problem), found.problem


def test_a_schema_that_refers_to_itself_without_end_makes_no_record_valid() -> None:
    assert not read(Extraction({"$ref": "#"}), "1").is_valid


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9 * $2 = $18 every day", "18"),
        ("#### 1,234,567.50", "1234567.50"),
        ("130,00", "0"),  # no grouping that exists: two numbers
        ("it is -5", "-5"),
        ("it is \u22125", "-5"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("16-7", "7"),
        ("(3)-1", "1"),
        ("0.5% of it.", "0.5"),
        (".5", "0.5"),
        ("about 1.5e3", "1500"),
        ("<<9*2=18>>18.", "18"),
        ("18 eggs, 2 dollars.", "2"),
        ("007", "7"),
    ],
)
def test_the_last_number_of_a_text_is_found(text: str, number: str) -> None:
    assert last_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "none", "- . ,", "eighteen", "٣"])
def test_a_text_without_a_number_has_none(text: str) -> None:
    assert last_number(text) is None
    assert not read(Generation("numeric"), text).is_valid


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_a_number_written_out_is_read_back(number: Decimal) -> None:
    assert last_number(f"first 3, then {number:,f} dollars") == number


def test_a_pattern_finds_its_last_group_or_all_of_it() -> None:
    assert read(Generation("regex", r"A: (.*)"), "A: 3\nno,\nA: 4 ").value == "4"
    assert read(Generation("regex", r"\b[A-E]\b"), "not B but C").value == "C"
    assert not read(Generation("regex", r"A: (.*)"), "B: 4").is_valid


def test_a_golden_text_may_be_the_bare_result_that_a_pattern_looks_for() -> None:
    task = Generation("regex", r"A: (.*)")
    assert read_golden(task, "18").value == read_golden(task, "A: 18").value == "18"
    assert not read_golden(task, " ").is_valid


@given(record=JSON)
def test_a_canonical_record_reads_back_as_itself_and_is_one_text(record: Any) -> None:
    try:
        canonical_record(record).encode()
    except UnicodeEncodeError:  # half a character is no text
        assert not read(Extraction({}), json.dumps(record)).is_valid
        return
    found = read(Extraction({}), canonical_record(record))
    assert found.is_valid
    assert canonical_record(found.value) == canonical_record(record)
