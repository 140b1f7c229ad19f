"""Where a fact of the costs changes, along which figure: values that the cost core found and the rules only show."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A value of one figure past which a fact is the opposite, everything else as it is.

    `becomes` is the fact there; the payback counts as true within its limit. `key` is the figure's name in a cost
    file, `direction` is "above" or "below", and `text` reads "above 67,000 requests/day". `is_plausible`: the value
    lies within what the figure may well be.
    """

    fact: str
    key: str
    at: float
    direction: str
    becomes: bool
    is_plausible: bool
    text: str


def parse_crossings(found: Iterable[Mapping[str, Any]]) -> tuple[Crossing, ...]:
    """Return crossings from the JSON values that `crossings_to_json` and the cost core make."""
    names = Crossing.__dataclass_fields__
    return tuple(Crossing(**{name: one[name] for name in names}) for one in found)


def crossings_to_json(crossings: Iterable[Crossing]) -> list[dict[str, Any]]:
    """Return crossings as JSON values."""
    return [asdict(crossing) for crossing in crossings]
