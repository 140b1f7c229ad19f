"""A desk for tests and benchmarks: indexes filled by a real worker in this process, with the real model."""

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.adapters import parsers
from agents.adapters.embedders.minilm import MiniLm
from agents.adapters.sources.folder import Folders
from agents.engine.stage import Stages
from agents.engine.worker import run_worker
from agents.knowledge.tokens import Tokens
from agents.knowledge.vectors import Vectors
from agents.runs.states import RunState
from agents.runs.views import RunView
from agents.services.index import Indexes
from agents.services.runs import Runs
from agents.stages import STAGES
from agents.stages.deps import IndexDeps
from agents.store.db import Database
from tests.people import make_people

TEAM = "T0LOCAL"
WHO = "shell:tester"
VIEWER = "http://127.0.0.1:3000/documents"
# Shared by all test sessions of a machine: the conversion of the model is the same each time.
MODELS = Path(tempfile.gettempdir()) / "cairn-test-models"


class CountingEmbedder:
    """The real embedder; it also remembers what it was given."""

    def __init__(self) -> None:
        self._model = MiniLm(MODELS)
        self.embedded: list[str] = []
        self.fingerprint = self._model.fingerprint
        self.dimensions = self._model.dimensions
        self.max_tokens = self._model.max_tokens

    def tokens(self, text: str) -> Tokens:
        return self._model.tokens(text)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return await self._model.embed(texts)


def make_deps(embedder: CountingEmbedder, sources: Folders) -> IndexDeps:
    """Return what the stages work with."""
    return IndexDeps(
        embedder=embedder,
        sources=sources,
        parse_command=(sys.executable, "-m", "agents.adapters.parsers.child"),
        parsers=parsers.FINGERPRINT,
    )


class Desk:
    """What a person does with indexes: fill one from a folder, and ask."""

    def __init__(
        self, database: Database, dsn: str, root: Path, embedder: CountingEmbedder, *, patience_s: float = 200
    ) -> None:
        self.patience_s = patience_s
        self.database = database
        self.dsn = dsn
        self.root = root
        self.embedder = embedder
        sources = Folders([str(root)], parsers.refusal)
        self.runs = Runs(database, make_people())
        self.indexes = Indexes(database, embedder, sources, self.runs, document_url=VIEWER)
        self.deps = make_deps(embedder, sources)

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Put files under the root."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    async def start(self, name: str = "docs", team: str = TEAM, folder: Path | None = None) -> str:
        """Propose and approve a run over the folder; return its id."""
        await self.indexes.register_source(team, name, folder or self.root, WHO)
        proposal = await self.indexes.propose(team, name, name, requested_by=WHO)
        self.embedder.embedded.clear()
        run_id = await self.runs.approve(team, proposal.id, proposal.params_hash, WHO)
        assert run_id is not None
        return run_id

    async def finish(self, run_id: str, team: str = TEAM, stages: Stages = STAGES) -> RunView:
        """Work on the run until it is over."""
        stop = asyncio.Event()
        worker = asyncio.create_task(
            run_worker(self.database, self.dsn, stages, self.deps, queues=["cpu"], stop=stop, grace_s=0.2)
        )
        try:
            async with asyncio.timeout(self.patience_s):
                while not (view := await self.runs.view(team, run_id)).state.is_over:
                    if worker.done():
                        worker.result()
                    await asyncio.sleep(0.05)
            return view
        finally:
            stop.set()
            await worker

    async def fill(self, name: str = "docs", team: str = TEAM, folder: Path | None = None) -> Mapping[str, Any]:
        """Index the folder and return the run's result."""
        view = await self.finish(await self.start(name, team, folder), team)
        assert view.state is RunState.DONE, view.error
        assert view.result is not None
        return view.result

    async def chunks(self, team: str = TEAM) -> list[dict[str, Any]]:
        """Return all chunks of the team but for the number of their generation."""
        async with self.database.team(team) as connection:
            cursor = await connection.execute(
                "SELECT uri, ord, start_char, end_char, page, heading, content, words, embedding::text "
                "FROM app.rag_chunk ORDER BY uri, ord, generation"
            )
            return list(await cursor.fetchall())

    def with_deps(self, **changes: Any) -> None:
        """Change what the stages work with."""
        self.deps = replace(self.deps, **changes)
