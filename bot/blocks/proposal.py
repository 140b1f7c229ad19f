"""The card of a proposed run: what exactly it would do, what it takes, who has to approve it, and the buttons."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agents.runs.money import Left, cap_words, cost_band, dollars
from agents.runs.recipes import RECIPES
from agents.runs.states import ProposalState
from agents.runs.views import ProposalView
from bot.blocks.elements import actions, bullets, button, confirmation, context, escaped, message, person, section
from bot.blocks.message import Block, Message
from bot.blocks.words import count, duration, instant, size

APPROVE, ACKNOWLEDGE, DENY, EDIT = "approve", "approve_terms", "deny", "edit_proposal"
_SHORT = 60
_HASH_SHOWN = 12
# What matters first; the database keeps no order. Names that are not here come last.
_ORDER = (
    *("source", "folder", "files", "readable", "bytes", "chunks", "seconds", "cost"),
    *("task", "examples", "golden", "teacher", "compared", "student", "method", "gate", "then", "requests"),
)
_COSTS = {"cost_usd", "cost_usd_high"}
_DECIDED = {
    ProposalState.APPROVED: "✓ Approved",
    ProposalState.DENIED: "✕ Denied",
    ProposalState.EXPIRED: "Expired: nobody decided in time",
}


def proposal_message(proposal: ProposalView, left: Left) -> Message:
    """Return the card of a proposal, with buttons while it can be decided.

    Args:
        proposal: As it stands.
        left: What the workspace's limits leave for it.
    """
    title = proposal_title(proposal)
    blocks = [
        section(f"*{escaped(title)}?*"),
        *_figures("With", _parameters(proposal)),
        *_figures("Takes", _estimate(proposal.estimate)),
        *bullets("Whoever approves acknowledges", [escaped(term) for term in proposal.terms], most=10),
    ]
    asked = f"Asked by {person(proposal.requested_by)}"
    bound = f"proposal `{proposal.id}` · fingerprint `{escaped(proposal.params_hash[:_HASH_SHOWN])}`"
    if proposal.state is ProposalState.PENDING:
        needs = [needs_line(proposal), *_budget_lines(proposal, left), *_lost_lines(proposal)]
        blocks.append(section("\n".join(needs)))
        blocks.append(context(f"{asked} · expires {instant(proposal.expires_at)} · {bound}"))
        blocks.append(_buttons(proposal, title))
        given = f" ({len(proposal.counting)} of {proposal.needed})" if proposal.needed > 1 else ""
        return message(f"{title}? Waiting for approval{given}.", blocks)
    blocks.append(context(f"{asked} · {_decision(proposal)} · {bound}"))
    if proposal.replaced_by is not None:
        return message(f"{title}: replaced by {proposal.replaced_by}", blocks)
    return message(f"{title}: {_DECIDED[proposal.state]}", blocks)


def _parameters(proposal: ProposalView) -> dict[str, Any]:
    recipe = RECIPES.get(proposal.kind)
    unshown = {"name", *(recipe.unshown if recipe is not None else ())}
    return {name: value for name, value in proposal.params.items() if name not in unshown}


def proposal_title(proposal: ProposalView) -> str:
    """Return what is proposed: "Index handbook"."""
    return f"{proposal.kind.capitalize()} {proposal.params.get('name', '')}".strip()


def needs_line(proposal: ProposalView) -> str:
    """Return, as markup, how many approvals it has and who gave them: "1 of 2 approvals: @bob"."""
    if proposal.needed == 1:
        return "Needs one approval"
    given = ", ".join(person(approval.who) for approval in proposal.counting)
    others = f"by others than {person(proposal.requested_by)}"
    return f"*{len(proposal.counting)} of {proposal.needed} approvals*{f': {given}' if given else ''}, {others}"


def still_needed(proposal: ProposalView) -> str:
    """Return what somebody is told whose approval was not the last one that it takes."""
    lines = [f"Your approval is noted: {needs_line(proposal)}.", *_lost_lines(proposal)]
    if len(proposal.counting) < proposal.needed:
        lines.append("Somebody else with the role has to press Approve as well.")
    return "\n".join(lines)


def _budget_lines(proposal: ProposalView, left: Left) -> list[str]:
    """Return what is left under the tightest limit, for what costs anything, and a warning where it is too little."""
    cap, high = left.tightest, cost_band(proposal.estimate).high_usd
    if cap is None or not high:
        return []
    line = f"Budget {cap.scope.words}: {cap_words(cap)}"
    passed = left.passed_by(high)
    if passed is None:
        return [line]
    over = f"It may pass the limit {passed.scope.words}; it then stops before it spends, and asks."
    return [line, f"⚠️ {over}"]


def _lost_lines(proposal: ProposalView) -> list[str]:
    return [
        f"{person(approval.who)} approved too, but does not count now: {escaped(approval.lost)}"
        for approval in proposal.approvals
        if approval.lost is not None
    ]


def _decision(proposal: ProposalView) -> str:
    if proposal.replaced_by is not None:
        by = person(proposal.decided_by or "")
        return f"Changed by {by}: `{escaped(proposal.replaced_by)}` took its place"
    decided = _DECIDED[proposal.state]
    people = [approval.who for approval in proposal.counting] if proposal.state is ProposalState.APPROVED else []
    # Approvals of releases before they were kept each for itself stand only as the decision.
    people = people or [each for each in [proposal.decided_by] if each is not None]
    if people:
        decided = f"{decided} by {' and '.join(map(person, people))}"
    return f"{decided}: {escaped(proposal.reason)}" if proposal.reason else decided


def _buttons(proposal: ProposalView, title: str) -> Block:
    value = {"proposal_id": proposal.id, "params_hash": proposal.params_hash}
    if proposal.terms:
        approve = button("Approve", ACKNOWLEDGE, value, style="primary")
    else:
        what = "It starts at once, with exactly the parameters shown."
        if len(proposal.counting) + 1 < proposal.needed:
            what = "It starts, with exactly the parameters shown, once another person has approved it as well."
        approve = button("Approve", APPROVE, value, style="primary", confirm=confirmation(f"{title}?", what, "Approve"))
    buttons = [approve, button("Deny", DENY, value, style="danger")]
    recipe = RECIPES.get(proposal.kind)
    if recipe is not None and recipe.editable:
        buttons.append(button("Edit", EDIT, value))
    return actions(*buttons)


def _figures(title: str, values: Mapping[str, Any]) -> list[Block]:
    """Return short values in one line, which a phone shows better than columns, and sentences below it."""
    ordered = sorted(values.items(), key=lambda pair: _ORDER.index(pair[0]) if pair[0] in _ORDER else len(_ORDER))
    shown = [(_label(name), _shown(name, value)) for name, value in ordered if value is not None and value != ""]
    short = [f"{escaped(label)} *{value}*" for label, value in shown if len(value) <= _SHORT]
    long = [f"{escaped(label)}: {value}" for label, value in shown if len(value) > _SHORT]
    blocks = [section(f"{title}: {' · '.join(short)}")] if short else []
    return [*blocks, context(*long)] if long else blocks


def _estimate(estimate: Mapping[str, Any]) -> dict[str, Any]:
    """Return the estimate with its costs as one band, in words."""
    shown = {name: value for name, value in estimate.items() if name not in _COSTS}
    if len(shown) == len(estimate):
        return shown
    band = cost_band(estimate)
    low, high = dollars(band.low_usd), dollars(band.high_usd)
    return shown | {"cost": low if low == high else f"{low} to {high}"}


def _label(name: str) -> str:
    words = name.removesuffix("_s").removesuffix("_usd").replace("_", " ")
    return {"seconds": "time", "bytes": "size"}.get(words, words)


def _shown(name: str, value: Any) -> str:
    """Return a parameter or an estimate as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(name, value)
    if isinstance(value, Mapping):
        return _band(name, value)
    return escaped(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def _band(name: str, value: Mapping[str, Any]) -> str:
    """Return a band as its ends, such as "$80.00 to $120.00", and any other mapping as its parts."""
    low, high = value.get("low"), value.get("high")
    if low is not None and high is not None:
        ends = [_shown(name, end) for end in (low, high)]
        return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1].removeprefix('about ')}"
    return escaped(", ".join(f"{part} {each}" for part, each in value.items()))


def _number(name: str, value: float) -> str:
    """Return a number by the unit that its name ends with."""
    if name == "seconds" or name.endswith("_s"):
        return f"about {duration(value)}"
    if name.endswith("bytes"):
        return size(value)
    if name.endswith("_usd"):
        return dollars(Decimal(str(value)))
    return count(value) if float(value).is_integer() else f"{value:g}"
