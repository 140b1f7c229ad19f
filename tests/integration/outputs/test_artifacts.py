"""Files that stages keep: taken over by another host, told apart by attempt, refused once the attempt is over."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from agents.adapters.artifacts import open_artifacts
from agents.engine.lease import Lease
from agents.engine.stage import Fenced, StageContext
from agents.runs.artifacts import ArtifactMissingError
from agents.runs.needs import Host
from agents.runs.states import RunState
from agents.services.outputs import Outputs
from agents.store import stages
from agents.store.db import Database
from tests import s3
from tests.integration.outputs.conftest import Hosts, eventually, reached, training
from tests.integration.outputs.toys import QUEUE, STATE, TEAM, make_runs, start_run

pytestmark = pytest.mark.integration


async def test_another_host_takes_a_training_run_over_from_the_file_it_kept(
    database: Database, hosts: Hosts, endpoint: str
) -> None:
    shared = {**s3.ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint, "CAIRN_ARTIFACTS": f"s3://{s3.BUCKET}/takeover"}
    runs, outputs = make_runs(database), Outputs(database)
    killed = hosts.start("first", shared)
    run_id = await start_run(runs, steps=12, step_s=0.1)

    async def has_kept_some() -> bool:
        return any(each.version >= 3 for each in (await outputs.of_run(TEAM, run_id)).artifacts)

    await eventually(has_kept_some)
    killed.kill()
    killed.wait()
    hosts.start("second", shared)
    view = await reached(runs, run_id, RunState.DONE)
    assert [stage.attempt for stage in view.stages] == [2, 1]
    assert view.result is not None
    lines = view.result["lines"]
    assert [line.split()[0] for line in lines] == [str(step) for step in range(12)], "no step is lost or repeated"
    assert {line.split()[1] for line in lines} == {"first", "second"}
    assert (await outputs.of_run(TEAM, run_id)).hosts == {}, "every worker reaches it"


async def test_a_run_whose_files_only_one_host_reaches_waits_for_that_host(database: Database, hosts: Hosts) -> None:
    runs, outputs = make_runs(database), Outputs(database)
    killed = hosts.start("first", {})
    run_id = await start_run(runs, steps=30, step_s=0.05)

    async def has_kept_some() -> bool:
        return bool((await outputs.of_run(TEAM, run_id)).artifacts)

    await eventually(has_kept_some)
    assert (await outputs.of_run(TEAM, run_id)).hosts == {0: "first"}
    killed.kill()
    killed.wait()
    hosts.start("second", {})

    async def waits() -> str | None:
        return (await runs.view(TEAM, run_id)).stages[0].waits_for

    assert (await eventually(waits)).startswith("its files are on first, which is away; start its worker again")
    hosts.start("first", {})
    view = await reached(runs, run_id, RunState.DONE)
    assert view.result is not None
    assert {line.split()[1] for line in view.result["lines"]} == {"first"}


async def test_a_name_saved_again_is_a_newer_version_and_the_newest_one_is_listed(
    database: Database, dsn: str, tmp_path: Path
) -> None:
    runs = make_runs(database)
    async with training(database, dsn, tmp_path, str(tmp_path / "kept")):
        run_id = await start_run(runs, steps=3)
        view = await reached(runs, run_id, RunState.DONE)
    (kept,) = (await Outputs(database).of_run(TEAM, run_id)).artifacts
    content = (tmp_path / STATE).read_bytes()
    assert (kept.name, kept.version, kept.seq, kept.attempt, kept.host) == (STATE, 3, 0, 1, None)
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert kept.size == len(content)
    assert kept.url == f"file://{tmp_path}/kept/{TEAM}/{kept.sha256[:2]}/{kept.sha256}"
    assert view.result == {"lines": content.decode().splitlines(), "files": [STATE]}


@pytest.fixture
async def attempt(database: Database, tmp_path: Path) -> StageContext[Path]:
    """An attempt at a stage that was claimed, without the worker that would carry it out."""
    run_id = await start_run(make_runs(database))
    key = stages.StageKey(TEAM, run_id, 0)
    async with database.team(TEAM) as connection:
        claim = await stages.claim(connection, key, host=Host("here", frozenset({QUEUE})), lease=timedelta(seconds=60))
    assert claim is not None
    lease = Lease(database, claim, timedelta(seconds=60), 0.0)
    return StageContext(claim, database, tmp_path, lease, files=open_artifacts(None, tmp_path), host="here")


async def test_an_attempt_that_is_over_keeps_no_file(
    database: Database, attempt: StageContext[Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"late")
    await make_runs(database).cancel(TEAM, attempt.run_id, "shell:alice")
    with pytest.raises(Fenced):
        await attempt.artifacts.save("file", tmp_path / "file")
    assert await attempt.artifacts.list() == ()


@pytest.mark.parametrize("name", ["", "../secret", "/etc/passwd", "a b", "a//b", ".hidden", "a" * 201, "ä"])
async def test_a_name_that_could_be_a_way_out_is_refused(
    attempt: StageContext[Path], tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with pytest.raises(ValueError, match="cannot name an artifact"):
        await attempt.artifacts.save(name, tmp_path / "file")


async def test_two_names_of_the_same_content_are_kept_once(attempt: StageContext[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    saved = [await attempt.artifacts.save(name, tmp_path / "file") for name in ("b", "a/c", "b")]
    assert len({each.url for each in saved}) == 1
    assert [(each.name, each.version) for each in await attempt.artifacts.list()] == [("a/c", 1), ("b", 2)]


async def test_a_name_that_was_never_saved_cannot_be_fetched(attempt: StageContext[Path], tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissingError, match="has saved no file 'adapter'"):
        await attempt.artifacts.fetch("adapter", tmp_path / "copy")
