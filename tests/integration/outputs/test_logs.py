"""What stages say: written with beats and ends, bounded, in order, and told to whoever follows."""

import asyncio
import contextlib
import gc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.engine.log import StageLog
from agents.errors import UserError
from agents.runs.logs import LogLine
from agents.runs.states import RunState, StageState
from agents.services.outputs import Outputs
from agents.store import logs
from agents.store.db import Database
from agents.store.stages import StageKey
from tests.integration.outputs.conftest import Hosts, eventually, reached, training
from tests.integration.outputs.toys import TEAM, make_runs, start_run

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def said(database: Database, run_id: str) -> list[str]:
    return [line.line async for line in Outputs(database).lines(TEAM, run_id)]


async def test_what_a_stage_said_is_there_once_it_has_ended(database: Database, dsn: str, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with training(database, dsn, tmp_path):
        run_id = await start_run(runs, steps=2)
        await reached(runs, run_id, RunState.DONE)
    assert await said(database, run_id) == ["step 0 is kept", "step 1 is kept"]
    output = await Outputs(database).of_run(TEAM, run_id, last=1)
    assert [line.line for line in output.lines_of(0)] == ["step 1 is kept"]
    assert output.log_lines == 2


async def test_a_stage_that_failed_keeps_what_it_said_and_goes_on_in_the_next_attempt(
    database: Database, dsn: str, tmp_path: Path
) -> None:
    runs = make_runs(database)
    async with training(database, dsn, tmp_path):
        run_id = await start_run(runs, steps=1, fails=True)
        await reached(runs, run_id, RunState.FAILED)
        await runs.retry(TEAM, run_id, "shell:alice")
        view = await reached(runs, run_id, RunState.DONE)
    text = await Outputs(database).log_file(view, TEAM)
    assert [line.split(" ", 2)[2] if line[:2] == "20" else line for line in text.splitlines()] == [
        "== train, attempt 1 ==",
        "step 0 is kept",
        "error: no more data",
        "== train, attempt 2 ==",
        "goes on after step 1",
    ]


async def test_what_a_killed_worker_said_before_its_last_beat_stays(database: Database, hosts: Hosts) -> None:
    runs = make_runs(database)
    worker = hosts.start("host", {})
    run_id = await start_run(runs, steps=40, step_s=0.2)

    async def has_said_something() -> bool:
        return "step 2 is kept" in await said(database, run_id)

    await eventually(has_said_something)
    assert (await runs.view(TEAM, run_id)).stages[0].state is StageState.RUNNING
    worker.kill()
    worker.wait()
    assert (await said(database, run_id))[:3] == ["step 0 is kept", "step 1 is kept", "step 2 is kept"]


async def test_a_stage_that_prints_in_a_loop_keeps_its_first_and_last_lines(
    database: Database, dsn: str, tmp_path: Path
) -> None:
    runs = make_runs(database)
    async with training(database, dsn, tmp_path):
        run_id = await start_run(runs, log_lines=30_000)
        view = await reached(runs, run_id, RunState.DONE)
    lines = await said(database, run_id)
    assert lines[0] == "line 0"
    assert lines[-2:] == ["line 29999", "step 0 is kept"]
    assert len(lines) <= 5_500
    assert "lines left out ..." in await Outputs(database).log_file(view, TEAM)


async def make_stage(database: Database) -> StageKey:
    return StageKey(TEAM, await start_run(make_runs(database)), 0)


def make_lines(*texts: str, attempt: int = 1) -> list[LogLine]:
    return [LogLine(0, attempt, number, NOW, "info", text) for number, text in enumerate(texts)]


async def test_lines_written_down_twice_are_there_once(database: Database) -> None:
    key = await make_stage(database)
    log = StageLog(key, 1)
    log.add("one\ntwo")
    for _ in range(2):
        # As after a transaction that was committed while its answer was lost.
        async with database.team(TEAM) as connection:
            written = await log.write(connection)
    log.forget(written)
    log.add("three")
    async with database.team(TEAM) as connection:
        assert await log.write(connection) == 3
    assert await said(database, key.run_id) == ["one", "two", "three"]


async def test_lines_of_a_transaction_that_failed_are_not_lost(database: Database) -> None:
    key = await make_stage(database)
    log = StageLog(key, 1)
    log.add("one")
    with contextlib.suppress(RuntimeError):
        async with database.team(TEAM) as connection:
            await log.write(connection)
            raise RuntimeError("the transaction is rolled back")
    log.add("two")
    async with database.team(TEAM) as connection:
        await log.write(connection)
    assert await said(database, key.run_id) == ["one", "two"]


@pytest.mark.parametrize(
    ("most_lines", "most_bytes", "kept"),
    [
        (4, 1_000, ["aaaa", "bbbb", "iiii", "jjjj"]),
        (100, 16, ["aaaa", "bbbb", "iiii", "jjjj"]),
        (3, 1_000, ["aaaa", "iiii", "jjjj"]),
        (10, 40, [letter * 4 for letter in "abcdefghij"]),
    ],
)
async def test_the_middle_of_a_long_log_is_cleared_away(
    database: Database, most_lines: int, most_bytes: int, kept: list[str]
) -> None:
    key = await make_stage(database)
    texts = [letter * 4 for letter in "abcdefghij"]
    async with database.team(TEAM) as connection:
        await logs.add(connection, key, make_lines(*texts[:5]))
        await logs.add(connection, key, make_lines(*texts[5:], attempt=2))
        for _ in range(2):
            await logs.trim(connection, key, most_lines=most_lines, most_bytes=most_bytes)
    assert await said(database, key.run_id) == kept


async def test_what_is_no_text_does_not_stop_a_stage(database: Database) -> None:
    key = await make_stage(database)
    log = StageLog(key, 1)
    log.add("a\0b \udc80 \x1b[31mred\x1b[0m \u202eevil\n\n   \n" + "x" * 5_000)
    async with database.team(TEAM) as connection:
        await log.write(connection)
    lines = await said(database, key.run_id)
    assert lines[0] == "ab ? red evil"
    assert (len(lines), len(lines[1]), lines[1][-1]) == (2, 2_000, "…")


async def test_a_log_is_read_page_by_page_and_from_after_a_line(database: Database) -> None:
    key = await make_stage(database)
    async with database.team(TEAM) as connection:
        await logs.add(connection, key, make_lines(*(str(number) for number in range(2_500))))
    found = [line async for line in Outputs(database).lines(TEAM, key.run_id)]
    assert [line.n for line in found] == list(range(2_500))
    after = [line.n async for line in Outputs(database).lines(TEAM, key.run_id, seq=0, after=found[2_400])]
    assert after == list(range(2_401, 2_500))
    assert [line async for line in Outputs(database).lines(TEAM, key.run_id, seq=1)] == []


async def test_a_run_without_a_log_has_no_file_of_it(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    with pytest.raises(UserError, match=f"Run {run_id} has written no log so far"):
        await Outputs(database).log_file(await runs.view(TEAM, run_id), TEAM)


async def test_whoever_follows_a_run_sees_it_change_and_end(database: Database, dsn: str, tmp_path: Path) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, steps=3, step_s=0.3)
    seen = []
    following = contextlib.aclosing(Outputs(database).follow(TEAM, run_id))
    async with training(database, dsn, tmp_path), following as followed:
        async for view in followed:
            seen.append(view.stages[0].state)
    assert seen[0] is StageState.PENDING
    assert StageState.RUNNING in seen
    assert view.state is RunState.DONE


async def test_following_outlives_its_connection(database: Database, dsn: str, tmp_path: Path) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    async with contextlib.aclosing(Outputs(database).follow(TEAM, run_id)) as followed:
        assert (await anext(followed)).state is RunState.RUNNING
        async with database.engine() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'"
            )
        async with training(database, dsn, tmp_path):
            async for view in followed:
                last = view.state
    assert last is RunState.DONE


async def test_a_run_that_does_not_exist_cannot_be_followed(database: Database) -> None:
    with pytest.raises(UserError, match="There is no run 'none'"):
        await anext(Outputs(database).follow(TEAM, "none"))


async def test_whoever_stops_to_follow_at_any_moment_leaves_no_connection_open(database: Database) -> None:
    run_id = await start_run(make_runs(database))
    for moment_ms in range(30):
        with contextlib.suppress(TimeoutError):
            async with (
                asyncio.timeout(moment_ms / 1000),
                contextlib.aclosing(Outputs(database).follow(TEAM, run_id)) as views,
            ):
                async for _ in views:
                    pass
    # One that nobody closed complains when it is collected, which pytest takes for an error.
    gc.collect()


async def test_a_beat_without_news_tells_nobody(database: Database) -> None:
    key = await make_stage(database)
    async with database.listening("run") as listening:
        async with database.team(TEAM) as connection:
            await connection.execute("UPDATE app.stage SET lease_until = now(), checkpoint = '{\"a\": 1}'")
            await logs.add(connection, key, [])
        async with database.team(TEAM) as connection:
            await logs.add(connection, key, make_lines("one", "two"))
            await connection.execute("UPDATE app.stage SET progress = '{\"done\": 1}'")
        heard = [each.payload async for each in listening.notifies(timeout=2, stop_after=1)]
        heard += [each.payload async for each in listening.notifies(timeout=0.2)]
    assert heard == [f"{TEAM}:{key.run_id}"]
