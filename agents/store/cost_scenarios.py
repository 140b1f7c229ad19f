"""What is set for a conversation's cost comparison beside its answers, and the scenarios kept to compare with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, rows, run


@dataclass(frozen=True, slots=True)
class CostSetting:
    """An input of the cost core as somebody set it; a `value` of None sets it back to what is assumed."""

    key: str
    value: Any
    who: str
    source: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class StoredScenario:
    """Inputs under a name, as a cost file holds them."""

    id: str
    name: str
    document: Mapping[str, Any]
    saved_by: str
    saved_at: datetime


async def settings(connection: Connection, team_id: str, conversation_id: str) -> Mapping[str, CostSetting]:
    """Return the settings that hold in a conversation, by the cost core's keys."""
    found = await rows(connection, "cost_scenarios.settings", _of(team_id, conversation_id))
    return {row["key"]: CostSetting(**row) for row in found}


async def set_value(
    connection: Connection, team_id: str, conversation_id: str, *, key: str, value: Any, who: str, source: str
) -> None:
    """Set an input in the place of the one that held; the older stays as history."""
    of = {**_of(team_id, conversation_id), "key": key}
    await run(connection, "cost_scenarios.supersede", of)
    await run(connection, "cost_scenarios.set", {**of, "value": Jsonb(value), "who": who, "source": source})


async def scenarios(connection: Connection, team_id: str, conversation_id: str) -> Sequence[StoredScenario]:
    """Return the scenarios of a conversation, oldest first."""
    found = await rows(connection, "cost_scenarios.scenarios", _of(team_id, conversation_id))
    return [StoredScenario(**row) for row in found]


async def save(
    connection: Connection, team_id: str, conversation_id: str, *, name: str, document: Mapping[str, Any], who: str
) -> str:
    """Keep inputs under a name, in the place of those under it before, and return the scenario's id."""
    row = await one(
        connection,
        "cost_scenarios.save",
        {**_of(team_id, conversation_id), "name": name, "document": Jsonb(dict(document)), "who": who},
    )
    if row is None:
        raise RuntimeError("the database returned no id for a scenario that was saved")
    return str(row["id"])


async def rename(connection: Connection, team_id: str, conversation_id: str, scenario_id: str, name: str) -> bool:
    """Give a scenario another name; return whether it is there.

    Raises:
        psycopg.errors.UniqueViolation: Another scenario of the conversation has that name.
    """
    of = {**_of(team_id, conversation_id), "id": scenario_id}
    return await run(connection, "cost_scenarios.rename", {**of, "name": name}) > 0


async def delete(connection: Connection, team_id: str, conversation_id: str, scenario_id: str) -> bool:
    """Remove a scenario; return whether it was there."""
    return await run(connection, "cost_scenarios.delete", {**_of(team_id, conversation_id), "id": scenario_id}) > 0


def _of(team_id: str, conversation_id: str) -> dict[str, Any]:
    return {"team_id": team_id, "conversation_id": conversation_id}
