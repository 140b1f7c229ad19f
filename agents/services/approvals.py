"""What it takes that a proposal starts: the right parameters, the terms, enough people who have the role now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from agents.errors import UserError
from agents.runs.approvals import Approval, counting, is_excluded
from agents.runs.money import cost_band, dollars
from agents.runs.roles import Role, Standing
from agents.runs.states import ProposalState
from agents.runs.views import ProposalView
from agents.services.people import People
from agents.store import approvals, audit
from agents.store.db import Connection, Database

ENGINE = "cairn"


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody's approval as it comes in: for which fingerprint, what they acknowledge, from which event."""

    who: str
    params_hash: str
    terms: tuple[str, ...] = ()
    event_key: str | None = None


class Approvals:
    """Takes approvals and says when there are enough.

    Args:
        database: Where they are.
        people: Whose roles count.
        second_approver_usd: What may cost more takes two people, neither of them the one who asked.
    """

    def __init__(self, database: Database, people: People, second_approver_usd: Decimal) -> None:
        self._database = database
        self._people = people
        self._second_approver_usd = second_approver_usd

    async def standings(self, team_id: str, proposal_id: str) -> dict[str, Standing]:
        """Return what those who approved already are now; asked before the transaction, as Slack may take seconds."""
        async with self._database.team(team_id) as connection:
            earlier = await approvals.of_proposal(connection, team_id, proposal_id)
        return {approval.who: await self._people.standing(team_id, approval.who) for approval in earlier}

    async def add(
        self,
        connection: Connection,
        team_id: str,
        proposal: ProposalView,
        press: Press,
        standings: Mapping[str, Standing],
    ) -> bool:
        """Take an approval of a pending proposal that is held, and return whether it may start now.

        Args:
            connection: Of the transaction that holds the proposal.
            team_id: The workspace.
            proposal: As it stands.
            press: Who approves what.
            standings: What this person, and those who approved before, are now.

        Raises:
            UserError: The proposal is not what was approved, terms are not acknowledged, or they asked for it.
        """
        _require_same(proposal, press.params_hash)
        _require_terms(proposal, press.terms)
        await self._require_other(team_id, proposal, press.who)
        is_new = await approvals.give(
            connection,
            team_id,
            proposal.id,
            who=press.who,
            role=standings[press.who].role.word,
            params_hash=press.params_hash,
            terms=press.terms,
            event_key=press.event_key,
        )
        if is_new:
            entry = audit.Entry(press.who, "approve", f"proposal:{proposal.id}", press.event_key, press.params_hash)
            await audit.add(connection, team_id, entry)
        for approval in proposal.approvals:
            if approval.who != press.who:
                # Somebody may have approved since the standings were looked up.
                now = standings.get(approval.who) or await self._people.standing(team_id, approval.who)
                await _judge(connection, team_id, proposal, approval, now)
        given = await approvals.of_proposal(connection, team_id, proposal.id)
        return len(counting(given, proposal.needed, proposal.requested_by)) >= proposal.needed

    async def _require_other(self, team_id: str, proposal: ProposalView, who: str) -> None:
        if is_excluded(proposal.needed, proposal.requested_by, who):
            high, limit = cost_band(proposal.estimate).high_usd, self._second_approver_usd
            raise UserError(
                f"{who} asked for proposal {proposal.id}, which may cost {dollars(high)}: "
                f"what may cost more than {dollars(limit)} takes two other people. "
                f"{await self._people.whom_to_ask(team_id, Role.APPROVER, but=who)}"
            )


def require_pending(proposal: ProposalView) -> None:
    """Require that nothing was decided about the proposal yet.

    Raises:
        UserError: Something was; the text says what, and what to do now.
    """
    match proposal.state:
        case ProposalState.PENDING:
            return
        case ProposalState.APPROVED:
            raise UserError(
                f"Proposal {proposal.id} was already approved by {proposal.decided_by}, as run {proposal.run_id}. "
                f"See it with `/cairn runs {proposal.run_id}`."
            )
        case ProposalState.DENIED if proposal.replaced_by is not None:
            raise UserError(
                f"Proposal {proposal.id} was changed by {proposal.decided_by}: {proposal.replaced_by} took its place. "
                "Look at that one."
            )
        case ProposalState.DENIED:
            why = f": {proposal.reason}" if proposal.reason else ""
            raise UserError(f"Proposal {proposal.id} was denied by {proposal.decided_by}{why}. Propose it anew.")
        case ProposalState.EXPIRED:
            raise expired(proposal)


def expired(proposal: ProposalView) -> UserError:
    """Return the error for a proposal that is out of time."""
    on = proposal.expires_at.astimezone(UTC)
    return UserError(
        f"Proposal {proposal.id} expired on {on:%Y-%m-%d %H:%M} UTC, as its estimate may no longer hold. "
        "Propose it anew."
    )


def _require_same(proposal: ProposalView, params_hash: str) -> None:
    if params_hash != proposal.params_hash:
        raise UserError(
            f"Proposal {proposal.id} is not what was approved here: its parameters have the fingerprint "
            f"{proposal.params_hash[:12]}, the approval was for {params_hash[:12] or 'none'}. Open the newest "
            "card of the proposal, check it and approve that."
        )


def _require_terms(proposal: ProposalView, acknowledged: tuple[str, ...]) -> None:
    missing = [term for term in proposal.terms if term not in acknowledged]
    if missing:
        raise UserError(
            f"Proposal {proposal.id} has terms that whoever approves it acknowledges: {' '.join(missing)} "
            "Tick them with the approval, or give --accept-terms in a shell."
        )


async def _judge(
    connection: Connection, team_id: str, proposal: ProposalView, approval: Approval, now: Standing
) -> None:
    """Record whether an earlier approval still counts, by what its giver is now."""
    lost = None if now.role >= Role.APPROVER else str(now)
    if await approvals.judge(connection, team_id, proposal.id, approval.who, lost):
        action = "approval_counts" if lost is None else "approval_lost"
        details = {"who": approval.who, "standing": str(now)}
        subject = f"proposal:{proposal.id}"
        await audit.add(connection, team_id, audit.Entry(ENGINE, action, subject, None, proposal.params_hash, details))
