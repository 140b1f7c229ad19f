"""Where labels stand so that none covers another: a column beside the lines, and free places among them.

All in pixels from the lower left corner. A label in the column always finds its place; one among the lines is left
out where every place would cover a text, and what it said stands in the words beside the picture.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float64]
Path = Sequence[tuple[float, float]]

# What separates a text from anything else, and the cells that lines are marked in.
CLEARANCE = 7.0
CELL = 4
# A text nearer than this to its mark needs no leader; a leader ends short of the mark.
FAR, RIM = 30.0, 12.0
LEADER_POINTS = 32
# What a place costs beside its distance: a line under the text is hardly ever right, one under its leader seldom.
COVERS_LINE, CROSSES_LINE = 20.0, 25.0
DISTANCES = (0.0, 14.0, 34.0, 60.0, 92.0, 130.0, 175.0, 230.0, 300.0)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """How high it is."""
        return self.top - self.bottom

    def grown(self, by: float) -> "Box":
        """Return the box with so much room around it."""
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)

    def overlaps(self, other: "Box") -> bool:
        """Return whether the two share any area."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def holds(self, other: "Box") -> bool:
        """Return whether another lies within."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.bottom <= other.bottom
            and other.top <= self.top
        )

    def meets(self, points: "Path") -> bool:
        """Return whether any of some points lies within."""
        return any(self.left < x < self.right and self.bottom < y < self.top for x, y in points)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands, and the point that it is about."""

    box: Box
    anchor: tuple[float, float]

    @property
    def leader(self) -> Path:
        """Points along the line from the text to its anchor; none where the text is near enough."""
        (x, y), box = self.anchor, self.box
        from_x, from_y = min(max(x, box.left), box.right), min(max(y, box.bottom), box.top)
        distance = math.hypot(x - from_x, y - from_y)
        if distance < FAR:
            return ()
        parts = [part / LEADER_POINTS * (1 - RIM / distance) for part in range(LEADER_POINTS + 1)]
        return tuple((from_x + (x - from_x) * part, from_y + (y - from_y) * part) for part in parts)


def stacked(middles: Sequence[float], heights: Sequence[float], *, bottom: float, top: float) -> list[float]:
    """Return the middles of boxes stacked without overlap, each as near to the middle it asks for as order allows.

    Neighbours that collide are moved together, as in isotonic regression, so that all share the shift. Boxes that
    are higher than the column in all leave it at the bottom.
    """
    blocks: list[_Block] = []
    for index in sorted(range(len(middles)), key=lambda index: middles[index]):
        block = _Block(middles[index] - heights[index] / 2, [index], heights[index])
        while blocks and blocks[-1].top > block.bottom:
            block = _joined(blocks.pop(), block)
        blocks.append(block)
    floor = bottom
    for block in blocks:
        block.bottom = max(floor, block.bottom)
        floor = block.top
    found = [0.0] * len(middles)
    ceiling = top
    for block in reversed(blocks):
        edge = ceiling = min(ceiling, block.top) - block.height
        for index in block.members:
            found[index] = edge + heights[index] / 2
            edge += heights[index]
    return found


@dataclass(slots=True)
class _Block:
    """Boxes that touch, from the lowest up."""

    bottom: float
    members: list[int]
    height: float

    @property
    def top(self) -> float:
        return self.bottom + self.height


def _joined(below: _Block, above: _Block) -> _Block:
    """Return both as one, where their members are nearest to their wishes on average."""
    members = below.members + above.members
    asked = below.bottom * len(below.members) + (above.bottom - below.height) * len(above.members)
    return _Block(asked / len(members), members, below.height + above.height)


class Floor:
    """What of an area is taken: by texts, which nothing may cover, and by lines, which cost.

    Args:
        area: Where labels may stand.
    """

    def __init__(self, area: Box) -> None:
        self._area = area
        self._taken: list[Box] = []
        self._leaders: list[Path] = []
        self._cells = np.zeros((int(area.height // CELL) + 2, int(area.width // CELL) + 2), dtype=np.int64)

    def take(self, box: Box) -> None:
        """Keep everything else off a box."""
        self._taken.append(box)

    def draw(self, path: Pixels) -> None:
        """Note a line along (points, 2) pixels."""
        for start, end in itertools.pairwise(np.clip(path, -1e5, 1e5)):
            steps = min(2000, max(2, int(np.hypot(*(end - start)) / CELL) + 1))
            points = np.linspace(start, end, steps)
            across = ((points[:, 0] - self._area.left) // CELL).astype(np.int64)
            up = ((points[:, 1] - self._area.bottom) // CELL).astype(np.int64)
            rows, columns = self._cells.shape
            inside = (across >= 0) & (across < columns) & (up >= 0) & (up < rows)
            self._cells[up[inside], across[inside]] = 1

    def find(
        self,
        size: tuple[float, float],
        anchors: Path,
        *,
        reach: float = DISTANCES[-1],
        most_covered: int = 0,
        within: Box | None = None,
    ) -> Place | None:
        """Return the best free place for a text beside one of the anchors, and take it; None where there is none.

        Args:
            size: Width and height of the text.
            anchors: Points that the text may stand beside, the best first.
            reach: How far from them it may stand.
            most_covered: Cells of lines that it may cover.
            within: Where it has to stand; anywhere in the area where it is not given.
        """
        below = np.pad(self._cells.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        best: Place | None = None
        least = float("inf")
        for rank, anchor in enumerate(anchors):
            for box, distance in _around(*anchor, *size):
                cost = distance + 3.0 * rank
                padded = box.grown(CLEARANCE)
                if distance > reach or cost >= least or not self._area.holds(padded):
                    continue
                if within is not None and not within.holds(box):
                    continue
                covered = self._covered(padded, below)
                place = Place(box, anchor)
                cost += COVERS_LINE * covered + CROSSES_LINE * self._crossed(place)
                if covered <= most_covered and cost < least and self._is_free(padded, place):
                    best, least = place, cost
        if best is not None:
            self._taken.append(best.box)
            self._leaders.append(best.leader)
        return best

    def _is_free(self, padded: Box, place: Place) -> bool:
        """Return whether no text is covered, neither by the box nor by its leader, and no leader by the box."""
        if any(padded.overlaps(other) for other in self._taken) or any(padded.meets(path) for path in self._leaders):
            return False
        # The mark that the leader begins at is taken as well.
        return not any(other.meets(place.leader) for other in self._taken if not other.meets([place.anchor]))

    def _crossed(self, place: Place) -> int:
        """Return how many points of a leader lie on lines, but for those near its mark, which lies on one itself."""
        x, y = place.anchor
        rows, columns = self._cells.shape
        count = 0
        for across, up in place.leader:
            column, row = int((across - self._area.left) // CELL), int((up - self._area.bottom) // CELL)
            is_inside = 0 <= column < columns and 0 <= row < rows
            count += int(is_inside and math.hypot(across - x, up - y) > 2 * RIM and self._cells[row, column])
        return count

    def _covered(self, box: Box, below: npt.NDArray[np.int64]) -> int:
        """Return how many cells of lines a box covers."""
        left = int((box.left - self._area.left) // CELL)
        right = int((box.right - self._area.left) // CELL) + 1
        low = int((box.bottom - self._area.bottom) // CELL)
        high = int((box.top - self._area.bottom) // CELL) + 1
        return int(below[high, right] - below[low, right] - below[high, left] + below[low, left])


def _around(x: float, y: float, width: float, height: float) -> Iterator[tuple[Box, float]]:
    """Yield boxes above, below and beside a point, near ones first, with their distance as a cost."""
    for distance in DISTANCES:
        gap = CLEARANCE + 6 + distance
        for share, taste in ((0.5, 0.0), (0.0, 1.0), (1.0, 1.0)):
            left = x - share * width + (gap / 2 if share == 0 else -gap / 2 if share == 1 else 0)
            yield Box(left, y + gap, left + width, y + gap + height), distance + taste
            yield Box(left, y - gap - height, left + width, y - gap), distance + taste + 1
        for left in (x + 1.6 * gap, x - 1.6 * gap - width):
            yield Box(left, y + 0.5 * gap, left + width, y + 0.5 * gap + height), distance + 3
            yield Box(left, y - 0.5 * gap - height, left + width, y - 0.5 * gap), distance + 4
        for left in (x + gap, x - gap - width):
            yield Box(left, y - height / 2, left + width, y + height / 2), distance + 2
