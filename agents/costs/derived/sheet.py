"""The derivations of one row while they are put together."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from agents.costs.figures import Band, Figure
from agents.costs.terms import Derivation, Term


class Sheet:
    """Collects the derivations of a row.

    Args:
        row_id: The row's id, the first part of the id of every figure.
        label: The row's name, the first part of every title.
        as_of: Of which day the row's prices are.
    """

    def __init__(self, row_id: str, label: str, as_of: dt.date) -> None:
        self.made: dict[str, Derivation] = {}
        self.row_id = row_id
        self.label = label
        self._as_of = as_of

    def add(
        self, figure: str, title: str, formula: str, *, terms: Sequence[Term], result: Figure, note: str = ""
    ) -> Derivation:
        """Return the derivation of a figure, and keep it."""
        made = Derivation(
            id=f"{self.row_id}/{figure}",
            title=f"{self.label}: {title}",
            formula=formula,
            terms=tuple(terms),
            result=result,
            note=note,
        )
        self.made[made.id] = made
        return made

    def of(self, figure: str) -> Derivation:
        """Return a derivation that was added."""
        return self.made[f"{self.row_id}/{figure}"]

    def figure(self, value: float | Decimal | Band, unit: str) -> Figure:
        """Return a figure on the way to the table's, which rests on nothing but its terms."""
        band = value if isinstance(value, Band) else Band.flat(value)
        return Figure.of(band, unit=unit, source="worked out from its terms", as_of=self._as_of)
