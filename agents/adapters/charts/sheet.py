"""The paper of a chart: lines, areas, marks and texts at pixels from its lower left corner, and their PNG.

Drawn with matplotlib's artists on a bare figure, without its axes and without pyplot. The box of every text is known
when it is written, which is what keeps labels apart; ticks and grids of axes would take half of the time; and pyplot's
global state would leak between threads. Rendering takes about 0.1 s of CPU: call it in a thread.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from agents.adapters.charts import style
from agents.adapters.charts.places import Box

Pixels = npt.NDArray[np.float64]
Across = Literal["left", "center", "right"]
Up = Literal["bottom", "center", "top"]

# The one family that matplotlib brings along: every machine draws the same picture.
FAMILY = "DejaVu Sans"
MISSING = "?"


@dataclass(frozen=True, slots=True)
class Written:
    """A text and the box it fills."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Pen:
    """How a text is written."""

    points: float = style.LABEL_POINTS
    colour: str = style.INK
    is_bold: bool = False


class Sheet:
    """A white sheet of 1200 x 896 pixels; what is drawn later lies above."""

    def __init__(self) -> None:
        inches = (style.WIDTH_PX / style.DOTS_PER_INCH, style.HEIGHT_PX / style.DOTS_PER_INCH)
        self._figure = Figure(figsize=inches, dpi=style.DOTS_PER_INCH, facecolor=style.PAPER)
        self._renderer: RendererAgg = FigureCanvasAgg(self._figure).get_renderer()  # type: ignore[no-untyped-call]  # matplotlib's stubs end here
        self._order = 1.0
        self._written: list[Written] = []

    @property
    def written(self) -> tuple[Written, ...]:
        """All texts with their boxes."""
        return tuple(self._written)

    def line(
        self,
        path: Pixels | Sequence[tuple[float, float]],
        colour: str,
        *,
        width: float = 1.0,
        dash: style.Dash = style.SOLID,
        within: Box | None = None,
    ) -> None:
        """Draw a line along (points, 2) pixels, `width` in points; nothing of it outside a box."""
        points = np.clip(np.asarray(path, dtype=np.float64), -1e5, 1e5)
        drawn = Line2D(
            points[:, 0],
            points[:, 1],
            color=colour,
            linewidth=width,
            linestyle=dash,
            solid_joinstyle="miter",
            solid_capstyle="butt",
            transform=IdentityTransform(),
            zorder=self._next(),
        )
        self._figure.add_artist(drawn)
        if within is not None:
            drawn.set_clip_box(Bbox([[within.left, within.bottom], [within.right, within.top]]))

    def area(self, outline: Pixels, colour: str, *, alpha: float = 0.16, within: Box | None = None) -> None:
        """Fill the inside of (points, 2) pixels."""
        drawn = Polygon(
            np.clip(outline, -1e5, 1e5),
            closed=True,
            facecolor=colour,
            alpha=alpha,
            linewidth=0,
            transform=IdentityTransform(),
            zorder=self._next(),
        )
        self._figure.add_artist(drawn)
        if within is not None:
            drawn.set_clip_box(Bbox([[within.left, within.bottom], [within.right, within.top]]))

    def mark(
        self, x: float, y: float, colour: str, *, size: float = 7.0, is_hollow: bool = False, shape: str = "o"
    ) -> None:
        """Draw a marker, `size` in points across."""
        self._figure.add_artist(
            Line2D(
                [x],
                [y],
                marker=shape,
                markersize=size,
                markerfacecolor=style.PAPER if is_hollow else colour,
                markeredgecolor=colour if is_hollow else style.PAPER,
                markeredgewidth=2.0 if is_hollow else 0.8,
                linestyle="none",
                transform=IdentityTransform(),
                zorder=self._next(),
            )
        )

    def text(self, text: str, x: float, y: float, pen: Pen, *, across: Across = "left", up: Up = "bottom") -> Box:
        """Write a text and return the box it fills."""
        made = _text(text, x, y, pen, across=across, up=up)
        # A thin rim of paper keeps a text legible where a grid line runs through it.
        made.set_path_effects([withStroke(linewidth=2.5, foreground=style.PAPER)])
        made.set_zorder(1_000 + self._next())
        self._figure.add_artist(made)
        box = self._extent(made)
        self._written.append(Written(text, box))
        return box

    def size(self, text: str, pen: Pen) -> tuple[float, float]:
        """Return the width and height that a text would fill."""
        box = self._extent(_text(text, 0, 0, pen, figure=self._figure))
        return box.width, box.height

    def wrapped(self, text: str, pen: Pen, width: float, most_lines: int = 2) -> str:
        """Return a text broken into lines of a width; what does not fit into so many is cut off with an ellipsis."""
        lines: list[str] = []
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.size(longer, pen)[0] <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        kept = lines[:most_lines]
        if len(lines) > most_lines:
            kept[-1] += " …"
        return "\n".join(self.cut(line, pen, width) for line in kept)

    def cut(self, text: str, pen: Pen, width: float) -> str:
        """Return as much of a text as fits a width, with an ellipsis where some is left out."""
        if self.size(text, pen)[0] <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.size(text[:middle].rstrip() + "…", pen)[0] <= width:
                low = middle
            else:
                high = middle - 1
        return text[:low].rstrip() + "…"

    def png(self) -> bytes:
        """Return the sheet as a PNG."""
        file = io.BytesIO()
        # Level 3 is a third of the default's time for a tenth more bytes.
        self._figure.savefig(file, format="png", pil_kwargs={"compress_level": 3})
        return file.getvalue()

    def _next(self) -> float:
        self._order += 0.001
        return self._order

    def _extent(self, made: Text) -> Box:
        extent = made.get_window_extent(self._renderer)
        return Box(extent.x0, extent.y0, extent.x1, extent.y1)


def _text(
    text: str, x: float, y: float, pen: Pen, *, across: Across = "left", up: Up = "bottom", figure: Figure | None = None
) -> Text:
    made = Text(
        x,
        y,
        printable(text),
        color=pen.colour,
        fontproperties=_font(pen.points, pen.is_bold),
        horizontalalignment=across,
        verticalalignment=up,
        linespacing=1.12,
        # Two dollar signs would otherwise enclose a formula.
        parse_math=False,
        transform=IdentityTransform(),
    )
    if figure is not None:
        made.set_figure(figure)
    return made


@lru_cache(maxsize=64)
def _font(points: float, is_bold: bool) -> FontProperties:
    return FontProperties(family=FAMILY, size=points, weight="bold" if is_bold else "normal")


def printable(text: str) -> str:
    """Return a text with a question mark for each letter that the font does not have."""
    known = _letters()
    return "".join(letter if letter == "\n" or ord(letter) in known else MISSING for letter in text)


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    both = [get_font(findfont(_font(style.LABEL_POINTS, is_bold))).get_charmap() for is_bold in (False, True)]
    return frozenset(both[0]) & frozenset(both[1]) - frozenset(range(32))
