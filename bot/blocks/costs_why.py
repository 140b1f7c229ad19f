"""How a figure comes about: the list of figures, and one figure's formula with its terms, each opening the next."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from agents.costs.compare import Comparison
from agents.costs.derivations import Derivation, Term, all_derivations
from agents.costs.figures import Figure
from agents.costs.wording import dollars
from agents.services.cost_fields import BY_KEY
from bot.blocks.costs import CHANGE_INPUT
from bot.blocks.elements import actions, button, context, divider, escaped, grouped_choice, modal, option, section
from bot.blocks.message import Block

PICK_FIGURE, DRILL = "pick_figure", "drill_figure"
_VIEW = "why_figure"
_LONGEST_VALUE = 150
# Each term takes three blocks at most; Slack shows a hundred.
_MOST_TERMS = 30


def figures_modal(comparison: Comparison, metadata: Mapping[str, Any]) -> Block:
    """Return the list of all figures that can be explained, under the rows they belong to."""
    labels = {row.id: row.label for row in comparison.rows}
    figures = all_derivations(comparison).values()
    groups = [
        (labels.get(row_id, "Others"), [_figure_option(each) for each in members if len(each.id) <= _LONGEST_VALUE])
        for row_id, members in groupby(figures, key=lambda each: each.id.partition("/")[0])
    ]
    blocks = [
        section("Which figure? Its formula opens with every term's value, range, source and date."),
        actions(grouped_choice(PICK_FIGURE, "Pick a figure…", _merged(groups))),
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
        blocks.append(actions(button("Back", f"{DRILL}:back", {"figure": trail[-1], "is_back": True})))
    blocks.append(divider())
    for number, term in enumerate(shown.terms[:_MOST_TERMS]):
        blocks += _term(term, number, str(metadata["conversation_id"]))
    return modal(_VIEW, "Why this figure?", blocks, metadata=metadata)


def _figure_option(each: Derivation) -> Block:
    # The heading says whose figure it is.
    name = each.title.partition(": ")[2] or each.title
    return option(f"{name[:1].upper()}{name[1:]}: {amount(each.result.value, each.result.unit)}", each.id)


def _merged(groups: Sequence[tuple[str, list[Block]]]) -> list[tuple[str, list[Block]]]:
    """Return the groups with those of one heading joined."""
    joined: dict[str, list[Block]] = {}
    for label, options in groups:
        joined.setdefault(label, []).extend(options)
    return list(joined.items())


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
    return f"{number} {unit}".strip()
