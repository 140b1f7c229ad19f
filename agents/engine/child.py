"""Children for work that must not take its worker down, such as parsing untrusted files: they answer lines with lines.

Stages that are a process of their own are in child_runner.py.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Self

from agents.engine.process import ChildDied, ChildError, ChildLimits, ChildTimeout, GuardedProcess

_ALLOWANCE_S = 10.0


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
        self._process: GuardedProcess | None = None
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
                    self._process = await GuardedProcess.start(self._argv, self._limits, allowance_s=self._allowance_s)
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
        return await process.died(patience_s=1)

    async def close(self) -> bytes:
        """Kill the child, if one runs, and return the end of its standard error."""
        process, self._process = self._process, None
        return (await process.end())[1] if process else b""
