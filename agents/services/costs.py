"""The cost comparison of a conversation, and of a document for the shell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.decision.answers import Answers, Facts
from agents.store import conversations
from agents.store.db import Connection, Database
from agents.store.facts import Fact
from agents.store.outbox import Card, upsert_card, touch_card


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

    def facts(self, answers: Answers) -> Facts:
        return Facts()

    async def refresh(self, connection: Connection, team_id: str, conversation_id: str, held: Mapping[str, Fact]) -> None:
        return

    async def show(self, team_id, conversation_id):
        return ("requests_per_day",)
