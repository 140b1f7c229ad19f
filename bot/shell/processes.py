"""Processes that stop when asked, or when the one that started them is gone; and keeping such children alive."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PARENT_PIPE = "CAIRN_STOP_WITH_STDIN"
# A child asked to stop may finish what it holds; then it is killed, and its lease hands the work over.
STOP_GRACE_S = 8.0


def stop_requested() -> asyncio.Event:
    """Return an event that SIGINT, SIGTERM or the end of a supervising parent sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    if os.environ.get(_PARENT_PIPE):
        # The parent holds the other end of stdin and never writes: it reads as ended when the parent dies,
        # also by kill -9, on Linux and macOS alike.
        def watch() -> None:
            while os.read(0, 1024):
                pass
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=watch, name="parent-watch", daemon=True).start()
    return stop


async def run_together(stop: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Run all parts until `stop`; where one of them fails, stop the others in order and raise its error."""
    tasks = [asyncio.create_task(part) for part in parts]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


@dataclass(slots=True)
class Child:
    """A process of `cairn` that is started again whenever it ends, until it is stopped.

    Attributes:
        name: What people call it: "bot", "worker".
        arguments: Arguments after `cairn`.
        environment: Variables on top of this process's own.
        log: The file that takes its output.
        say: Tells the person at the terminal.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    say: Callable[[str], None]
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def keep_alive(self) -> None:
        """Run the child for ever, a little later after each quick end; cancel to leave it as it is."""
        wait_s = 0.2
        while True:
            started = time.monotonic()
            code = await self._run_once()
            wait_s = 0.2 if time.monotonic() - started > 30 else min(wait_s * 2, 10.0)
            self.say(f"The {self.name} ended (exit {code}); starting it again. Its log: {self.log}")
            await asyncio.sleep(wait_s)

    async def stop(self) -> None:
        """Ask the child to end, then make it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_GRACE_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _run_once(self) -> int:
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot.cli",
                *self.arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment, _PARENT_PIPE: "1"},
                # Ctrl-C reaches the supervisor alone, which then stops its children in order.
                start_new_session=True,
            )
        return await self._process.wait()
