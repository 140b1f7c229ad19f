"""What must hold for every cost file that the schema lets through, however absurd."""

import json
import math
from typing import Any

from hypothesis import HealthCheck, given, reject, settings

from agents.costs.compare import Comparison, compare
from agents.costs.crossings import crossings_json
from agents.costs.documents import read_inputs
from agents.costs.inputs import CostInputs
from agents.costs.report import to_csv, to_json, to_markdown_table
from agents.errors import UserError
from tests.unit.costs.books import make_book
from tests.unit.costs.strategies import SCHEMA, any_documents

BOOK = make_book()
# Many of the files are refused, as they should be.
often_refused = settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


def compared(document: dict[str, Any]) -> Comparison:
    """Return the comparison; files that are refused in words are left aside."""
    try:
        return compare(read_inputs(document), BOOK)
    except UserError:
        # Anything else that is raised fails the test.
        reject()


def numbers(value: Any) -> list[float]:
    """Return every number in plain JSON."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_every_key_of_the_schema_is_tried() -> None:
    assert SCHEMA["properties"].keys() == CostInputs.model_fields.keys()


@often_refused
@given(any_documents())
def test_any_file_is_priced_in_finite_numbers_not_below_zero_or_refused_in_words(document: dict[str, Any]) -> None:
    comparison = compared(document)
    found = to_json(comparison)

    json.dumps(found, allow_nan=False)
    # By how much a lead is lost is the one thing that may be negative.
    found["sensitivity"]["swings"] = [
        {key: value for key, value in swing.items() if not key.startswith("margin")}
        for swing in found["sensitivity"]["swings"]
    ]
    assert all(math.isfinite(number) and number >= 0 for number in numbers(found))
    for row in comparison.rows:
        for figure in (row.usd_upfront, row.usd_per_request, row.usd_per_month, row.usd_per_million_tokens):
            assert figure.low <= figure.value <= figure.high, row.id


@often_refused
@given(any_documents())
def test_any_file_has_a_table_a_csv_and_crossings(document: dict[str, Any]) -> None:
    comparison = compared(document)

    assert to_csv(comparison).count("\n") > len(comparison.rows)
    assert len(to_markdown_table(comparison).splitlines()) >= len(comparison.rows) + 2
    assert all(math.isfinite(one["at"]) for one in crossings_json(comparison))


@often_refused
@given(any_documents(priced=False))
def test_a_file_that_says_too_little_names_what_it_lacks(document: dict[str, Any]) -> None:
    comparison = compared(document)

    assert bool(comparison.rows) == (not comparison.missing)
    assert all(document.get(name) is None for name in comparison.missing)
