"""The cost comparison of a conversation, and of a document for the shell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.store.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCard:
    """What the costs card shows.

    `missing` names what must be known before anything can be priced, worded; the other fields are then empty.
    """

    missing: tuple[str, ...]
    # agents.costs.Comparison, None while something is missing.
    comparison: Any
    # The figures the comparison was made from, worded, with who gave them or that they are assumed.
    assumptions: tuple[str, ...]
    chart_png: bytes
    chart_alt: str
    csv: str


class Costs:
    """Prices the answers of a conversation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def card(self, team_id: str, conversation_id: str) -> CostCard:
        """Return the newest comparison of a conversation with its chart and CSV."""
        raise NotImplementedError

    def compare_document(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the comparison of a document of cost inputs, for `cairn cost`.

        Raises:
            UserError: A key or a value is not understood.
        """
        raise NotImplementedError
