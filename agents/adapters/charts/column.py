"""The column of labels right of a chart's lines, each beside the end of its line as far as the others allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.adapters.charts import style
from agents.adapters.charts.frame import AXIS_PEN, Panel
from agents.adapters.charts.places import stacked
from agents.adapters.charts.sheet import Pen, Sheet

# From the end of a line to its label, between two labels, and between a name and its amount beside it.
LEADER, LABEL_GAP, AMOUNT_GAP = 34.0, 9.0, 16.0
# How wide the column may be, and which share of its height large labels may fill.
COLUMN_WIDTH, MOST_FILLED, COMPACT_POINTS = 352.0, 0.95, 11.0


@dataclass(frozen=True, slots=True)
class Side:
    """A label in the column: a name, its amount, what else is to be said, and the pixel that it asks for."""

    name: str
    amount: str
    y: float
    colour: str
    remark: str = ""
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """Labels right of an area: how wide they are, and whether amounts stand below the names."""

    sides: tuple[Side, ...]
    width: float
    is_stacked: bool

    @property
    def amount_pen(self) -> Pen:
        """How amounts are written."""
        return Pen(style.SMALL_POINTS if self.is_stacked else COMPACT_POINTS, style.SOFT_INK)

    def name_pen(self, side: Side) -> Pen:
        """How a name is written."""
        points = style.LABEL_POINTS if self.is_stacked else COMPACT_POINTS
        return Pen(points, style.darker(side.colour), is_bold=side.is_bold)

    def amount(self, side: Side) -> str:
        """Return the amount with the remark, for which there is no room beside a name."""
        return f"{side.amount}, {side.remark}" if side.remark and self.is_stacked else side.amount


def make_column(sheet: Sheet, sides: Sequence[Side], *, height: float, most: float = COLUMN_WIDTH) -> Column:
    """Return labels with their amounts below their names where all have room so, else beside them in smaller type."""
    stacked = Column(tuple(sides), most, is_stacked=True)
    if sum(_heights(sheet, stacked)) <= height * MOST_FILLED:
        return replace(stacked, width=min(most, max(_widths(sheet, stacked))))
    compact = replace(stacked, is_stacked=False)
    # Beside their amounts, names need more room.
    return replace(compact, width=min(most * 1.15, max(_widths(sheet, compact))))


def write_column(panel: Panel, labels: Column, heading: str) -> None:
    """Write each label at the height of its line's end where there is room, and a leader where the line ends there."""
    sheet, area = panel.sheet, panel.area
    left = area.right + LEADER
    sheet.text(sheet.cut(heading, AXIS_PEN, labels.width), left, area.top + 12, AXIS_PEN)
    heights = _heights(sheet, labels)
    middles = stacked([side.y for side in labels.sides], heights, bottom=area.bottom - 8, top=area.top)
    for side, middle, height in zip(labels.sides, middles, heights, strict=True):
        if area.bottom <= side.y <= panel.plot.top:
            sheet.line([(area.right + 3, side.y), (left - 8, middle)], side.colour, width=1.0)
        name, amount = _fitted(sheet, labels, side)
        if labels.is_stacked:
            written = sheet.text(name, left, middle + (height - LABEL_GAP) / 2, labels.name_pen(side), up="top")
            sheet.text(amount, left, written.bottom, labels.amount_pen, up="top")
        else:
            sheet.text(name, left, middle, labels.name_pen(side), up="center")
            sheet.text(amount, left + labels.width, middle, labels.amount_pen, across="right", up="center")


def _widths(sheet: Sheet, labels: Column) -> list[float]:
    found = []
    for side in labels.sides:
        name = sheet.size(side.name, labels.name_pen(side))[0]
        amount = sheet.size(labels.amount(side), labels.amount_pen)[0]
        found.append(max(name, amount) if labels.is_stacked else name + AMOUNT_GAP + amount)
    return found


def _heights(sheet: Sheet, labels: Column) -> list[float]:
    found = []
    for side in labels.sides:
        name, amount = _fitted(sheet, labels, side)
        parts = sheet.size(name, labels.name_pen(side))[1], sheet.size(amount, labels.amount_pen)[1]
        found.append((sum(parts) if labels.is_stacked else max(parts)) + LABEL_GAP)
    return found


def _fitted(sheet: Sheet, labels: Column, side: Side) -> tuple[str, str]:
    """Return name and amount as they fit into the width."""
    amount = sheet.cut(labels.amount(side), labels.amount_pen, labels.width)
    if labels.is_stacked:
        return sheet.wrapped(side.name, labels.name_pen(side), labels.width), amount
    room = labels.width - AMOUNT_GAP - sheet.size(amount, labels.amount_pen)[0]
    return sheet.cut(side.name, labels.name_pen(side), room), amount
