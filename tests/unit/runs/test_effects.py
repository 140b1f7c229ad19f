"""Effects as values: what may be adopted, what is asked, and the fingerprints of requests and calls."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runs.effects import (
    ADOPT,
    LOOK,
    RESUBMIT,
    Call,
    Found,
    Intent,
    Outcome,
    Search,
    adoptable,
    chosen_outcome,
    effect_question,
    request_hash,
)

INTENT = Intent("shard 1", 1, "batch", {"rows": 9}, "ab", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
found = st.lists(
    st.builds(Found, st.sampled_from("abcd"), is_ours=st.booleans()), unique_by=lambda each: each.external_id
)


def ask(search: Search, *ids: str, cost: str = "0") -> Any:
    candidates = [Found(each) for each in ids]
    return effect_question(INTENT, "label", search, candidates, cost_usd=Decimal(cost), details={"attempt": 2})


@given(found, st.frozensets(st.sampled_from("abcd")), st.integers(0, 2))
def test_only_what_can_be_nobody_elses_is_adopted(listed: list[Found], claimed: frozenset[str], rivals: int) -> None:
    one = adoptable(listed, claimed, rivals)
    free = [each for each in listed if each.external_id not in claimed]
    if one is None:
        assert len(free) != 1 or (rivals and not free[0].is_ours)
    else:
        assert one in free
        assert one.is_ours or (len(free) == 1 and not rivals)
        assert not any(each.is_ours for each in free if each is not one)


@given(st.dictionaries(st.text(), json), st.dictionaries(st.text(), json))
def test_equal_requests_have_equal_fingerprints_and_no_others(one: dict[str, Any], other: dict[str, Any]) -> None:
    backwards = dict(reversed(list(one.items())))
    assert request_hash("batch", one) == request_hash("batch", backwards)
    # As JSON, for which True is not 1 but Python says it is.
    assert (request_hash("batch", one) == request_hash("batch", other)) == (repr(_sorted(one)) == repr(_sorted(other)))
    assert request_hash("batch", one) != request_hash("deployment", one)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((key, _sorted(inner)) for key, inner in value.items())
    return [_sorted(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("request_", [{"x": float("nan")}, {"x": object()}, {"x": Decimal(1)}])
def test_a_request_that_is_not_json_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        request_hash("batch", request_)


def test_every_call_has_a_name_of_its_own() -> None:
    calls = [Call(*each) for each in [("T", "r", "k", 1), ("T", "r", "k", 2), ("T", "rk", "", 1), ("Tr", "", "k", 1)]]
    assert len({call.idempotency_key for call in calls}) == 4
    assert calls[0].idempotency_key == Call("T", "r", "k", 1).idempotency_key


def test_an_outcome_without_an_id_could_never_be_found_again() -> None:
    with pytest.raises(ValueError, match="needs an id"):
        Outcome("")


def test_the_question_says_what_is_known() -> None:
    assert "sent 'shard 1' (batch) at 2026-01-02 03:04:05 UTC" in ask(Search.DONE).text
    assert "looked for it there, and nothing was found" in ask(Search.DONE).text
    assert "found what it may be, without being sure: a, b" in ask(Search.DONE, "a", "b").text
    assert "cannot look" in ask(Search.IMPOSSIBLE).text
    assert "tried to look for it there and could not" in ask(Search.FAILED).text


def test_who_submits_again_spends_and_is_warned_of_the_amount() -> None:
    again = ask(Search.DONE, cost="12.5").choices[-1]
    assert (again.id, again.is_spend) == (RESUBMIT, True)
    assert "paid twice, up to $12.50 more" in again.warning


def test_looking_again_is_offered_where_something_can_look() -> None:
    assert [choice.id for choice in ask(Search.IMPOSSIBLE).choices] == [ADOPT, RESUBMIT]
    assert [choice.id for choice in ask(Search.FAILED).choices] == [ADOPT, LOOK, RESUBMIT]


@given(st.lists(st.text(min_size=1, max_size=100)))
def test_any_candidates_make_a_question(ids: list[str]) -> None:
    question = ask(Search.DONE, *ids)
    assert all(len(choice.label) <= 75 for choice in question.choices)
    assert {ADOPT, LOOK, RESUBMIT} <= {choice.id for choice in question.choices}


def test_a_candidate_brings_what_was_found_with_it_and_an_id_of_ones_own_nothing() -> None:
    candidate = Found("a", {"rows": 9}, Decimal("1.5"))
    question = effect_question(INTENT, "label", Search.DONE, [candidate], cost_usd=Decimal(2), details={})
    assert chosen_outcome(question.details, "a") == Outcome("a", {"rows": 9}, Decimal("1.5"))
    assert chosen_outcome(question.details, "b") == Outcome("b")
