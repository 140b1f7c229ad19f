"""A process under guard.py: its limits, its pipes, its allowance and its end.

It runs in a session of its own and without the worker's environment, in which keys and passwords stand. It ends when
it is left, when its worker dies or freezes, and when its allowance runs out.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agents.engine import guard

# What a program needs to find itself, its language and its temporary folder.
_KEPT_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "VIRTUAL_ENV")
_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a child may use; None for any.

    Attributes:
        address_space_bytes: Of each of its processes; not kept on macOS, which has no such limit.
        timeout_s: Seconds from its start to its end, whatever it does.
        reply_bytes: The longest line it may answer.
    """

    address_space_bytes: int | None = None
    timeout_s: float | None = None
    reply_bytes: int = 64 * 1024 * 1024


class ChildError(Exception):
    """A child did not do what was asked; it is dead now.

    Attributes:
        stderr: The end of what it wrote to standard error. It can quote a document, so it is not part of the text.
    """

    def __init__(self, text: str, stderr: bytes = b"") -> None:
        super().__init__(text)
        self.stderr = stderr


class ChildDied(ChildError):  # noqa: N818  # reads as what happened, beside ChildTimeout
    """The child ended, by itself or by a signal, before it had answered."""


class ChildTimeout(ChildError):  # noqa: N818  # as ChildDied
    """The child did not answer in time and was killed."""


class GuardedProcess:
    """One guard with its command: the pipes, the allowance that is renewed, and the end. Made by `start`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        control: socket.socket,
        limits: ChildLimits,
        allowance_s: Callable[[], float],
        on_output: Callable[[bytes], None] | None,
    ) -> None:
        # All three are pipes, as asked for below.
        assert process.stdin is not None  # noqa: S101  # see above
        assert process.stdout is not None  # noqa: S101  # see above
        assert process.stderr is not None  # noqa: S101  # see above
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._control = control
        self._limits = limits
        self._on_output = on_output
        self._tail = bytearray()
        self._renewing = asyncio.create_task(self._renew(allowance_s))
        self._reading = asyncio.create_task(self._read_stderr(process.stderr))

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        limits: ChildLimits,
        *,
        allowance_s: Callable[[], float],
        environment: Mapping[str, str] | None = None,
        scratch: Path | None = None,
        on_output: Callable[[bytes], None] | None = None,
    ) -> Self:
        """Start a command under a guard.

        Args:
            argv: The command, its program first.
            limits: What it may use.
            allowance_s: For how many seconds from now it may go on, asked for several times a second.
            environment: Variables on top of the few that it keeps.
            scratch: A folder of its own, which the guard removes in the end.
            on_output: Takes what it writes to standard error, as it comes.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                # Isolated and without site: the guard needs the standard library alone, and starts twice as fast.
                *(sys.executable, "-I", "-S", str(Path(guard.__file__))),
                *_options(theirs.fileno(), limits, allowance_s(), scratch),
                "--",
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**_kept_environment(), **(environment or {})},
                pass_fds=(theirs.fileno(),),
                # Ctrl-C in a terminal is for the worker, which then ends its children itself.
                start_new_session=True,
                limit=limits.reply_bytes,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, ours, limits, allowance_s, on_output)

    async def exchange(self, line: bytes) -> bytes:
        """Return the answer to `line`; EOFError where there is none, or one that is too long."""
        await self.write(line)
        answer = await self.read_line()
        if answer is None:
            raise EOFError("no answer")
        return answer

    async def write(self, line: bytes) -> None:
        """Write a line to its standard input."""
        self._stdin.write(line + b"\n")
        await self._stdin.drain()

    async def read_line(self) -> bytes | None:
        """Return the next line of its standard output, or None at the end of it.

        Raises:
            EOFError: The line is longer than the limits allow.
        """
        try:
            line = await self._stdout.readline()
        except ValueError as cause:
            raise EOFError("the answer is too long") from cause
        return line[:-1] if line.endswith(b"\n") else None

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the command; what it started itself is for it to end."""
        with contextlib.suppress(OSError):
            self._control.send(guard.STOP + b"\n")

    async def died(self, patience_s: float) -> ChildError:
        """Wait a moment for the end of a command that is ending, and return what it came to."""
        status, stderr = await self.end(patience_s)
        if status == guard.TIMED_OUT:
            return ChildTimeout(f"it ran longer than {self._limits.timeout_s:g} s", stderr)
        return ChildDied(_ending(status), stderr)

    async def has_ended(self, within_s: float) -> bool:
        """Return whether the command ends within that time; what it wrote can still be read."""
        give_up_at_s = time.monotonic() + within_s
        # Its wait() comes back only when its pipes were read to their ends.
        while self._process.returncode is None and time.monotonic() < give_up_at_s:  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.02)
        return self._process.returncode is not None

    async def end(self, patience_s: float = 0) -> tuple[int, bytes]:
        """Kill what still runs after `patience_s`; return the exit status and the end of standard error."""
        ending = asyncio.create_task(self._end(patience_s))
        try:
            return await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise

    async def _end(self, patience_s: float) -> tuple[int, bytes]:
        self._renewing.cancel()
        # Pipes that are not read to their end stay open, and the process then counts as running.
        draining = asyncio.create_task(self._discard_output())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._process.wait()
        with contextlib.suppress(OSError):
            # Reads as the end on the other side, while what that wrote can still be read here.
            self._control.shutdown(socket.SHUT_WR)
        self._stdin.close()
        try:
            async with asyncio.timeout(2):
                status = await self._process.wait()
        except TimeoutError:
            # The guard itself is stopped or starved; on Linux the kernel kills the command with it.
            self._process.kill()
            status = await self._process.wait()
        if status < 0:
            self._kill_orphans()
        self._control.close()
        await asyncio.wait({self._renewing, self._reading, draining}, timeout=1)
        for task in (self._reading, draining):
            task.cancel()
        return status, bytes(self._tail)

    def _kill_orphans(self) -> None:
        """End the command's group where the guard cannot any more."""
        with contextlib.suppress(OSError, ValueError):
            os.killpg(int(self._control.recv(64).split(b"\n")[0]), signal.SIGKILL)

    async def _renew(self, allowance_s: Callable[[], float]) -> None:
        while True:
            allowed_s = max(0.0, allowance_s())
            try:
                self._control.send(b"%.3f\n" % allowed_s)
            except BlockingIOError:
                # The guard does not read, so it is stopped; its command goes when it is killed.
                pass
            except OSError:
                return
            await asyncio.sleep(min(1.0, max(0.05, allowed_s / 4)))

    async def _discard_output(self) -> None:
        while await self._stdout.read(65536):
            pass

    async def _read_stderr(self, stderr: asyncio.StreamReader) -> None:
        while part := await stderr.read(65536):
            self._tail += part
            del self._tail[:-_TAIL_BYTES]
            if self._on_output is not None:
                self._on_output(part)
            # A command that writes without end must not keep everything else in this process from its turn.
            await asyncio.sleep(0)


def _ending(status: int) -> str:
    if status == guard.ABANDONED:
        return "its worker lost the lease or was frozen"
    if status < 0:
        return f"its guard was ended by signal {-status}"
    return f"it was ended by signal {status - 128}" if status > 128 else f"it ended with status {status}"


def _options(control: int, limits: ChildLimits, allowance_s: float, scratch: Path | None) -> list[str]:
    options = ["--control", str(control), "--allowance", str(allowance_s)]
    if limits.timeout_s is not None:
        options += ["--timeout", str(limits.timeout_s)]
    if limits.address_space_bytes is not None:
        options += ["--memory", str(limits.address_space_bytes)]
    if scratch is not None:
        options += ["--scratch", str(scratch)]
    return options


def _kept_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
