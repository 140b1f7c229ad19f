"""A stage's own log: lines are taken at once, and written with the next beat or with the end of the attempt."""

from collections import deque
from datetime import UTC, datetime

from agents.runs.logs import Level, LogLine, clean_lines
from agents.store import logs
from agents.store.db import Connection
from agents.store.stages import StageKey

# Lines between two beats beyond which the middle is left out, so that a stage that prints in a loop stays cheap.
_FIRST_HELD = 1_000
_LAST_HELD = 1_000
# The log in Postgres is looked at as a whole, which costs a few milliseconds, each time it grew by this much.
_TRIM_EVERY = 500


class StageLog:
    """What one attempt has to say, until it is written down."""

    def __init__(self, key: StageKey, attempt: int) -> None:
        self._key = key
        self._attempt = attempt
        self._count = 0
        self._first: list[LogLine] = []
        self._last: deque[LogLine] = deque(maxlen=_LAST_HELD)
        # A new attempt's first lines come on top of what the former ones left.
        self._since_trim = _TRIM_EVERY if attempt > 1 else 0

    def add(self, text: str, level: Level = "info") -> None:
        """Take the lines of a text; what is no text in it is left out."""
        now = datetime.now(UTC)
        for line in clean_lines(text):
            taken = LogLine(self._key.seq, self._attempt, self._count, now, level, line)
            self._count += 1
            if len(self._first) < _FIRST_HELD and not self._last:
                self._first.append(taken)
            else:
                self._last.append(taken)

    @property
    def has_news(self) -> bool:
        """Whether there are lines that were not written down yet."""
        return bool(self._first or self._last)

    async def write(self, connection: Connection) -> int:
        """Write down what was taken, in the caller's transaction; give the answer to `forget` once that is committed.

        Written again after a transaction of which nobody knows how it ended, a line is there once.
        """
        pending = [*self._first, *self._last]
        if not pending:
            return 0
        await logs.add(connection, self._key, pending)
        self._since_trim += len(pending)
        if self._since_trim >= _TRIM_EVERY:
            await logs.trim(connection, self._key)
            self._since_trim = 0
        return pending[-1].n + 1

    def forget(self, count: int) -> None:
        """Let go of the first `count` lines, which are written down."""
        self._first = [line for line in self._first if line.n >= count]
        self._last = deque((line for line in self._last if line.n >= count), maxlen=_LAST_HELD)
