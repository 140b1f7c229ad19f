"""Proposals and runs as every face uses them: propose, decide, start, cancel, retry and look.

Each change is one transaction with its audit row and its cards. Refusals are UserErrors for the person who asked.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

from agents.errors import UserError
from agents.runs.hashing import params_hash as fingerprint
from agents.runs.recipes import RECIPES, Recipe
from agents.runs.roles import Roles
from agents.runs.states import ProposalState, RunState
from agents.runs.views import ProposalView, RunView
from agents.store import audit
from agents.store import proposals as proposal_store
from agents.store import runs as run_store
from agents.store.db import Connection, Database
from agents.store.outbox import Card, upsert_card
from agents.store.proposals import proposal_card
from agents.store.stages import run_card

# Long enough for a weekend, short enough that prices and documents are still those that were estimated.
VALID_FOR = timedelta(days=7)
_NAMED_IN_AN_ERROR = 5


class Runs:
    """The runs of every team, behind the roles of those who approve.

    Args:
        database: Where they are.
        roles: Who may approve.
        recipes: Which kinds of run there are.
        valid_for: How long a proposal waits for its decision.
    """

    def __init__(
        self,
        database: Database,
        roles: Roles,
        recipes: Mapping[str, Recipe] = RECIPES,
        *,
        valid_for: timedelta = VALID_FOR,
    ) -> None:
        self._database = database
        self._roles = roles
        self._recipes = recipes
        self._valid_for = valid_for

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
    ) -> ProposalView:
        """Add a proposal, with its card where there is a channel; nothing runs before somebody approves it.

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
        """
        if kind not in self._recipes:
            raise UserError(f"There are no {kind!r} runs. Choose one of: {', '.join(sorted(self._recipes))}.")
        bound_hash = fingerprint(kind, params, estimate)
        async with self._database.team(team_id) as connection:
            made = await audit.of_event(connection, team_id, event_key, "propose") if event_key else None
            if made is not None:
                return await _proposal(connection, team_id, made.removeprefix("proposal:"))
            proposal_id = await proposal_store.insert(
                connection,
                team_id,
                kind=kind,
                params=params,
                params_hash=bound_hash,
                estimate=estimate,
                requested_by=requested_by,
                channel=channel,
                thread_ts=thread_ts,
                conversation_id=conversation_id,
                valid_for=self._valid_for,
            )
            if channel is not None:
                subject = {"proposal_id": proposal_id}
                card = Card(proposal_card(proposal_id), channel, thread_ts, "proposal", subject)
                await upsert_card(connection, team_id, card)
            entry = audit.Entry(requested_by, "propose", f"proposal:{proposal_id}", event_key, bound_hash)
            await audit.add(connection, team_id, entry)
            return await _proposal(connection, team_id, proposal_id)

    async def approve(
        self, team_id: str, proposal_id: str, params_hash: str, who: str, event_key: str | None = None
    ) -> str:
        """Approve exactly what `params_hash` stands for, start its run and return the run's id.

        The same person approving again gets the same run.
        """
        await self.expire(team_id)
        async with self._database.team(team_id) as connection:
            proposal = await self._locked(connection, team_id, proposal_id)
            self._require_approver(who, f"approve proposal {proposal_id}")
            if proposal.run_id is not None and proposal.decided_by == who:
                return proposal.run_id
            _require_pending(proposal)
            if params_hash != proposal.params_hash:
                raise UserError(
                    f"Proposal {proposal_id} is not what was approved here: its parameters have the fingerprint "
                    f"{proposal.params_hash[:12]}, the approval was for {params_hash[:12] or 'none'}. Open the newest "
                    "card of the proposal, check it and approve that."
                )
            if not await proposal_store.decide(connection, team_id, proposal_id, ProposalState.APPROVED, who=who):
                raise _expired(proposal)
            recipe = self._recipes[proposal.kind]
            run_id = await run_store.start(connection, team_id, proposal_id, recipe, approved_by=who)
            if proposal.channel is not None:
                card = Card(run_card(run_id), proposal.channel, proposal.thread_ts, "run", {"run_id": run_id})
                await upsert_card(connection, team_id, card)
            subject, details = f"proposal:{proposal_id}", {"run_id": run_id}
            entry = audit.Entry(who, "approve", subject, event_key, proposal.params_hash, details)
            await audit.add(connection, team_id, entry)
            return run_id

    async def deny(
        self, team_id: str, proposal_id: str, who: str, *, reason: str = "", event_key: str | None = None
    ) -> None:
        """Turn the proposal down for good."""
        await self.expire(team_id)
        async with self._database.team(team_id) as connection:
            proposal = await self._locked(connection, team_id, proposal_id)
            # Whoever asked for it may take it back.
            if who != proposal.requested_by:
                self._require_approver(who, f"deny proposal {proposal_id}")
            _require_pending(proposal)
            denied = ProposalState.DENIED
            if not await proposal_store.decide(
                connection, team_id, proposal_id, denied, who=who, reason=reason or None
            ):
                raise _expired(proposal)
            subject, details = f"proposal:{proposal_id}", {"reason": reason} if reason else {}
            entry = audit.Entry(who, "deny", subject, event_key, proposal.params_hash, details)
            await audit.add(connection, team_id, entry)

    async def expire(self, team_id: str) -> int:
        """Expire the proposals that waited too long, and return how many; workers do so by themselves as well."""
        async with self._database.team(team_id) as connection:
            return await proposal_store.expire(connection, team_id)

    async def cancel(self, team_id: str, run_id: str, who: str, event_key: str | None = None) -> None:
        """End the run: what is in hand stops within a second, and nothing of it starts again."""
        async with self._database.team(team_id) as connection:
            run = await self._locked_run(connection, team_id, run_id)
            self._require_part(run, who, "cancel")
            if not await run_store.cancel(connection, team_id, run_id):
                raise UserError(f"Run {run_id} cannot be cancelled: it is {run.state} already. {_look_at(run_id)}")
            await audit.add(connection, team_id, audit.Entry(who, "cancel", f"run:{run_id}", event_key))

    async def retry(self, team_id: str, run_id: str, who: str, event_key: str | None = None) -> None:
        """Take a failed run up again at the stage that failed, from its checkpoint, as it was approved."""
        async with self._database.team(team_id) as connection:
            run = await self._locked_run(connection, team_id, run_id)
            self._require_part(run, who, "retry")
            if not await run_store.retry(connection, team_id, run_id):
                fresh = " Propose a new one." if run.state is RunState.CANCELLED else ""
                raise UserError(f"Run {run_id} is {run.state}; only a failed run can be retried.{fresh}")
            await audit.add(connection, team_id, audit.Entry(who, "retry", f"run:{run_id}", event_key))

    async def view(self, team_id: str, run_id: str) -> RunView:
        """Return the run as it stands."""
        async with self._database.team(team_id) as connection:
            run = await run_store.get(connection, team_id, run_id)
            return run or await _no_run(connection, team_id, run_id)

    async def newest(self, team_id: str, at_most: int = 20) -> tuple[RunView, ...]:
        """Return the newest runs, newest first."""
        async with self._database.team(team_id) as connection:
            ids = await run_store.newest(connection, team_id, at_most)
            found = [await run_store.get(connection, team_id, run_id) for run_id in ids]
        return tuple(run for run in found if run is not None)

    async def find(self, team_id: str, prefix: str) -> RunView:
        """Return the one run whose id begins with `prefix`."""
        async with self._database.team(team_id) as connection:
            ids = await run_store.find(connection, team_id, prefix, _NAMED_IN_AN_ERROR) if prefix else []
        return await self.view(team_id, _only(ids, prefix, "runs"))

    async def proposal(self, team_id: str, proposal_id: str) -> ProposalView:
        """Return the proposal as it stands."""
        async with self._database.team(team_id) as connection:
            return await _proposal(connection, team_id, proposal_id)

    async def pending(self, team_id: str, at_most: int = 20) -> tuple[ProposalView, ...]:
        """Return the proposals that wait for a decision, newest first."""
        async with self._database.team(team_id) as connection:
            ids = await proposal_store.pending(connection, team_id, at_most)
            return tuple([await _proposal(connection, team_id, proposal_id) for proposal_id in ids])

    async def find_proposal(self, team_id: str, prefix: str) -> ProposalView:
        """Return the one proposal whose id begins with `prefix`."""
        async with self._database.team(team_id) as connection:
            ids = await proposal_store.find(connection, team_id, prefix, _NAMED_IN_AN_ERROR) if prefix else []
        return await self.proposal(team_id, _only(ids, prefix, "proposals"))

    async def _locked(self, connection: Connection, team_id: str, proposal_id: str) -> ProposalView:
        proposal = await proposal_store.lock(connection, team_id, proposal_id)
        return proposal or await _proposal(connection, team_id, proposal_id)

    async def _locked_run(self, connection: Connection, team_id: str, run_id: str) -> RunView:
        run = await run_store.lock(connection, team_id, run_id)
        return run or await _no_run(connection, team_id, run_id)

    def _require_approver(self, who: str, what: str) -> None:
        if not self._roles.may_approve(who):
            raise UserError(f"{who} may not {what}. {self._who_may()}")

    def _require_part(self, run: RunView, who: str, what: str) -> None:
        if who != run.requested_by and not self._roles.may_approve(who):
            raise UserError(f"{who} may not {what} run {run.id}: {run.requested_by} asked for it. {self._who_may()}")

    def _who_may(self) -> str:
        if not self._roles.approvers:
            return "Nobody is set as an approver yet: set CAIRN_APPROVERS, or do it from the shell on Cairn's host."
        return f"Ask one of the approvers: {', '.join(sorted(self._roles.approvers))}."


def _require_pending(proposal: ProposalView) -> None:
    match proposal.state:
        case ProposalState.PENDING:
            return
        case ProposalState.APPROVED:
            raise UserError(
                f"Proposal {proposal.id} was already approved by {proposal.decided_by}, as run {proposal.run_id}. "
                f"{_look_at(str(proposal.run_id))}"
            )
        case ProposalState.DENIED:
            why = f": {proposal.reason}" if proposal.reason else ""
            raise UserError(f"Proposal {proposal.id} was denied by {proposal.decided_by}{why}. Propose it anew.")
        case ProposalState.EXPIRED:
            raise _expired(proposal)


def _expired(proposal: ProposalView) -> UserError:
    on = proposal.expires_at.astimezone(UTC)
    return UserError(
        f"Proposal {proposal.id} expired on {on:%Y-%m-%d %H:%M} UTC, as its estimate may no longer hold. "
        "Propose it anew."
    )


def _look_at(run_id: str) -> str:
    return f"See it with `/cairn runs {run_id}`."


def _only(ids: Sequence[str], prefix: str, what: str) -> str:
    """Return the one id; the prefix itself where there is none, which then is refused as any unknown id."""
    if len(ids) > 1:
        raise UserError(f"There are several {what} that begin with {prefix!r}: {', '.join(ids)}. Give more of the id.")
    return ids[0] if ids else prefix


async def _proposal(connection: Connection, team_id: str, proposal_id: str) -> ProposalView:
    found = await proposal_store.get(connection, team_id, proposal_id)
    if found is not None:
        return found
    waiting = await proposal_store.pending(connection, team_id, _NAMED_IN_AN_ERROR)
    hint = f"These wait for a decision: {', '.join(waiting)}." if waiting else "None waits for a decision."
    raise UserError(f"There is no proposal {proposal_id!r}. {hint}")


async def _no_run(connection: Connection, team_id: str, run_id: str) -> RunView:
    newest = await run_store.newest(connection, team_id, _NAMED_IN_AN_ERROR)
    hint = f"The newest are: {', '.join(newest)}." if newest else "There are no runs yet."
    raise UserError(f"There is no run {run_id!r}. {hint}")
