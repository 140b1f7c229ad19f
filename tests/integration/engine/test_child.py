"""Guarded children: they answer, and they are gone when they should be."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.engine.child import GuardedChild
from agents.engine.process import ChildDied, ChildLimits, ChildTimeout
from tests.integration.engine.conftest import eventually, is_alive
from tests.integration.engine.toys import CHILD

pytestmark = pytest.mark.integration

# Does what a line says.
SERVER = """
import os, sys, time
for line in sys.stdin:
    match line.strip().split():
        case ["sleep", seconds]: time.sleep(float(seconds))
        case ["exit", status]: print("ending", file=sys.stderr, flush=True); os._exit(int(status))
        case ["hold", mebibytes]: held = bytearray(int(mebibytes) << 20)
        case ["say", count]: print("x" * int(count), flush=True); continue
        case ["environment", name]: print(os.environ.get(name, "nothing"), flush=True); continue
    print(os.getpid(), flush=True)
"""


def server(limits: ChildLimits | None = None) -> GuardedChild:
    return GuardedChild([sys.executable, "-c", SERVER], limits)


async def gone(*pids: int) -> None:
    async def are_gone() -> bool:
        return not any(is_alive(pid) for pid in pids)

    await eventually(are_gone)


async def test_one_child_answers_many_questions() -> None:
    async with server() as child:
        answers = {await child.ask(b"who", timeout_s=30) for _ in range(50)}
    assert len(answers) == 1
    await gone(int(answers.pop()))


async def test_a_child_and_what_it_started_are_gone_when_it_is_left() -> None:
    async with GuardedChild([sys.executable, "-c", CHILD]) as child:
        pids = [int(pid) for pid in (await child.ask(b"who", timeout_s=30)).split()]
        assert all(is_alive(pid) for pid in pids)
    await gone(*pids)


async def test_a_child_that_ends_says_how_and_the_next_question_has_a_fresh_one() -> None:
    async with server() as child:
        first = await child.ask(b"who", timeout_s=30)
        with pytest.raises(ChildDied, match="it ended with status 3") as caught:
            await child.ask(b"exit 3", timeout_s=30)
        assert caught.value.stderr == b"ending\n"
        assert await child.ask(b"who", timeout_s=30) != first


async def test_a_child_that_takes_too_long_is_killed_and_replaced() -> None:
    async with server() as child:
        first = int(await child.ask(b"who", timeout_s=30))
        with pytest.raises(ChildTimeout, match=r"no answer within 0\.2 s"):
            await child.ask(b"sleep 60", timeout_s=0.2)
        await gone(first)
        assert int(await child.ask(b"who", timeout_s=30)) != first


async def test_a_question_that_is_given_up_does_not_leave_its_answer_for_the_next() -> None:
    async with server() as child:
        asking = asyncio.create_task(child.ask(b"sleep 60", timeout_s=90))
        await asyncio.sleep(0.1)
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        assert int(await child.ask(b"who", timeout_s=30)) > 0


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not limit address space")
async def test_a_child_that_wants_too_much_memory_dies_alone() -> None:
    async with server(ChildLimits(address_space_bytes=256 << 20)) as child:
        await child.ask(b"hold 10", timeout_s=30)
        with pytest.raises(ChildDied) as caught:
            await child.ask(b"hold 1000", timeout_s=30)
        assert b"MemoryError" in caught.value.stderr


async def test_an_answer_beyond_the_limit_ends_the_child() -> None:
    async with server(ChildLimits(reply_bytes=1000)) as child:
        assert len(await child.ask(b"say 900", timeout_s=30)) == 900
        with pytest.raises(ChildDied):
            await child.ask(b"say 1000000", timeout_s=30)


async def test_a_child_does_not_see_the_keys_of_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    async with server() as child:
        assert await child.ask(b"environment SLACK_BOT_TOKEN", timeout_s=30) == b"nothing"
        assert await child.ask(b"environment PATH", timeout_s=30) != b"nothing"


async def test_a_question_of_two_lines_is_refused() -> None:
    async with server() as child:
        with pytest.raises(ValueError, match="one line"):
            await child.ask(b"who\nwho", timeout_s=30)


async def test_a_child_without_allowance_is_killed() -> None:
    allowed_s = 10.0
    async with GuardedChild([sys.executable, "-c", SERVER], allowance_s=lambda: allowed_s) as child:
        pid = int(await child.ask(b"who", timeout_s=30))
        allowed_s = 0.0
        await gone(pid)
        with pytest.raises(ChildDied, match="lost the lease"):
            await child.ask(b"who", timeout_s=30)


@pytest.fixture
def orphan_pids(tmp_path: Path) -> Iterator[Path]:
    """Where a process that is killed writes the pids of its child; those are gone at the end in any case."""
    path = tmp_path / "pids"
    yield path
    for pid in path.read_text().split() if path.exists() else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


WORKER = """
import asyncio, pathlib, sys
from agents.engine.child import GuardedChild
async def main():
    async with GuardedChild([sys.executable, "-c", sys.argv[1]]) as child:
        pids = await child.ask(b"who", timeout_s=30)
        guard = child._process._process.pid
        pathlib.Path(sys.argv[2]).write_text(f"{guard} {pids.decode()}")
        await asyncio.sleep(600)
asyncio.run(main())
"""


def _written(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


async def _pids(path: Path) -> list[int]:
    """Return the ids of the guard, its child and what the child started."""

    async def are_written() -> list[int]:
        pids = _written(path)
        return pids if len(pids) == 3 else []

    pids: list[int] = await eventually(are_written)
    return pids


async def test_guard_and_child_die_with_a_worker_that_is_killed(orphan_pids: Path) -> None:
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, CHILD, str(orphan_pids))
    pids = await _pids(orphan_pids)
    worker.kill()
    await worker.wait()
    await gone(*pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_a_child_dies_with_its_guard(orphan_pids: Path) -> None:
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, CHILD, str(orphan_pids))
    guard, child, _ = await _pids(orphan_pids)
    os.kill(guard, signal.SIGKILL)
    await gone(guard, child)
    worker.kill()
    await worker.wait()
