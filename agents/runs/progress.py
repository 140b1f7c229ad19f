"""How far a stage is, how fast it goes and when it will be through, from what was observed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Long enough to smooth batches of uneven size, short enough to follow a change of pace.
WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class Point:
    """What was done at a moment, in seconds of any steady clock."""

    at_s: float
    done: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A stage's state of work as a card shows it.

    Attributes:
        done: Units done so far.
        total: Units in all; None while nobody knows.
        unit: What is counted, in the plural: "files", "chunks".
        rate: Units per second lately; None before two observations.
        eta_s: Seconds left at that rate; None where rate or total is unknown.
        note: The last thing worth saying, such as the file in hand.
    """

    done: float
    total: float | None
    unit: str
    rate: float | None = None
    eta_s: float | None = None
    note: str = ""

    @property
    def share(self) -> float | None:
        """The part that is done, 0 to 1; None while the total is unknown."""
        if self.total is None:
            return None
        return 1.0 if self.total <= 0 else min(1.0, max(0.0, self.done / self.total))


def recent(points: Sequence[Point], window_s: float = WINDOW_S) -> tuple[Point, ...]:
    """Return the points that the rate is taken from: the last window, and never less than the last two."""
    if len(points) <= 2:
        return tuple(points)
    since = points[-1].at_s - window_s
    return tuple(point for point in points[:-2] if point.at_s >= since) + tuple(points[-2:])


def rate(points: Sequence[Point]) -> float | None:
    """Return units per second between the first and the last point; None where no time passed.

    Work that was taken back, as when a checkpoint is resumed, counts as no work rather than as negative.
    """
    if len(points) < 2:
        return None
    elapsed_s = points[-1].at_s - points[0].at_s
    if elapsed_s <= 0:
        return None
    return max(0.0, (points[-1].done - points[0].done) / elapsed_s)


def measure(points: Sequence[Point], total: float | None, unit: str, note: str = "") -> Progress:
    """Return the progress at the last of the points, of which there is at least one."""
    done = points[-1].done
    pace = rate(recent(points))
    eta_s = max(0.0, total - done) / pace if total is not None and pace else None
    # A pace of next to nothing has no end that could be named.
    return Progress(done, total, unit, pace, eta_s if eta_s is None or math.isfinite(eta_s) else None, note)


def progress_document(progress: Progress) -> dict[str, Any]:
    """Return the progress as plain JSON."""
    return {
        "done": progress.done,
        "total": progress.total,
        "unit": progress.unit,
        "rate": progress.rate,
        "eta_s": progress.eta_s,
        "note": progress.note,
    }


def read_progress(document: Mapping[str, Any]) -> Progress | None:
    """Return the progress that `progress_document` wrote; None for an empty document."""
    return Progress(**document) if document else None
