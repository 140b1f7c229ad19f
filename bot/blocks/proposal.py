"""The card of a proposed run: what exactly it would do, what it takes, and the two buttons."""

from collections.abc import Mapping
from typing import Any

from agents.runs.states import ProposalState
from agents.runs.views import ProposalView
from bot.blocks.elements import actions, button, confirmation, context, escaped, message, person, section
from bot.blocks.message import Block, Message
from bot.blocks.words import count, duration, instant, size

APPROVE, DENY = "approve", "deny"
_SHORT = 60
# What matters first; the database keeps no order. Names that are not here come last.
_ORDER = ("source", "folder", "files", "readable", "bytes", "chunks", "seconds", "cost_usd")
_DECIDED = {
    ProposalState.APPROVED: "✓ Approved",
    ProposalState.DENIED: "✕ Denied",
    ProposalState.EXPIRED: "Expired: nobody decided in time",
}


def proposal_message(proposal: ProposalView) -> Message:
    """Return the card of a proposal, with buttons while it can be decided."""
    title = proposal_title(proposal)
    blocks = [
        section(f"*{escaped(title)}?*"),
        *_figures("With", {name: value for name, value in proposal.params.items() if name != "name"}),
        *_figures("Takes", proposal.estimate),
    ]
    asked = f"Asked by {person(proposal.requested_by)}"
    if proposal.state is ProposalState.PENDING:
        blocks.append(context(f"{asked} · expires {instant(proposal.expires_at)}"))
        blocks.append(_buttons(proposal, title))
        return message(f"{title}? Waiting for approval.", blocks)
    decided = _DECIDED[proposal.state]
    if proposal.decided_by is not None:
        decided = f"{decided} by {person(proposal.decided_by)}"
    if proposal.reason:
        decided = f"{decided}: {escaped(proposal.reason)}"
    blocks.append(context(f"{asked} · {decided}"))
    return message(f"{title}: {_DECIDED[proposal.state]}", blocks)


def proposal_title(proposal: ProposalView) -> str:
    """Return what is proposed: "Index handbook"."""
    return f"{proposal.kind.capitalize()} {proposal.params.get('name', '')}".strip()


def _buttons(proposal: ProposalView, title: str) -> Block:
    value = {"proposal_id": proposal.id, "params_hash": proposal.params_hash}
    sure = confirmation(f"{title}?", "It starts at once, with exactly the parameters shown.", "Approve")
    really = confirmation("Deny it?", "It then needs a new proposal to run.", "Deny")
    return actions(
        button("Approve", APPROVE, value, style="primary", confirm=sure),
        button("Deny", DENY, value, style="danger", confirm=really),
    )


def _figures(title: str, values: Mapping[str, Any]) -> list[Block]:
    """Return short values in one line, which a phone shows better than columns, and sentences below it."""
    ordered = sorted(values.items(), key=lambda pair: _ORDER.index(pair[0]) if pair[0] in _ORDER else len(_ORDER))
    shown = [(_label(name), _shown(name, value)) for name, value in ordered if value not in {None, ""}]
    short = [f"{label} *{value}*" for label, value in shown if len(value) <= _SHORT]
    long = [f"{label}: {value}" for label, value in shown if len(value) > _SHORT]
    blocks = [section(f"{title}: {' · '.join(short)}")] if short else []
    return [*blocks, context(*long)] if long else blocks


def _label(name: str) -> str:
    words = name.removesuffix("_s").removesuffix("_usd").replace("_", " ")
    return {"seconds": "time", "bytes": "size"}.get(words, words)


def _shown(name: str, value: Any) -> str:
    """Return a parameter or an estimate as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(name, value)
    return escaped(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def _number(name: str, value: float) -> str:
    """Return a number by the unit that its name ends with."""
    if name == "seconds" or name.endswith("_s"):
        return f"about {duration(value)}"
    if name.endswith("bytes"):
        return size(value)
    if name.endswith("_usd"):
        return f"${value:,.2f}"
    return count(value) if float(value).is_integer() else f"{value:g}"
