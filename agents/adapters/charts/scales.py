"""Values onto pixels: linear and logarithmic scales, and the round values at which they are marked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float64]

# Steps people count days in: weeks do not divide months, so it is tens, months and years.
DAY_STEPS = (1, 2, 5, 10, 15, 30, 60, 90, 180, 365, 730, 1825, 3650, 7300, 18_250)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on the pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def pixels(self, values: Sequence[float] | Pixels) -> Pixels:
        """Return where values stand; on a logarithmic scale what is zero or less stands far below it."""
        given = np.asarray(values, dtype=np.float64)
        low, high = self.low, self.high
        if self.is_log:
            given = np.log10(np.maximum(given, 1e-12))
            low, high = math.log10(low), math.log10(high)
        return np.asarray(self.start + (given - low) / (high - low) * (self.end - self.start), dtype=np.float64)

    def pixel(self, value: float) -> float:
        """Return where one value stands."""
        return float(self.pixels([value])[0])


def log_ticks(low: float, high: float, most: int = 7) -> tuple[float, ...]:
    """Return powers of ten between two values, at most `most`, evenly stepped."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / most))
    return tuple(10.0**power for power in range(first, last + 1, step))


def day_ticks(last_day: float, most: int = 7) -> tuple[float, ...]:
    """Return days to mark from 0 to the last, in steps people count in."""
    step = next((step for step in DAY_STEPS if last_day / step <= most), last_day / most)
    return tuple(float(step * count) for count in range(int(last_day / step) + 1))


def spread_ticks(low: float, high: float, most: int = 5) -> tuple[float, ...]:
    """Return round values between two values around zero, zero among them where it lies between."""
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * (1 - 1e-9))
    return tuple(step * count for count in range(math.ceil(low / step), math.floor(high / step) + 1))
