"""Proposals and their decisions: exactly what was approved runs, once, for those who may."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL

from agents.errors import UserError
from agents.runs import ProposalState, ProposalView, RunState, StageState
from agents.services.runs import Runs
from agents.store import audit, proposals
from agents.store.db import Database
from tests.integration.engine.toys import APPROVER, RECIPES, REQUESTER, TEAM, make_runs, start_run
from tests.people import make_people

pytestmark = pytest.mark.integration

OTHER_APPROVER = "U0CAROL"
OTHER_TEAM = "T0OTHER"


async def propose(runs: Runs, team_id: str = TEAM, **params: Any) -> ProposalView:
    return await runs.propose(
        team_id,
        kind="toy",
        params={"name": "handbook", **params},
        estimate={"seconds": 12.5},
        requested_by=REQUESTER,
        channel="C1",
        thread_ts="1.1",
    )


async def actions(database: Database, subject: str) -> list[tuple[str, str]]:
    async with database.team(TEAM) as connection:
        return [(entry.who, entry.action) for entry in await audit.of_subject(connection, TEAM, subject)]


async def jobs(database: Database) -> list[dict[str, Any]]:
    async with database.engine() as connection:
        found = await connection.execute("SELECT args, status FROM procrastinate_jobs ORDER BY id")
        return await found.fetchall()


async def card_versions(database: Database) -> dict[str, int]:
    async with database.team(TEAM) as connection:
        found = await connection.execute("SELECT key, version FROM app.slack_card")
        return {row["key"]: row["version"] for row in await found.fetchall()}


async def test_a_proposal_shows_what_would_run_and_starts_nothing(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    assert proposal.state is ProposalState.PENDING
    assert proposal.params == {"name": "handbook"}
    assert proposal.estimate == {"seconds": 12.5}
    assert proposal.run_id is None
    assert await runs.proposal(TEAM, proposal.id) == proposal
    assert await runs.pending(TEAM) == (proposal,)
    assert await jobs(database) == []
    assert await card_versions(database) == {f"proposal:{proposal.id}": 1}


async def test_an_approval_starts_the_run_with_its_stages_its_card_and_its_audit(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    run_id = await runs.approve(TEAM, proposal.id, proposal.params_hash, APPROVER, event_key="e1")
    assert run_id is not None
    run = await runs.view(TEAM, run_id)
    assert (run.state, run.requested_by, run.approved_by) == (RunState.RUNNING, REQUESTER, APPROVER)
    assert run.params == proposal.params
    assert [(stage.name, stage.state) for stage in run.stages] == [
        (spec.name, StageState.PENDING) for spec in RECIPES["toy"].stages
    ]
    assert [job["args"] for job in await jobs(database)] == [{"team_id": TEAM, "run_id": run_id, "seq": 0}]
    assert await card_versions(database) == {f"proposal:{proposal.id}": 2, f"run:{run_id}": 1}
    assert (await runs.proposal(TEAM, proposal.id)).run_id == run_id
    subject = f"proposal:{proposal.id}"
    assert await actions(database, subject) == [(REQUESTER, "propose"), (APPROVER, "approve")]
    async with database.team(TEAM) as connection:
        entry = (await audit.of_subject(connection, TEAM, subject))[-1]
    assert (entry.event_key, entry.params_hash) == ("e1", proposal.params_hash)


async def test_the_same_person_approving_twice_starts_one_run(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    first = await runs.approve(TEAM, proposal.id, proposal.params_hash, APPROVER)
    assert await runs.approve(TEAM, proposal.id, proposal.params_hash, APPROVER) == first
    assert len(await jobs(database)) == 1
    assert await actions(database, f"proposal:{proposal.id}") == [(REQUESTER, "propose"), (APPROVER, "approve")]


async def test_two_people_approving_at_once_start_one_run(database: Database) -> None:
    runs = Runs(database, make_people(approvers={APPROVER, OTHER_APPROVER}), RECIPES)
    proposal = await propose(runs)
    outcomes = await asyncio.gather(
        *(
            runs.approve(TEAM, proposal.id, proposal.params_hash, who)
            for who in (APPROVER, OTHER_APPROVER, APPROVER, OTHER_APPROVER)
        ),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, UserError)]
    started = {outcome for outcome in outcomes if isinstance(outcome, str)}
    assert len(started) == 1
    assert len(refusals) == 2
    assert all("was already approved by" in str(refusal) for refusal in refusals)
    assert len(await runs.newest(TEAM)) == 1
    assert len(await jobs(database)) == 1


async def test_a_press_on_a_card_with_other_parameters_is_refused(database: Database) -> None:
    runs = make_runs(database)
    shown, newer = await propose(runs), await propose(runs, depth=2)
    with pytest.raises(UserError, match=f"{newer.params_hash[:12]}, the approval was for {shown.params_hash[:12]}"):
        await runs.approve(TEAM, newer.id, shown.params_hash, APPROVER)
    assert (await runs.proposal(TEAM, newer.id)).state is ProposalState.PENDING
    assert await jobs(database) == []


async def test_what_was_proposed_cannot_be_rewritten(database: Database) -> None:
    await propose(make_runs(database))
    for change in ("params = '{}'", "params_hash = ''", "estimate = '{}'", "requested_by = 'U'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.team(TEAM) as connection:
                await connection.execute(SQL("UPDATE app.proposal SET ") + SQL(change))


async def test_somebody_who_is_no_approver_is_told_whom_to_ask(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    with pytest.raises(
        UserError,
        match=rf"{REQUESTER} may not approve .*takes the role approver.* Ask one of the approvers: {APPROVER}\.",
    ):
        await runs.approve(TEAM, proposal.id, proposal.params_hash, REQUESTER)
    with pytest.raises(UserError, match="U0EVE may not deny"):
        await runs.deny(TEAM, proposal.id, "U0EVE")
    assert (await runs.proposal(TEAM, proposal.id)).state is ProposalState.PENDING


async def test_without_any_approver_the_refusal_says_how_to_name_one(database: Database) -> None:
    runs = Runs(database, make_people(), RECIPES)
    proposal = await propose(runs)
    with pytest.raises(UserError, match="set CAIRN_APPROVERS"):
        await runs.approve(TEAM, proposal.id, proposal.params_hash, REQUESTER)


async def test_a_requester_who_is_an_approver_may_approve_and_so_may_a_shell(database: Database) -> None:
    runs = Runs(database, make_people(approvers={REQUESTER}), RECIPES)
    for who in (REQUESTER, "shell:ann"):
        proposal = await propose(runs)
        await runs.approve(TEAM, proposal.id, proposal.params_hash, who)
    assert len(await runs.newest(TEAM)) == 2


async def test_a_denied_proposal_says_who_denied_it_and_why(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    await runs.deny(TEAM, proposal.id, APPROVER, reason="too big")
    with pytest.raises(UserError, match=f"was denied by {APPROVER}: too big"):
        await runs.approve(TEAM, proposal.id, proposal.params_hash, APPROVER)
    with pytest.raises(UserError, match="was denied by"):
        await runs.deny(TEAM, proposal.id, APPROVER)
    assert await actions(database, f"proposal:{proposal.id}") == [(REQUESTER, "propose"), (APPROVER, "deny")]
    assert await card_versions(database) == {f"proposal:{proposal.id}": 2}


async def test_whoever_asked_may_take_it_back(database: Database) -> None:
    runs = make_runs(database)
    proposal = await propose(runs)
    await runs.deny(TEAM, proposal.id, REQUESTER)
    assert (await runs.proposal(TEAM, proposal.id)).state is ProposalState.DENIED


async def test_a_proposal_out_of_time_is_expired_and_refused(database: Database) -> None:
    runs = make_runs(database, valid_for=timedelta(0))
    proposal = await propose(runs)
    with pytest.raises(UserError, match=r"expired on .* Propose it anew"):
        await runs.approve(TEAM, proposal.id, proposal.params_hash, APPROVER)
    assert (await runs.proposal(TEAM, proposal.id)).state is ProposalState.EXPIRED
    assert await actions(database, f"proposal:{proposal.id}") == [(REQUESTER, "propose"), ("cairn", "expire")]
    assert await jobs(database) == []


async def test_the_engine_finds_the_teams_with_proposals_to_expire(database: Database) -> None:
    await propose(make_runs(database, valid_for=timedelta(0)), OTHER_TEAM)
    await propose(make_runs(database))
    async with database.engine() as connection:
        assert await proposals.teams_with_due(connection) == [OTHER_TEAM]


@pytest.mark.parametrize("who", ["U0EVE", ""])
async def test_somebody_without_part_in_a_run_cannot_end_it(database: Database, who: str) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    with pytest.raises(UserError, match="which somebody else asked for: that takes the role approver"):
        await runs.cancel(TEAM, run_id, who)
    assert (await runs.view(TEAM, run_id)).state is RunState.RUNNING


async def test_a_cancel_before_any_worker_came_withdraws_the_job(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    await runs.cancel(TEAM, run_id, APPROVER)
    assert [job["status"] for job in await jobs(database)] == ["cancelled"]
    assert [stage.state for stage in (await runs.view(TEAM, run_id)).stages] == [StageState.CANCELLED] * 3
    assert await actions(database, f"run:{run_id}") == [(APPROVER, "cancel")]
    proposal = await runs.proposal(TEAM, (await runs.view(TEAM, run_id)).proposal_id)
    async with database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, f"run:{run_id}")
    assert [entry.params_hash for entry in entries] == [proposal.params_hash], "it says what was approved"


async def test_unknown_ids_are_answered_with_those_there_are(database: Database) -> None:
    runs = make_runs(database)
    with pytest.raises(UserError, match=r"There is no run 'abc'\. There are no runs yet"):
        await runs.view(TEAM, "abc")
    with pytest.raises(UserError, match=r"There is no proposal 'abc'\. None waits"):
        await runs.find_proposal(TEAM, "abc")
    with pytest.raises(UserError, match=r"There are no 'dance' runs\. Choose one of: .*toy"):
        await runs.propose(TEAM, kind="dance", params={}, estimate={}, requested_by=REQUESTER)
    proposal, run_id = await propose(runs), await start_run(runs)
    with pytest.raises(UserError, match=f"There is no run ''. The newest are: {run_id}"):
        await runs.find(TEAM, "")
    with pytest.raises(UserError, match=f"These wait for a decision: {proposal.id}"):
        await runs.approve(TEAM, "abc", "", APPROVER)


async def test_the_beginning_of_an_id_is_enough_while_there_is_one(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    assert (await runs.find(TEAM, run_id[:6])).id == run_id
    proposal = await propose(runs)
    assert (await runs.find_proposal(TEAM, proposal.id[:6])).id == proposal.id
    # More runs than there are hexadecimal digits, so that two begin alike.
    for _ in range(17):
        await start_run(runs)
    ids = [run.id for run in await runs.newest(TEAM, 100)]
    shared = next(run_id[0] for run_id in ids if sum(other[0] == run_id[0] for other in ids) > 1)
    with pytest.raises(UserError, match="Give more of the id"):
        await runs.find(TEAM, shared)


async def test_the_runs_and_proposals_of_another_team_do_not_exist(database: Database) -> None:
    runs = make_runs(database)
    proposal, run_id = await propose(runs), await start_run(runs)
    assert await runs.newest(OTHER_TEAM) == ()
    assert await runs.pending(OTHER_TEAM) == ()
    for attempt in (
        runs.view(OTHER_TEAM, run_id),
        runs.find(OTHER_TEAM, run_id),
        runs.cancel(OTHER_TEAM, run_id, "shell:eve"),
        runs.retry(OTHER_TEAM, run_id, "shell:eve"),
        runs.proposal(OTHER_TEAM, proposal.id),
        runs.approve(OTHER_TEAM, proposal.id, proposal.params_hash, "shell:eve"),
        runs.deny(OTHER_TEAM, proposal.id, "shell:eve"),
    ):
        with pytest.raises(UserError, match="There is no"):
            await attempt
    async with database.team(OTHER_TEAM) as connection:
        await connection.execute("SELECT app.cancel_job(%s, 0)", (run_id,))
    assert [job["status"] for job in await jobs(database)] == ["todo"], "nor is its job withdrawn"


IMPOSSIBLE = {
    "run": "UPDATE app.run SET state = 'cancelled', finished_at = now(); UPDATE app.run SET state = 'running'",
    "stage": "UPDATE app.stage SET state = 'done'",
    "proposal": "UPDATE app.proposal SET state = 'pending', decided_by = NULL",
}


@pytest.mark.parametrize("table", IMPOSSIBLE)
async def test_the_database_refuses_a_move_that_is_none(database: Database, table: str) -> None:
    await start_run(make_runs(database))
    with pytest.raises(psycopg.errors.CheckViolation, match=f"a {table} does not go from"):
        async with database.team(TEAM) as connection:
            await connection.execute(SQL(IMPOSSIBLE[table]))
