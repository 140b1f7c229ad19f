"""The sensitivity of a comparison as JSON and Markdown."""

from decimal import Decimal
from typing import Any

from agents.costs.sensitivity.tornado import CostFlip, Sensitivity, Swing
from agents.costs.wording import dollars, shown

# Inputs that move neither cost nor lead by this share of the cost are not worth a line.
_WORTH_SHOWING = Decimal("0.001")
_MOST_SHOWN = 12


def sensitivity_json(found: Sensitivity) -> dict[str, Any]:
    """Return swings, flips and what flips nothing as plain JSON values."""
    return {
        "leader": found.leader,
        "usd_per_month_all_in": float(found.usd_base),
        "swings": [_swing_json(swing) for swing in found.swings],
        "flips": [_flip_json(flip) for flip in found.flips],
        "steady": list(found.steady),
    }


def sensitivity_markdown(found: Sensitivity) -> str:
    """Return the widest swings as a table and every flip as a line; empty where nothing is ranked."""
    if not found.swings:
        return ""
    lines = [
        "| Input | Plausible from | to | USD/month at low | at high | Leads at low | Leads at high |",
        "|---|---:|---:|---:|---:|---|---|",
    ]
    for swing in tornado(found):
        ends = (shown(swing.low, swing.unit), shown(swing.high, swing.unit))
        leads = (swing.leader_low, swing.leader_high)
        lines.append(
            f"| {swing.label} | {' | '.join(ends)} | {dollars(swing.usd_low)} | {dollars(swing.usd_high)} "
            f"| {' | '.join(leads)} |"
        )
    flips = [f"- {flip.text}" for flip in found.flips] or ["- No value that was tried of any input changes who leads."]
    return "\n".join([*lines, "", "What changes who leads:", "", *flips])


def tornado(found: Sensitivity) -> tuple[Swing, ...]:
    """Return the swings that a person can see, the widest first."""
    least = found.usd_base * _WORTH_SHOWING
    return tuple(swing for swing in found.swings if _moved(swing) > least)[:_MOST_SHOWN]


def _moved(swing: Swing) -> Decimal:
    lead = (swing.margin_high or Decimal(0)) - (swing.margin_low or Decimal(0))
    return max(abs(swing.usd_high - swing.usd_low), abs(lead))


def _swing_json(swing: Swing) -> dict[str, Any]:
    return {
        "key": swing.key,
        "label": swing.label,
        "unit": swing.unit,
        "low": float(swing.low),
        "base": float(swing.base),
        "high": float(swing.high),
        "usd_low": float(swing.usd_low),
        "usd_high": float(swing.usd_high),
        "margin_low": None if swing.margin_low is None else float(swing.margin_low),
        "margin_high": None if swing.margin_high is None else float(swing.margin_high),
        "leader_low": swing.leader_low,
        "leader_high": swing.leader_high,
        "source": swing.source,
        "kind": swing.kind,
    }


def _flip_json(flip: CostFlip) -> dict[str, Any]:
    return {
        "key": flip.key,
        "label": flip.label,
        "unit": flip.unit,
        "at": float(flip.at),
        "direction": flip.direction,
        "becomes": flip.becomes,
        "is_plausible": flip.is_plausible,
        "text": flip.text,
    }
