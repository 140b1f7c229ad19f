"""Whether the figures of a sentence can be traced to a figure of the same kind in a source."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final

from agents.dialogue.figures import Figure, Kind, Reading, figures
from agents.dialogue.notation import names_of

TEXTS_KEPT: Final = 1_024
"""Texts whose figures are kept: a thread's history is read again each time that somebody speaks in it."""

_Class = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class _Held:
    """The values of one class of figures: those that may be told rounded, in order, and those that may not."""

    rounded: Sequence[Decimal] = ()
    exact: Set[Decimal] = field(default_factory=frozenset)

    def holds(self, reading: Reading, scale: Decimal) -> bool:
        """Return whether a value times the scale is what was read."""
        if reading.value / scale in self.exact:
            return True
        low, high = (reading.value - reading.slack) / scale, (reading.value + reading.slack) / scale
        at = bisect_left(self.rounded, low)
        return at < len(self.rounded) and self.rounded[at] <= high


class Traces:
    """The figures of all sources, sorted for looking them up.

    Args:
        core: Texts of code: their figures may be told rounded, and are written as in English.
        others: What people wrote and passages, whose figures are repeated as they are.
    """

    def __init__(self, core: Iterable[str], others: Iterable[str]) -> None:
        of_code, of_others = (
            [_read(text) for text in dict.fromkeys(core)],
            [_read(text) for text in dict.fromkeys(others)],
        )
        self._names = frozenset().union(*(each.names for each in (*of_code, *of_others)))
        rounded = _joined(each.in_english for each in of_code)
        exact = _joined(each.in_any for each in of_others)
        self._held: Mapping[_Class, _Held] = {
            each: _Held(sorted(rounded.get(each, ())), exact.get(each, frozenset())) for each in {*rounded, *exact}
        }

    def untraced(self, sentence: str) -> Figure | None:
        """Return the first figure of a sentence that no source has, or None."""
        return next((each for each in figures(sentence, self._names) if not self._is_traced(each)), None)

    def _is_traced(self, figure: Figure) -> bool:
        if figure.kind == "plain" and figure.written == "1":
            # An article in many languages.
            return True
        return any(
            held.holds(reading, scale) for held, scale in self._candidates(figure) for reading in figure.readings
        )

    def _candidates(self, figure: Figure) -> Iterable[tuple[_Held, Decimal]]:
        """Yield the values that a figure may be one of, each with what they are multiplied by."""
        one = Decimal(1)
        for (kind, unit), held in self._held.items():
            is_same = (kind, unit) == (figure.kind, figure.unit)
            # A unit may stand elsewhere: in the head of a table, or earlier in the sentence.
            is_unit_left_out = figure.kind == "plain" and kind in ("money", "duration")
            if is_same or is_unit_left_out or (figure.kind == "duration" and kind == "plain"):
                yield held, one
            elif figure.kind == "percent" and figure.unit == "%" and kind == "plain":
                yield _fractions(held), Decimal(100)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a text holds: its names, and the values of its figures by class, as in English and in any notation."""

    names: Set[str]
    in_english: Mapping[_Class, Set[Decimal]]
    in_any: Mapping[_Class, Set[Decimal]]


@lru_cache(maxsize=TEXTS_KEPT)
def _read(text: str) -> _Read:
    names = frozenset(names_of(text))
    found = figures(text, names)
    return _Read(names, _values(found, english_only=True), _values(found, english_only=False))


def _values(found: Iterable[Figure], *, english_only: bool) -> Mapping[_Class, Set[Decimal]]:
    values: dict[_Class, set[Decimal]] = {}
    for each in found:
        told = {reading.value for reading in each.readings if reading.is_english or not english_only}
        values.setdefault((each.kind, each.unit), set()).update(told)
    return values


def _joined(parts: Iterable[Mapping[_Class, Set[Decimal]]]) -> Mapping[_Class, Set[Decimal]]:
    joined: dict[_Class, set[Decimal]] = {}
    for part in parts:
        for each, values in part.items():
            joined.setdefault(each, set()).update(values)
    return joined


def _fractions(held: _Held) -> _Held:
    """Return the values up to 1, which may be told as percent."""
    return _Held([each for each in held.rounded if 0 < each <= 1], {each for each in held.exact if 0 < each <= 1})
