"""Measurements of teams: what they replace, for whom, and what a run that ends records."""

import datetime as dt
from dataclasses import replace

import pytest

from agents.costs.calibrations import FITS
from agents.costs.vllm_bench import BenchRun
from agents.errors import UserError
from agents.services.measured import Served
from agents.services.measurements import Measurements, record_measured
from agents.services.prices import PriceBooks
from agents.store import audit
from agents.store.db import Database
from agents.store.measurements import Measured
from agents.wiring import prices_today
from tests.integration.prices.shelf import ALICE, APPROVER, OTHER_TEAM, TEAM, make_prices, people

pytestmark = pytest.mark.integration

SERVED = Served(student="llama-3.1-8b", precision="bf16", gpu="H100-80", gpus=1)
SHIPPED = FITS["llama-3.1-8b", "bf16"].calibration


def bench(name: str = "a.json", *, slower: float = 2.0, **changed: object) -> BenchRun:
    """Return a run of a server that is so much slower than what is shipped."""
    seconds = SHIPPED.gpu_seconds(1_000, 200) * slower
    run = BenchRun(name, 500, 0, 500 * seconds, 1_000.0, 200.0, None, dt.date(2026, 11, 20))
    return replace(run, **changed)  # type: ignore[arg-type]  # fields of a run, by name


def make_measurements(database: Database) -> Measurements:
    return Measurements(database, people(), PriceBooks(prices_today))


async def prefill(database: Database, team_id: str = TEAM) -> list[float]:
    """Return the prompt tokens per GPU second of what the team's book measured."""
    book = await make_prices(database, PriceBooks(prices_today)).book(team_id)
    return [record.calibration.prefill for record in book.calibrations.serving]


async def test_a_measurement_holds_for_its_team_alone(database: Database) -> None:
    await make_measurements(database).load_serving(TEAM, [bench()], SERVED, APPROVER)
    assert await prefill(database) == [pytest.approx(SHIPPED.prefill / 2)]
    assert await prefill(database, OTHER_TEAM) == []
    assert await make_measurements(database).all(OTHER_TEAM) == []


async def test_a_newer_measurement_replaces_the_one_like_it_and_keeps_it_as_history(database: Database) -> None:
    measurements = make_measurements(database)
    await measurements.load_serving(TEAM, [bench()], SERVED, APPROVER)
    loaded = await measurements.load_serving(TEAM, [bench(slower=4.0)], SERVED, APPROVER)
    assert "measured" in loaded.before
    assert await prefill(database) == [pytest.approx(SHIPPED.prefill / 4)]
    newer, older = await measurements.all(TEAM)
    assert (newer.ended_at, older.ended_by) == (None, APPROVER)
    await measurements.forget(TEAM, newer.id, APPROVER)
    assert await prefill(database) == []


async def test_another_gpu_precision_or_student_is_measured_beside_it(database: Database) -> None:
    measurements = make_measurements(database)
    await measurements.load_serving(TEAM, [bench()], SERVED, APPROVER)
    await measurements.load_serving(TEAM, [bench(slower=5.0)], replace(SERVED, gpu="A100-80"), APPROVER)
    assert len(await prefill(database)) == 2


async def test_a_finished_run_records_what_it_measured_in_its_own_transaction(database: Database) -> None:
    measured = Measured(
        kind="training",
        student="llama-3.1-8b",
        variant="lora",
        gpu="A100-80",
        gpus=8,
        fit={"mfu": 0.37, "tokens_per_second": 29_000.0},
        points=({"run": "r1"},),
        source="run r1",
        measured_on=dt.date(2026, 11, 20),
    )
    async with database.team(TEAM) as connection:
        kept = await record_measured(connection, TEAM, measured, "cairn")
    book = await make_prices(database, PriceBooks(prices_today)).book(TEAM)
    (record,) = book.calibrations.training
    assert (record.mfu, record.source, record.kind) == (0.37, "run r1", "measured")
    async with database.team(TEAM) as connection:
        (entry,) = await audit.of_subject(connection, TEAM, f"measurement:{kept}")
    assert (entry.who, entry.details["what"]) == ("cairn", "training llama-3.1-8b by lora on 8 x A100-80")


@pytest.mark.parametrize(
    ("runs", "served", "says"),
    [
        ([], SERVED, "0 runs were given"),
        ([bench()] * 51, SERVED, "51 runs were given"),
        ([bench(model="meta-llama/Llama-3.1-70B-Instruct")], SERVED, "which is llama-3.1-70b and not llama-3.1-8b"),
        ([bench(model="x"), bench(model="y")], SERVED, "several models: x, y"),
        ([bench(made_on=dt.date(2999, 1, 1))], SERVED, "still to come"),
        ([bench(slower=0.01)], SERVED, "more than this GPU can compute"),
        ([bench(slower=1), bench(slower=9)], SERVED, "contradict each other"),
        ([bench()], replace(SERVED, gpu="TPU"), "No price for GPU 'TPU'"),
        ([bench()], replace(SERVED, student="gpt-4"), "No student model 'gpt-4'"),
    ],
)
async def test_what_cannot_be_a_measurement_is_refused_and_changes_nothing(
    database: Database, runs: list[BenchRun], served: Served, says: str
) -> None:
    measurements = make_measurements(database)
    with pytest.raises(UserError) as refused:
        await measurements.load_serving(TEAM, runs, served, APPROVER)
    assert says in str(refused.value)
    assert await measurements.all(TEAM) == []


async def test_somebody_without_the_role_loads_nothing(database: Database) -> None:
    with pytest.raises(UserError, match="takes the role approver"):
        await make_measurements(database).load_serving(TEAM, [bench()], SERVED, ALICE)
    assert await make_measurements(database).all(TEAM) == []
