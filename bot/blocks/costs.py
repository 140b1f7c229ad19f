"""The cost card: who is cheapest, the table, the chart, what would flip it, and what it rests on."""

from collections.abc import Mapping

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.report import banded, ordered_rows
from agents.costs.wording import dollars
from agents.services.cost_fields import FIELDS
from agents.services.costs import ChartKind, CostCard
from bot.blocks.defaults import REMEMBER
from bot.blocks.elements import (
    Align,
    actions,
    bullets,
    button,
    choice,
    context,
    cut,
    escaped,
    grouped_choice,
    image,
    message,
    option,
    section,
    table,
)
from bot.blocks.message import PERMALINK, Block, Message, Picture
from bot.blocks.verdict import CHANGE
from bot.blocks.words import plural

CSV, CHANGE_INPUTS, CHANGE_INPUT, WHY_FIGURE, CHART, GUIDE, LINK = (
    "export_csv", "change_cost_inputs", "change_cost_input", "why_figure", "cost_chart", "cost_guide", "cost_link",
)  # fmt: skip
SAVE_SCENARIO, SCENARIOS, COMPARE_WITH = "save_scenario", "cost_scenarios", "compare_with"
CHART_NAMES: Mapping[ChartKind, str] = {
    "volume": "Cost and volume",
    "payback": "Payback over time",
    "memory": "Memory and GPUs",
    "sensitivity": "What moves it most",
}
# What most people look for comes first: a phone shows two columns.
_HEADER = ("Approach", "Per month", "Upfront", "Per request", "Per M tokens", "Time to deploy", "Evidence")
# A phone shows the beginning of the second column, which is to be the amount and not its range.
_ALIGN: tuple[Align, ...] = ("left", "left", "right", "right", "right", "left", "left")
_ASSUMPTIONS_SHOWN = 6


def costs_message(conversation_id: str, card: CostCard) -> Message:
    """Return the cost card, or what it still needs."""
    identity = {"conversation_id": conversation_id}
    comparison = card.comparison
    if comparison is None or not comparison.rows:
        needed = bullets("Costs: still needed", [escaped(each) for each in card.missing])
        text = "Costs: still needed: " + ", ".join(card.missing)
        fill = button("Fill in the form", CHANGE_INPUTS, identity, style="primary")
        change = button("Change an answer", CHANGE, identity)
        return message(text, [*(needed or [section("Nothing to compare yet.")]), actions(fill, change)])
    blocks: list[Block] = [section(_headline(comparison))]
    if comparison.would_flip:
        blocks.append(section(f"*What would flip it:* {escaped(comparison.would_flip)}"))
    blocks.append(table([_HEADER, *(_row(row) for row in ordered_rows(comparison))], _ALIGN))
    blocks += bullets("Pays back", [_payback(row, comparison) for row in comparison.rows if row.kind == "distil"])
    pictures = []
    if card.chart_png:
        title = CHART_NAMES[card.chart]
        chart = Picture(content=card.chart_png, filename=f"costs-{card.chart}.png", alt=card.chart_alt, title=title)
        pictures.append(chart)
        blocks.append(image(chart))
    blocks += bullets("Mind", [escaped(warning) for warning in comparison.warnings], most=4)
    blocks.append(context(*_footnotes(comparison, card)))
    blocks += _buttons(conversation_id, card)
    return message(_plain(comparison), blocks, pictures)


def link_message(channel: str, ts: str, text: str) -> Message:
    """Return a message with the address of a card, which the poster looks up."""
    return Message(text=f"{text} {PERMALINK}", link_to=(channel, ts))


def _buttons(conversation_id: str, card: CostCard) -> list[Block]:
    """Return the card's controls: what changes the comparison, then what is made of it."""
    identity = {"conversation_id": conversation_id}
    charts = [option(CHART_NAMES[kind], f"{conversation_id}:{kind}") for kind in card.charts]
    picker = choice(CHART, "Chart…", charts, chosen=f"{conversation_id}:{card.chart}")
    change = [
        button("Change inputs", CHANGE_INPUTS, identity, style="primary"),
        grouped_choice(CHANGE_INPUT, "Change one input…", _inputs(conversation_id)),
        button("Why this figure?", WHY_FIGURE, identity),
        *([picker] if len(charts) > 1 else []),
    ]
    scenarios = [option(name, f"{conversation_id}:{scenario_id}") for scenario_id, name in card.scenarios]
    use = [
        button("Beside the guide", GUIDE, identity),
        button("Save as scenario", SAVE_SCENARIO, identity),
        *(
            [choice(COMPARE_WITH, "Compare with…", scenarios), button("Scenarios", SCENARIOS, identity)]
            if scenarios
            else []
        ),
        button("Download CSV", CSV, identity),
        button("Link", LINK, identity),
        *([button("Remember…", REMEMBER, identity)] if card.can_remember else []),
    ]
    return [actions(*change), actions(*use)]


def _inputs(conversation_id: str) -> list[tuple[str, list[Block]]]:
    """Return what can be changed one by one, under the headings of the catalogue."""
    groups: dict[str, list[Block]] = {}
    for field in FIELDS:
        groups.setdefault(field.group, []).append(option(field.label, f"{conversation_id}:{field.key}"))
    return list(groups.items())


def _headline(comparison: Comparison) -> str:
    first = comparison.cheapest
    if first is None:
        return "*Costs*"
    # Rows below it may cost less: they do not do the same work.
    is_alone = first.covers_knowledge and not all(row.covers_knowledge for row in comparison.rows)
    among = "cheapest that reads your documents" if is_alone else "cheapest here"
    return f"*Costs* · {among}: *{escaped(first.label)}*, {dollars(first.usd_per_month.value)} a month"


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


def _payback(row: Approach, comparison: Comparison) -> str:
    """Return when a student has earned back what it costs upfront, and against what."""
    label, against = escaped(row.label), escaped(comparison.baseline.reason)
    if row.payback_days is None:
        return f"{label}: never at this volume, {against}"
    days = round(row.payback_days)
    when = f"about {plural(days, 'days')}" if days else "less than a day"
    return f"{label}: after {when} at this volume, {against}"


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
