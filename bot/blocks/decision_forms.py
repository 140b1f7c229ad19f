"""The forms behind a proposal's buttons: deny it with a reason, approve it with its terms ticked."""

from collections.abc import Mapping
from typing import Any

from agents.runs.views import ProposalView
from bot.blocks.elements import CHECKBOXES, context, escaped, input_block, modal, option, person, section, text_input
from bot.blocks.message import Block
from bot.blocks.proposal import proposal_title

DENIED, ACKNOWLEDGED = "deny_proposal", "acknowledge_terms"
REASON, TERMS = "reason", "terms"
_ENTERED = "entered"
_LONGEST_REASON = 500


def deny_form(proposal: ProposalView, metadata: Mapping[str, Any]) -> Block:
    """Return the form that asks why; `metadata` comes back with it."""
    why = text_input(_ENTERED, "Such as: too dear this month", most=_LONGEST_REASON, is_multiline=True)
    blocks = [
        section(f"*{escaped(proposal_title(proposal))}* will not run; it then takes a new proposal."),
        input_block(REASON, "Reason", why, hint="Shown on the card, for everybody in the thread.", is_optional=True),
    ]
    return modal(DENIED, "Deny it?", blocks, submit="Deny", metadata=metadata)


def acknowledge_form(proposal: ProposalView, metadata: Mapping[str, Any]) -> Block:
    """Return the form with a box for each of the terms; `metadata` comes back with it."""
    terms = proposal.terms[:CHECKBOXES]
    boxes = {
        "type": "checkboxes",
        "action_id": _ENTERED,
        "options": [option(f"I acknowledge {number}.", str(number)) for number, _ in enumerate(terms, 1)],
    }
    blocks = [
        section(f"*{escaped(proposal_title(proposal))}*, asked by {person(proposal.requested_by)}"),
        *(section(f"{number}. {escaped(term)}") for number, term in enumerate(terms, 1)),
        input_block(TERMS, "Tick all of them", boxes),
        context("It runs with exactly the parameters shown on the card."),
    ]
    return modal(ACKNOWLEDGED, "Approve", blocks, submit="Approve", metadata=metadata)


def entered_reason(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the reason as entered; empty where none was."""
    return str(values[REASON][_ENTERED] or "").strip()


def ticked_terms(values: Mapping[str, Mapping[str, Any]], terms: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the terms whose box was ticked."""
    ticked = set(values[TERMS][_ENTERED] or ())
    return tuple(term for number, term in enumerate(terms, 1) if str(number) in ticked)
