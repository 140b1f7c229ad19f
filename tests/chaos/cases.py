"""The cases: what is done to a run's processes, and what it is left with."""

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import psycopg

from agents.errors import UserError
from agents.runs import RunState, StageState
from agents.store import stages
from agents.store.db import role_conninfo
from tests.chaos.arena import GRACE_S, LEASE_S, TEAM, WHO, Arena, eventually
from tests.chaos.hosts import fill, own_server, small_disk
from tests.chaos.link import open_link
from tests.chaos.recipe import NAMES

Case = Callable[[Arena], Awaitable[None]]

_MANY_RUNS = 12
_KILLS = 6


async def worker_killed(arena: Arena, stage: str) -> None:
    """Kill the worker in the middle of a stage, with another one there."""
    await arena.worker("first")
    await arena.worker("second")
    run_id = await arena.start(slow_at=stage)
    view = await arena.in_hand(run_id, stage)
    arena.holder(view, stage).kill()
    leases = await arena.taken_over(run_id, stage)
    assert leases < 8, "another worker takes over once the lease has run out"
    view = await arena.whole(run_id, disturbed=(stage,))
    assert view.stages[NAMES.index(stage)].attempt >= 2


async def everything_killed_again_and_again(arena: Arena) -> None:
    """Kill whatever works on the run, at moments that nobody chose."""
    chance = random.Random(7)  # noqa: S311  # when to kill is no secret
    run_id = await arena.start()
    worker = await arena.worker("worker-0")
    for number in range(1, _KILLS + 1):
        await asyncio.sleep(chance.uniform(0.2, 2.0))
        worker.kill()
        worker = await arena.worker(f"worker-{number}")
    await arena.whole(run_id, disturbed=NAMES)


async def part_of_a_child_killed(arena: Arena, part: str) -> None:
    """Kill the child, or the guard above it: the worker lives and notices."""
    await arena.worker("only")
    run_id = await arena.start(slow_at="train")
    view = await arena.in_hand(run_id, "train")
    pid = next(line[part] for line in arena.trace(view) if "begin" in line)
    os.kill(pid, signal.SIGKILL)
    await arena.taken_over(run_id, "train")
    await arena.whole(run_id, disturbed=("train",))


async def worker_frozen_and_thawed(arena: Arena, stage: str) -> None:
    """Stop a worker for longer than its lease; when it goes on, the stage is somebody else's."""
    await arena.worker("first")
    await arena.worker("second")
    run_id = await arena.start(slow_at=stage)
    view = await arena.in_hand(run_id, stage)
    frozen = arena.holder(view, stage)
    frozen.send_signal(signal.SIGSTOP)
    if stage == "train":
        # Before anybody may take over: two children never work at once.
        await arena.gone([line["pid"] for line in arena.trace(view) if "begin" in line])
    await arena.taken_over(run_id, stage)
    frozen.send_signal(signal.SIGCONT)
    await arena.whole(run_id, disturbed=(stage,))
    assert frozen.poll() is None, "the thawed worker goes on with other work"


async def link_cut(arena: Arena, stage: str) -> None:
    """Cut a worker off from Postgres; it ends what it did, and another one goes on."""
    async with open_link(arena.dsn, arena.home) as link:
        await arena.worker("far", link.dsn)
        run_id = await arena.start(slow_at=stage)
        view = await arena.in_hand(run_id, stage)
        link.cut()
        await arena.worker("near")
        await arena.taken_over(run_id, stage)
        await arena.gone([line["pid"] for line in arena.trace(view) if line.get("begin") == 1 and stage == "train"])
        link.mend()
        await arena.whole(run_id, disturbed=(stage,))


async def link_cut_for_a_moment(arena: Arena) -> None:
    """Cut a worker off for less than its lease: it goes on as if nothing had been."""
    async with open_link(arena.dsn, arena.home) as link:
        await arena.worker("far", link.dsn)
        run_id = await arena.start(slow_at="collect")
        await arena.in_hand(run_id, "collect")
        link.cut()
        await asyncio.sleep(LEASE_S / 4)
        link.mend()
        await arena.whole(run_id)


async def told_to_stop(arena: Arena, stage: str) -> None:
    """Deploy anew in the middle of a stage: the old worker saves and hands over, which counts as no attempt."""
    await arena.worker("one")
    await arena.worker("two")
    run_id = await arena.start(slow_at=stage)
    view = await arena.in_hand(run_id, stage)
    old = arena.holder(view, stage)
    old.terminate()
    await eventually(partial(_has_ended, old), "the end of the old worker", within_s=20 * GRACE_S)
    assert old.returncode == 0
    view = await arena.whole(run_id, disturbed=(stage,))
    assert view.stages[NAMES.index(stage)].attempt <= 2


async def cancelled_at_every_stage(arena: Arena) -> None:
    """Cancel runs while each stage is in hand: it stops, its child ends, and nothing of it begins again."""
    await arena.worker("one")
    await arena.worker("two")

    async def one(stage: str) -> None:
        run_id = await arena.start(slow_at=stage)
        await arena.in_hand(run_id, stage)
        await arena.runs.cancel(TEAM, run_id, WHO)
        view = await arena.view(run_id)
        at = NAMES.index(stage)
        assert view.state is RunState.CANCELLED
        await arena.gone(arena.children(view))
        await asyncio.sleep(2 * LEASE_S)
        later = await arena.view(run_id)
        states = [each.state for each in later.stages]
        assert states == [StageState.DONE] * at + [StageState.CANCELLED] * (len(NAMES) - at)
        assert [each.attempt for each in later.stages] == [each.attempt for each in view.stages]
        assert arena.shop.sold(run_id) == (at >= NAMES.index("buy"))

    await asyncio.gather(*map(one, NAMES))


async def cancelled_before_a_worker_came(arena: Arena) -> None:
    """Cancel a run that nobody has taken up yet: a worker that comes later leaves it alone."""
    run_id = await arena.start()
    await arena.runs.cancel(TEAM, run_id, WHO)
    await arena.worker("late")
    other = await arena.start()
    await arena.whole(other)
    assert [each.attempt for each in (await arena.view(run_id)).stages] == [0, 0, 0, 0]


async def retried_at_every_stage(arena: Arena) -> None:
    """Let a run fail at each stage and retry it: it goes on there, and repeats nothing before."""
    await arena.worker("one")
    await arena.worker("two")

    async def one(stage: str) -> None:
        run_id = await arena.start(fails_at=stage)
        failed = await arena.ended(run_id)
        assert failed.state is RunState.FAILED
        assert failed.error == f"{stage} was told to fail. Retry the run."
        await arena.runs.retry(TEAM, run_id, WHO)
        await arena.whole(run_id, disturbed=(stage,))

    await asyncio.gather(*map(one, NAMES))


async def resumed_at_every_stage(arena: Arena) -> None:
    """Kill the worker while runs stand at each stage: another one goes on with each of them where it was."""
    first = await arena.worker("first")
    runs = {stage: await arena.start(hangs_at=stage) for stage in NAMES}
    for stage, run_id in runs.items():
        await arena.in_hand(run_id, stage)
    first.kill()
    await arena.worker("second")
    await asyncio.gather(*(arena.whole(run_id, disturbed=(stage,)) for stage, run_id in runs.items()))


async def many_workers_and_doubled_jobs(arena: Arena) -> None:
    """Put three jobs for each stage into the queue: each stage is still taken up once."""
    for number in range(3):
        await arena.worker(f"worker-{number}")
    started = [await arena.start() for _ in range(_MANY_RUNS)]
    for run_id in started:
        async with arena.database.team(TEAM) as connection:
            for seq in (0, 0, 1, 2):
                await stages.defer(connection, stages.StageKey(TEAM, run_id, seq))
    for run_id in started:
        await arena.whole(run_id)


async def leases_lost_to_a_clock_that_jumped(arena: Arena) -> None:
    """Let the server's clock jump past every lease: whoever lost one stops, and nothing is done twice."""
    await arena.worker("one")
    await arena.worker("two")
    run_id = await arena.start(slow_at="collect")
    await arena.in_hand(run_id, "collect")
    # What a jump of an hour does to every row there is.
    async with await psycopg.AsyncConnection.connect(role_conninfo(arena.dsn, "cairn_owner")) as owner:
        await owner.execute("SELECT set_config('cairn.team_id', %s, false)", (TEAM,))
        await owner.execute(
            "UPDATE app.stage SET lease_until = lease_until - interval '1 hour' WHERE state = 'running'"
        )
        await owner.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 hour'")
    await arena.whole(run_id, disturbed=("collect",))


async def postgres_restarted(arena: Arena) -> None:
    """Restart Postgres at once, twice, while runs stand at each stage: the same workers go on."""
    async with own_server(arena, arena.home / "server") as own:
        await own.worker("one")
        await own.worker("two")
        runs = {stage: await own.start(slow_at=stage) for stage in NAMES}
        for stage in ("collect", "train"):
            await own.in_hand(runs[stage], stage)
            await own.restart_server()
        for run_id in runs.values():
            await own.whole(run_id, disturbed=NAMES)


async def disk_of_postgres_full(arena: Arena) -> None:
    """Fill the server's disk in the middle of a run: it waits, or is taken up again, and is whole in the end."""
    async with small_disk(arena.home / "disk", mebibytes=200) as disk, own_server(arena, disk / "server") as own:
        await own.worker("one")
        run_id = await own.start(slow_at="collect")
        await own.in_hand(run_id, "collect")
        await asyncio.to_thread(fill, disk / "filler")
        await asyncio.sleep(2 * LEASE_S)
        (disk / "filler").unlink()
        await own.restart_server()
        await own.whole(run_id, disturbed=NAMES)


async def disk_of_artifacts_full(arena: Arena) -> None:
    """Fill the disk that checkpoints go to: the run says so, and a retry goes on where it was."""
    async with small_disk(arena.home / "artifacts", mebibytes=1) as disk:
        await arena.worker("one")
        run_id = await arena.start(slow_at="train")
        await arena.in_hand(run_id, "train")
        await asyncio.to_thread(fill, disk / "filler")
        failed = await arena.ended(run_id)
        assert failed.state is RunState.FAILED
        assert "No space left" in (failed.error or "")
        (disk / "filler").unlink()
        await arena.runs.retry(TEAM, run_id, WHO)
        await arena.whole(run_id, disturbed=("train",))


async def approved_twice_at_once(arena: Arena) -> None:
    """Approve one proposal many times at once: one run, one order."""
    await arena.worker("only")
    proposal = await arena.runs.propose(
        TEAM,
        kind="chaos",
        params={"shop": arena.shop.url, "trace": str(arena.home / "trace.jsonl")},
        estimate={"cost_usd": {"low": 1, "base": 2, "high": 5}},
        requested_by=WHO,
        channel="C1",
    )
    approvers = [WHO, "shell:one", "shell:two"] * 4
    answers = await asyncio.gather(
        *(arena.runs.approve(TEAM, proposal.id, proposal.params_hash, who) for who in approvers),
        return_exceptions=True,
    )
    started = {answer for answer in answers if isinstance(answer, str)}
    assert len(started) == 1
    assert all(isinstance(answer, str | UserError) for answer in answers), answers
    await arena.whole(started.pop())


async def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


CASES: Mapping[str, Case] = {
    **{f"worker killed in {stage}": partial(worker_killed, stage=stage) for stage in NAMES},
    "everything killed again and again": everything_killed_again_and_again,
    "child killed": partial(part_of_a_child_killed, part="pid"),
    "guard killed": partial(part_of_a_child_killed, part="guard"),
    **{f"worker frozen in {stage}": partial(worker_frozen_and_thawed, stage=stage) for stage in NAMES[:3]},
    **{f"link cut in {stage}": partial(link_cut, stage=stage) for stage in NAMES[:3]},
    "link cut for a moment": link_cut_for_a_moment,
    **{f"told to stop in {stage}": partial(told_to_stop, stage=stage) for stage in NAMES},
    "cancelled at every stage": cancelled_at_every_stage,
    "cancelled before a worker came": cancelled_before_a_worker_came,
    "retried at every stage": retried_at_every_stage,
    "resumed at every stage": resumed_at_every_stage,
    "many workers and doubled jobs": many_workers_and_doubled_jobs,
    "clock of the server jumps": leases_lost_to_a_clock_that_jumped,
    "postgres restarted": postgres_restarted,
    "disk of postgres full": disk_of_postgres_full,
    "disk of artifacts full": disk_of_artifacts_full,
    "approved twice at once": approved_twice_at_once,
}
