"""Tables as rows: CSV files with their line numbers, and what a query returns."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from agents.distillation.data import data_summary, lines_of
from agents.distillation.examples import read_examples, read_inputs
from agents.distillation.origins import Query, folder_of
from agents.distillation.tables import csv_lines, query_line
from agents.errors import UserError

QUERY = Query(database="support", query="SELECT 1", input="body", output="team", id="number")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_file_holds_the_same_examples_whatever_separates_its_cells(separator: str) -> None:
    text = 'id,Input,Output,note\r\n7,"where is, my parcel",shipping,x\r\n,"a ""bill""",billing,\r\n'
    text = text.replace(",", separator).replace(f"is{separator} my", "is, my")

    found = read_examples(csv_lines(text, "t.csv"), "t.csv")

    assert [(each.id, each.input, each.output) for each in found] == [
        ("7", "where is, my parcel", "shipping"),
        ("line-3", 'a "bill"', "billing"),
    ]


def test_a_row_over_several_lines_moves_no_other_one_s_number() -> None:
    text = 'input,output\n"two\nlines",a\n\nlast,b\n'

    assert [each.id for each in read_inputs(csv_lines(text, "t.csv"), "t.csv")] == ["line-2", "line-5"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("text,label\na,b\n", "t.csv, line 1 has the columns 'text', 'label', and none is called input."),
        ("input,output\na\n", "t.csv, line 2 has 1 cells, and the first line names more"),
        ('input,output\n"a"b,c\n', "t.csv, line 2 is no CSV"),
        ("input,output\n,c\n", 't.csv, line 2 has no "input"'),
        ("input,output\na,\n", "the example 'line-2' has no \"output\""),
        ("", "t.csv holds no rows"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(UserError) as raised:
        read_examples(lines_of(text, "t.csv"), "t.csv")

    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("text", "text"),
        (5, "5"),
        (True, "true"),
        (Decimal("1.50"), "1.50"),
        (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "2026-01-02T00:00:00+00:00"),
        ({"a": [1]}, {"a": [1]}),
    ],
)
def test_a_value_of_postgres_becomes_what_json_holds(value: Any, kept: Any) -> None:
    row = json.loads(query_line({"number": 3, "body": "x", "team": value}, QUERY, 1))

    assert row == {"id": "3", "input": "x", "output": kept}


def test_rows_without_an_id_are_numbered_and_a_missing_column_is_named() -> None:
    plain = QUERY.model_copy(update={"id": None})

    assert json.loads(query_line({"body": "x"}, plain, 4)) == {"id": "row-4", "input": "x"}
    with pytest.raises(UserError, match=r"no column 'number' for id. It returns: 'body'"):
        query_line({"body": "x"}, QUERY, 1)


def test_a_file_is_told_in_short_with_its_labels_where_these_are_few() -> None:
    text = "input,output\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(10)) + "unlabelled,\n"

    assert data_summary(text, "t.csv") == {"rows": 11, "with_output": 10, "labels": ["a", "b"]}
    records = "\n".join(json.dumps({"input": f"t{n}", "output": {"n": n}}) for n in range(4))
    assert data_summary(records, "t.jsonl") == {"rows": 4, "with_output": 4, "labels": []}


def test_a_path_is_looked_for_in_the_folder_that_holds_it() -> None:
    assert folder_of("/data/a/g.jsonl", ["/data/b", "/data/a"]) == "/data/a"
    assert folder_of("/data/a/../../etc/passwd", ["/data/a"]) is None
    assert folder_of("/data/ab/g.jsonl", ["/data/a"]) is None
