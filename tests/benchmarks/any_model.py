"""How many of 2,000 conversations with models that do anything keep the invariants, and what one takes."""

import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from tests.integration.agent.playing import DOCUMENT, play

CONVERSATIONS: Final = 2_000
# The first ones are those of the tests.
EACH: Final = 200


async def run() -> AsyncIterator[Mapping[str, Any]]:
    """Yield the share of conversations that keep the invariants, and the CPU of one beside the first ones'."""
    with TemporaryDirectory(prefix="cairn-bench-") as folder:
        home, documents = Path(folder), Path(folder) / "documents"
        documents.mkdir()
        (documents / "leave.md").write_text(DOCUMENT)
        dsn = await start_embedded(home)
        try:
            await migrate(dsn)
            async with Database(dsn) as database, Checkpoints(dsn) as checkpoints:
                async for figure in _figures(database, checkpoints, documents):
                    yield figure
        finally:
            await stop_embedded(home)


async def _figures(database: Database, checkpoints: Checkpoints, documents: Path) -> AsyncIterator[Mapping[str, Any]]:
    broken: list[str] = []
    taken_s: list[float] = []
    for first in range(0, CONVERSATIONS, EACH):
        began_s = time.process_time()
        for seed in range(first, first + EACH):
            broken += await play(database, checkpoints, seed, documents)
        taken_s.append((time.process_time() - began_s) / EACH)
    for each in broken:
        print(each)
    kept = CONVERSATIONS - len({each.partition(":")[0] for each in broken})
    yield {
        "suite": "any_model",
        "case": "any behaviour",
        "metric": "kept",
        "value": kept,
        "unit": "conversations",
        "reference": f"all {CONVERSATIONS}",
        "ratio": kept / CONVERSATIONS,
    }
    yield {
        "suite": "any_model",
        "case": f"the last {EACH} conversations",
        "metric": "cpu",
        "value": 1_000 * taken_s[-1],
        "unit": "ms",
        "reference": f"the first {EACH}: {1_000 * taken_s[0]:.4g} ms",
        "ratio": taken_s[-1] / taken_s[0],
    }
