import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agents.errors import UserError
from agents.store.embedded import running_dsn
from bot.shell import home

pytestmark = pytest.mark.integration


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory that the embedded server's own user may enter."""
    with tempfile.TemporaryDirectory(prefix="cairn-home-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def test_the_last_one_out_stops_postgres(data: Path) -> None:
    async with home.embedded_dsn(data) as first:
        async with home.embedded_dsn(data) as second:
            assert first == second
        async with await psycopg.AsyncConnection.connect(first) as connection:
            assert not connection.closed, "one holder is left, so the server runs"
    assert running_dsn(data) is None


async def test_data_outlives_a_killed_postgres(data: Path) -> None:
    async with home.embedded_dsn(data) as dsn:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        postmaster = int((data / "pg" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
        async with home.embedded_dsn(data) as again, await psycopg.AsyncConnection.connect(again) as connection:
            row = await (await connection.execute("SELECT answer FROM kept")).fetchone()
    assert row == (42,)


def test_a_second_copy_on_the_same_data_is_told_where_the_first_one_is(data: Path) -> None:
    with home.only_local(data) as address:
        address.write_text(json.dumps({"pid": 4711, "url": "http://127.0.0.1:7410"}))
        assert home.running_local(data) == {"pid": 4711, "url": "http://127.0.0.1:7410"}
        with pytest.raises(UserError, match=r"process 4711.*7410.*--data"), home.only_local(data):
            pytest.fail("a second copy was let in")
    assert home.running_local(data) is None


def test_a_data_directory_that_cannot_be_made_is_named_with_the_way_out(data: Path) -> None:
    (data / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"file/cairn cannot be written.*--data"):
        home.prepare(data / "file" / "cairn")


def test_a_full_disk_is_told_before_anything_starts(data: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(data)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system, which only root has")
    try:
        with pytest.raises(UserError, match=r"Only \d MB are free.*300 MB"):
            home.prepare(data)
    finally:
        subprocess.run(["umount", str(data)], check=True)
