"""How a figure comes about, as plain JSON and as text for a shell; pure."""

from typing import Any

from agents.costs.derived.figures import Derivation, Term
from agents.costs.figures import Figure
from agents.costs.report import plain


def derivation_json(shown: Derivation) -> dict[str, Any]:
    """Return a derivation as plain JSON values: formula, terms with range and origin, and the result."""
    return {
        "id": shown.id,
        "title": shown.title,
        "formula": shown.formula,
        "note": shown.note,
        "result": _origin_json(shown.result),
        "terms": [
            {"symbol": term.symbol, "text": term.text, **_origin_json(term), "input": term.key, "derived_from": term.of}
            for term in shown.terms
        ],
    }


def derivation_text(shown: Derivation, look_up: str = "--why") -> str:
    """Return a derivation as lines of text; a derived term names the figure that explains it.

    Args:
        shown: The derivation.
        look_up: What a reader calls with that figure.
    """
    lines = [shown.title, f"  {shown.formula}", f"  = {_amount(shown.result)}  ({_origin(shown.result)})"]
    if shown.note:
        lines.append(f"  {shown.note}")
    width = max((len(term.symbol) for term in shown.terms), default=0)
    lines += [
        f"  {term.symbol:<{width}} = {_amount(term)}  {term.text} ({_origin(term)}{_way_on(term, look_up)})"
        for term in shown.terms
    ]
    return "\n".join(lines)


def _origin_json(of: Term | Figure) -> dict[str, Any]:
    return {
        "low": plain(of.low),
        "base": plain(of.value),
        "high": plain(of.high),
        "unit": of.unit,
        "kind": of.kind,
        "source": of.source,
        "as_of": of.as_of.isoformat(),
    }


def _amount(of: Term | Figure) -> str:
    value = f"{float(of.value):,.6g} {of.unit}".strip()
    return value if of.low == of.high else f"{value} ({float(of.low):,.6g} to {float(of.high):,.6g})"


def _origin(of: Term | Figure) -> str:
    return f"{of.kind}: {of.source}, {of.as_of.isoformat()}"


def _way_on(term: Term, look_up: str) -> str:
    if term.of is not None:
        return f"; {look_up} {term.of}"
    return f"; input {term.key}" if term.key is not None else ""
