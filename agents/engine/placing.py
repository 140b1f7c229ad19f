"""Tells stages that no worker can take why they wait, and has them picked up when one can."""

from collections.abc import Mapping, Sequence

from agents.runs.needs import Host, waits_for
from agents.store import workers
from agents.store.db import Database
from agents.store.stages import StageKey
from agents.store.workers import Unplaced


async def place_waiting(database: Database) -> int:
    """Look at the stages that wait for a worker; return how many were told something new."""
    async with database.engine() as connection:
        hosts = await workers.live_hosts(connection)
        stages = await workers.unplaced(connection, hosts)
        in_use = await workers.gpus_in_use(connection)
    news = [(stage.key, reason) for stage, reason in reasons(stages, hosts, in_use) if reason != stage.waits_for]
    for key, reason in news:
        async with database.team(key.team_id) as connection:
            await workers.tell(connection, key, reason)
    return len(news)


def reasons(
    stages: Sequence[Unplaced], hosts: Sequence[Host], in_use: Mapping[str, tuple[str, str]]
) -> list[tuple[Unplaced, str | None]]:
    """Return each stage with why it waits; GPUs that are free go to the first stages that need them.

    Args:
        stages: In the order in which they would be picked up.
        hosts: The live workers that take new stages.
        in_use: Team and run by GPU.
    """
    taken = dict(in_use)
    told = []
    for stage in stages:
        team_id = stage.key.team_id
        # Whose run occupies a GPU is the business of its own team alone.
        busy = {gpu: run_id if owner == team_id else None for gpu, (owner, run_id) in taken.items()}
        reason = waits_for(stage.needs, stage.queue, hosts, busy)
        if reason is None:
            taken |= _taken_by(stage, hosts, busy)
        told.append((stage, reason))
    return told


def _taken_by(stage: Unplaced, hosts: Sequence[Host], busy: Mapping[str, str | None]) -> Mapping[str, tuple[str, str]]:
    key: StageKey = stage.key
    for host in hosts:
        if stage.queue in host.queues and host.fits(stage.needs):
            picked = host.pick(stage.needs, busy)
            if picked is not None:
                return {gpu.id: (key.team_id, key.run_id) for gpu in picked}
    return {}
