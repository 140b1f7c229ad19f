"""Quality against cost: what each candidate scores, how sure that is, and what a million requests cost with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agents.adapters.charts import style
from agents.adapters.charts.frame import FOOT, MARGIN, Panel, draw_ticks, tick_room, write_note, write_title
from agents.adapters.charts.names import brief, brief_usd, shown, usd
from agents.adapters.charts.places import Box
from agents.adapters.charts.scales import Scale, log_ticks, spread_ticks
from agents.adapters.charts.sheet import Pen, Sheet
from agents.distillation.gate import CandidateKind
from agents.distillation.report import Report, Row, latency_words

COLOURS: Final[Mapping[CandidateKind, str]] = {
    "teacher": style.BLUE,
    "api": style.SKY,
    "base": style.PURPLE,
    "student": style.VERMILION,
    "baseline": style.GREEN,
}
# What is so much worse than the best is told at the foot: drawn, it would press all others together.
FAR_BELOW: Final = 0.3
FEWEST_SHOWN: Final = 3
# Beside the scale of costs: what costs nothing a call, and what nobody knows the cost of.
ASIDE: Final = 230.0
# For each of them above two.
MORE: Final = 70.0
FREE, UNKNOWN = "free", "cost unknown"
CAP: Final = 9.0
# So that the highest tick does not touch what the scale is called.
HEADROOM: Final = 22.0


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where candidates stand."""

    panel: Panel
    free: Sequence[Row]
    unknown: Sequence[Row]

    def place(self, row: Row) -> tuple[float, float]:
        """Return the pixels of a candidate; those that stand beside the scale share its side evenly."""
        height = self.panel.y.pixel(row.value)
        if row in self.free:
            return _share(self.panel.area.left, self.panel.x.start, self.free.index(row), len(self.free)), height
        if row in self.unknown:
            return _share(self.panel.x.end, self.panel.area.right, self.unknown.index(row), len(self.unknown)), height
        return self.panel.x.pixel(float(row.usd_per_million or 0)), height

    def side(self, row: Row) -> Box:
        """Return what of the picture is for a candidate and its like: a name that stands elsewhere names another."""
        area, start, end = self.panel.area, self.panel.x.start, self.panel.x.end
        left, right = (
            (area.left, start) if row in self.free else (end, area.right) if row in self.unknown else (start, end)
        )
        return Box(left, area.bottom, right, area.top)


def draw_quality(report: Report) -> Sheet:
    """Return the chart."""
    sheet = Sheet()
    top = write_title(sheet, quality_finding(report)) - 40
    rows = _shown(report.rows)
    low, high = _range(rows)
    shares = {value: f"{100 * value:.3g}%" for value in spread_ticks(low, high)}
    area = Box(tick_room(sheet, list(shares.values())), FOOT, style.WIDTH_PX - MARGIN - 20, top)
    ground = _ground(sheet, area, rows, Scale(low, high, area.bottom, area.top - HEADROOM))
    least, most = ground.panel.x.low, ground.panel.x.high
    is_priced = any(row.usd_per_million for row in rows)
    costs = {value: brief_usd(value) for value in log_ticks(least, most)} if is_priced else {}
    y_title = f"{report.metric.replace('_', ' ')}, {report.examples:,} golden examples"
    x_title = "USD per million requests" if is_priced else ""
    draw_ticks(ground.panel, costs, shares, x_title=x_title, y_title=y_title)
    _draw_sides(ground)
    for row in rows:
        _draw_interval(ground, row)
    for row in rows:
        place = ground.place(row)
        sheet.mark(*place, COLOURS[row.kind], size=14 if row.kind == "student" else 11)
        ground.panel.floor.take(Box(place[0] - 12, place[1] - 12, place[0] + 12, place[1] + 12))
    for row in sorted(rows, key=lambda row: row.kind != "student"):
        _name(ground, row, report)
    write_note(sheet, _note(report, rows))
    return sheet


def describe_quality(report: Report) -> str:
    """Return the chart's finding and its figures in words."""
    axes = (
        f"Each candidate's {report.metric.replace('_', ' ')} on {report.examples:,} golden examples with its "
        f"{report.level:.0%} interval, against USD per million requests on a logarithmic scale."
    )
    sentences = [f"{quality_finding(report)}.", axes]
    for row in report.rows:
        bounds = f"{row.value:.1%} ({row.low:.1%} to {row.high:.1%})"
        speed = f", p50 / p95 {latency_words(row)}" if row.p50_s is not None else ""
        sentences.append(f"{_label(row, report)}: {bounds}, {_cost(row)}{speed}.")
    return " ".join(sentences)


def quality_finding(report: Report) -> str:
    """Return what the chart shows: the student beside the teacher, or beside the best of the others."""
    student = next(row for row in report.rows if row.kind == "student")
    others = [row for row in report.rows if row.kind != "student"]
    teacher = next((row for row in others if row.kind == "teacher"), None)
    beside = teacher or max(others, key=lambda row: row.value, default=None)
    said = f"{report.student} scores {student.value:.1%} at {_cost(student)}"
    if beside is None:
        return said
    return f"{said}; {_label(beside, report)} {beside.value:.1%} at {_cost(beside)}"


def _shown(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that stand in the picture: the student always, and all where else few would be left."""
    best = max(row.value for row in rows)
    near = [row for row in rows if row.kind == "student" or row.value >= best - FAR_BELOW]
    return near if len(near) >= FEWEST_SHOWN else list(rows)


def _range(rows: Sequence[Row]) -> tuple[float, float]:
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    room = max(0.01, (high - low) * 0.12)
    return max(0.0, low - room), min(1.0, high + room) + room / 2


def _ground(sheet: Sheet, area: Box, rows: Sequence[Row], y: Scale) -> _Ground:
    """Return the panel with room beside its scale for what stands on none."""
    costs = [float(row.usd_per_million) for row in rows if row.usd_per_million]
    free = [row for row in rows if row.usd_per_million == 0]
    unknown = [row for row in rows if row.usd_per_million is None]
    left, right = area.left + _aside(area, free, costs, unknown), area.right - _aside(area, unknown, costs, free)
    least, most = (min(costs) / 3, max(costs) * 3) if costs else (1.0, 1_000.0)
    return _Ground(Panel.on(sheet, area, Scale(least, most, left, right, is_log=True), y), free, unknown)


def _aside(area: Box, rows: Sequence[Row], costs: Sequence[float], others: Sequence[Row]) -> float:
    """Return how wide a side is; where nothing has a price the sides have all of the picture."""
    if not rows:
        return 0.0
    return ASIDE + MORE * max(0, len(rows) - 2) if costs else area.width / (1 + bool(others))


def _share(left: float, right: float, place: int, of: int) -> float:
    return left + (right - left) * (place + 1) / (of + 1)


def _draw_sides(ground: _Ground) -> None:
    """Part what stands on no scale from the scale, and say what it is."""
    panel, pen = ground.panel, Pen(style.SMALL_POINTS, style.SOFT_INK, is_bold=True)
    area = panel.area
    for rows, edge, end, text in (
        (ground.free, panel.x.start, area.left, FREE),
        (ground.unknown, panel.x.end, area.right, UNKNOWN),
    ):
        if rows:
            panel.sheet.line([(edge, area.bottom), (edge, area.top)], style.RULE, width=1.2, dash=(0, (4, 3)))
            panel.sheet.text(text, (edge + end) / 2, area.bottom - 16, pen, across="center", up="top")


def _draw_interval(ground: _Ground, row: Row) -> None:
    (x, _), panel, colour = ground.place(row), ground.panel, COLOURS[row.kind]
    low, high = panel.y.pixel(row.low), panel.y.pixel(row.high)
    panel.sheet.line([(x, low), (x, high)], colour, width=2.2)
    for end in (low, high):
        panel.sheet.line([(x - CAP, end), (x + CAP, end)], colour, width=2.2)
    panel.floor.take(Box(x - CAP, low, x + CAP, high))


def _name(ground: _Ground, row: Row, report: Report) -> None:
    pen = Pen(style.SMALL_POINTS, style.darker(COLOURS[row.kind]), is_bold=row.kind == "student")
    name, figure = brief(_label(row, report)), f"{row.value:.1%}"
    cost = f", {brief_usd(row.usd_per_million)}" if row.usd_per_million else ""
    texts = (f"{name}\n{figure}{cost}", f"{name} {figure}", name)
    ground.panel.write_beside(ground.place(row), texts, pen, is_needed=True, within=ground.side(row))


def _label(row: Row, report: Report) -> str:
    if row.kind == "student":
        return report.student
    return shown(row.what) if row.kind in {"teacher", "api"} else {"base": "base, prompted"}.get(row.kind, row.name)


def _cost(row: Row) -> str:
    if row.usd_per_million is None:
        return "an unknown cost"
    return f"{usd(row.usd_per_million)} per million requests" if row.usd_per_million else "no cost a request"


def _note(report: Report, rows: Sequence[Row]) -> str:
    parts = [f"bars: {report.level:.0%} intervals; {report.made_on.isoformat()}"]
    below = [f"{_label(row, report)} {row.value:.1%}" for row in report.rows if row not in rows]
    if below:
        parts.insert(0, f"far below: {', '.join(below)}")
    if report.serving is not None:
        how = "measured" if report.serving["is_measured"] else "estimated"
        parts.append(f"the student on a full server, {how}: {report.serving['gpus']} x {report.serving['gpu']}")
    return "; ".join(part.replace(" x ", "\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}") for part in parts)
