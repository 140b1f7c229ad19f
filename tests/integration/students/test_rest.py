"""A server of models that shares its GPU with training sleeps meanwhile, and wakes whatever becomes of the training."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from agents.adapters.servers.vllm import Vllm
from agents.engine.rest import AtRest
from agents.errors import UserError
from agents.runs.needs import Needs
from agents.runs.states import RunState
from agents.services.runs import Runs
from agents.store.db import Database
from tests.fakes.sleeping_vllm import SleepingVllm
from tests.integration.engine.conftest import eventually
from tests.integration.students.conftest import BOB, TEAM
from tests.integration.students.resting import NOTICE, RECIPES, make_keeper, work
from tests.people import make_people

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Host:
    """A host with one GPU, which a server and training share."""

    database: Database
    dsn: str
    folder: Path
    server: SleepingVllm

    @property
    def runs(self) -> Runs:
        return Runs(self.database, make_people(approvers={BOB}), RECIPES)

    async def start(self, *, ends: str = "done", gpus: int = 1) -> str:
        """Start a run that trains until `go`."""
        params: dict[str, Any] = {"needs": {"train": asdict(Needs(gpus=gpus))}}
        params |= {"folder": str(self.folder), "ends": ends}
        proposal = await self.runs.propose(TEAM, kind="shares", params=params, estimate={}, requested_by="U0ASKS")
        run_id = await self.runs.approve(TEAM, proposal.id, proposal.params_hash, BOB)
        assert run_id is not None
        return run_id

    async def trains(self, attempt: int = 1) -> None:
        """Wait until a training has begun."""

        async def has_begun() -> bool:
            return (self.folder / f"trains-{attempt}").exists()

        await eventually(has_begun)

    def go(self) -> None:
        """Let the training come to its end."""
        (self.folder / "go").touch()

    async def over(self, run_id: str) -> RunState:
        async def is_over() -> RunState | None:
            state = (await self.runs.view(TEAM, run_id)).state
            return state if state.is_over else None

        state: RunState = await eventually(is_over)
        return state

    async def wakes(self) -> None:
        """Wait until the server is awake and callers are let in."""

        async def is_awake() -> bool:
            return not self.server.is_sleeping and not self.turns_away()

        await eventually(is_awake)

    def is_asleep(self) -> bool:
        return self.server.is_sleeping

    def turns_away(self) -> bool:
        return (self.folder / NOTICE).exists()

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        working = asyncio.create_task(work(self.database, self.dsn, self.server.url, self.folder, stop))
        try:
            yield
        finally:
            stop.set()
            await working

    def process(self) -> "subprocess.Popen[bytes]":
        """Start the worker as a process."""
        command = [sys.executable, "-m", "tests.integration.students.resting", self.dsn, self.server.url]
        process = subprocess.Popen(
            [*command, str(self.folder)], stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parents[3]
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process


@pytest.fixture
async def host(database: Database, dsn: str, tmp_path: Path) -> AsyncIterator[Host]:
    async with SleepingVllm().running() as server:
        yield Host(database, dsn, tmp_path, server)


@pytest.mark.parametrize("ends", ["done", "failed", "killed"])
async def test_a_server_sleeps_before_training_begins_and_wakes_whatever_way_it_ends(host: Host, ends: str) -> None:
    async with host.worker():
        run_id = await host.start(ends=ends)
        await host.trains()
        assert host.server.is_sleeping
        assert host.turns_away()

        host.go()
        state = await host.over(run_id)
        await host.wakes()

    assert state is (RunState.FAILED if ends == "failed" else RunState.DONE)
    assert (host.server.calls[0], host.server.calls[-1]) == ("sleep", "wake")


async def test_a_run_that_is_cancelled_lets_the_server_wake(host: Host) -> None:
    async with host.worker():
        run_id = await host.start()
        await host.trains()
        assert host.server.is_sleeping

        await host.runs.cancel(TEAM, run_id, BOB)
        await host.wakes()


async def test_a_worker_that_is_told_to_stop_hands_the_training_over_and_leaves_the_server_awake(host: Host) -> None:
    async with host.worker():
        await host.start()
        await host.trains()
        assert host.is_asleep()

    assert not host.is_asleep()
    assert not host.turns_away()


async def test_a_worker_that_was_killed_leaves_a_server_asleep_that_the_next_one_wakes(host: Host) -> None:
    first = host.process()
    try:
        run_id = await host.start()
        await host.trains()
    finally:
        first.kill()
        first.communicate()
    assert host.server.is_sleeping
    assert host.turns_away()
    await host.runs.cancel(TEAM, run_id, BOB)

    async with host.worker():
        await host.wakes()


async def test_a_training_that_goes_on_after_its_worker_was_killed_has_the_gpu_alone_again(host: Host) -> None:
    first = host.process()
    try:
        run_id = await host.start()
        await host.trains()
    finally:
        first.kill()
        first.communicate()

    async with host.worker():
        await host.trains(attempt=2)
        assert host.server.is_sleeping
        host.go()
        assert await host.over(run_id) is RunState.DONE
        await host.wakes()


async def test_a_server_that_was_started_anew_meanwhile_is_put_to_sleep_again(host: Host) -> None:
    async with host.worker():
        await host.start()
        await host.trains()
        host.server.is_sleeping = False

        async def sleeps_again() -> bool:
            return host.server.is_sleeping

        await eventually(sleeps_again)
        host.go()
        await host.wakes()


async def test_a_server_that_does_not_wake_is_tried_again(host: Host) -> None:
    async with host.worker():
        run_id = await host.start()
        await host.trains()
        host.server.wakes = False
        host.go()
        await host.over(run_id)

        async def was_tried() -> bool:
            return "wake" in host.server.calls

        await eventually(was_tried)
        assert host.turns_away()
        host.server.wakes = True
        await host.wakes()


async def test_nothing_trains_beside_a_server_that_cannot_sleep(database: Database, dsn: str, tmp_path: Path) -> None:
    async with SleepingVllm(is_development=False).running() as server:
        host = Host(database, dsn, tmp_path, server)
        async with host.worker():
            run_id = await host.start()
            assert await host.over(run_id) is RunState.FAILED
            await host.wakes()
        view = await host.runs.view(TEAM, run_id)

    assert "--enable-sleep-mode" in str(view.error)
    assert not (tmp_path / "trains-1").exists()


@pytest.mark.parametrize("is_development", [True, False])
async def test_whether_a_server_can_sleep_is_known_before_anything_is_paid(
    database: Database, tmp_path: Path, is_development: bool
) -> None:
    async with SleepingVllm(is_development=is_development).running() as routes:
        server = Vllm(routes.url)
        keeper = make_keeper(database, server, tmp_path)
        if is_development:
            await keeper.require_sleepers()
        else:
            with pytest.raises(UserError, match=r"cannot sleep, and shares its GPU .* --enable-sleep-mode"):
                await keeper.require_sleepers()
    # One that does not run holds no memory.
    await keeper.require_sleepers()
    await server.close()


async def test_a_server_that_is_away_keeps_nobody_from_training(host: Host, unused_tcp_port: int) -> None:
    host.server.url = f"http://127.0.0.1:{unused_tcp_port}"
    async with host.worker():
        host.go()
        assert await host.over(await host.start()) is RunState.DONE


async def test_training_without_a_gpu_leaves_the_server_awake(host: Host) -> None:
    async with host.worker():
        run_id = await host.start(gpus=0)
        await host.trains()
        host.go()
        assert await host.over(run_id) is RunState.DONE

    assert host.server.calls == []


async def test_nothing_is_deployed_while_servers_sleep(host: Host) -> None:
    server = Vllm(host.server.url)
    keeper = make_keeper(host.database, server, host.folder)
    async with host.worker():
        await host.start()
        await host.trains()
        with pytest.raises(AtRest, match="sleep while a run trains"):
            await keeper.align(TEAM)
        host.go()
        await host.wakes()
    assert await keeper.align(TEAM) == {}
    await server.close()
