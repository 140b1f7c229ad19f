"""The card of a proposal and its forms, for ordinary values as people see them, for any within Slack's limits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runs.approvals import Approval
from agents.runs.money import Cap, Left, Scope
from agents.runs.states import ProposalState
from agents.runs.views import ProposalView
from bot.blocks.decision_forms import acknowledge_form, deny_form, entered_reason, ticked_terms
from bot.blocks.proposal import proposal_message, still_needed
from tests.unit.blocks.checks import check_message, check_view

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_LIMITS = Left(())
COSTS = {"cost_usd", "cost_usd_high"}
text = st.text(st.characters(codec=None), max_size=300)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - st adds it
people = st.sampled_from(["UALICE0001", "shell:root", "?"])
amounts = st.decimals(0, 1_000_000, places=2)
plain_values = st.dictionaries(
    text, text | st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=14
)


def tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=14).map(tuple)


caps = st.builds(
    Cap, scope=st.sampled_from(Scope), limit_usd=st.none() | amounts, spent_usd=amounts, reserved_usd=amounts
)
lefts = st.builds(Left, tuples(caps))
approvals = st.builds(
    Approval, who=people, at=moments, role=st.just("approver"), terms=tuples(text), lost=st.none() | text
)
proposals = st.builds(
    ProposalView,
    id=st.just("p1"),
    kind=st.sampled_from(["index", "toy"]),
    params=plain_values,
    params_hash=st.just("abc"),
    # Costs are no free text: `propose` takes none that is no band.
    estimate=plain_values.map(lambda values: {name: each for name, each in values.items() if name not in COSTS})
    | st.just({"cost_usd": {"low": 80, "base": 100, "high": 120}}),
    state=st.sampled_from(ProposalState),
    requested_by=people,
    conversation_id=st.none(),
    channel=st.just("C1"),
    thread_ts=st.just("1.1"),
    created_at=moments,
    expires_at=moments,
    decided_by=st.none() | people,
    decided_at=st.none(),
    reason=st.none() | text,
    run_id=st.none(),
    needed=st.sampled_from([1, 2]),
    approvals=tuples(approvals),
    terms=tuples(text),
    replaced_by=st.none() | st.just("p2"),
)


@given(proposals, lefts)
def test_any_proposal_and_its_forms_fit(proposal: ProposalView, left: Left) -> None:
    check_message(proposal_message(proposal, left))
    assert still_needed(proposal)
    check_view(deny_form(proposal, {"proposal_id": proposal.id}))
    if proposal.terms:
        check_view(acknowledge_form(proposal, {"proposal_id": proposal.id}))


def test_a_proposal_shows_exactly_what_would_run_and_carries_its_hash() -> None:
    made = proposal_message(
        make_proposal(
            params={"name": "handbook", "source": "docs"},
            estimate={"files": 280, "bytes": 3_400_000, "seconds": 42},
            state=ProposalState.PENDING,
        ),
        NO_LIMITS,
    )
    shown = str(made.blocks)
    for words in ("Index handbook", "docs", "280", "3.4 MB", "about 42 s", "<@UALICE0001>"):
        assert words in shown
    approve, deny, edit = made.blocks[-1]["elements"]
    assert approve["value"] == deny["value"] == edit["value"] == '{"proposal_id":"p1","params_hash":"abc"}'
    assert "confirm" in approve


def test_a_proposal_shows_its_band_of_costs_and_the_beginning_of_its_hash() -> None:
    band = {"cost_usd": {"low": "80", "base": 100, "high": 120}, "seconds": {"low": 60, "high": 600}, "rates": [1, 2]}
    shown = str(proposal_message(make_proposal(estimate=band, params_hash="0123456789abcdef"), NO_LIMITS).blocks)
    for words in ("cost *$80.00 to $120.00*", "about 60 s to 10 min", "*1, 2*", "`p1`", "`0123456789ab`"):
        assert words in shown


def test_a_proposal_shows_what_is_left_for_it_and_warns_where_that_is_too_little() -> None:
    day = Cap(Scope.DAY, Decimal(150), Decimal(20), Decimal(0))
    dear, free = make_proposal(estimate={"cost_usd": 120}), make_proposal()
    fits = str(proposal_message(dear, Left((day,))).blocks)
    assert "Budget for a day (UTC): $130.00 left of $150.00" in fits
    assert "It may pass the limit" not in fits
    tight = replace(day, reserved_usd=Decimal(50))
    assert "It may pass the limit for a day (UTC)" in str(proposal_message(dear, Left((tight,))).blocks)
    assert "Budget" not in str(proposal_message(free, Left((day,))).blocks)
    assert "Budget" not in str(proposal_message(dear, NO_LIMITS).blocks)


def test_a_proposal_that_takes_two_says_who_approved_and_who_no_longer_counts() -> None:
    given_ = (
        Approval("UBOB000001", NOW, "approver"),
        Approval("UCAROL0001", NOW, "approver", lost="a viewer (a guest of this workspace)"),
    )
    proposal = make_proposal(needed=2, approvals=given_)
    made = proposal_message(proposal, NO_LIMITS)
    shown = str(made.blocks)
    assert made.text == "Index handbook? Waiting for approval (1 of 2)."
    assert "*1 of 2 approvals*: <@UBOB000001>, by others than <@UALICE0001>" in shown
    assert "<@UCAROL0001> approved too, but does not count now: a viewer (a guest of this workspace)" in shown
    assert "Somebody else with the role" in still_needed(proposal)
    approved = replace(proposal, state=ProposalState.APPROVED, decided_by="UBOB000001", approvals=given_[:1])
    assert "Approved by <@UBOB000001>" in str(proposal_message(approved, NO_LIMITS).blocks)


def test_terms_stand_on_the_card_and_each_has_a_box_to_tick() -> None:
    proposal = make_proposal(terms=("Texts leave this network.", "It costs money."))
    made = proposal_message(proposal, NO_LIMITS)
    assert "Texts leave this network." in str(made.blocks)
    assert made.blocks[-1]["elements"][0]["action_id"] == "approve_terms"
    assert "confirm" not in made.blocks[-1]["elements"][0]
    form = acknowledge_form(proposal, {"proposal_id": "p1"})
    assert [each["value"] for each in form["blocks"][-2]["element"]["options"]] == ["1", "2"]
    assert ticked_terms({"terms": {"entered": ["2"]}}, proposal.terms) == ("It costs money.",)
    assert ticked_terms({"terms": {"entered": None}}, proposal.terms) == ()


def test_a_replaced_proposal_names_the_one_that_took_its_place() -> None:
    replaced = make_proposal(
        state=ProposalState.DENIED, decided_by="UBOB000001", reason="replaced by p2", replaced_by="p2"
    )
    made = proposal_message(replaced, NO_LIMITS)
    assert "Changed by <@UBOB000001>: `p2` took its place" in str(made.blocks)
    assert all(block["type"] != "actions" for block in made.blocks)


def test_only_kinds_with_something_to_change_have_the_button_for_it() -> None:
    labels = [
        each["text"]["text"] for each in proposal_message(make_proposal(kind="toy"), NO_LIMITS).blocks[-1]["elements"]
    ]
    assert labels == ["Approve", "Deny"]


@pytest.mark.parametrize(("typed", "reason"), [(None, ""), ("  ", ""), (" too dear ", "too dear")])
def test_a_reason_comes_back_as_typed(typed: str | None, reason: str) -> None:
    assert entered_reason({"reason": {"entered": typed}}) == reason


def test_a_decided_proposal_has_no_buttons_and_says_by_whom() -> None:
    made = proposal_message(
        make_proposal(state=ProposalState.DENIED, decided_by="UBOB000001", reason="too dear"), NO_LIMITS
    )
    assert all(block["type"] != "actions" for block in made.blocks)
    assert "Denied by <@UBOB000001>: too dear" in str(made.blocks)


def make_proposal(**given: Any) -> ProposalView:
    values: dict[str, Any] = {
        "id": "p1",
        "kind": "index",
        "params": {"name": "handbook"},
        "params_hash": "abc",
        "estimate": {},
        "state": ProposalState.PENDING,
        "requested_by": "UALICE0001",
        "conversation_id": None,
        "channel": "C1",
        "thread_ts": "1.1",
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "decided_by": None,
        "decided_at": None,
        "reason": None,
        "run_id": None,
    }
    return ProposalView(**values | given)
