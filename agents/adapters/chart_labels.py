"""Labels written beside their lines, where they cover neither lines nor each other.

Every label gets many candidate boxes around the places it may stand at. What a box costs for the lines it
covers is counted once; then the labels choose in turn, in several orders, and the cheapest outcome is kept.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

Pixels = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

# Display pixels: a cell of the grid that lines are marked in, and what separates a text from anything else.
CELL = 4
CLEARANCE = 6.0
# What a place costs: a covered label is never right, a covered line hardly, distance is a matter of taste.
COVERS_LABEL, COVERS_LINE, CROSSES_LINE = 1e6, 2e3, 300.0
DISTANCES = (0.0, 16.0, 40.0, 72.0, 112.0, 160.0, 220.0)
ANCHORS = 60
CANDIDATES = 400
ORDERS = 12
# A text nearer than this to its anchor needs no leader.
FAR = 30.0
# A marker's rim around its centre.
MARKER_RING = np.array([(0, 0), (12, 0), (-12, 0), (0, 12), (0, -12)], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Label:
    """A text and the places, in data, that it may stand at."""

    text: str
    anchors: tuple[tuple[float, float], ...]
    colour: str
    points: float
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Candidates:
    """Where one label may go, best first: boxes (n, 4) as x0, y0, x1, y1; leaders (n, steps, 2); costs (n,)."""

    boxes: Pixels
    leaders: Pixels
    costs: Pixels
    anchors: Pixels


@dataclass(frozen=True, slots=True)
class Grid:
    """The axes as cells: `lines` (lines, rows, columns) are those touched, `area` is x0, y0, x1, y1.

    `below` (rows + 1, columns + 1) counts touched cells below and left of each corner, so that a box is
    counted in four look-ups.
    """

    area: Pixels
    lines: Marks
    below: Counts

    def cells(self, x: Pixels, y: Pixels) -> tuple[Counts, Counts]:
        """Return columns and rows of display pixels, those outside the axes moved to the nearest cell."""
        _, rows, columns = self.lines.shape
        across = np.clip((x - self.area[0]) // CELL, 0, columns - 1).astype(np.int64)
        up = np.clip((y - self.area[1]) // CELL, 0, rows - 1).astype(np.int64)
        return across, up


def place_labels(axes: Axes, labels: Sequence[Label]) -> None:
    """Write each label at its best free place, with a thin leader where that is away from its anchor."""
    grid = _grid(axes)
    texts = [_text(axes, label) for label in labels]
    options = [_candidates(axes, label, text, grid) for label, text in zip(labels, texts, strict=True)]
    for label, text, option, index in zip(labels, texts, options, _best_choice(options), strict=True):
        text.set_transform(axes.transAxes)
        text.set_position(tuple(axes.transAxes.inverted().transform(option.boxes[index, :2])))
        _draw_leader(axes, option.leaders[index], label.colour)


def _best_choice(options: Sequence[Candidates]) -> list[int]:
    """Return which candidate each label takes: the cheapest of several orders of choosing."""
    random = np.random.default_rng(0)
    # A text with few places chooses first, and then chance has its turn.
    first = sorted(range(len(options)), key=lambda index: len(np.unique(options[index].anchors, axis=0)))
    orders = [first, *(list(random.permutation(len(options))) for _ in range(ORDERS - 1))]
    outcomes = [_choose(options, order) for order in orders]
    return min(outcomes, key=lambda outcome: outcome[0])[1]


def _choose(options: Sequence[Candidates], order: Sequence[int]) -> tuple[float, list[int]]:
    """Return what it costs in all to let the labels choose in this order, and what they take."""
    chosen = [0] * len(options)
    boxes, leaders = np.empty((0, 4)), np.empty((0, 2))
    total = 0.0
    for label in order:
        option = options[label]
        overlaps = _overlaps(option.boxes, boxes).sum(axis=1)
        struck = np.any(_inside(option.leaders[:, :, None, :], boxes[None, None]), axis=1).sum(axis=1)
        crossed = np.any(_inside(leaders[None, :, None, :], option.boxes[:, None, None, :])[..., 0], axis=1)
        costs = option.costs + COVERS_LABEL * (overlaps + struck + crossed)
        best = int(np.argmin(costs))
        chosen[label], total = best, total + float(costs[best])
        boxes = np.vstack((boxes, option.boxes[best]))
        leaders = np.vstack((leaders, option.leaders[best]))
    return total, chosen


def _candidates(axes: Axes, label: Label, text: Text, grid: Grid) -> Candidates:
    """Return a label's best candidate places by what they cover of the lines, leader included."""
    size = text.get_window_extent()
    pixels = np.asarray(axes.transData.transform(np.array(label.anchors)), dtype=np.float64)
    inside = pixels[_inside(pixels, grid.area)]
    anchors = inside[:: max(1, len(inside) // ANCHORS)] if len(inside) else pixels[:1]
    found = [
        (x, y, *box, distance)
        for x, y in anchors
        for *box, distance in _around(float(x), float(y), size.width, size.height)
    ]
    rows = np.array(found, dtype=np.float64)
    ends, boxes = rows[:, :2], rows[:, 2:6]
    leaders = _leaders(boxes, ends)
    costs = rows[:, 6] + _cost_of_boxes(boxes, grid) + _cost_of_leaders(leaders, grid)
    best = np.argsort(costs, kind="stable")[:CANDIDATES]
    return Candidates(boxes[best], leaders[best], costs[best], ends[best])


def _around(x: float, y: float, width: float, height: float) -> Iterator[tuple[float, float, float, float, float]]:
    """Yield boxes above, below and beside a point, near ones first, with their distance as a cost."""
    for distance in DISTANCES:
        gap = CLEARANCE + 5 + distance
        for across, bottom in itertools.product((-1.0, -0.5, 0.0), (y + gap, y - gap - height)):
            left = x + across * width + (-gap if across == -1 else gap if across == 0 else 0)
            yield left, bottom, left + width, bottom + height, distance
        for left in (x + gap, x - gap - width):
            yield left, y - height / 2, left + width, y + height / 2, distance


def _cost_of_boxes(boxes: Pixels, grid: Grid) -> Pixels:
    """Return what boxes cost for leaving the axes and for covering lines."""
    padded = boxes + np.array((-CLEARANCE, -CLEARANCE, CLEARANCE, CLEARANCE))
    area = grid.area
    outside = np.maximum(0, area[:2] - padded[:, :2]).sum(axis=1)
    outside += np.maximum(0, padded[:, 2:] - area[2:]).sum(axis=1)
    left, low = grid.cells(padded[:, 0], padded[:, 1])
    right, high = grid.cells(padded[:, 2], padded[:, 3])
    below = grid.below
    touched = below[high + 1, right + 1] - below[low, right + 1] - below[high + 1, left] + below[low, left]
    return np.asarray(COVERS_LABEL * outside + COVERS_LINE * touched, dtype=np.float64)


def _leaders(boxes: Pixels, anchors: Pixels) -> Pixels:
    """Return points along the straight way from each box to its anchor: (n, 40, 2)."""
    starts = np.clip(anchors, boxes[:, :2], boxes[:, 2:])
    return np.asarray(np.linspace(starts, anchors, 40, axis=1), dtype=np.float64)


def _cost_of_leaders(leaders: Pixels, grid: Grid) -> Pixels:
    """Return what leaders cost for the lines they cross."""
    # The end at the anchor touches its own line, and any other that runs through the same place.
    columns, rows = grid.cells(leaders[:, :-6, 0], leaders[:, :-6, 1])
    crossed = np.any(grid.lines[:, rows, columns], axis=2).sum(axis=0)
    is_drawn = np.hypot(*(leaders[:, -1] - leaders[:, 0]).T) >= FAR
    return np.asarray(CROSSES_LINE * crossed * is_drawn, dtype=np.float64)


def _overlaps(boxes: Pixels, others: Pixels) -> Marks:
    """Return which boxes (n, 4) overlap which others (m, 4), clearance included: (n, m)."""
    a, b = boxes[:, None, :], others[None, :, :]
    apart = CLEARANCE * 1.5
    return np.asarray(
        (a[..., 0] < b[..., 2] + apart)
        & (a[..., 2] > b[..., 0] - apart)
        & (a[..., 1] < b[..., 3] + apart)
        & (a[..., 3] > b[..., 1] - apart),
        dtype=np.bool_,
    )


def _inside(points: Pixels, boxes: Pixels) -> Marks:
    """Return which points (..., 2) lie in the boxes (..., 4) they are broadcast against."""
    x, y = points[..., 0], points[..., 1]
    return np.asarray(
        (x > boxes[..., 0]) & (x < boxes[..., 2]) & (y > boxes[..., 1]) & (y < boxes[..., 3]), dtype=np.bool_
    )


def _grid(axes: Axes) -> Grid:
    """Return the cells of the axes that anything drawn so far touches."""
    extent = axes.get_window_extent()
    area = np.array((extent.x0, extent.y0, extent.x1, extent.y1))
    drawn = [points[_inside(points, area)] for points in _drawn_pixels(axes)]
    lines = np.zeros((len(drawn), int(extent.height // CELL) + 1, int(extent.width // CELL) + 1), dtype=np.bool_)
    grid = Grid(area, lines, np.zeros((1, 1), dtype=np.int64))
    for marks, points in zip(lines, drawn, strict=True):
        columns, rows = grid.cells(points[:, 0], points[:, 1])
        marks[rows, columns] = True
    below = np.pad(lines.sum(axis=0).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    return Grid(area, lines, below)


def _drawn_pixels(axes: Axes) -> Iterator[Pixels]:
    """Yield, for every line and marker, points a cell apart: (points, 2) display pixels."""
    for line in axes.get_lines():
        raw = line.get_transform().transform(np.asarray(line.get_xydata(), dtype=np.float64))
        if len(raw) == 1:
            yield raw + MARKER_RING
        else:
            pairs = itertools.pairwise(np.clip(raw, -1e5, 1e5))
            yield np.concatenate([_stretch(start, end) for start, end in pairs])


def _stretch(start: Pixels, end: Pixels) -> Pixels:
    """Return points from one end to the other, a cell apart."""
    count = min(2000, max(2, int(np.hypot(*(end - start)) / CELL) + 1))
    return np.asarray(np.linspace(start, end, count), dtype=np.float64)


def _text(axes: Axes, label: Label) -> Text:
    """Return the label's text, to be measured before it is moved to its place."""
    return axes.text(
        0,
        0,
        label.text,
        color=label.colour,
        fontsize=label.points,
        fontweight="bold" if label.is_bold else "normal",
        va="bottom",
        ha="left",
        linespacing=1.1,
        zorder=8,
        transform=None,
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )


def _draw_leader(axes: Axes, leader: Pixels, colour: str) -> None:
    """Draw a thin line from a text to its anchor, placed as the text is: as a share of the axes."""
    if np.hypot(*(leader[-1] - leader[0])) < FAR:
        return
    ends = axes.transAxes.inverted().transform(leader[[0, -1]])
    axes.plot(ends[:, 0], ends[:, 1], transform=axes.transAxes, color=colour, linewidth=1, alpha=0.7, zorder=7)
