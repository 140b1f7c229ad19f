"""Cost against volume: a line for each approach, where they cross, and where the workload stands."""

from collections.abc import Mapping, Sequence

from agents.adapters.charts import style
from agents.adapters.charts.column import LEADER, Side, make_column, write_column
from agents.adapters.charts.frame import FOOT, MARGIN, Panel, draw_ticks, tick_room, write_note, write_title
from agents.adapters.charts.names import brief, brief_number, brief_usd, brief_volume, price_dates, shown, usd, volume
from agents.adapters.charts.places import Box
from agents.adapters.charts.scales import Scale, log_ticks
from agents.adapters.charts.sheet import Pen, Sheet
from agents.costs.curves.volume import RULED_OUT, BreakEven, Curve, Line

# Below a cent a month a line says nothing, and it would squeeze the others; unless it is what one pays.
LEAST_USD = 0.01
SMALLEST_USD = 1e-6
# Room over the highest line for what is written at the line of one's own volume.
HEADROOM = 58.0
# Marks of crossings that are named; the others are in the words beside the picture.
MOST_NAMED_MARKS = 3
REMARKS: Mapping[str, str] = {"": "", "without the documents": "no documents"}


def draw_volume(curve: Curve) -> Sheet:
    """Return the chart."""
    sheet = Sheet()
    top = write_title(sheet, finding(curve)) - 40
    colours = style.row_colours(
        [row_id for line in curve.lines for row_id in line.ids],
        {row_id for line in curve.lines for row_id in line.ids if line.shortfall == RULED_OUT},
    )
    powers = log_ticks(*_amounts(curve))
    amounts = {value: "$" + brief_number(value) for value in powers}
    y = Scale(*_amounts(curve), FOOT, top - HEADROOM, is_log=True)
    labels = make_column(sheet, [_side(line, colours, y) for line in curve.lines if line.is_named], height=top - FOOT)
    area = Box(tick_room(sheet, list(amounts.values())), FOOT, style.WIDTH_PX - MARGIN - labels.width - LEADER, top)
    volumes = [point.requests_per_day for point in curve.lines[0].points]
    x = Scale(volumes[0], volumes[-1], area.left, area.right, is_log=True)
    panel = Panel.on(sheet, area, x, y)
    draw_ticks(
        panel,
        {value: brief_number(value) for value in log_ticks(x.low, x.high)},
        amounts,
        x_title="requests per day",
        y_title="USD per month to run, upfront costs left out",
    )
    for line in sorted(curve.lines, key=lambda line: (line.is_named, line.has_band)):
        _draw_line(panel, line, colours[line.ids[0]] if line.is_named else style.OTHERS)
    write_column(panel, labels, f"a month at {brief_volume(curve.here_requests_per_day)}")
    _draw_here(panel, curve)
    _draw_break_evens(panel, curve.break_evens)
    write_note(sheet, _note(curve))
    return sheet


def describe_volume(curve: Curve) -> str:
    """Return the chart's finding and its figures in words."""
    order = sorted(curve.lines, key=lambda line: line.here_usd_per_month)
    here = "; ".join(f"{_with_shortfall(line)} {usd(line.here_usd_per_month)}" for line in order)
    sentences = [
        f"{finding(curve)}.",
        f"Line chart, both axes logarithmic: USD per month against requests per day. Here: {here}.",
    ]
    sentences += [
        f"Self-hosting is no dearer than {shown(even.model)} from {volume(even.requests_per_day)}."
        for even in curve.break_evens
    ]
    sentences += [f"Self-hosting is dearer than {shown(model)} at every volume." for model in curve.never]
    sentences.append(f"{price_dates(curve.prices_as_of, curve.gpu_prices_as_of)}.")
    return " ".join(sentences)


def finding(curve: Curve) -> str:
    """Return what the chart shows at the workload's volume: the cheapest line that does the work."""
    whole = [line for line in curve.lines if not line.shortfall]
    first = min(whole or curve.lines, key=lambda line: line.here_usd_per_month)
    amount, place = usd(first.here_usd_per_month), volume(curve.here_requests_per_day)
    if not whole:
        return f"Nothing compared does the whole work; at {place}, {_with_shortfall(first)} costs {amount} a month"
    if len(whole) == len(curve.lines):
        return f"At {place}, {shown(first.label)} costs least to run: {amount} a month"
    # Cheaper lines in the same picture, which do not do the work, would otherwise contradict it.
    return f"Doing the whole work, {shown(first.label)} costs least at {place}: {amount} a month"


def _with_shortfall(line: Line) -> str:
    return f"{shown(line.label)} ({line.shortfall})" if line.shortfall else shown(line.label)


def _side(line: Line, colours: Mapping[str, str], y: Scale) -> Side:
    return Side(
        name=brief(line.label),
        amount=brief_usd(line.here_usd_per_month),
        y=y.pixel(float(line.points[-1].usd_per_month.base)),
        colour=colours[line.ids[0]],
        remark=REMARKS.get(line.shortfall, line.shortfall),
        is_bold=not line.shortfall,
    )


def _amounts(curve: Curve) -> tuple[float, float]:
    """Return the least and the highest USD per month of the scale, which holds every line."""
    here = [line.here_usd_per_month for line in curve.lines if line.here_usd_per_month > 0]
    least = max(SMALLEST_USD, min([LEAST_USD, *here]))
    amounts = [
        max(least, float(amount))
        for line in curve.lines
        for point in line.points
        for amount in (point.usd_per_month.low, point.usd_per_month.high)
    ]
    return min(amounts) / 1.4, max(amounts) * 1.4


def _draw_line(panel: Panel, line: Line, colour: str) -> None:
    volumes = [point.requests_per_day for point in line.points]
    if line.is_named and (line.has_band or not line.shortfall):
        panel.draw_band(volumes, [point.usd_per_month for point in line.points], colour)
    width = 1.1 if not line.is_named else 1.8 if line.shortfall else 3.2
    # Both kinds of student share a line, which is never broken by dashes.
    dash = style.SOLID if line.has_band else style.DASHES.get(line.kind, style.SOLID)
    amounts = [float(point.usd_per_month.base) for point in line.points]
    panel.draw_line(volumes, amounts, colour, width=width, dash=dash)


def _draw_here(panel: Panel, curve: Curve) -> None:
    here = curve.here_requests_per_day
    panel.draw_upright(here, f"you are here, {brief_volume(here)}", colour=style.INK, dash=(0, (4, 3)))
    for line in curve.lines:
        height = panel.y.pixel(line.here_usd_per_month)
        if panel.area.bottom <= height <= panel.area.top:
            panel.sheet.mark(panel.x.pixel(here), height, style.INK, size=6.5 if line.is_named else 4)


def _draw_break_evens(panel: Panel, break_evens: Sequence[BreakEven]) -> None:
    """Mark where the student meets API models, and name the first few."""
    places = [(panel.x.pixel(even.requests_per_day), panel.y.pixel(even.usd_per_month)) for even in break_evens]
    for index, place in enumerate(places):
        panel.mark(place, size=9 if index < MOST_NAMED_MARKS else 6)
    pen = Pen(style.SMALL_POINTS, style.INK)
    for even, place in list(zip(break_evens, places, strict=True))[:MOST_NAMED_MARKS]:
        at = brief_volume(even.requests_per_day)
        panel.write_beside(place, (f"break-even with\n{brief(even.model)}, {at}", f"break-even {at}", at), pen)


def _note(curve: Curve) -> str:
    hour = curve.usd_per_gpu_hour
    spread = f"${hour.low} to {hour.high}" if hour.low != hour.high else f"${hour.base}"
    parts = [price_dates(curve.prices_as_of, curve.gpu_prices_as_of)]
    if any(line.has_band for line in curve.lines):
        parts.append(f"band: {curve.gpu_label} at {spread} an hour")
    shortfalls = sorted({line.shortfall for line in curve.lines if line.is_named and line.shortfall})
    if shortfalls:
        parts.append(f"thin: {' or '.join(shortfalls)}")
    unnamed = sum(not line.is_named for line in curve.lines)
    if unnamed:
        parts.append(f"grey: {unnamed} more API models, named in the table")
    return "; ".join(parts)
