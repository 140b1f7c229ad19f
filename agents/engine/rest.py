"""Has the servers of models of a host sleep while a stage works on the GPUs that they share, and wakes them after.

What decides is a row: a stage that runs, with its lease, on a GPU of this host. It is there before a server is put to
sleep, and it is over with the stage whatever way that ends, also when a worker or a process is killed. So nobody has to
remember to wake a server: whoever keeps the servers looks, every second while they sleep, and so does the worker that
is started after one that was killed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from agents.distillation.serving import ServerAwayError, ServerError
from agents.errors import UserError
from agents.ports import ModelServer
from agents.store import workers
from agents.store.db import Database

_log = logging.getLogger(__name__)


class AtRest(ServerError):  # noqa: N818  # says when to come again, no fault
    """The servers sleep, since a stage works on their GPUs: come again later."""


class Rest:
    """The rest of the servers of one host.

    Args:
        database: Where stages are.
        gpus: Returns the ids of the GPUs that the servers share.
        servers: Lends the servers.
        notice: A file that is there from before they sleep until they are awake again: what stands before them turns
            callers away meanwhile, who would wait for hours.
    """

    def __init__(
        self,
        database: Database,
        gpus: Callable[[], Awaitable[Collection[str]]],
        servers: Callable[[], AbstractAsyncContextManager[Sequence[ModelServer]]],
        notice: Path,
    ) -> None:
        self._database = database
        self._gpus = gpus
        self._servers = servers
        self._notice = notice
        self._one_at_a_time = asyncio.Lock()

    async def is_due(self) -> bool:
        """Whether a stage works on their GPUs."""
        own = await self._gpus()
        async with self._database.engine() as connection:
            in_use = await workers.gpus_in_use(connection)
        return not in_use.keys().isdisjoint(own)

    async def settle(self) -> bool:
        """Have the servers sleep where that is due, and be awake where it is not; return whether they rest.

        Raises:
            UserError: One cannot sleep, or does not wake.
        """
        async with self._one_at_a_time:
            is_due = await self.is_due()
            if is_due:
                await asyncio.to_thread(self._put_up_notice)
            faults = []
            async with self._servers() as servers:
                for server in servers:
                    try:
                        await (_sleep(server) if is_due else _wake(server))
                    except ServerAwayError as away:
                        # One that does not run holds no memory either; as it starts it is awake.
                        _log.info("%s", away)
                    except UserError as fault:
                        faults.append(str(fault))
            if faults:
                raise UserError(" ".join(faults))
            if not is_due:
                await asyncio.to_thread(self._notice.unlink, missing_ok=True)
            return is_due

    async def require_awake(self) -> None:
        """Require that the servers are to be awake.

        Raises:
            AtRest: They are not.
        """
        if await self.is_due():
            raise AtRest("the servers of models sleep while a run trains on their GPU, and wake after it")

    async def require_sleepers(self) -> None:
        """Require that the servers can sleep; one that does not run holds no memory either.

        Raises:
            UserError: One cannot.
        """
        async with self._servers() as servers:
            for server in servers:
                try:
                    can_sleep = await server.can_sleep()
                except ServerAwayError:
                    continue
                if not can_sleep:
                    raise _sleepless(server)

    def _put_up_notice(self) -> None:
        self._notice.parent.mkdir(parents=True, exist_ok=True)
        self._notice.touch()


async def _sleep(server: ModelServer) -> None:
    if await server.is_sleeping():
        return
    if not await server.sleep():
        raise _sleepless(server)
    _log.info("%s sleeps while a run trains on its GPU", server.url)


async def _wake(server: ModelServer) -> None:
    if not await server.is_sleeping():
        return
    await server.wake()
    if await server.is_sleeping():
        raise UserError(f"{server.url} does not wake up. It is tried again; if it stays so, start it anew.")
    _log.info("%s is awake again", server.url)


def _sleepless(server: ModelServer) -> UserError:
    return UserError(
        f"{server.url} cannot sleep, and shares its GPU with training (CAIRN_SERVE_SHARES_GPU). Start vLLM with "
        "--enable-sleep-mode and VLLM_SERVER_DEV_MODE=1, on a socket that others do not reach, and retry the run."
    )
