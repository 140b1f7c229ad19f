"""Procrastinate alone, as the engine suite's reference; the queue that both work on."""

import procrastinate

from agents.store.db import role_conninfo

QUEUE = "bench"
BARE_TASK = "bare"


def bare_app(dsn: str, max_size: int) -> procrastinate.App:
    """Return procrastinate alone, with a task that does nothing."""
    connector = procrastinate.PsycopgConnector(
        conninfo=role_conninfo(dsn, "cairn_engine"), min_size=1, max_size=max_size
    )
    app = procrastinate.App(connector=connector)

    async def bare() -> None:
        return

    app.task(name=BARE_TASK, queue=QUEUE)(bare)
    return app
