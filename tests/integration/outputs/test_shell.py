"""`cairn runs --follow`, `logs` and `audit` as processes: what they print, and how they end."""

import asyncio
import csv
import itertools
import json
import os
import pty
import re
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agents.errors import UserError
from agents.runs.states import RunState
from agents.store.db import Database
from bot.cli import cairn
from tests.integration.outputs.conftest import eventually, reached, training
from tests.integration.outputs.toys import STATE, make_runs, start_run

pytestmark = pytest.mark.integration


class Shell:
    """Runs `cairn` on the database of a test."""

    def __init__(self, dsn: str, home: Path) -> None:
        self._environment = {**os.environ, "DATABASE_URL": dsn, "CAIRN_DATA": str(home)}

    async def start(self, *arguments: str, stdout: int = PIPE) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", *arguments, stdout=stdout, stderr=PIPE, env=self._environment
        )

    async def __call__(self, *arguments: str) -> tuple[int | None, str, str]:
        """Return what a command printed and how it ended, of one that needs no process of its own."""
        runner = CliRunner(env=self._environment)
        ended = await asyncio.to_thread(runner.invoke, cairn, arguments)
        told = f"{ended.stderr}{ended.exception}" if isinstance(ended.exception, UserError) else ended.stderr
        return ended.exit_code, ended.stdout, told


@pytest.fixture
def shell(dsn: str, tmp_path: Path) -> Shell:
    return Shell(dsn, tmp_path / "home")


async def started(process: Process) -> str:
    """Return the first line that a process prints: it follows the run then."""
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


async def test_a_followed_run_prints_a_line_for_each_change_and_ends_with_zero(
    database: Database, dsn: str, tmp_path: Path, shell: Shell
) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, steps=3, step_s=0.3)
    process = await shell.start("runs", run_id, "--follow")
    assert (await started(process)).startswith(f"{run_id}  running")
    async with training(database, dsn, tmp_path):
        out = (await process.communicate())[0].decode()
    assert process.returncode == 0
    assert re.search(r"^train: \S+ \S+ step 0 is kept$", out, re.MULTILINE)
    assert re.search(r"^train running 1 of 3 steps", out, re.MULTILINE)
    assert re.search(r"^train done", out, re.MULTILINE)
    assert out.splitlines()[-1] == f"run {run_id} done"


async def test_a_followed_run_that_fails_says_why_and_ends_with_one(
    database: Database, dsn: str, tmp_path: Path, shell: Shell
) -> None:
    run_id = await start_run(make_runs(database), fails=True)
    process = await shell.start("runs", "--follow")
    assert (await started(process)).startswith(run_id)
    async with training(database, dsn, tmp_path):
        out = (await process.communicate())[0].decode()
    assert process.returncode == 1
    assert out.splitlines()[-1] == f"run {run_id} failed: The data ran out. Add some, then retry."


async def test_a_followed_run_is_one_object_for_each_change(
    database: Database, dsn: str, tmp_path: Path, shell: Shell
) -> None:
    run_id = await start_run(make_runs(database), steps=2)
    process = await shell.start("runs", run_id[:6], "--follow", "--json")
    first = json.loads(await started(process))
    async with training(database, dsn, tmp_path):
        rest = [json.loads(line) for line in (await process.communicate())[0].decode().splitlines()]
    assert process.returncode == 0
    assert (first["state"], first["stages"][0]["state"]) == ("running", "pending")
    seen = [first, *rest]
    assert all(before != after for before, after in itertools.pairwise(seen))
    last = rest[-1]
    assert last["state"] == "done"
    (kept,) = last["artifacts"]
    assert (kept["name"], kept["version"], len(kept["sha256"])) == (STATE, 2, 64)
    assert last["log_lines"] == 2
    assert last["log_tail"][-1].endswith("step 1 is kept")


async def test_a_run_is_drawn_in_a_terminal(database: Database, dsn: str, tmp_path: Path, shell: Shell) -> None:
    run_id = await start_run(make_runs(database), steps=3, step_s=0.5)
    screen, terminal = pty.openpty()
    process = await shell.start("runs", run_id, "--follow", stdout=terminal)
    os.close(terminal)
    first = await asyncio.to_thread(os.read, screen, 65536)
    reading = asyncio.create_task(asyncio.to_thread(_read_all, screen))
    async with training(database, dsn, tmp_path):
        assert await process.wait() == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", (first + await reading).decode())
    for words in ("○ train", "▸ train", "━", "of 3 steps", "step 0 is kept", "✓ report"):
        assert words in shown


def _read_all(screen: int) -> bytes:
    read = b""
    while True:
        try:
            part = os.read(screen, 65536)
        except OSError:
            # How Linux says that nobody has the terminal open any more.
            part = b""
        if not part:
            os.close(screen)
            return read
        read += part


async def test_without_a_run_that_goes_on_there_is_nothing_to_follow(shell: Shell) -> None:
    code, out, err = await shell("runs", "--follow")
    assert (code, out) == (1, "")
    assert "No run is going on. `cairn runs` lists those that are over." in err


async def test_a_shown_run_names_its_files_and_what_it_waits_for(
    database: Database, dsn: str, tmp_path: Path, shell: Shell
) -> None:
    runs = make_runs(database)
    waiting = await start_run(runs)
    async with database.team("T0LOCAL") as connection:
        await connection.execute("UPDATE app.stage SET waits_for = 'needs 2x80 GB' WHERE seq = 0")
    assert json.loads((await shell("runs", waiting, "--json"))[1])["stages"][0]["waits_for"] == "needs 2x80 GB"
    assert "waits: needs 2x80 GB" in (await shell("runs", waiting))[1]
    async with training(database, dsn, tmp_path):
        await reached(runs, waiting, RunState.DONE)
    out = (await shell("runs", waiting))[1]
    assert f"file {STATE}" in out
    assert "step 0 is kept" in out


async def test_the_log_of_a_stage_is_printed_followed_and_given_as_objects(
    database: Database, dsn: str, tmp_path: Path, shell: Shell
) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, steps=2, step_s=0.3)
    assert (await shell("logs", run_id))[:2] == (0, "")
    process = await shell.start("logs", run_id, "--follow")
    async with training(database, dsn, tmp_path):
        followed = (await process.communicate())[0].decode()
    assert process.returncode == 0
    assert [re.sub(r"^[-0-9]+ [:0-9]+ ", "", line) for line in followed.splitlines()] == [
        "== train, attempt 1 ==",
        "step 0 is kept",
        "step 1 is kept",
    ]
    code, printed, _ = await shell("logs", run_id, "--stage", "train", "--json")
    documents: list[dict[str, Any]] = [json.loads(line) for line in printed.splitlines()]
    assert code == 0
    assert [(each["stage"], each["n"], each["level"], each["line"]) for each in documents] == [
        ("train", 0, "info", "step 0 is kept"),
        ("train", 1, "info", "step 1 is kept"),
    ]
    code, _, err = await shell("logs", run_id, "--stage", "nope")
    assert code == 1
    assert "has no stage 'nope'. Choose one of: train, report." in err


async def test_the_audit_is_printed_and_exported(database: Database, tmp_path: Path, shell: Shell) -> None:
    run_id = await start_run(make_runs(database))
    lines = (await shell("audit", "--subject", run_id))[1].splitlines()
    assert [line.split("  ")[1:3] for line in lines] == [["shell:alice", "propose"], ["shell:bob", "approve"]]
    documents = [json.loads(line) for line in (await shell("audit", "--json", "--who", "shell:bob"))[1].splitlines()]
    assert [each["action"] for each in documents] == ["approve"]
    file = tmp_path / "audit.csv"
    assert (await shell("audit", "--csv", str(file)))[0] == 0
    with file.open(newline="") as opened:
        rows = await asyncio.to_thread(lambda: list(csv.DictReader(opened)))
    assert [row["who"] for row in rows] == ["shell:alice", "shell:bob"]
    assert (await shell("audit", "--since", "2999-01-01"))[1] == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("audit", "--since", "yesterday"), "is no date; write it as"),
        (("audit", "--json", "--csv", "x"), "Give either --json or --csv."),
    ],
)
async def test_wrong_use_is_told(shell: Shell, arguments: tuple[str, ...], told: str) -> None:
    code, _, err = await shell(*arguments)
    assert code == 2
    assert told in err


async def test_following_stops_when_told_to(database: Database, shell: Shell) -> None:
    run_id = await start_run(make_runs(database))
    process = await shell.start("runs", run_id, "--follow", "--json")
    await started(process)
    process.send_signal(2)

    async def has_ended() -> bool:
        return process.returncode is not None

    await eventually(has_ended)
    await process.communicate()
    assert process.returncode == 1
    assert (await make_runs(database).view("T0LOCAL", run_id)).state is RunState.RUNNING, "the run itself goes on"
