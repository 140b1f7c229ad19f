"""The cost comparison as pictures, and in words for those who do not see them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from agents.adapters.charts.memory import describe_memory, draw_memory
from agents.adapters.charts.payback import describe_payback, draw_payback
from agents.adapters.charts.sensitivity import describe_sensitivity, draw_sensitivity
from agents.adapters.charts.sheet import Sheet
from agents.adapters.charts.volume import describe_volume, draw_volume
from agents.costs.compare import Comparison
from agents.costs.curves.memory import memory_sizes
from agents.costs.curves.payback import payback_curve
from agents.costs.curves.volume import cost_curve


def sheet(kind: str, comparison: Comparison) -> Sheet | None:
    """Return the chart of a kind: volume, payback, memory or sensitivity; None where there is nothing to show."""
    return _DRAWN[kind](comparison)


def png(kind: str, comparison: Comparison) -> bytes:
    """Return the chart of a kind as a PNG; empty where there is nothing to show."""
    drawn = sheet(kind, comparison)
    return b"" if drawn is None else drawn.png()


def alt(kind: str, comparison: Comparison) -> str:
    """Return the finding of a chart and its figures in words; empty where there is nothing to show."""
    return _DESCRIBED[kind](comparison)


def _volume(comparison: Comparison) -> Sheet | None:
    curve = cost_curve(comparison)
    return None if curve is None else draw_volume(curve)


def _volume_alt(comparison: Comparison) -> str:
    curve = cost_curve(comparison)
    return "" if curve is None else describe_volume(curve)


def _payback(comparison: Comparison) -> Sheet | None:
    curve = payback_curve(comparison)
    return None if curve is None else draw_payback(curve)


def _payback_alt(comparison: Comparison) -> str:
    curve = payback_curve(comparison)
    return "" if curve is None else describe_payback(curve)


def _memory(comparison: Comparison) -> Sheet | None:
    return draw_memory(memory_sizes(comparison))


def _memory_alt(comparison: Comparison) -> str:
    return describe_memory(memory_sizes(comparison))


_DRAWN: Mapping[str, Callable[[Comparison], Sheet | None]] = MappingProxyType(
    {"volume": _volume, "payback": _payback, "memory": _memory, "sensitivity": draw_sensitivity}
)
_DESCRIBED: Mapping[str, Callable[[Comparison], str]] = MappingProxyType(
    {"volume": _volume_alt, "payback": _payback_alt, "memory": _memory_alt, "sensitivity": describe_sensitivity}
)
