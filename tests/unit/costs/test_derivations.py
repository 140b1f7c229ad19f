"""Every figure can be worked out from the formula and the terms that it is shown with."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings

from agents.costs.compare import Comparison, compare
from agents.costs.derived.figures import Derivation, all_derivations, derivation, derivation_ids
from agents.costs.documents import read_inputs
from agents.costs.figures import Figure
from agents.costs.inputs import CostInputs
from agents.errors import UserError
from tests.unit.costs.books import make_hosted_book
from tests.unit.costs.formulas import symbols, worked_out
from tests.unit.costs.strategies import any_documents

LABELS = {"requests_per_day": 1_000_000, "tokens_in": 500, "tokens_out": 10}
DOCS = {"requests_per_day": 2000, "tokens_in": 400, "tokens_out": 300, "knowledge_tokens": 50_000}
CACHED = {"requests_per_day": 20_000, "tokens_in": 3000, "tokens_out": 200, "static_prefix": 2500}
# One of each way in which figures come about.
WORKLOADS: dict[str, dict[str, Any]] = {
    "labels": LABELS,
    "few requests": {**LABELS, "requests_per_day": 50},
    "documents": DOCS,
    "documents with an API embedder": {
        **DOCS,
        "embedder": "text-embedding-3-small",
        "other_in": 300,
        "static_prefix": 200,
    },
    "cached prefix": CACHED,
    "cached prefix at low traffic": {**CACHED, "requests_per_day": 50},
    "prefix too short": {**CACHED, "static_prefix": 300},
    "batches": {**LABELS, "batch_ok": True},
    "long prompts": {**CACHED, "tokens_in": 150_000, "static_prefix": 120_000},
    "70B on rented GPUs": {**LABELS, "student": "70B", "gpu": "A100", "usd_per_gpu_hour": 2.5, "n_gpu": 8},
    "full training": {**LABELS, "method": "full", "trained_tokens": 5_000_000},
    "QLoRA with people": {**LABELS, "method": "qlora", "engineering_day_rate": 800, "engineering_days": 12},
    "own figures": {**LABELS, "upfront_compute_usd": 400, "engineering_usd": 9000},
    "own calibration": {**LABELS, "calibration": {"Rp": 20_000, "Rd": 9000, "c": 1e-7, "n_gpu": 2}, "min_replicas": 3},
    "air-gapped": {**DOCS, "air_gapped": True},
    "air-gapped with people": {**LABELS, "air_gapped": True, "engineering_day_rate": 500},
    "hosted": {**CACHED, "open_models": ["8B", "70B"]},
    "open teacher": {**LABELS, "teacher": "70B"},
}


def compared(**document: Any) -> Comparison:
    return compare(read_inputs(document), make_hosted_book())


@pytest.fixture(params=WORKLOADS, scope="module")
def comparison(request: pytest.FixtureRequest) -> Comparison:
    return compared(**WORKLOADS[request.param])


def test_every_formula_gives_its_figure(comparison: Comparison) -> None:
    for made in all_derivations(comparison).values():
        # The volume at which a cached request breaks even is searched for.
        precision = 1e-7 if "/break_even." in made.id else 1e-9
        assert worked_out(made) == pytest.approx(float(made.result.value), rel=precision, abs=1e-12), made.id


def test_every_symbol_has_its_term_and_every_term_a_use(comparison: Comparison) -> None:
    for made in all_derivations(comparison).values():
        names = [term.symbol for term in made.terms]
        assert len(names) == len(set(names)), made.id
        assert symbols(made.formula) == set(names), made.id


def test_a_term_that_is_derived_has_the_value_of_its_derivation(comparison: Comparison) -> None:
    found = all_derivations(comparison)
    for made in found.values():
        for term in made.terms:
            if term.of is not None:
                result = found[term.of].result
                assert (term.value, term.low, term.high, term.unit) == (
                    result.value,
                    result.low,
                    result.high,
                    result.unit,
                ), f"{made.id} {term.symbol}"


def test_no_figure_derives_itself(comparison: Comparison) -> None:
    found = all_derivations(comparison)

    def walk(made: Derivation, above: tuple[str, ...]) -> None:
        assert made.id not in above, above
        for term in made.terms:
            if term.of is not None:
                walk(found[term.of], (*above, made.id))

    for made in found.values():
        walk(made, ())


def test_every_figure_of_the_table_has_a_derivation_with_the_tables_value(comparison: Comparison) -> None:
    found = all_derivations(comparison)
    amounts = ("usd_upfront", "usd_per_request", "usd_per_month", "usd_per_million_tokens", "latency_floor_s")
    for row in comparison.rows:
        for name in amounts:
            assert found[f"{row.id}/{name}"].result == getattr(row, name)
        for name in ("replicas", "utilisation", "compute_h"):
            value = getattr(row, name)
            has_one = value is not None and not (name == "compute_h" and "upfront_compute_usd" in told(comparison))
            assert (f"{row.id}/{name}" in found) == has_one, row.id
            if has_one:
                assert float(found[f"{row.id}/{name}"].result.value) == pytest.approx(value)
        for line, figure in row.upfront_figures.items():
            assert value_of(found, row.id, line) == figure.value


def told(comparison: Comparison) -> set[str]:
    return comparison.scenario.inputs.model_fields_set


def value_of(found: Any, row_id: str, line: str) -> Decimal:
    """Return an upfront line's value: its own derivation's, or that of its term in the sum."""
    if f"{row_id}/usd_upfront.{line}" in found:
        return found[f"{row_id}/usd_upfront.{line}"].result.value  # type: ignore[no-any-return]  # a Decimal
    keys = {"setup": "setup_usd", "compute": "upfront_compute_usd", "engineering": "engineering_usd"}
    terms = found[f"{row_id}/usd_upfront"].terms
    return next(term.value for term in terms if term.key == keys[line])  # type: ignore[no-any-return]  # a Decimal


def test_break_evens_and_paybacks_are_derived_or_shown_to_be_never(comparison: Comparison) -> None:
    found = all_derivations(comparison)
    for row in comparison.rows:
        evens = {**row.break_even, **{f"hosted.{name}": even for name, even in row.break_even_hosted.items()}}
        for name, even in evens.items():
            made = found[f"{row.id}/break_even.{name}"]
            assert (made.result.unit == "USD/day") == (even is None)
            assert made.result.value < 0 if even is None else made.result.value == even
        if row.kind in {"fine_tune", "distil"}:
            made = found[f"{row.id}/payback_days"]
            assert made.result.value <= 0 if row.payback_days is None else made.result.value == row.payback_days


def test_every_term_says_where_it_is_from_and_when_and_which_input_replaces_it(comparison: Comparison) -> None:
    for made in all_derivations(comparison).values():
        figures: list[Any] = [made.result, *made.terms]
        for figure in figures:
            assert figure.source
            assert isinstance(figure.as_of, dt.date)
            assert figure.kind in {"measured", "published", "assumed", "computed"}
            assert figure.low <= figure.value <= figure.high, made.id
        for term in made.terms:
            assert term.text
            assert term.key is None or term.key in CostInputs.model_fields


def test_an_amount_moves_within_its_range_as_its_terms_do(comparison: Comparison) -> None:
    """The band of a figure lies within what its terms' ends can make of it."""
    for made in all_derivations(comparison).values():
        banded = [term for term in made.terms if term.low != term.high]
        if not 0 < len(banded) <= 3 or made.note or made.result.low == made.result.high:
            continue
        ends = [
            worked_out(made, {term.symbol: edge for term, edge in zip(banded, edges, strict=True)})
            for edges in corners([(term.low, term.high) for term in banded])
        ]
        assert float(made.result.low) >= min(ends) * (1 - 1e-9), made.id
        assert float(made.result.high) <= max(ends) * (1 + 1e-9), made.id


def corners(spans: list[tuple[Decimal, Decimal]]) -> list[tuple[Decimal, ...]]:
    if not spans:
        return [()]
    rest = corners(spans[1:])
    return [(edge, *others) for edge in spans[0] for others in rest]


def test_what_was_told_is_said_to_be_yours_and_what_was_not_names_its_default() -> None:
    made = derivation(compared(**LABELS, peak_factor=5), "distil:llama-3.1-8b/replicas")
    sources = {term.key: term.source for term in made.terms}
    assert sources["peak_factor"] == "your input"
    assert sources["headroom"] == "Cairn's default"


def test_an_unknown_figure_is_answered_with_near_ones() -> None:
    with pytest.raises(UserError, match=r"'distil:llama-3.1-8b/usd_per_mont'.*distil:llama-3.1-8b/usd_per_month"):
        derivation(compared(**LABELS), "distil:llama-3.1-8b/usd_per_mont")


def test_while_nothing_is_priced_it_says_what_is_missing() -> None:
    with pytest.raises(UserError, match="requests_per_day, tokens_out"):
        derivation(compared(tokens_in=500), "distil:llama-3.1-8b/usd_per_month")
    assert derivation_ids(compared(tokens_in=500)) == ()


def test_a_figure_of_a_derivation_is_one_of_the_table() -> None:
    row = compared(**LABELS).row("distil:llama-3.1-8b")
    found: Figure = derivation(compared(**LABELS), "distil:llama-3.1-8b/usd_per_month").result
    assert found == row.usd_per_month


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(any_documents())
def test_whatever_is_priced_can_be_worked_out_again(document: dict[str, Any]) -> None:
    try:
        comparison = compare(read_inputs(document), make_hosted_book())
    except UserError:
        # Refused in words, which other tests look at; anything else that is raised fails this one.
        reject()
    for made in all_derivations(comparison).values():
        precision = 1e-6 if "/break_even." in made.id else 1e-9
        scale = max(abs(float(term.value)) for term in made.terms) if made.terms else 1.0
        assert worked_out(made) == pytest.approx(float(made.result.value), rel=precision, abs=1e-12 * scale), made.id
