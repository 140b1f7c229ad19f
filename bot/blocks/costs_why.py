"""How a figure comes about: the list of figures, and one figure's formula with its terms, each opening the next."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from agents.costs.compare import Comparison
from agents.costs.derived.figures import Derivation, Term, all_derivations
from agents.costs.figures import Figure
from agents.costs.report import ordered_rows
from agents.costs.wording import dollars
from agents.services.cost_fields import BY_KEY
from bot.blocks.costs import CHANGE_INPUT
from bot.blocks.elements import actions, button, context, divider, escaped, grouped_choice, modal, option, section
from bot.blocks.message import Block

PICK_FIGURE, DRILL = "pick_figure", "drill_figure"
_VIEW = "why_figure"
_LONGEST_VALUE = 150
_FIRST = ("usd_per_month", "usd_upfront", "usd_per_request", "usd_per_million_tokens", "payback_days")
# Each term takes three blocks at most; Slack shows a hundred.
_MOST_TERMS = 30


def figures_modal(comparison: Comparison, metadata: Mapping[str, Any]) -> Block:
    """Return the list of all figures that can be explained, under the rows they belong to."""
    labels = {row.id: row.label for row in comparison.rows}
    figures = sorted(all_derivations(comparison).values(), key=_place)
    groups: dict[str, list[Block]] = {row.label: [] for row in ordered_rows(comparison)}
    for each in figures:
        if len(each.id) <= _LONGEST_VALUE:
            groups.setdefault(labels.get(each.id.partition("/")[0], "Others"), []).append(_figure_option(each))
    blocks = [
        section("Which figure? Its formula opens with every term's value, range, source and date."),
        actions(grouped_choice(PICK_FIGURE, "Pick a figure…", groups.items())),
    ]
    return modal(_VIEW, "Why this figure?", blocks, metadata=metadata)


def derivation_modal(shown: Derivation, metadata: Mapping[str, Any], trail: Sequence[str] = ()) -> Block:
    """Return how one figure comes about.

    Args:
        shown: The derivation.
        metadata: Comes back with what is pressed.
        trail: The figures that this one took the place of, which a button leads back to.
    """
    blocks = [section(f"*{escaped(shown.title)}*\n{_result(shown.result)}"), section(f"`{escaped(shown.formula)}`")]
    if shown.note:
        blocks.append(context(escaped(shown.note)))
    if trail:
        blocks.append(actions(button("Previous figure", f"{DRILL}:back", {"figure": trail[-1], "is_back": True})))
    blocks.append(divider())
    for number, term in enumerate(shown.terms[:_MOST_TERMS]):
        blocks += _term(term, number, str(metadata["conversation_id"]))
    return modal(_VIEW, "Why this figure?", blocks, metadata=metadata)


def _figure_option(each: Derivation) -> Block:
    # The heading says whose figure it is.
    name = each.title.partition(": ")[2] or each.title
    return option(f"{name[:1].upper()}{name[1:]}: {amount(each.result.value, each.result.unit)}", each.id)


def _place(each: Derivation) -> int:
    """Return where a figure stands among those of its row: what the card's table shows comes first."""
    name = each.id.partition("/")[2]
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _result(result: Figure) -> str:
    return f"{_banded(result.low, result.value, result.high, result.unit)}\n_{result.kind}; {_origin(result)}_"


def _term(term: Term, number: int, conversation_id: str) -> list[Block]:
    """Return a term: its symbol, value and origin, and what it opens."""
    value = _banded(term.low, term.value, term.high, term.unit)
    accessory = None
    if term.of is not None:
        accessory = button("Derive", f"{DRILL}:{number}", {"figure": term.of})
    elif term.key is not None and term.key in BY_KEY:
        accessory = _change(term.key, number, conversation_id)
    text = f"*`{escaped(term.symbol)}`*  {escaped(term.text)}\n*{value}*"
    return [section(text, accessory), context(f"{term.kind}; {_origin(term)}")]


def _change(key: str, number: int, conversation_id: str) -> Block:
    # Its value is what the list on the card sends for the same input.
    made = button("Change", f"{CHANGE_INPUT}:{number}")
    return {**made, "value": f"{conversation_id}:{key}"}


def _origin(of: Term | Figure) -> str:
    return f"{escaped(of.source)}, {of.as_of:%d %B %Y}"


def _banded(low: Decimal, value: Decimal, high: Decimal, unit: str) -> str:
    shown = amount(value, unit)
    return escaped(shown if low == high else f"{shown} ({_bare(low, unit)} to {_bare(high, unit)})")


def _bare(value: Decimal, unit: str) -> str:
    """Return a value without its unit, where another one beside it has it."""
    return amount(value, "USD" if unit.startswith("USD") else "")


def amount(value: Decimal, unit: str) -> str:
    """Return a value for people in four digits with its unit, whole from a thousand on; dollars in three."""
    if unit.startswith("USD"):
        return f"{dollars(value)}{unit.removeprefix('USD')}"
    if value == 0:
        number = "0"
    elif abs(value) >= 1_000:
        number = f"{value:,.0f}"
    elif abs(value) >= Decimal("0.0001"):
        places = max(0, 3 - value.adjusted())
        number = f"{round(value, places):f}"
        number = number.rstrip("0").rstrip(".") if "." in number else number
    else:
        number = f"{value:.3e}"
    # One replica, one GPU of a replica; a unit of one letter is a second.
    said = re.sub(r"^([A-Za-z]{3,})s\b", r"\1", unit) if number == "1" else unit
    return f"{number} {said}".strip()
