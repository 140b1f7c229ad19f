"""The cost card: who is cheapest, the table, the chart, what would flip it, and what it rests on."""

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.report import banded, ordered_rows
from agents.costs.wording import dollars
from agents.services.costs import CostCard
from bot.blocks.elements import (
    Align,
    actions,
    bullets,
    button,
    context,
    cut,
    escaped,
    image,
    message,
    section,
    table,
)
from bot.blocks.message import Block, Message, Picture
from bot.blocks.verdict import CHANGE
from bot.blocks.words import plural

CSV = "export_csv"
# What most people look for comes first: a phone shows two columns.
_HEADER = ("Approach", "Per month", "Upfront", "Per request", "Per M tokens", "Time to deploy", "Evidence")
_ALIGN: tuple[Align, ...] = ("left", "right", "right", "right", "right", "left", "left")
_ASSUMPTIONS_SHOWN = 6


def costs_message(conversation_id: str, card: CostCard) -> Message:
    """Return the cost card, or what it still needs."""
    identity = {"conversation_id": conversation_id}
    change = button("Change an answer", CHANGE, identity)
    comparison = card.comparison
    if comparison is None or not comparison.rows:
        needed = bullets("Costs: still needed", [escaped(each) for each in card.missing])
        text = "Costs: still needed: " + ", ".join(card.missing)
        return message(text, [*(needed or [section("Nothing to compare yet.")]), actions(change)])
    blocks: list[Block] = [section(_headline(comparison))]
    if comparison.would_flip:
        blocks.append(section(f"*What would flip it:* {escaped(comparison.would_flip)}"))
    blocks.append(table([_HEADER, *(_row(row) for row in ordered_rows(comparison))], _ALIGN))
    blocks += bullets("Pays back", [_payback(row) for row in comparison.rows if row.kind == "distil"])
    pictures = []
    if card.chart_png:
        chart = Picture(content=card.chart_png, filename="costs.png", alt=card.chart_alt, title="Cost and volume")
        pictures.append(chart)
        blocks.append(image(chart))
    blocks += bullets("Mind", [escaped(warning) for warning in comparison.warnings], most=4)
    blocks.append(context(*_footnotes(comparison, card)))
    blocks.append(actions(button("Download CSV", CSV, identity), change))
    return message(_plain(comparison), blocks, pictures)


def _headline(comparison: Comparison) -> str:
    first = comparison.cheapest
    if first is None:
        return "*Costs*"
    return f"*Costs* · cheapest here: *{escaped(first.label)}*, {dollars(first.usd_per_month.value)} a month"


def _row(row: Approach) -> tuple[str, ...]:
    time = row.people_time if row.compute_h is None else f"{row.people_time} ({row.compute_h:.2g} h of training)"
    return (
        row.label,
        banded(row.usd_per_month),
        banded(row.usd_upfront),
        banded(row.usd_per_request),
        banded(row.usd_per_million_tokens),
        time,
        "; ".join((row.evidence, *row.notes)),
    )


def _payback(row: Approach) -> str:
    """Return when a student has earned back what it costs upfront."""
    label = escaped(row.label)
    if row.payback_days is None:
        return f"{label}: never, at this volume"
    days = round(row.payback_days)
    when = f"about {plural(days, 'days')}" if days else "less than a day"
    return f"{label}: after {when}, at this volume"


def _footnotes(comparison: Comparison, card: CostCard) -> list[str]:
    shown = [escaped(cut(each, 160)) for each in card.assumptions[:_ASSUMPTIONS_SHOWN]]
    more = len(card.assumptions) - len(shown)
    if more > 0:
        shown.append(f"and {more} more")
    prices = f"Prices as of {comparison.as_of:%d %B %Y}. In brackets: the range from low to high."
    return [prices, "\n".join(f"•  {each}" for each in shown) or "No assumptions."]


def _plain(comparison: Comparison) -> str:
    """Return the comparison as lines, for where blocks are not shown."""
    lines = [f"{row.label}: {dollars(row.usd_per_month.value)} a month" for row in ordered_rows(comparison)]
    return "Costs. " + "; ".join(lines)
