"""Postgres's time for what Postgres will compare, since the clocks of hosts differ and are set."""

import time
from datetime import UTC, datetime, timedelta

# For what is due at once, whatever any clock says.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


class DatabaseClock:
    """The database's time as it was last looked at, carried on by a clock that nobody sets."""

    def __init__(self) -> None:
        self._seen = AT_ONCE
        self._seen_at_s = time.monotonic()

    def seen(self, now: datetime) -> None:
        """Take down what the database says."""
        self._seen = now
        self._seen_at_s = time.monotonic()

    def after(self, seconds: float) -> datetime:
        """Return when it will be so many seconds later; at once where the database was never looked at."""
        return self._seen + timedelta(seconds=time.monotonic() - self._seen_at_s + seconds)
