"""The services on a database of the test's own, and a thread in which costs are entered."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agents.services.answer_values import current
from agents.services.costs import CostCard
from agents.settings import load_settings
from agents.store import cost_scenarios, facts
from agents.wiring import Services, open_services

TEAM = "T0LOCAL"
ANA, BOB = "U0ANA", "U0BOB"
TOKENS = {"static_prefix": "800", "tokens_in": "1500", "tokens_out": "300"}
FORM: dict[str, Any] = {
    "requests_per_day": "20k a day",
    **TOKENS,
    "models": ["claude-sonnet-5-5", "claude-haiku-5-5"],
    "in_use": "claude-sonnet-5-5",
}


@dataclass(slots=True)
class Table:
    """One thread at which people enter costs."""

    services: Services
    conversation_id: str
    keys: Iterator[int] = field(default_factory=lambda: count(1))

    async def enter(self, who: str = ANA, **entered: Any) -> None:
        """Send the form with these fields, the others as it begins."""
        await self.services.cost_edits.take_form(
            TEAM, self.conversation_id, await self.begun() | entered, who=who, source=f"Ev{next(self.keys)}"
        )

    async def begun(self) -> dict[str, Any]:
        """Return what the form holds as it is opened."""
        form = await self.services.cost_edits.form(TEAM, self.conversation_id)
        return {
            **form.texts,
            "models": list(form.models),
            "in_use": form.models[0],
            "gpu_kind": form.gpu_kind,
            "gpu_count": form.gpu_count,
        }

    async def change(self, key: str, text: str, who: str = ANA) -> None:
        source = f"Ev{next(self.keys)}"
        await self.services.cost_edits.take_input(TEAM, self.conversation_id, key, text, who=who, source=source)

    async def card(self) -> CostCard:
        return await self.services.costs.card(TEAM, self.conversation_id)

    async def usd_per_month(self, row: str) -> float:
        comparison = await self.services.costs.comparison(TEAM, self.conversation_id)
        return float(comparison.row(row).usd_per_month.value)

    async def answers(self) -> dict[str, Any]:
        async with self.services.database.team(TEAM) as connection:
            held = current(await facts.all_facts(connection, TEAM, self.conversation_id))
        return {slot: fact.value for slot, fact in held.items()}

    async def settings(self) -> dict[str, tuple[Any, str]]:
        async with self.services.database.team(TEAM) as connection:
            held = await cost_scenarios.settings(connection, TEAM, self.conversation_id)
        return {key: (each.value, each.who) for key, each in held.items()}

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        async with self.services.database.team(TEAM) as connection:
            found = await connection.execute(statement.encode())
            return [dict(row) for row in await found.fetchall()]


@pytest.fixture
async def services(dsn: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = load_settings(database_url=dsn, data_dir=tmp_path)
    async with open_services(settings) as opened:
        yield opened


@pytest.fixture
async def table(services: Services) -> Table:
    return Table(services, await services.cost_edits.begin(TEAM, "C1", "1700000000.000100", ANA))
