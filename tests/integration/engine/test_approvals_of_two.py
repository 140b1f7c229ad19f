"""What may cost much takes two people who have the role when it starts, neither of them the one who asked."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from agents.errors import UserError
from agents.runs import Person, ProposalState, ProposalView, Recipe, StageSpec
from agents.services.runs import Runs
from agents.store import audit
from agents.store.db import Database
from agents.store.halts import halt, resume
from tests.people import Members, make_people

pytestmark = pytest.mark.integration

TEAM = "T0LOCAL"
ALICE, BOB, CAROL, DAVE, EVE = "U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0EVE"
APPROVERS = frozenset({ALICE, BOB, CAROL, DAVE})
TERMS = ("The texts leave this network.", "The provider keeps them for 30 days.")
RECIPES = {
    "toy": Recipe("toy", (StageSpec("only", "toy"),), editable=("name",)),
    "sending": Recipe("sending", (StageSpec("only", "toy"),), terms=TERMS),
}
DEAR = {"cost_usd": {"low": 80, "base": 95, "high": 120}}
CHEAP = {"cost_usd": {"low": 60, "base": 80, "high": 100}}


def make_runs(database: Database, directory: Members | None = None, **options: Any) -> Runs:
    people = make_people(approvers=APPROVERS, requesters={EVE}, directory=directory)
    return Runs(database, people, RECIPES, **options)


async def propose(runs: Runs, estimate: Any = DEAR, who: str = EVE, **given: Any) -> ProposalView:
    values: dict[str, Any] = {"kind": "toy", "params": {"name": "a"}, "channel": "C1"}
    return await runs.propose(TEAM, estimate=estimate, requested_by=who, **values | given)


async def approve(runs: Runs, proposal: ProposalView, who: str, **given: Any) -> str | None:
    return await runs.approve(TEAM, proposal.id, proposal.params_hash, who, **given)


async def audited(database: Database, proposal: ProposalView) -> list[tuple[str, str]]:
    async with database.team(TEAM) as connection:
        return [(each.who, each.action) for each in await audit.of_subject(connection, TEAM, f"proposal:{proposal.id}")]


async def test_the_first_of_two_approvals_starts_nothing_and_the_second_does(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    assert proposal.needed == 2
    assert await approve(runs, proposal, BOB) is None
    waiting = await runs.proposal(TEAM, proposal.id)
    assert (waiting.state, [each.who for each in waiting.counting]) == (ProposalState.PENDING, [BOB])
    assert await runs.newest(TEAM) == ()
    run_id = await approve(runs, proposal, CAROL)
    assert run_id is not None
    run = await runs.view(TEAM, run_id)
    assert (run.approved_by, run.approvers) == (CAROL, (BOB, CAROL))
    assert await approve(runs, proposal, BOB) == run_id, "whoever approved finds the run"
    assert await audited(database, proposal) == [(EVE, "propose"), (BOB, "approve"), (CAROL, "approve")]


async def test_one_person_is_not_two(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    assert [await approve(runs, proposal, BOB) for _ in range(3)] == [None] * 3
    assert len((await runs.proposal(TEAM, proposal.id)).approvals) == 1
    assert await audited(database, proposal) == [(EVE, "propose"), (BOB, "approve")]


@pytest.mark.parametrize(("estimate", "needed"), [(CHEAP, 1), (DEAR, 2), ({}, 1), ({"cost_usd": "100.01"}, 2)])
async def test_the_high_end_of_the_estimate_decides_how_many_it_takes(
    database: Database, estimate: Any, needed: int
) -> None:
    assert (await propose(make_runs(database), estimate)).needed == needed


async def test_the_threshold_can_be_set_and_what_was_proposed_keeps_its_count(database: Database) -> None:
    proposal = await propose(make_runs(database, second_approver_usd=Decimal(500)))
    assert proposal.needed == 1
    assert await approve(make_runs(database, second_approver_usd=Decimal(0)), proposal, BOB) is not None


async def test_whoever_asked_is_not_one_of_the_two_and_is_told_whom_to_ask(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs, who=ALICE)
    with pytest.raises(UserError, match=rf"{ALICE} asked for .* may cost \$120.00.* than \$100.00 takes two .*: {BOB}"):
        await approve(runs, proposal, ALICE)
    assert (await runs.proposal(TEAM, proposal.id)).approvals == ()
    cheap = await propose(runs, CHEAP, ALICE)
    assert await approve(runs, cheap, ALICE) is not None, "below the threshold an approver may"


async def test_an_approval_whose_giver_lost_the_role_does_not_count_until_it_is_back(database: Database) -> None:
    directory = Members()
    runs = make_runs(database, directory)
    proposal = await propose(runs)
    await approve(runs, proposal, BOB)
    directory.known[BOB] = Person(BOB, is_active=False)
    assert await approve(runs, proposal, CAROL) is None
    waiting = await runs.proposal(TEAM, proposal.id)
    assert [each.who for each in waiting.counting] == [CAROL]
    assert [each.lost for each in waiting.approvals if each.who == BOB] == ["a viewer (a deactivated account)"]
    assert ("cairn", "approval_lost") in await audited(database, proposal)
    directory.known[BOB] = Person(BOB)
    assert await approve(runs, proposal, CAROL) is not None, "looked up again with each approval"
    assert (await audited(database, proposal))[-1] == ("cairn", "approval_counts")


async def test_a_third_person_takes_the_place_of_one_who_lost_the_role(database: Database) -> None:
    directory = Members()
    runs = make_runs(database, directory)
    proposal = await propose(runs)
    await approve(runs, proposal, BOB)
    directory.known[BOB] = Person(BOB, failure="Slack did not answer")
    assert await approve(runs, proposal, CAROL) is None
    assert await approve(runs, proposal, DAVE) is not None
    assert {each.who for each in (await runs.proposal(TEAM, proposal.id)).counting} == {CAROL, DAVE}


async def test_two_people_approving_at_once_are_enough_and_start_one_run(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    started = await asyncio.gather(approve(runs, proposal, BOB), approve(runs, proposal, CAROL))
    assert sorted(each is None for each in started) == [False, True]
    assert len(await runs.newest(TEAM)) == 1


async def test_the_database_starts_nothing_with_too_few_approvals_whatever_code_asks(database: Database) -> None:
    runs = make_runs(database)
    for proposal in (await propose(runs), await propose(runs, {}, kind="sending")):
        with pytest.raises(psycopg.errors.CheckViolation, match=r"of \d approvals"):
            async with database.team(TEAM) as connection:
                await connection.execute(
                    "UPDATE app.proposal SET state = 'approved', decided_by = 'U0BOB' WHERE id = %s", (proposal.id,)
                )
        assert (await runs.proposal(TEAM, proposal.id)).state is ProposalState.PENDING


async def test_terms_are_acknowledged_one_by_one_and_kept_with_the_approval(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs, {}, kind="sending")
    assert proposal.terms == TERMS
    for terms in ((), TERMS[:1], ("Something else.",)):
        with pytest.raises(UserError, match=r"has terms that whoever approves it acknowledges: .*30 days"):
            await approve(runs, proposal, BOB, terms=terms)
    assert await approve(runs, proposal, BOB, terms=TERMS) is not None
    (approval,) = (await runs.proposal(TEAM, proposal.id)).approvals
    assert approval.terms == TERMS


async def test_nothing_is_approved_or_retried_while_everything_is_stopped(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs, CHEAP)
    async with database.team(TEAM) as connection:
        await halt(connection, TEAM, DAVE, "too many")
    with pytest.raises(UserError, match="stopped by U0DAVE"):
        await approve(runs, proposal, BOB)
    assert (await runs.proposal(TEAM, proposal.id)).approvals == ()
    async with database.team(TEAM) as connection:
        await resume(connection, TEAM)
    assert await approve(runs, proposal, BOB) is not None


async def test_an_edit_makes_a_new_proposal_and_leaves_the_old_one_as_it_was(database: Database) -> None:
    runs = make_runs(database)
    old = await propose(runs)
    await approve(runs, old, BOB)
    new = await propose(runs, params={"name": "b"}, replaces=old.id, event_key="e1")
    assert (new.state, new.params, new.approvals) == (ProposalState.PENDING, {"name": "b"}, ())
    replaced = await runs.proposal(TEAM, old.id)
    assert (replaced.state, replaced.decided_by, replaced.replaced_by) == (ProposalState.DENIED, EVE, new.id)
    assert replaced.params == old.params
    assert replaced.reason == f"replaced by {new.id}"
    with pytest.raises(UserError, match=f"was changed by {EVE}: {new.id} took its place"):
        await approve(runs, old, CAROL)
    assert await propose(runs, params={"name": "b"}, replaces=old.id, event_key="e1") == new, "a repeated event"
    assert await audited(database, old) == [(EVE, "propose"), (BOB, "approve"), (EVE, "replace")]


async def test_what_is_decided_or_unchanged_is_not_edited(database: Database) -> None:
    runs = make_runs(database)
    old = await propose(runs)
    with pytest.raises(UserError, match=f"Nothing was changed: proposal {old.id} stands"):
        await propose(runs, replaces=old.id)
    await runs.deny(TEAM, old.id, BOB, reason="no")
    with pytest.raises(UserError, match="was denied by"):
        await propose(runs, params={"name": "b"}, replaces=old.id)
    with pytest.raises(UserError, match="There is no proposal 'x'"):
        await propose(runs, params={"name": "b"}, replaces="x")
    assert await runs.pending(TEAM) == ()


async def test_a_requester_edits_their_own_proposals_only(database: Database) -> None:
    runs = Runs(database, make_people(approvers={BOB}), RECIPES)
    old = await propose(runs, CHEAP)
    with pytest.raises(UserError, match=f"U0ZOE may not change proposal {old.id}: that takes the role approver"):
        await propose(runs, CHEAP, "U0ZOE", params={"name": "b"}, replaces=old.id)
    by_bob = await propose(runs, CHEAP, BOB, params={"name": "b"}, replaces=old.id)
    assert by_bob.requested_by == BOB


async def test_viewers_neither_propose_nor_retry_nor_cancel_others_runs(database: Database) -> None:
    directory = Members()
    runs = make_runs(database, directory)
    with pytest.raises(UserError, match=f"may not propose toy runs: that takes the role requester, .*: {ALICE}, "):
        await propose(runs, who="U0ZOE")
    run_id = await approve(runs, await propose(runs, CHEAP), BOB)
    assert run_id is not None
    for attempt in (runs.cancel(TEAM, run_id, "U0ZOE"), runs.retry(TEAM, run_id, "U0ZOE")):
        with pytest.raises(UserError, match="U0ZOE is a viewer"):
            await attempt
    directory.known[EVE] = Person(EVE, is_guest=True)
    with pytest.raises(UserError, match=f"{EVE} may not retry"):
        await runs.retry(TEAM, run_id, EVE)
    await runs.cancel(TEAM, run_id, EVE)


async def test_a_proposal_out_of_time_takes_no_approval(database: Database) -> None:
    runs = make_runs(database, valid_for=timedelta(0))
    proposal = await propose(runs)
    with pytest.raises(UserError, match="expired on"):
        await approve(runs, proposal, BOB)
    assert (await runs.proposal(TEAM, proposal.id)).approvals == ()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("UPDATE app.approval SET who = 'U0X'", psycopg.errors.InsufficientPrivilege),
        ("DELETE FROM app.approval", psycopg.errors.InsufficientPrivilege),
        ("UPDATE app.proposal SET approvals_needed = 1", psycopg.errors.InsufficientPrivilege),
        ("UPDATE app.proposal SET terms = '[]'", psycopg.errors.InsufficientPrivilege),
        ("UPDATE app.proposal SET replaced_by = id", psycopg.errors.CheckViolation),
    ],
)
async def test_what_was_approved_and_what_it_takes_cannot_be_rewritten(
    database: Database, change: str, error: type[Exception]
) -> None:
    runs = make_runs(database)
    await approve(runs, await propose(runs), BOB)
    with pytest.raises(error):
        async with database.team(TEAM) as connection:
            await connection.execute(change.encode())
