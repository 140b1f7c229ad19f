"""Payback over time: what each approach has cost since day 0, and when training has paid for itself."""

from collections.abc import Mapping, Sequence

from agents.adapters.charts import style
from agents.adapters.charts.column import LEADER, Side, make_column, write_column
from agents.adapters.charts.frame import FOOT, MARGIN, Panel, draw_ticks, tick_room, write_note, write_title
from agents.adapters.charts.names import brief, brief_usd, brief_volume, days, price_dates, shown, usd, volume
from agents.adapters.charts.places import Box
from agents.adapters.charts.scales import Scale, day_ticks, spread_ticks
from agents.adapters.charts.sheet import Pen, Sheet
from agents.costs.curves.payback import PaybackCurve, PaybackLine
from agents.costs.curves.volume import RULED_OUT

# Room over the lines that are compared, for what is written at the limit.
HEADROOM = 58.0
# A line that would make the picture higher than so many times what is trained leaves it at the top.
STEEPEST = 2.5
# Lines nearer than this share of the picture are told apart by nobody.
SAME = 0.012
REMARKS: Mapping[str, str] = {"": "", "without the documents": "no documents"}


def draw_payback(curve: PaybackCurve) -> Sheet:
    """Return the chart."""
    sheet = Sheet()
    top = write_title(sheet, payback_finding(curve)) - 40
    colours = style.row_colours(
        [line.id for line in curve.lines], {line.id for line in curve.lines if line.shortfall == RULED_OUT}
    )
    most = _most_usd(curve)
    names = _named(curve, most)
    amounts = {value: brief_usd(value) for value in spread_ticks(0, most)}
    y = Scale(0, most, FOOT, top - HEADROOM)
    sides = [_side(curve, line, names[line.id], colours[line.id], y) for line in curve.lines if line.id in names]
    labels = make_column(sheet, sides, height=top - FOOT)
    area = Box(tick_room(sheet, list(amounts.values())), FOOT, style.WIDTH_PX - MARGIN - labels.width - LEADER, top)
    panel = Panel.on(sheet, area, Scale(0, curve.last_day, area.left, area.right), y)
    draw_ticks(
        panel,
        {value: f"{value:,.0f}" for value in day_ticks(curve.last_day)},
        amounts,
        x_title="days in production",
        y_title=f"USD paid since day 0 at {brief_volume(curve.requests_per_day)}",
    )
    for line in sorted(curve.lines, key=lambda line: (line.is_named, line.is_trained)):
        _draw_line(panel, curve, line, colours[line.id] if line.is_named else style.OTHERS)
    write_column(panel, labels, f"by day {curve.last_day:,.0f}")
    panel.draw_upright(curve.limit_days, f"limit, {days(curve.limit_days)}", colour=style.FAINT, dash=(0, (1.5, 2)))
    _draw_paybacks(panel, curve)
    write_note(sheet, _note(curve))
    return sheet


def describe_payback(curve: PaybackCurve) -> str:
    """Return the chart's finding and its figures in words."""
    ends = sorted(curve.lines, key=lambda line: line.usd_at(curve.last_day).base)
    paid = "; ".join(f"{_with_shortfall(line)} {usd(line.usd_at(curve.last_day).base)}" for line in ends)
    against = curve.against
    sentences = [
        f"{payback_finding(curve)}.",
        f"Line chart: USD paid in all since day 0 at {volume(curve.requests_per_day)}, upfront costs included.",
        f"By day {curve.last_day:,.0f}: {paid}.",
        *(_payback_sentence(line, against) for line in curve.lines if line.is_trained and against is not None),
        _people_sentence(curve),
        f"{price_dates(curve.prices_as_of, curve.gpu_prices_as_of)}.",
    ]
    return " ".join(sentences)


def payback_finding(curve: PaybackCurve) -> str:
    """Return what the chart shows: whether and when training has paid for itself."""
    told, against = curve.told, curve.against
    if told is None or against is None:
        whole = [line for line in curve.lines if not line.shortfall] or curve.lines
        first = min(whole, key=lambda line: line.usd_at(curve.last_day).base)
        return f"Nothing to pay back: by day {curve.last_day:,.0f} {shown(first.label)} has cost least"
    name, model = shown(told.label), shown(against.label)
    if told.payback_days is None:
        more = (told.usd_per_day.base - against.usd_per_day.base) * 365 / 12
        return f"{name} never pays back against {model}: running it costs {usd(more)} a month more"
    later = "" if told.payback_days <= curve.limit_days else "only "
    return f"{name} pays back against {model} {later}{_when(told.payback_days)}; the limit is {days(curve.limit_days)}"


def _when(amount: float) -> str:
    return "within a day" if amount <= 1 else f"after {days(amount)}"


def _payback_sentence(line: PaybackLine, against: PaybackLine) -> str:
    name, model = shown(line.label), shown(against.label)
    if line.payback_days is None or line.payback_days_without_people is None:
        return f"{name} never pays back against {model}."
    alone = ""
    if line.people_usd.base > 0:
        alone = f", and {_when(line.payback_days_without_people)} where people's time is not counted"
    return f"{name} costs {usd(line.upfront_usd.base)} upfront and pays back {_when(line.payback_days)}{alone}."


def _people_sentence(curve: PaybackCurve) -> str:
    told = curve.told
    if told is None:
        return "Nothing is trained."
    if told.people_usd.base == 0:
        return "People's time is not counted: no day rate is given."
    return f"People's time is {usd(told.people_usd.base)} of the upfront cost."


def _with_shortfall(line: PaybackLine) -> str:
    return f"{shown(line.label)} ({line.shortfall})" if line.shortfall else shown(line.label)


def _most_usd(curve: PaybackCurve) -> float:
    """Return the highest amount of the scale.

    It holds what is trained to the end, and of what that is compared with as much as shows where they cross; lines
    that cost more leave the picture at its top.
    """
    trained = [float(line.usd_at(curve.last_day).base) for line in curve.lines if line.is_trained]
    against = [float(line.usd_at(curve.last_day).base) for line in curve.lines if line.id == curve.baseline]
    if not trained:
        return max([0.01, *(float(line.usd_at(curve.last_day).base) for line in curve.lines)]) * 1.06
    return max(0.01, *trained, min(max(against, default=0.0), STEEPEST * max(trained))) * 1.06


def _named(curve: PaybackCurve, most: float) -> Mapping[str, str]:
    """Return the names to write, by line; of two trained models on one line the second's is written with the first."""
    names = {line.id: brief(line.label) for line in curve.lines if line.is_named}
    told = curve.told
    for line in curve.lines:
        if told is None or line is told or not line.is_trained or line.id not in names:
            continue
        apart = max(abs(float(line.usd_at(day).base - told.usd_at(day).base)) for day in (0.0, curve.last_day))
        if apart < SAME * most:
            del names[line.id]
            names[told.id] = f"{told.label.partition(' ')[0]} or {brief(line.label)}"
    return names


def _side(curve: PaybackCurve, line: PaybackLine, name: str, colour: str, scale: Scale) -> Side:
    end = float(line.usd_at(curve.last_day).base)
    remark = REMARKS.get(line.shortfall, line.shortfall)
    if line.is_trained and curve.against is not None and line.payback_days is None:
        remark = "never pays back"
    return Side(
        name=name,
        # A line that leaves the picture goes on upwards.
        amount=("↑ " if end > scale.high else "") + brief_usd(end),
        y=scale.pixel(end),
        colour=colour,
        remark=remark,
        is_bold=not line.shortfall,
    )


def _draw_line(panel: Panel, curve: PaybackCurve, line: PaybackLine, colour: str) -> None:
    span = (0.0, curve.last_day)
    if line is curve.told or line.id == curve.baseline:
        panel.draw_band(span, [line.usd_at(day) for day in span], colour)
    width = 1.1 if not line.is_named else 1.8 if line.shortfall else 3.2
    ends = [float(line.usd_at(day).base) for day in span]
    panel.draw_line(span, ends, colour, width=width, dash=style.DASHES.get(line.kind, style.SOLID))
    if line is curve.told and line.people_usd.base > 0:
        panel.draw_line(span, [end - float(line.people_usd.base) for end in ends], colour, width=1.0)


def _draw_paybacks(panel: Panel, curve: PaybackCurve) -> None:
    """Mark the days on which training has paid for itself, and name them."""
    pen = Pen(style.SMALL_POINTS, style.INK, is_bold=True)
    paid = [line for line in curve.lines if line.is_trained and line.payback_days is not None]
    marks: list[tuple[PaybackLine, tuple[float, float]]] = []
    for line in paid:
        day = line.payback_days or 0.0
        if day <= curve.last_day:
            place = panel.x.pixel(day), panel.y.pixel(float(line.usd_at(day).base))
            panel.sheet.line([(place[0], panel.area.bottom), place], style.INK, width=1.0, dash=(0, (2, 2)))
            panel.mark(place)
            marks.append((line, place))
    for line, place in sorted(marks, key=lambda mark: mark[0] is not curve.told):
        when = _when(line.payback_days or 0.0)
        panel.write_beside(place, _mark_texts(line, when, is_only=len(marks) == 1), pen, is_needed=line is curve.told)


def _mark_texts(line: PaybackLine, when: str, *, is_only: bool) -> Sequence[str]:
    if is_only:
        return f"paid back\n{when}", when
    return f"{brief(line.label)}\npaid back {when}", f"paid back\n{when}", when


def _note(curve: PaybackCurve) -> str:
    parts = [price_dates(curve.prices_as_of, curve.gpu_prices_as_of)]
    told = curve.told
    if told is not None:
        is_counted = told.people_usd.base > 0
        parts.append("thin: without people's time" if is_counted else "no day rate, so people's time is not counted")
        parts.append("band: prices of GPUs and data")
    if curve.against is not None:
        parts.append(f"payback {curve.baseline_reason}")
    return "; ".join(parts)
