"""Proposals: the card of each, and the buttons that approve, deny and change it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agents.runs.views import ProposalView
from agents.store.inbox import Event
from agents.wiring import Services
from bot.blocks.decision_forms import (
    ACKNOWLEDGED,
    DENIED,
    TERMS,
    acknowledge_form,
    deny_form,
    entered_reason,
    ticked_terms,
)
from bot.blocks.message import Block, Message
from bot.blocks.proposal import ACKNOWLEDGE, APPROVE, DENY, EDIT, proposal_message, still_needed
from bot.feature import Feature, Turn, action_value
from bot.features.index import change_form

# The form that changes a proposal of a kind, whose recipe says what may be changed.
_FORMS: Mapping[str, Callable[[Services, str, ProposalView], Awaitable[Block]]] = {"index": change_form}


async def _approve(turn: Turn) -> None:
    await _approved(turn, turn.action_value(), ())


async def _acknowledged(turn: Turn) -> None:
    pressed = turn.event.body["metadata"]
    proposal = await turn.services.runs.proposal(turn.team_id, pressed["proposal_id"])
    await _approved(turn, pressed, ticked_terms(turn.event.body["values"], proposal.terms))


async def _approved(turn: Turn, pressed: Mapping[str, Any], terms: tuple[str, ...]) -> None:
    runs, proposal_id = turn.services.runs, pressed["proposal_id"]
    run_id = await runs.approve(
        turn.team_id, proposal_id, pressed["params_hash"], turn.user, turn.event.key, terms=terms
    )
    if run_id is None:
        await turn.say(still_needed(await runs.proposal(turn.team_id, proposal_id)))


async def _unticked(services: Services, event: Event) -> Mapping[str, str]:
    proposal = await services.runs.proposal(event.team_id, event.body["metadata"]["proposal_id"])
    missing = len(proposal.terms) - len(ticked_terms(event.body["values"], proposal.terms))
    return {TERMS: f"{missing} more to tick: whoever approves acknowledges all of them."} if missing else {}


async def _denied(turn: Turn) -> None:
    body = turn.event.body
    await turn.services.runs.deny(
        turn.team_id,
        body["metadata"]["proposal_id"],
        turn.user,
        reason=entered_reason(body["values"]),
        event_key=turn.event.key,
    )


async def _deny_form(services: Services, event: Event) -> Block:
    return deny_form(*await _pressed(services, event))


async def _acknowledge_form(services: Services, event: Event) -> Block:
    return acknowledge_form(*await _pressed(services, event))


async def _edit_form(services: Services, event: Event) -> Block:
    proposal, _ = await _pressed(services, event)
    return await _FORMS[proposal.kind](services, event.team_id, proposal)


async def _pressed(services: Services, event: Event) -> tuple[ProposalView, dict[str, Any]]:
    """Return the proposal whose button was pressed, and what the form has to bring back with it."""
    value = action_value(event)
    proposal = await services.runs.proposal(event.team_id, value["proposal_id"])
    return proposal, {"channel": event.channel, "thread_ts": event.thread_ts, **value}


async def _proposal(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    proposal = await services.runs.proposal(team_id, subject["proposal_id"])
    return proposal_message(proposal, await services.budgets.left(team_id))


PROPOSALS = Feature(
    actions={APPROVE: _approve},
    openers={ACKNOWLEDGE: _acknowledge_form, DENY: _deny_form, EDIT: _edit_form},
    checks={ACKNOWLEDGED: _unticked},
    views={ACKNOWLEDGED: _acknowledged, DENIED: _denied},
    cards={"proposal": _proposal},
)
