"""The right to work on a claimed stage: kept by beats, and lost for good."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg

from agents.engine.log import StageLog
from agents.runs.progress import WINDOW_S, Point, measure, progress_document
from agents.store import stages
from agents.store.db import Database

# What Postgres going away looks like to a statement; all of it passes when the server is back.
DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)

# A cancel is noticed at the next beat even where the notification of it was lost.
_LONGEST_BEAT_S = 1.0
# Slack edits a card at most every few seconds, so there is no use in telling it more often.
_CARD_EVERY_S = 1.0
# How long the end of an attempt waits for lines that are being written down.
_LOG_PATIENCE_S = 2.0


class Lease:
    """A claim's lease, and what is reported under it: progress, and lines of its log."""

    def __init__(self, database: Database, claim: stages.Claim, length: timedelta, claimed_at_s: float) -> None:
        self._database = database
        self._claim = claim
        self._length = length
        self._beat_s = min(_LONGEST_BEAT_S, length.total_seconds() / 4)
        # Monotonic, taken before the statement went out, so that it never ends later here than in the database.
        self._kept_at_s = claimed_at_s
        self._woken = asyncio.Event()
        self._points: deque[Point] = deque()
        self._progress: dict[str, Any] | None = None
        self._is_news = False
        self._shown_at_s = 0.0
        self._writing: asyncio.Task[None] | None = None
        self.log = StageLog(claim.key, claim.attempt)

    def allowance_s(self) -> float:
        """Return for how many seconds work may go on without another beat; a quarter of the lease is kept back."""
        return max(0.0, self._kept_at_s + 0.75 * self._length.total_seconds() - time.monotonic())

    def report(self, done: float, total: float | None, unit: str, note: str) -> None:
        """Take down how far the work is; the next beat records it.

        Raises:
            ValueError: A figure is not finite.
        """
        if not math.isfinite(done) or not math.isfinite(total or 0):
            raise ValueError(f"progress of {done} out of {total} {unit} is no figure")
        now_s = time.monotonic()
        if self._progress is not None and self._progress["unit"] != unit:
            # Steps after megabytes: another count has another pace.
            self._points.clear()
        self._points.append(Point(now_s, done))
        while len(self._points) > 2 and self._points[1].at_s < now_s - WINDOW_S:
            self._points.popleft()
        self._progress = progress_document(measure(tuple(self._points), total, unit, _plain(note)))
        self._is_news = True

    def progress(self) -> Mapping[str, Any] | None:
        """Return the last report, if there was one in this attempt."""
        return self._progress

    def check(self) -> None:
        """Beat now rather than at the next turn: somebody says that the run was cancelled."""
        self._woken.set()

    async def keep(self) -> None:
        """Beat until the attempt is over: cancelled, taken over, or out of touch for too long."""
        try:
            await self._beat_on()
        finally:
            if self._writing is not None:
                await asyncio.wait({self._writing}, timeout=_LOG_PATIENCE_S)
                self._writing.cancel()

    async def _beat_on(self) -> None:
        # The claim has just set the lease: a stage that is over by then needs no beat.
        await self._pause()
        while self.allowance_s() > 0:
            started_s = time.monotonic()
            try:
                async with asyncio.timeout(self.allowance_s()):
                    held = await self._beat(started_s)
            except (*DATABASE_AWAY, TimeoutError):
                await asyncio.sleep(min(0.2, self._beat_s))
                continue
            if not held:
                return
            self._kept_at_s = started_s
            if self._writing is not None and self._writing.done():
                self._writing.result()
                self._writing = None
            if self._writing is None and self.log.has_news:
                self._writing = asyncio.create_task(self._write_log(), name="log of a stage")
            await self._pause()

    async def _beat(self, now_s: float) -> bool:
        is_shown = self._is_news and now_s - self._shown_at_s >= _CARD_EVERY_S
        news = self._progress if is_shown else None
        async with self._database.team(self._claim.key.team_id) as connection:
            held = await stages.beat(connection, self._claim, self._length, news)
        if is_shown:
            self._shown_at_s = now_s
            self._is_news = self._progress is not news
        return held

    async def _write_log(self) -> None:
        """Write down what the log holds, beside the beats: a log that is slow to write must not cost the lease."""
        try:
            async with self._database.team(self._claim.key.team_id) as connection:
                written = await self.log.write(connection)
        except DATABASE_AWAY:
            # Kept for the next time, as far as there is room.
            return
        self.log.forget(written)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._beat_s):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()


def _plain(note: str) -> str:
    # A note quotes names of files: Postgres keeps no NUL in JSON, and nothing that is no text.
    return note.replace("\0", "").encode("utf-8", "replace").decode()
