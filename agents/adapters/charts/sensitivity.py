"""What the ranking hangs on: for each input by how much the cheapest leads at both of its ends, and where it flips.

The bars show the lead and not the cost: an input may move all costs alike and decide nothing, another may leave the
leader's cost alone and bring a rival past it. What the leader costs at the ends stands beside them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from agents.adapters.charts import style
from agents.adapters.charts.frame import AXIS_PEN, FOOT, MARGIN, Panel, write_note, write_title
from agents.adapters.charts.names import brief, brief_number, brief_usd, price_dates, shown
from agents.adapters.charts.places import Box
from agents.adapters.charts.scales import Scale, spread_ticks
from agents.adapters.charts.sheet import Pen, Sheet
from agents.costs import wording
from agents.costs.compare import Comparison
from agents.costs.sensitivity.tornado import CostFlip, Sensitivity, Swing

MOST_BARS = 8
# Bars narrower than this share of the widest are not drawn.
NARROWEST = 0.01
LABEL_WIDTH, AMOUNT_WIDTH = 372.0, 262.0
# For the values beside the bars' ends.
VALUE_ROOM = 100.0
# Between the amounts under the axis.
TICK_GAP = 6.0
BAR_HEIGHT, FEWEST_ROWS = 26.0, 5
STAYS, CHANGES = style.BLUE, style.VERMILION
NAME_PEN = Pen(11.0, style.INK, is_bold=True)
VALUE_PEN = Pen(10.5, style.SOFT_INK)
ZERO_PEN = Pen(10.5, style.INK, is_bold=True)
FLIP_PEN = Pen(10.5, style.darker(CHANGES))


@dataclass(frozen=True, slots=True)
class Bar:
    """One input: by how much today's leader leads at its low end, now, and at its high end, USD per month."""

    swing: Swing
    low: float
    high: float
    flips: tuple[CostFlip, ...]

    @property
    def width(self) -> float:
        """How far the lead moves."""
        return abs(self.high - self.low)


def draw_sensitivity(comparison: Comparison) -> Sheet | None:
    """Return the chart; None where nothing is ranked or nothing else competes."""
    found = comparison.sensitivity
    bars = _bars(found)
    if not bars:
        return None
    sheet = Sheet()
    labels = {row.id: row.label for row in comparison.rows}
    top = write_title(sheet, sensitivity_finding(found, labels)) - 40
    area = Box(MARGIN + LABEL_WIDTH, FOOT - 20, style.WIDTH_PX - MARGIN - AMOUNT_WIDTH, top)
    ends = [end for bar in bars for end in (bar.low, bar.high)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = (high - low) * VALUE_ROOM / (area.width - 2 * VALUE_ROOM)
    x = Scale(low - room, high + room, area.left, area.right)
    y = Scale(max(len(bars), FEWEST_ROWS), 0, area.bottom, top - 34)
    panel = Panel.on(sheet, area, x, y)
    _draw_axis(panel, float(found.margin or 0))
    for place, bar in enumerate(bars):
        _draw_bar(panel, bar, place + 0.5, labels)
    sheet.text("leader costs", area.right + 14, top + 12, AXIS_PEN)
    write_note(sheet, _note(comparison, bars))
    return sheet


def describe_sensitivity(comparison: Comparison) -> str:
    """Return the chart's finding and its figures in words; nothing where there is no chart."""
    found = comparison.sensitivity
    labels = {row.id: row.label for row in comparison.rows}
    bars = _bars(found)
    if not bars:
        return ""
    leader = shown(labels.get(found.leader, found.leader))
    sentences = [
        f"{sensitivity_finding(found, labels)}.",
        f"Bar chart: by how many USD a month {leader} leads while one input moves, all others as they are.",
        f"Now {_signed(float(found.margin or 0))}.",
        *(_bar_sentence(bar, labels) for bar in bars),
        f"{price_dates(comparison.as_of, comparison.scenario.serving_gpu.as_of)}.",
    ]
    return " ".join(sentences)


def sensitivity_finding(found: Sensitivity, labels: Mapping[str, str]) -> str:
    """Return what the chart shows: the nearest plausible value at which another leads, or that there is none."""
    leader = shown(labels.get(found.leader, found.leader))
    plausible = [flip for flip in found.flips if flip.is_plausible]
    if plausible:
        flip = plausible[0]
        other, at = shown(labels.get(flip.becomes, flip.becomes)), wording.shown(flip.at, flip.unit)
        return f"{shown(flip.label)} {flip.direction} {at} would put {other} before {leader}"
    bars = _bars(found)
    tail = f"; its lead hangs most on {_inline(bars[0].swing.label)}" if bars else ""
    return f"{leader} leads at every plausible value of each input{tail}"


def _bars(found: Sensitivity) -> tuple[Bar, ...]:
    """Return the inputs that move the lead, the widest first; those that flip it always among them."""
    bars = [
        Bar(
            swing,
            float(swing.margin_low),
            float(swing.margin_high),
            tuple(flip for flip in found.flips if flip.key == swing.key and flip.is_plausible),
        )
        for swing in found.swings
        if swing.margin_low is not None and swing.margin_high is not None
    ]
    bars.sort(key=lambda bar: bar.width, reverse=True)
    wide = [bar for bar in bars if bar.flips or bar.width > NARROWEST * bars[0].width]
    flipping = [bar for bar in wide if bar.flips][:MOST_BARS]
    others = [bar for bar in wide if not bar.flips][: MOST_BARS - len(flipping)]
    return tuple(sorted((*flipping, *others), key=lambda bar: bar.width, reverse=True))


def _draw_axis(panel: Panel, margin: float) -> None:
    sheet, area = panel.sheet, panel.area
    pen, written_to = Pen(11.5, style.SOFT_INK), -math.inf
    for value in spread_ticks(panel.x.low, panel.x.high, most=4):
        place = panel.x.pixel(value)
        sheet.line([(place, area.bottom), (place, panel.plot.top)], style.GRID, width=0.8)
        half = sheet.size(_signed(value), pen)[0] / 2
        # Amounts of many digits leave no room for each.
        if place - half > written_to:
            sheet.text(_signed(value), place, area.bottom - 8, pen, across="center", up="top")
            written_to = place + half + TICK_GAP
    now, zero = panel.x.pixel(margin), panel.x.pixel(0)
    sheet.line([(now, area.bottom), (now, area.top)], style.INK, width=1.2, dash=(0, (4, 3)))
    sheet.line([(zero, area.bottom), (zero, area.top)], style.INK, width=1.8)
    sheet.text("another leads", zero - 8, area.top - 2, ZERO_PEN, across="right", up="top")
    sheet.text(f"now {_signed(margin)}", max(now, zero) + 8, area.top - 2, VALUE_PEN, up="top")
    sheet.text("by how much the cheapest leads, USD a month", MARGIN, area.top + 12, AXIS_PEN)


def _draw_bar(panel: Panel, bar: Bar, place: float, labels: Mapping[str, str]) -> None:
    sheet, middle, swing = panel.sheet, panel.y.pixel(place), bar.swing
    low, high = sorted((bar.low, bar.high))
    for start, end, colour in ((max(low, 0.0), max(high, 0.0), STAYS), (min(low, 0.0), min(high, 0.0), CHANGES)):
        if end > start:
            left, right = panel.x.pixel(start), panel.x.pixel(end)
            _fill(sheet, Box(left, middle - BAR_HEIGHT / 2, right, middle + BAR_HEIGHT / 2), colour)
    _write_ends(panel, bar, middle)
    room = LABEL_WIDTH - 16
    sheet.text(sheet.cut(shown(swing.label).replace("of Claude ", "of "), NAME_PEN, room), MARGIN, middle, NAME_PEN)
    now = f"now {wording.shown(swing.base, swing.unit)}"
    sheet.text(sheet.cut(now, VALUE_PEN, room), MARGIN, middle - 2, VALUE_PEN, up="top")
    amount = _span(*sorted((swing.usd_low, swing.usd_high)))
    left, room = panel.area.right + 14, AMOUNT_WIDTH - 14
    if not bar.flips:
        sheet.text(sheet.cut(amount, VALUE_PEN, room), left, middle, VALUE_PEN, up="center")
        return
    leads = f"→ {brief(labels.get(bar.flips[0].becomes, bar.flips[0].becomes))}"
    sheet.text(sheet.cut(amount, VALUE_PEN, room), left, middle, VALUE_PEN)
    sheet.text(sheet.cut(leads, FLIP_PEN, room), left, middle - 2, FLIP_PEN, up="top")


def _write_ends(panel: Panel, bar: Bar, middle: float) -> None:
    """Write the input's value at both ends of its bar, and on the zero line the value at which it flips."""
    sheet, swing = panel.sheet, bar.swing
    ends = sorted(((bar.low, swing.low), (bar.high, swing.high)))
    for (lead, value), is_right in zip(ends, (False, True), strict=True):
        text = sheet.cut(_value(value, swing.unit), VALUE_PEN, VALUE_ROOM - 14)
        place = panel.x.pixel(lead) + (8 if is_right else -8)
        width, height = sheet.size(text, VALUE_PEN)
        left = place if is_right else place - width
        # The lines behind are broken where a value stands.
        _fill(sheet, Box(left - 3, middle - height / 2, left + width + 3, middle + height / 2), style.PAPER)
        sheet.text(text, left, middle, VALUE_PEN, up="center")
    if bar.flips:
        zero = panel.x.pixel(0)
        sheet.mark(zero, middle, style.INK, size=8, is_hollow=True, shape="D")
        text, top = _value(bar.flips[0].at, swing.unit), middle - BAR_HEIGHT / 2 - 1
        width, height = sheet.size(text, FLIP_PEN)
        _fill(sheet, Box(zero + 5, top - height, zero + width + 11, top), style.PAPER)
        sheet.text(text, zero + 8, top, FLIP_PEN, up="top")


def _fill(sheet: Sheet, box: Box, colour: str) -> None:
    corners = [(box.left, box.bottom), (box.right, box.bottom), (box.right, box.top), (box.left, box.top)]
    sheet.area(np.array(corners), colour, alpha=1.0)


def _span(low: Decimal, high: Decimal) -> str:
    """Return from what to what an amount goes."""
    least, most = ("<$0.01" if amount < Decimal("0.01") else brief_usd(amount) for amount in (low, high))
    return least if least == most else f"{least}-{most.removeprefix('$')}"


def _value(value: Decimal, unit: str) -> str:
    """Return an input's value in few letters, without its unit where the row names that."""
    if unit.startswith("USD"):
        return "$" + brief_number(float(value))
    return f"{float(value) * 100:.3g}%" if unit == "share" else brief_number(float(value))


def _signed(usd_per_month: float) -> str:
    return "$0" if usd_per_month == 0 else ("-" if usd_per_month < 0 else "") + brief_usd(abs(usd_per_month))


def _inline(label: str) -> str:
    """Return a label as it stands within a sentence: "requests", but "H100-80 for serving"."""
    name = shown(label)
    return name[:1].lower() + name[1:] if name[1:2].islower() and not name.startswith("Claude") else name


def _bar_sentence(bar: Bar, labels: Mapping[str, str]) -> str:
    swing = bar.swing
    low, high = (wording.shown(value, swing.unit) for value in (swing.low, swing.high))
    flips = "".join(
        f"; {flip.direction} {wording.shown(flip.at, flip.unit)} {shown(labels.get(flip.becomes, flip.becomes))} leads"
        for flip in bar.flips
    )
    return f"{shown(swing.label)}: {low} {_signed(bar.low)}, {high} {_signed(bar.high)}{flips}."


def _note(comparison: Comparison, bars: Sequence[Bar]) -> str:
    drawn = {bar.swing.key for bar in bars}
    others = [_inline(swing.label) for swing in comparison.sensitivity.swings if swing.key not in drawn]
    dates = price_dates(comparison.as_of, comparison.scenario.serving_gpu.as_of)
    tail = f"; these move it less: {', '.join(others)}" if others else ""
    return f"{dates}; each input alone, between its plausible ends{tail}"
