"""Throughput that teams measured, with its history."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, rows, run

MeasuredKind = Literal["serving", "training"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is known of a measurement before it is kept.

    `variant` is the precision of serving or the method of training; `fit` holds prefill, decode and context, or mfu
    and tokens_per_second; `points` is one object for each run that was measured.
    """

    kind: MeasuredKind
    student: str
    variant: str
    gpu: str
    gpus: int
    fit: Mapping[str, float]
    points: tuple[Mapping[str, Any], ...]
    source: str
    measured_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementRow(Measured):
    """A measurement as it is kept; with `ended_at` it was replaced or removed."""

    id: str
    loaded_by: str
    loaded_at: dt.datetime
    ended_by: str | None
    ended_at: dt.datetime | None


async def holding(connection: Connection, team_id: str) -> Sequence[MeasurementRow]:
    """Return the measurements that prices are made with, newest first."""
    return [_row(row) for row in await rows(connection, "measurements.holding", {"team_id": team_id})]


async def history(connection: Connection, team_id: str, at_most: int) -> Sequence[MeasurementRow]:
    """Return the newest measurements, also those that were replaced or removed."""
    asked = {"team_id": team_id, "at_most": at_most}
    return [_row(row) for row in await rows(connection, "measurements.history", asked)]


async def add(connection: Connection, team_id: str, measured: Measured, who: str) -> str:
    """Keep a measurement in place of the one like it, which becomes history; return its id.

    The caller holds the lock of the team's prices.
    """
    given = {"team_id": team_id, **asdict(measured), "who": who}
    await run(connection, "measurements.end_like", given)
    kept = {**given, "fit": Jsonb(dict(measured.fit)), "points": Jsonb([dict(point) for point in measured.points])}
    row = await one(connection, "measurements.add", kept)
    assert row is not None  # noqa: S101  # INSERT … RETURNING has one row
    return str(row["id"])


async def end(connection: Connection, team_id: str, measurement_id: str, who: str) -> bool:
    """Remove a measurement; return whether it was one that held."""
    asked = {"team_id": team_id, "id": measurement_id, "who": who}
    return await one(connection, "measurements.end", asked) is not None


def _row(row: Mapping[str, Any]) -> MeasurementRow:
    return MeasurementRow(**{**row, "points": tuple(row["points"])})
