"""ingest: read, cut, embed and store what changed; the rest is copied within Postgres.

Three coroutines stream together through bounded queues, so that a file is parsed while others are embedded and
stored. A batch of whole documents is one transaction with its checkpoint: what was stored is never done again, and
what was not is still listed.
"""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agents.engine.stage import StageContext
from agents.knowledge.chunking import Chunk, chunks
from agents.knowledge.documents import Parsed, Unreadable
from agents.knowledge.vectors import Vectors
from agents.stages.deps import IndexDeps, require_generation
from agents.stages.parsing import LIMITS, parse
from agents.stages.streaming import side_by_side
from agents.store import rag

# Texts embedded between two looks at the clock and the lease: about a second's work.
_WINDOW = 64
# Documents of a batch that may be without any chunk, all unreadable.
_MOST_DOCUMENTS = 64
_COPY_AT_ONCE = 200
_AHEAD = 8

Item = tuple[str, Parsed, list[Chunk]] | rag.Failed


async def execute(context: StageContext[IndexDeps]) -> Mapping[str, Any]:
    """Fill the generation and return what was done."""
    listed = context.previous["list"]
    if listed["unchanged"]:
        return {"unchanged": True, "embedded": 0, "copied": 0, "cpu_seconds": 0.0}
    async with context.database.team(context.team_id) as connection:
        generation = await require_generation(connection, context.team_id, context.run_id)
        total, done = await rag.count_documents(connection, context.team_id, generation.id)
    work = _Ingest(context, generation.id, total, done)
    if listed["base"] is not None:
        await work.copy_unchanged(listed["base"])
    await work.read_changed()
    return {"unchanged": False, **work.figures()}


class _Ingest:
    """One attempt at filling a generation."""

    def __init__(self, context: StageContext[IndexDeps], generation: int, total: int, done: int) -> None:
        self._context = context
        self._generation = generation
        self._total = total
        self._done = done
        before = context.checkpoint
        self._embedded = int(before.get("embedded", 0))
        self._copied = int(before.get("copied", 0))
        self._parsing_cpu_s = float(before.get("cpu_seconds", 0.0))
        self._cpu_began_s = time.process_time()
        self._parsed: asyncio.Queue[Item | None] = asyncio.Queue(_AHEAD)
        self._ready: asyncio.Queue[list[rag.Read | rag.Failed] | None] = asyncio.Queue(1)

    def figures(self) -> dict[str, Any]:
        """Return what was done, by this attempt and those before; also the checkpoint."""
        cpu_s = self._parsing_cpu_s + time.process_time() - self._cpu_began_s
        return {"embedded": self._embedded, "copied": self._copied, "cpu_seconds": round(cpu_s, 3)}

    async def copy_unchanged(self, base: int) -> None:
        """Take over the documents that are the same in generation `base`."""
        context = self._context
        copied = -1
        while copied:
            async with context.database.team(context.team_id) as connection:
                copied = await rag.copy_unchanged(connection, context.team_id, self._generation, base, _COPY_AT_ONCE)
                self._copied += copied
                await context.save(connection, self.figures())
            await self._report(copied, "unchanged")
        if self._copied:
            context.log(f"{self._copied} documents are unchanged and were copied")

    async def read_changed(self) -> None:
        """Read, embed and store the documents still listed."""
        async with self._context.database.team(self._context.team_id) as connection:
            pending = await rag.pending_documents(connection, self._context.team_id, self._generation)
        if pending:
            self._context.log(f"{len(pending)} documents are new or changed")
        await self._report(0, "")
        await side_by_side(self._read(pending), self._embed(), self._store())

    async def _read(self, pending: Sequence[tuple[str, bytes]]) -> None:
        context = self._context
        async with context.database.team(context.team_id) as connection:
            source = await rag.source(connection, context.team_id, context.params["source"])
        opened = context.deps.sources.open(source.location) if source else None
        async with context.child(context.deps.parse_command, LIMITS) as child:
            for uri, sha256 in pending:
                try:
                    if opened is None:
                        raise Unreadable("Its source is gone.", may_pass=True)
                    path = await asyncio.to_thread(opened.path, uri)
                    parsed, cpu_s = await parse(
                        child, path, uri=uri, sha256=sha256, timeout_s=context.deps.document_timeout_s
                    )
                    self._parsing_cpu_s += cpu_s
                    embedder = context.deps.embedder
                    cut = await asyncio.to_thread(chunks, parsed, embedder.tokens, embedder.max_tokens)
                    await self._parsed.put((uri, parsed, cut))
                except Unreadable as cause:
                    context.log(f"{uri}: {cause}", "warning")
                    await self._parsed.put(rag.Failed(uri, cause))
        await self._parsed.put(None)

    async def _embed(self) -> None:
        batch: list[rag.Read | rag.Failed] = []
        waiting: list[tuple[str, Parsed, list[Chunk]]] = []
        is_more = True
        while is_more:
            item = await self._parsed.get()
            is_more = item is not None
            if isinstance(item, rag.Failed):
                batch.append(item)
            elif item is not None:
                waiting.append(item)
            texts = sum(len(cut) for _, _, cut in waiting)
            if texts >= _WINDOW or len(waiting) + len(batch) >= _MOST_DOCUMENTS or not is_more:
                batch += await self._with_vectors(waiting)
                if batch:
                    await self._ready.put(batch)
                batch, waiting = [], []
        await self._ready.put(None)

    async def _with_vectors(self, documents: Sequence[tuple[str, Parsed, list[Chunk]]]) -> list[rag.Read]:
        texts = [chunk.embedded_text for _, _, cut in documents for chunk in cut]
        found: dict[bytes, Vectors] = {}
        digests = [hashlib.sha256(text.encode()).digest() for text in texts]
        wanted = dict(zip(digests, texts, strict=True))
        for first in range(0, len(wanted), _WINDOW):
            window = list(wanted)[first : first + _WINDOW]
            found |= await self._vectors({digest: wanted[digest] for digest in window})
        vectors = iter(digests)
        return [
            rag.Read(uri, parsed, cut, np.array([found[next(vectors)] for _ in cut], np.float32))
            for uri, parsed, cut in documents
        ]

    async def _vectors(self, texts: Mapping[bytes, str]) -> dict[bytes, Vectors]:
        """Return the vectors of texts by their digests, from the team's cache as far as it has them."""
        context, model = self._context, self._context.deps.embedder.fingerprint
        async with context.database.team(context.team_id) as connection:
            found = await rag.cached_vectors(connection, context.team_id, model, list(texts))
        missing = [digest for digest in texts if digest not in found]
        if missing:
            embedded = await context.deps.embedder.embed([texts[digest] for digest in missing])
            new = dict(zip(missing, embedded, strict=True))
            # Kept at once: a document of many windows that is cut off goes on where it was.
            async with context.database.team(context.team_id) as connection:
                await rag.cache_vectors(connection, context.team_id, model, new)
                await context.fenced(connection)
            self._embedded += len(missing)
            found |= new
        return found

    async def _store(self) -> None:
        context = self._context
        while (batch := await self._ready.get()) is not None:
            async with context.database.team(context.team_id) as connection:
                await rag.save_documents(connection, context.team_id, self._generation, batch)
                await context.save(connection, self.figures())
            chunks_of_batch = sum(len(each.chunks) for each in batch if isinstance(each, rag.Read))
            context.log(f"{len(batch)} documents done, {chunks_of_batch} chunks")
            await self._report(len(batch), batch[-1].uri)

    async def _report(self, more: int, note: str) -> None:
        self._done += more
        await self._context.progress(self._done, self._total, "documents", note)
