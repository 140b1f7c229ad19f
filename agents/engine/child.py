"""Child processes for work that must not take its worker down: parsers of untrusted files, training, servers.

A child runs under guard.py in a session of its own, with limits, and without the worker's environment, in which keys
and passwords stand. It ends when it is left, when its worker dies or freezes, and when its allowance runs out.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agents.engine import guard

# What a program needs to find itself, its language and its temporary folder.
_KEPT_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "VIRTUAL_ENV")
_TAIL_BYTES = 4096
_ALLOWANCE_S = 10.0


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


def _any_allowance() -> float:
    return _ALLOWANCE_S


class GuardedChild:
    """A long-lived child that answers one line with one line; started when first asked, and anew after it died.

    Args:
        argv: The command, its program first.
        limits: What it may use.
        allowance_s: For how many seconds from now it may go on, asked for several times a second; a stage's child
            is allowed what is left of the lease.
    """

    def __init__(
        self,
        argv: Sequence[str],
        limits: ChildLimits | None = None,
        *,
        allowance_s: Callable[[], float] = _any_allowance,
    ) -> None:
        self._argv = argv
        self._limits = limits or ChildLimits()
        self._allowance_s = allowance_s
        self._process: _Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ask(self, line: bytes, timeout_s: float) -> bytes:
        """Return the child's answer to `line`, both without their line ends.

        Raises:
            ChildDied: It ended instead of answering; the next question starts a fresh one.
            ChildTimeout: It took longer; the next question starts a fresh one.
            ValueError: `line` is more than one line.
        """
        if b"\n" in line:
            raise ValueError("a question to a child is one line")
        async with self._one_at_a_time:
            try:
                if self._process is None:
                    self._process = await _start(self._argv, self._limits, self._allowance_s)
                async with asyncio.timeout(timeout_s):
                    return await self._process.exchange(line)
            except TimeoutError:
                stderr = await self.close()
                raise ChildTimeout(f"no answer within {timeout_s:g} s", stderr) from None
            except (EOFError, ConnectionError):
                raise await self._died() from None
            except BaseException:
                # Cancelled between question and answer: the next answer would be the wrong one.
                await self.close()
                raise

    async def _died(self) -> ChildError:
        process, self._process = self._process, None
        if process is None:
            return ChildDied("it was closed")
        # Its pipe is at its end, so it is ending by itself: wait for the status that says why.
        status, stderr = await process.end(patience_s=1)
        if status == guard.TIMED_OUT:
            return ChildTimeout(f"it ran longer than {self._limits.timeout_s:g} s", stderr)
        return ChildDied(_ending(status), stderr)

    async def close(self) -> bytes:
        """Kill the child, if one runs, and return the end of its standard error."""
        process, self._process = self._process, None
        return (await process.end())[1] if process else b""


async def run_guarded(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    limits: ChildLimits | None = None,
    allowance_s: Callable[[], float] = _any_allowance,
) -> bytes:
    """Run a command to its end under a guard and return what it wrote to standard output.

    Raises:
        ChildDied: It ended with another status than 0.
        ChildTimeout: It took longer than the limits allow.
    """
    limits = limits or ChildLimits()
    process = await _start(argv, limits, allowance_s)
    stderr = b""
    try:
        output = await process.communicate(stdin, limits.reply_bytes)
        status = await process.wait()
    finally:
        _, stderr = await process.end()
    if status == guard.TIMED_OUT:
        raise ChildTimeout(f"it ran longer than {limits.timeout_s:g} s", stderr)
    if status != 0:
        raise ChildDied(_ending(status), stderr)
    return output


def _ending(status: int) -> str:
    if status == guard.ABANDONED:
        return "its worker lost the lease or was frozen"
    return f"it was ended by signal {status - 128}" if status > 128 else f"it ended with status {status}"


async def _start(argv: Sequence[str], limits: ChildLimits, allowance_s: Callable[[], float]) -> "_Process":
    readable, writable = os.pipe()
    try:
        options = ["--control", str(readable), "--allowance", str(allowance_s())]
        if limits.timeout_s is not None:
            options += ["--timeout", str(limits.timeout_s)]
        if limits.address_space_bytes is not None:
            options += ["--memory", str(limits.address_space_bytes)]
        # Isolated and without site: the guard needs the standard library alone, and starts twice as fast.
        launcher = [sys.executable, "-I", "-S", str(Path(guard.__file__))]
        process = await asyncio.create_subprocess_exec(
            *launcher,
            *options,
            "--",
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ},
            pass_fds=(readable,),
            # Ctrl-C in a terminal is for the worker, which then ends its children itself.
            start_new_session=True,
            limit=limits.reply_bytes,
        )
    except BaseException:
        os.close(writable)
        raise
    finally:
        os.close(readable)
    return _Process(process, writable, allowance_s)


class _Process:
    """One guard with its child: the pipes, the allowance that is renewed, and the end."""

    def __init__(self, process: asyncio.subprocess.Process, control: int, allowance_s: Callable[[], float]) -> None:
        # All three are pipes, as asked for above.
        assert process.stdin is not None  # noqa: S101  # see above
        assert process.stdout is not None  # noqa: S101  # see above
        assert process.stderr is not None  # noqa: S101  # see above
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._control: int | None = control
        os.set_blocking(control, False)
        self._tail = bytearray()
        self._renewing = asyncio.create_task(self._renew(allowance_s))
        self._reading = asyncio.create_task(self._read_stderr(process.stderr))

    async def exchange(self, line: bytes) -> bytes:
        """Return the answer to `line`; EOFError where there is none, or one that is too long."""
        self._stdin.write(line + b"\n")
        await self._stdin.drain()
        try:
            answer = await self._stdout.readline()
        except ValueError as cause:
            raise EOFError("the answer is too long") from cause
        if not answer.endswith(b"\n"):
            raise EOFError("no answer")
        return answer[:-1]

    async def communicate(self, stdin: bytes, output_bytes: int) -> bytes:
        """Write all of `stdin`, close it, and return the output, at most `output_bytes` of it."""
        feeding = asyncio.create_task(self._feed(stdin))
        try:
            output = bytearray()
            while len(output) < output_bytes and (part := await self._stdout.read(65536)):
                output += part
            return bytes(output[:output_bytes])
        finally:
            feeding.cancel()
            await asyncio.wait({feeding})

    async def _feed(self, stdin: bytes) -> None:
        # A command may end without having read everything.
        with contextlib.suppress(ConnectionError):
            self._stdin.write(stdin)
            await self._stdin.drain()
            self._stdin.close()

    async def wait(self) -> int:
        """Return the guard's exit status once the command has ended."""
        return await self._process.wait()

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
        if self._control is not None:
            os.close(self._control)
            self._control = None
        self._stdin.close()
        try:
            async with asyncio.timeout(2):
                status = await self._process.wait()
        except TimeoutError:
            # The guard itself is stopped or starved; on Linux the kernel kills the child with it.
            self._process.kill()
            status = await self._process.wait()
        await asyncio.wait({self._renewing, self._reading, draining}, timeout=1)
        for task in (self._reading, draining):
            task.cancel()
        return status, bytes(self._tail)

    async def _renew(self, allowance_s: Callable[[], float]) -> None:
        while self._control is not None:
            allowed_s = max(0.0, allowance_s())
            try:
                os.write(self._control, b"%.3f\n" % allowed_s)
            except BlockingIOError:
                # The guard does not read, so it is stopped; its child goes when it is killed.
                pass
            except BrokenPipeError:
                return
            await asyncio.sleep(min(1.0, max(0.05, allowed_s / 4)))

    async def _discard_output(self) -> None:
        while await self._stdout.read(65536):
            pass

    async def _read_stderr(self, stderr: asyncio.StreamReader) -> None:
        while part := await stderr.read(4096):
            self._tail += part
            del self._tail[:-_TAIL_BYTES]
