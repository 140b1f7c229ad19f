"""Starting, stopping and starting again; and what is said where a start cannot be."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.conftest import Cairn, alive, descendants, postmaster, run_cairn, start
from tests.acceptance.database import rows, server, turns
from tests.acceptance.page import BOT, Page, content, until

pytestmark = pytest.mark.acceptance


@dataclass(slots=True)
class Home:
    """A data directory on which `cairn local` has run, and may run now."""

    data: Path
    cairn: Cairn | None = None

    def started(self) -> Cairn:
        """Return the running `cairn local`, started where there is none."""
        if self.cairn is None:
            self.cairn = start(self.data)
        return self.cairn

    def stopped(self) -> Path:
        """Return the data, on which `cairn local` ran and does not now."""
        self.started().stop()
        self.cairn = None
        return self.data


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    # Not under pytest's own folders, which the embedded server's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="cairn-start-"))
    there = Home(folder)
    yield there
    if there.cairn is not None and there.cairn.process.poll() is None:
        there.cairn.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_ctrl_c_leaves_no_process_behind(home: Home) -> None:
    running = home.started()
    Page(running.url).shows(Page(running.url).say("@cairn it costs too much"), "So far", by=BOT)
    postgres = postmaster(home.data)
    assert postgres is not None
    family = {running.process.pid, postgres, *descendants(running.process.pid), *descendants(postgres)}
    assert running.stop() == 0
    home.cairn = None
    assert not alive(family)
    assert server(home.data) is None


def test_a_second_start_takes_the_threads_up_where_they_were(home: Home) -> None:
    page = Page(home.started().url)
    thread = page.say("@cairn it costs too much for tickets")
    page.shows(thread, "So far", by=BOT)
    home.stopped()
    page = Page(home.started().url)
    assert "tickets" in content(next(root for root in page.roots() if root["ts"] == thread))
    page.say("20k requests a day", thread_ts=thread)
    page.shows(thread, "20,000", by=BOT)
    until(lambda: all(turn["is_handled"] for turn in turns(home.data)), "the end of the turn")
    kinds = "SELECT c.kind, count(*) FROM app.slack_card c WHERE c.thread_ts = %(thread)s GROUP BY c.kind"
    cards = {row["kind"]: row["count"] for row in rows(home.data, kinds, {"thread": thread})}
    assert cards["verdict"] == 1, "the verdict stands where it stood, edited"
    conversations = "SELECT id FROM app.conversation WHERE thread_ts = %(thread)s"
    assert len(rows(home.data, conversations, {"thread": thread})) == 1


def test_a_second_copy_on_the_same_data_is_sent_to_the_first(home: Home) -> None:
    first = home.started()
    refused = local("--data", str(home.data), "--port", "0")
    require_refusal(refused, first.url, str(first.process.pid), "--data")
    assert Page(first.url).get("state")["bot"], "the first one goes on"


def test_a_busy_port_is_told_with_the_way_out(home: Home) -> None:
    data = home.stopped()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        require_refusal(local("--data", str(data), "--port", port), port, "--port")
    require_nothing_runs(data)


def test_data_of_a_newer_version_is_left_alone(home: Home) -> None:
    home.started()
    dsn = server(home.data)
    assert dsn is not None
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO cairn_migration (migration_hash, migration_id) VALUES ('f00', '9999_later')")
    data = home.stopped()
    refused = local("--data", str(data), "--port", "0")
    require_refusal(refused, "newer", "another data directory")
    require_nothing_runs(data)


def test_documents_that_are_no_folder_are_told_with_the_way_out(data: Path) -> None:
    missing = data / "no-such-folder"
    require_refusal(local("--data", str(data), "--docs", str(missing)), str(missing), "--docs", "Name a folder")
    require_nothing_runs(data)


def local(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return run_cairn("local", "--no-open", *arguments)


def require_refusal(refused: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """It ended with 1 and one sentence or two that have these words, and no traceback."""
    assert refused.returncode == 1, refused
    said = refused.stdout + refused.stderr
    assert "Traceback" not in said
    assert said.strip().endswith(".")
    assert len(said.splitlines()) <= 2
    for each in words:
        assert each in said


def require_nothing_runs(data: Path) -> None:
    postgres = postmaster(data) if (data / "pg").exists() else None
    assert postgres is None or not alive([postgres])
