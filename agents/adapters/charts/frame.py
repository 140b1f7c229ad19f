"""What all charts share: the finding as the title, a framed area with grid and ticks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agents.adapters.charts import style
from agents.adapters.charts.places import Box, Floor
from agents.adapters.charts.scales import Scale
from agents.adapters.charts.sheet import Pen, Sheet
from agents.costs.figures import Band

MARGIN = 24.0
TITLE_PEN = Pen(style.TITLE_POINTS, style.INK, is_bold=True)
TICK_PEN = Pen(style.TICK_POINTS, style.SOFT_INK)
AXIS_PEN = Pen(style.SMALL_POINTS, style.FAINT)
NOTE_PEN = Pen(style.NOTE_POINTS, style.FAINT)
# What stands below an area: ticks, the title of its axis, the note.
FOOT = 146.0


@dataclass(frozen=True, slots=True)
class Panel:
    """An area of a sheet with its scales, and what of it is taken.

    Lines are drawn up to the end of the scale; what of the area lies above it is for what is written there.
    """

    sheet: Sheet
    area: Box
    x: Scale
    y: Scale
    floor: Floor

    @property
    def plot(self) -> Box:
        """Where lines are drawn."""
        return replace(self.area, top=self.y.end)

    @classmethod
    def on(cls, sheet: Sheet, area: Box, x: Scale, y: Scale) -> "Panel":
        """Return a panel on which nothing is drawn yet."""
        return cls(sheet, area, x, y, Floor(area))

    def draw_line(
        self, x: Sequence[float], y: Sequence[float], colour: str, *, width: float, dash: style.Dash = style.SOLID
    ) -> None:
        """Draw a line through values, which labels will avoid."""
        path = np.column_stack((self.x.pixels(x), self.y.pixels(y)))
        self.sheet.line(path, colour, width=width, dash=dash, within=self.plot)
        self.floor.draw(path)

    def draw_band(self, x: Sequence[float], bands: Sequence[Band], colour: str) -> None:
        """Fill what lies between the low and the high amounts."""
        across = self.x.pixels(x)
        low = np.column_stack((across, self.y.pixels([float(band.low) for band in bands])))
        high = np.column_stack((across, self.y.pixels([float(band.high) for band in bands])))
        self.sheet.area(np.concatenate((low, high[::-1])), colour, within=self.plot)

    def draw_upright(self, x: float, text: str, *, colour: str, dash: style.Dash) -> None:
        """Draw a line at one value of x, named at its top."""
        place = self.x.pixel(x)
        path = np.array([(place, self.area.bottom), (place, self.area.top)])
        self.sheet.line(path, colour, width=1.6, dash=dash)
        self.floor.draw(path)
        pen = Pen(style.SMALL_POINTS, colour, is_bold=True)
        width, _ = self.sheet.size(text, pen)
        is_left = place + 12 + width > self.area.right
        start = place + (-12 if is_left else 12)
        text = self.sheet.cut(text, pen, start - MARGIN if is_left else self.area.right - start)
        self.floor.take(
            self.sheet.text(text, start, self.area.top - 8, pen, across="right" if is_left else "left", up="top")
        )

    def mark(self, place: tuple[float, float], colour: str = style.INK, *, size: float = 9.0) -> None:
        """Draw a hollow mark at pixels, which labels will avoid."""
        self.sheet.mark(*place, colour, size=size, is_hollow=True)
        self.floor.take(Box(place[0] - 12, place[1] - 12, place[0] + 12, place[1] + 12))

    def write_beside(
        self,
        place: tuple[float, float],
        texts: Sequence[str],
        pen: Pen,
        *,
        reach: float = 300,
        is_needed: bool = False,
        within: Box | None = None,
    ) -> None:
        """Write the first of some texts that finds room within reach of a place.

        One that is needed may cover lines, and then stand outside of where it belongs, where nothing else is left; what
        finds no room is left out.
        """
        tries = [(text, 0, within) for text in texts]
        if is_needed:
            tries += [(text, 1_000, where) for where in dict.fromkeys((within, None)) for text in texts]
        for text, most_covered, where in tries:
            found = self.floor.find(
                self.sheet.size(text, pen), [place], reach=reach, most_covered=most_covered, within=where
            )
            if found is not None:
                if found.leader:
                    self.sheet.line(found.leader, pen.colour, width=0.9)
                self.sheet.text(text, found.box.left, found.box.bottom, pen)
                return


def write_title(sheet: Sheet, finding: str) -> float:
    """Write the finding over the picture; return the lower edge of its two lines, also where it fills but one."""
    top = style.HEIGHT_PX - 18.0
    sheet.text(sheet.wrapped(finding, TITLE_PEN, style.WIDTH_PX - 2 * MARGIN), MARGIN, top, TITLE_PEN, up="top")
    return top - 84.0


def write_note(sheet: Sheet, note: str) -> None:
    """Write the small print at the foot, in two lines at most."""
    sheet.text(sheet.wrapped(note, NOTE_PEN, style.WIDTH_PX - 2 * MARGIN), MARGIN, 8.0, NOTE_PEN)


def draw_ticks(
    panel: Panel, x: Mapping[float, str], y: Mapping[float, str], *, x_title: str = "", y_title: str = ""
) -> None:
    """Draw the grid of a panel with its ticks, given as values and what is written there.

    A tick that would stand on its neighbour is left out; its grid line stays.
    """
    sheet, area = panel.sheet, panel.area
    across = dict(zip(panel.x.pixels(list(x)), x.values(), strict=True))
    up = dict(zip(panel.y.pixels(list(y)), y.values(), strict=True))
    for place in across:
        sheet.line([(place, area.bottom), (place, area.top)], style.GRID, width=0.8)
    for place in up:
        sheet.line([(area.left, place), (area.right, place)], style.GRID, width=0.8)
    sheet.line([(area.left, area.bottom), (area.right, area.bottom)], style.RULE, width=1.2)
    last = float("-inf")
    for place, text in across.items():
        width, _ = sheet.size(text, TICK_PEN)
        if text and place - width / 2 > last + 14:
            last = sheet.text(text, place, area.bottom - 16, TICK_PEN, across="center", up="top").right
    last = float("-inf")
    for place, text in up.items():
        _, height = sheet.size(text, TICK_PEN)
        if text and place - height / 2 > last + 4:
            last = sheet.text(text, area.left - 12, place, TICK_PEN, across="right", up="center").top
    if x_title:
        sheet.text(x_title, (area.left + area.right) / 2, area.bottom - 51, AXIS_PEN, across="center", up="top")
    if y_title:
        sheet.text(sheet.cut(y_title, AXIS_PEN, area.right - MARGIN + 18), MARGIN, area.top + 12, AXIS_PEN)


def tick_room(sheet: Sheet, texts: Sequence[str]) -> float:
    """Return where an area begins that has such ticks on its left."""
    return MARGIN + max(sheet.size(text, TICK_PEN)[0] for text in texts) + 14
