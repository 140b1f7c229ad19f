"""Carries out a child stage: starts its process under a guard, and does for it what only the worker may.

The process says what happened, one JSON line at a time; the worker alone writes to Postgres, fenced, and answers a
checkpoint when it is committed. Whatever way the process ends, there is one clear end: a result, an error for
people, a fault with its traceback in the log, a stage handed over, or `ChildStageDied` with the reason.
"""

import asyncio
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import agents
from agents.engine.lease import DATABASE_AWAY
from agents.engine.process import ChildTimeout, GuardedProcess
from agents.engine.stage import ChildCode, HandOver, Interpreter, StageContext
from agents.errors import UserError

_GIB = 1024**3
# How long a process that said how it ended may take to end.
_PATIENCE_S = 2.0
# A line of output that has no end is cut here.
_LONGEST_OUTPUT = 8_192
# Output that is taken at once, and on average; a process that prints without end must not keep its worker busy.
_OUTPUT_BURST = 1024 * 1024
_OUTPUT_PER_S = 64 * 1024


class ChildStageDied(Exception):  # noqa: N818  # says what happened; the stage is taken up again
    """The stage's process ended, hung or spoke nonsense before it had said how the stage ended."""


class ChildStageFault(Exception):  # noqa: N818  # as ChildStageDied
    """The stage's code raised; the text is the traceback from its process."""


async def run_child(context: StageContext[Any], code: ChildCode) -> Mapping[str, Any]:
    """Return the result of a stage that runs in a process of its own.

    Raises:
        ChildStageDied: There is none; another attempt may go on from the checkpoint.
        ChildStageFault: Its code raised.
        UserError: As raised there, or its Python is not there.
        HandOver: It came to an end on the way, since the worker is to stop.
        Fenced: The attempt is over.
    """
    interpreter = code.interpreter(context.deps)
    await asyncio.to_thread(_require, interpreter)
    if code.before is not None:
        await code.before(context)
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="cairn-stage-"))
    output = _Output(context)
    patience_s = 0.0
    try:
        process = await GuardedProcess.start(
            [interpreter.python, "-m", "agents.engine.child_main", code.module],
            code.limits,
            allowance_s=context.allowance_s,
            environment={**interpreter.environment, **context.environment(), **_search_path(interpreter, scratch)},
            scratch=scratch,
            on_output=output.take,
        )
        try:
            result = await _Talk(context, code, process, scratch).until_result()
            patience_s = _PATIENCE_S
            return result
        finally:
            await process.end(patience_s)
            output.flush()
    finally:
        # The guard has removed it, unless it was itself killed.
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


def _require(interpreter: Interpreter) -> None:
    if shutil.which(interpreter.python) is None:
        raise UserError(
            f"The Python of this stage, {interpreter.python!r}, is no program on {os.uname().nodename}. "
            f"Correct {interpreter.setting or 'its path'} and retry the run."
        )


def _search_path(interpreter: Interpreter, scratch: Path) -> Mapping[str, str]:
    """Return the variable that lets another Python find this package, and none of the packages beside it."""
    if interpreter.is_own:
        return {}
    code = scratch / ".code"
    code.mkdir()
    (code / "agents").symlink_to(Path(agents.__file__).parent)
    return {"PYTHONPATH": str(code)}


class _Talk:
    """What the process says, and what it is answered."""

    def __init__(self, context: StageContext[Any], code: ChildCode, process: GuardedProcess, scratch: Path) -> None:
        self._context = context
        self._code = code
        self._process = process
        self._scratch = scratch
        self._is_ready = asyncio.Event()

    async def until_result(self) -> Mapping[str, Any]:
        stopping = asyncio.create_task(self._pass_on_the_stop())
        try:
            await self._write(self._start())
            last_news_s = time.monotonic()
            while True:
                message = await self._next()
                result = await self._take(message)
                if result is not None:
                    return result
                if message["say"] != "beat":
                    last_news_s = time.monotonic()
                elif time.monotonic() - last_news_s > (self._code.news_within_s or math.inf):
                    raise ChildStageDied(f"it reported nothing new for {self._code.news_within_s:g} s")
        finally:
            stopping.cancel()
            await asyncio.wait({stopping})

    def _start(self) -> dict[str, Any]:
        context = self._context
        return {
            "run_id": context.run_id,
            "seq": context.seq,
            "attempt": context.attempt,
            "params": context.params,
            "checkpoint": context.checkpoint,
            "previous": context.previous,
            "scratch": str(self._scratch),
            "beat_s": min(1.0, self._code.beat_within_s / 4),
        }

    async def _pass_on_the_stop(self) -> None:
        await self._context.draining.wait()
        # Before that it would die of it.
        await self._is_ready.wait()
        self._process.ask_to_stop()

    async def _write(self, message: Mapping[str, Any]) -> None:
        try:
            await self._process.write(json.dumps(message).encode())
        except ConnectionError:
            raise await self._died() from None

    async def _next(self) -> dict[str, Any]:
        """Return what the process says next."""
        # Without this a process that talks all the time would keep everything else in this one from its turn.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(self._code.beat_within_s):
                line = await self._process.read_line()
        except TimeoutError:
            raise ChildStageDied(f"it gave no sign of life for {self._code.beat_within_s:g} s") from None
        except EOFError:
            limit = self._code.limits.reply_bytes
            raise ChildStageDied(f"it sent a message of more than {limit:,} bytes") from None
        if line is None:
            raise await self._died()
        return _message(line)

    async def _died(self) -> ChildStageDied:
        error = await self._process.died(_PATIENCE_S)
        return ChildStageDied(f"{error} before it had a result" if not isinstance(error, ChildTimeout) else str(error))

    async def _take(self, message: dict[str, Any]) -> Mapping[str, Any] | None:
        """Do what a message asks for; return the result where it is that."""
        try:
            match message:
                case {"say": "beat"}:
                    pass
                case {"say": "ready"}:
                    self._is_ready.set()
                case {"say": "progress", "done": done, "total": total, "unit": str(unit), "note": str(note)}:
                    await self._context.progress(done, total, unit, note)
                case {"say": "log", "line": str(line)}:
                    self._context.log(line)
                case {"say": "save", "checkpoint": dict(checkpoint), "files": dict(files)}:
                    await self._save(checkpoint, files)
                case {"say": "fetch", "name": str(name)}:
                    await self._fetch(name)
                case {"say": "result", "result": dict(result)}:
                    return result
                case _:
                    self._raise_end(message)
        except (TypeError, ValueError) as cause:
            raise _nonsense(str(cause)) from cause
        return None

    def _raise_end(self, message: dict[str, Any]) -> None:
        match message:
            case {"say": "handed_over", "reason": str() | None as reason}:
                raise HandOver(reason=reason)
            case {"say": "error", "text": str(text)}:
                raise UserError(text)
            case {"say": "fault", "text": str(text)}:
                raise ChildStageFault(text)
            case {"say": "out_of_memory"}:
                raise UserError(_out_of_memory(self._code))
        raise ValueError(f"a message that nobody knows: {str(message)[:200]}")

    async def _save(self, checkpoint: dict[str, Any], files: Mapping[str, object]) -> None:
        """Record the checkpoint and its files in one transaction; the process waits until they are safe."""
        context = self._context
        try:
            kept = [await context.artifacts.keep(name, self._own(path)) for name, path in files.items()]
        except (FileNotFoundError, ValueError):
            # The folder of a process that was ended is removed, also while something of it is being kept.
            if await self._process.has_ended(_PATIENCE_S):
                raise await self._died() from None
            raise
        while True:
            try:
                async with context.database.team(context.team_id) as connection:
                    for each in kept:
                        await context.artifacts.add(connection, each)
                    await context.save(connection, checkpoint)
                break
            except DATABASE_AWAY:
                # What the process has done since its last checkpoint is worth waiting for: until the lease ends.
                await asyncio.sleep(0.2)
        await self._write({})

    async def _fetch(self, name: str) -> None:
        folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="fetched-", dir=self._scratch)
        path = Path(folder) / name.rsplit("/", 1)[-1]
        await self._context.artifacts.fetch(name, path)
        await self._write({"path": str(path)})

    def _own(self, path: object) -> Path:
        """Return a path that the process may have saved: a plain file of its own folder."""
        found = Path(str(path)).resolve()
        if not found.is_relative_to(self._scratch.resolve()) or not found.is_file():
            raise ValueError(f"{found.name!r} is no file in the stage's scratch folder")
        return found


class _Output:
    """What the process prints, as lines of the stage's log; what is printed faster than anybody reads is left out."""

    def __init__(self, context: StageContext[Any]) -> None:
        self._context = context
        self._pending = b""
        self._room = float(_OUTPUT_BURST)
        self._at_s = time.monotonic()
        self._left_out = 0

    def take(self, part: bytes) -> None:
        now_s = time.monotonic()
        self._room = min(_OUTPUT_BURST, self._room + (now_s - self._at_s) * _OUTPUT_PER_S)
        self._at_s = now_s
        if len(part) > self._room:
            self._left_out += len(part)
            return
        self._room -= len(part)
        self._note_what_is_left_out()
        # A progress bar goes back to the start of its line instead of beginning a new one.
        *lines, self._pending = (self._pending + part).replace(b"\r", b"\n").split(b"\n")
        if len(self._pending) > _LONGEST_OUTPUT:
            lines.append(self._pending)
            self._pending = b""
        if lines:
            self._context.log(b"\n".join(lines).decode("utf-8", "replace"))

    def flush(self) -> None:
        self._note_what_is_left_out()
        if self._pending:
            self._context.log(self._pending.decode("utf-8", "replace"))
            self._pending = b""

    def _note_what_is_left_out(self) -> None:
        if self._left_out:
            self._context.log(f"... {self._left_out:,} bytes of output left out ...", "warning")
            self._left_out = 0


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as cause:
        raise _nonsense(str(cause)) from cause
    if not isinstance(message, dict) or "say" not in message:
        raise _nonsense("no JSON object that says something")
    return message


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no figure")


def _nonsense(why: str) -> ChildStageDied:
    return ChildStageDied(f"it sent what is no message: {why}")


def _out_of_memory(code: ChildCode) -> str:
    limit = code.limits.address_space_bytes
    allowed = f"more than the {limit / _GIB:.3g} GB of memory that it may use" if limit else "more memory than there is"
    return f"The stage needs {allowed}. Give it less at a time, or a worker with more memory, and retry the run."
