"""`cairn check` on a database of one's own: whether anybody works on the runs."""

from pathlib import Path

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


async def artifacts_finding(place: str, dsn: str) -> Finding:
    settings = load_settings(database_url=dsn, artifacts=place)
    (found,) = [each async for each in findings(settings) if each.subject == "artifacts"]
    return found


async def test_check_keeps_a_file_at_the_place_for_artifacts_and_leaves_none(dsn: str, tmp_path: Path) -> None:
    place = tmp_path / "kept"
    finding = await artifacts_finding(str(place), dsn)
    assert (finding.mend, str(place) in finding.state) == (None, True)
    assert not [path for path in place.rglob("*") if path.is_file()]


async def test_check_says_why_artifacts_cannot_be_kept(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    for place, said in ((str(tmp_path / "file" / "below"), "which fails"), ("s3://", "CAIRN_ARTIFACTS")):
        finding = await artifacts_finding(place, dsn)
        assert finding.state == "cannot be kept"
        assert said in (finding.mend or "")
