"""Proposals and runs as every face uses them: propose, decide, start, cancel, retry and look.

Each change is one transaction with its audit row and its cards. Refusals are UserErrors for the person who asked.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from agents.errors import UserError
from agents.runs.approvals import approvals_needed
from agents.runs.hashing import params_hash as fingerprint
from agents.runs.money import cost_band
from agents.runs.recipes import RECIPES, Recipe
from agents.runs.roles import Role
from agents.runs.states import ProposalState, RunState
from agents.runs.views import ProposalView, RunView
from agents.services import lookup
from agents.services.approvals import Approvals, Press, expired, require_pending
from agents.services.people import People
from agents.store import audit
from agents.store import proposals as proposal_store
from agents.store import runs as run_store
from agents.store.db import Connection, Database
from agents.store.halts import refuse_if_halted
from agents.store.outbox import Card, touch_card, upsert_card
from agents.store.proposals import NewProposal, proposal_card
from agents.store.stages import run_card

# Long enough for a weekend, short enough that prices and documents are still those that were estimated.
VALID_FOR = timedelta(days=7)
SECOND_APPROVER_USD = Decimal(100)


class Runs:
    """The runs of every team, each behind the approvals that it takes.

    Args:
        database: Where they are.
        people: Who may do what.
        recipes: Which kinds of run there are.
        valid_for: How long a proposal waits for its decision.
        second_approver_usd: What may cost more takes two people, neither of them the one who asked.
    """

    def __init__(
        self,
        database: Database,
        people: People,
        recipes: Mapping[str, Recipe] = RECIPES,
        *,
        valid_for: timedelta = VALID_FOR,
        second_approver_usd: Decimal = SECOND_APPROVER_USD,
    ) -> None:
        self._database = database
        self._people = people
        self._recipes = recipes
        self._valid_for = valid_for
        self._second_approver_usd = second_approver_usd
        self._approvals = Approvals(database, people, second_approver_usd)

    async def propose(
        self,
        team_id: str,
        *,
        kind: str,
        params: Mapping[str, Any],
        estimate: Mapping[str, Any],
        requested_by: str,
        channel: str | None = None,
        thread_ts: str | None = None,
        conversation_id: str | None = None,
        event_key: str | None = None,
        replaces: str | None = None,
        terms: Sequence[str] = (),
    ) -> ProposalView:
        """Add a proposal, with its card where there is a channel; nothing runs before it is approved.

        Args:
            team_id: Whose run it would be.
            kind: A key of the recipes.
            params: What the stages will be given, as plain JSON.
            estimate: What it will take, as plain JSON; bound to the approval like the parameters.
            requested_by: Who wants it.
            channel: Where its cards go; None for a shell.
            thread_ts: The thread there.
            conversation_id: The conversation it came from.
            event_key: The event it came from; the same event again gets the same proposal.
            replaces: The pending proposal that it takes the place of: what was proposed is never changed.
            terms: What whoever approves has to acknowledge beside the terms of its kind.

        Raises:
            UserError: They may not, there is no such kind, a run cannot be started with the parameters, or the
                proposal to replace cannot be.
        """
        if kind not in self._recipes:
            raise UserError(f"There are no {kind!r} runs. Choose one of: {', '.join(sorted(self._recipes))}.")
        self._recipes[kind].require_usable(params)
        await self.require_requester(team_id, requested_by, kind)
        refusal = await self._refusal(team_id, requested_by, Role.APPROVER, f"change proposal {replaces}")
        new = NewProposal(
            kind=kind,
            params=params,
            params_hash=fingerprint(kind, params, estimate),
            estimate=estimate,
            requested_by=requested_by,
            channel=channel,
            thread_ts=thread_ts,
            conversation_id=conversation_id,
            needed=approvals_needed(cost_band(estimate).high_usd, self._second_approver_usd),
            terms=(*self._recipes[kind].terms, *terms),
        )
        async with self._database.team(team_id) as connection:
            made = await audit.of_event(connection, team_id, event_key, "propose") if event_key else None
            if made is not None:
                return await lookup.proposal(connection, team_id, made.removeprefix("proposal:"))
            old = None
            if replaces is not None:
                old = await lookup.held_proposal(connection, team_id, replaces)
                _require_own(old.requested_by, requested_by, refusal)
                _require_change(old, kind, params)
            proposal_id = await proposal_store.insert(connection, team_id, new, self._valid_for)
            if old is not None:
                await _replace(connection, team_id, old, proposal_id, who=requested_by, event_key=event_key)
            if channel is not None:
                subject = {"proposal_id": proposal_id}
                card = Card(proposal_card(proposal_id), channel, thread_ts, "proposal", subject)
                await upsert_card(connection, team_id, card)
            entry = audit.Entry(requested_by, "propose", f"proposal:{proposal_id}", event_key, new.params_hash)
            await audit.add(connection, team_id, entry)
            return await lookup.proposal(connection, team_id, proposal_id)

    async def require_requester(self, team_id: str, who: str, kind: str) -> None:
        """Require that somebody may propose such runs, before work is done for it.

        Raises:
            UserError: They may not; the text says who may.
        """
        await self._people.require(team_id, who, Role.REQUESTER, f"propose {kind} runs")

    async def approve(
        self,
        team_id: str,
        proposal_id: str,
        params_hash: str,
        who: str,
        event_key: str | None = None,
        *,
        terms: Sequence[str] = (),
    ) -> str | None:
        """Approve exactly what `params_hash` stands for, and start its run once enough people have.

        The same person approving again changes nothing. Those who approved before are looked up again: whoever lost
        the role does not count.

        Args:
            team_id: Whose proposal.
            proposal_id: Which one.
            params_hash: The fingerprint of what they saw.
            who: Who approves.
            event_key: The event it came from.
            terms: The terms of the proposal that they acknowledge.

        Returns:
            The run's id; None while somebody else has to approve as well.

        Raises:
            UserError: They may not, it is not pending, or it is not what they saw.
        """
        await self.expire(team_id)
        own = await self._people.require(team_id, who, Role.APPROVER, f"approve proposal {proposal_id}")
        standings = await self._approvals.standings(team_id, proposal_id) | {who: own}
        async with self._database.team(team_id) as connection:
            proposal = await lookup.held_proposal(connection, team_id, proposal_id)
            if proposal.run_id is not None and _has_approved(proposal, who):
                return proposal.run_id
            require_pending(proposal)
            await refuse_if_halted(connection, team_id)
            press = Press(who, params_hash, tuple(terms), event_key)
            is_enough = await self._approvals.add(connection, team_id, proposal, press, standings)
            if not is_enough:
                await touch_card(connection, team_id, proposal_card(proposal_id))
                return None
            return await self._start(connection, team_id, proposal, who)

    async def _start(self, connection: Connection, team_id: str, proposal: ProposalView, who: str) -> str:
        if not await proposal_store.decide(connection, team_id, proposal.id, ProposalState.APPROVED, who=who):
            raise expired(proposal)
        recipe = self._recipes[proposal.kind]
        run_id = await run_store.start(connection, team_id, proposal.id, recipe, approved_by=who)
        if proposal.channel is not None:
            card = Card(run_card(run_id), proposal.channel, proposal.thread_ts, "run", {"run_id": run_id})
            await upsert_card(connection, team_id, card)
        return run_id

    async def deny(
        self, team_id: str, proposal_id: str, who: str, *, reason: str = "", event_key: str | None = None
    ) -> None:
        """Turn the proposal down for good; whoever asked for it may take it back."""
        await self.expire(team_id)
        refusal = await self._refusal(team_id, who, Role.APPROVER, f"deny proposal {proposal_id}")
        async with self._database.team(team_id) as connection:
            proposal = await lookup.held_proposal(connection, team_id, proposal_id)
            _require_own(proposal.requested_by, who, refusal)
            require_pending(proposal)
            denied = ProposalState.DENIED
            if not await proposal_store.decide(
                connection, team_id, proposal_id, denied, who=who, reason=reason or None
            ):
                raise expired(proposal)
            subject, details = f"proposal:{proposal_id}", {"reason": reason} if reason else {}
            entry = audit.Entry(who, "deny", subject, event_key, proposal.params_hash, details)
            await audit.add(connection, team_id, entry)

    async def expire(self, team_id: str) -> int:
        """Expire the proposals that waited too long, and return how many; workers do so by themselves as well."""
        async with self._database.team(team_id) as connection:
            return await proposal_store.expire(connection, team_id)

    async def cancel(self, team_id: str, run_id: str, who: str, event_key: str | None = None) -> None:
        """End the run: what is in hand stops within a second, and nothing of it starts again."""
        refusal = await self._refusal(
            team_id, who, Role.APPROVER, f"cancel run {run_id}, which somebody else asked for"
        )
        async with self._database.team(team_id) as connection:
            run = await lookup.held_run(connection, team_id, run_id)
            _require_own(run.requested_by, who, refusal)
            if not await run_store.cancel(connection, team_id, run_id):
                raise UserError(f"Run {run_id} cannot be cancelled: it is {run.state} already. {_look_at(run_id)}")
            await audit.add(connection, team_id, audit.Entry(who, "cancel", f"run:{run_id}", event_key))

    async def retry(self, team_id: str, run_id: str, who: str, event_key: str | None = None) -> None:
        """Take a failed run up again at the stage that failed, from its checkpoint, as it was approved."""
        await self._people.require(team_id, who, Role.REQUESTER, f"retry run {run_id}")
        refusal = await self._refusal(team_id, who, Role.APPROVER, f"retry run {run_id}, which somebody else asked for")
        async with self._database.team(team_id) as connection:
            run = await lookup.held_run(connection, team_id, run_id)
            _require_own(run.requested_by, who, refusal)
            await refuse_if_halted(connection, team_id)
            if not await run_store.retry(connection, team_id, run_id):
                fresh = " Propose a new one." if run.state is RunState.CANCELLED else ""
                raise UserError(f"Run {run_id} is {run.state}; only a failed run can be retried.{fresh}")
            await audit.add(connection, team_id, audit.Entry(who, "retry", f"run:{run_id}", event_key))

    async def view(self, team_id: str, run_id: str) -> RunView:
        """Return the run as it stands."""
        async with self._database.team(team_id) as connection:
            return await lookup.run(connection, team_id, run_id)

    async def newest(self, team_id: str, at_most: int = 20) -> tuple[RunView, ...]:
        """Return the newest runs, newest first."""
        async with self._database.team(team_id) as connection:
            ids = await run_store.newest(connection, team_id, at_most)
            found = [await run_store.get(connection, team_id, run_id) for run_id in ids]
        return tuple(run for run in found if run is not None)

    async def find(self, team_id: str, prefix: str) -> RunView:
        """Return the one run whose id begins with `prefix`."""
        async with self._database.team(team_id) as connection:
            ids = await run_store.find(connection, team_id, prefix, lookup.NAMED_IN_AN_ERROR) if prefix else []
        return await self.view(team_id, lookup.only(ids, prefix, "runs"))

    async def proposal(self, team_id: str, proposal_id: str) -> ProposalView:
        """Return the proposal as it stands."""
        async with self._database.team(team_id) as connection:
            return await lookup.proposal(connection, team_id, proposal_id)

    async def pending(self, team_id: str, at_most: int = 20) -> tuple[ProposalView, ...]:
        """Return the proposals that wait for a decision, newest first."""
        async with self._database.team(team_id) as connection:
            ids = await proposal_store.pending(connection, team_id, at_most)
            return tuple([await lookup.proposal(connection, team_id, proposal_id) for proposal_id in ids])

    async def find_proposal(self, team_id: str, prefix: str) -> ProposalView:
        """Return the one proposal whose id begins with `prefix`."""
        async with self._database.team(team_id) as connection:
            ids = await proposal_store.find(connection, team_id, prefix, lookup.NAMED_IN_AN_ERROR) if prefix else []
        return await self.proposal(team_id, lookup.only(ids, prefix, "proposals"))

    async def _refusal(self, team_id: str, who: str, role: Role, what: str) -> UserError | None:
        """Return the error for somebody who has not the role; asked before a transaction, as Slack may take seconds."""
        standing = await self._people.standing(team_id, who)
        return None if standing.role >= role else await self._people.refusal(team_id, standing, role, what)


def _require_own(requested_by: str, who: str, refusal: UserError | None) -> None:
    """Raise the refusal of somebody who did not ask for it."""
    if refusal is not None and who != requested_by:
        raise refusal


def _require_change(old: ProposalView, kind: str, params: Mapping[str, Any]) -> None:
    require_pending(old)
    if (old.kind, dict(old.params)) == (kind, dict(params)):
        raise UserError(f"Nothing was changed: proposal {old.id} stands as it was.")


async def _replace(
    connection: Connection, team_id: str, old: ProposalView, new_id: str, *, who: str, event_key: str | None
) -> None:
    """Deny the old proposal in favour of the new one."""
    if not await proposal_store.decide(
        connection,
        team_id,
        old.id,
        ProposalState.DENIED,
        who=who,
        reason=f"replaced by {new_id}",
        replaced_by=new_id,
    ):
        raise expired(old)
    details = {"replaced_by": new_id}
    entry = audit.Entry(who, "replace", f"proposal:{old.id}", event_key, old.params_hash, details)
    await audit.add(connection, team_id, entry)


def _has_approved(proposal: ProposalView, who: str) -> bool:
    return who == proposal.decided_by or any(approval.who == who for approval in proposal.approvals)


def _look_at(run_id: str) -> str:
    return f"See it with `/cairn runs {run_id}`."
