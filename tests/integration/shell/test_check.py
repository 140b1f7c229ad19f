"""`cairn check` on a database of one's own: whether anybody works on the runs."""

import pytest

from agents.runs.recipes import RECIPES
from agents.settings import load_settings
from agents.store.db import Database
from bot.shell.check import Finding, findings

pytestmark = pytest.mark.integration

QUEUES = sorted({stage.queue for recipe in RECIPES.values() for stage in recipe.stages})


async def workers_finding(dsn: str) -> Finding:
    (found,) = [each async for each in findings(load_settings(database_url=dsn)) if each.subject == "workers"]
    return found


async def test_check_says_that_no_worker_is_alive_for_a_queue_and_how_to_start_one(dsn: str) -> None:
    finding = await workers_finding(dsn)
    assert finding.state == f"none is alive for: {', '.join(QUEUES)}"
    assert finding.mend is not None
    assert f"cairn worker --queues {','.join(QUEUES)}" in finding.mend


@pytest.mark.parametrize(("silent", "is_served"), [("0 s", True), ("1 hour", False)])
async def test_check_is_content_with_workers_that_are_there(
    dsn: str, database: Database, silent: str, is_served: bool
) -> None:
    async with database.engine() as connection:
        await connection.execute(
            "INSERT INTO app.worker (name, host, place, pid, version, queues, concurrency, memory_bytes, disk_bytes, "
            "cores, lease_s, seen_at) VALUES ('box', 'box', '', 1, '0', %s, 1, 1, 1, 1, 30, now() - %s::interval)",
            (QUEUES, silent),
        )
    assert ((await workers_finding(dsn)).mend is None) is is_served
