"""Sources, indexes and their generations: what a run fills and switches. Asking is in `rag_search`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from pgvector import HalfVector
from pgvector.psycopg.halfvec import HalfVectorBinaryDumper
from psycopg.sql import SQL
from psycopg.types.numeric import Int4

import sql
from agents.knowledge.chunking import Chunk
from agents.knowledge.documents import Parsed, SourceFile, Unreadable
from agents.knowledge.vectors import Vectors
from agents.store.db import Connection, one, rows, run


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A registered source."""

    name: str
    location: str
    link_base: str | None
    registered_by: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class IndexRow:
    """An index and what it answers from; no figures and no instant before its first run is done."""

    name: str
    source: str
    documents: int | None
    chunks: int | None
    activated_at: datetime | None
    failed: int


@dataclass(frozen=True, slots=True)
class LockedIndex:
    """An index that nobody else changes until the transaction ends."""

    id: str
    active_generation: int | None
    # The pipeline that filled the active generation.
    pipeline: str | None


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation that a run fills."""

    id: int
    index_id: str
    pipeline: str
    state: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What a generation holds."""

    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Read:
    """A document that was read, cut and embedded."""

    uri: str
    parsed: Parsed
    chunks: Sequence[Chunk]
    # One row for each chunk.
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Failed:
    """A document that could not be read."""

    uri: str
    cause: Unreadable


async def add_source(
    connection: Connection, team_id: str, *, name: str, location: str, link_base: str | None, who: str
) -> None:
    """Register a folder under a name, or change what the name stands for."""
    given = {"team_id": team_id, "name": name, "location": location, "link_base": link_base, "who": who}
    await run(connection, "rag.add_source", given)


async def sources(connection: Connection, team_id: str) -> list[SourceRow]:
    """Return the team's sources by name."""
    return [SourceRow(**row) for row in await rows(connection, "rag.sources", {"team_id": team_id})]


async def source(connection: Connection, team_id: str, name: str) -> SourceRow | None:
    """Return one source, or None."""
    row = await one(connection, "rag.source", {"team_id": team_id, "name": name})
    return SourceRow(**row) if row else None


async def indexes(connection: Connection, team_id: str) -> list[IndexRow]:
    """Return the team's indexes by name."""
    return [IndexRow(**row) for row in await rows(connection, "rag.indexes", {"team_id": team_id})]


async def failures(connection: Connection, team_id: str, name: str) -> list[tuple[str, str]]:
    """Return the documents that the index could not read, each with the reason."""
    found = await rows(connection, "rag.failures", {"team_id": team_id, "name": name})
    return [(row["uri"], row["reason"]) for row in found]


async def busy_run(connection: Connection, team_id: str, name: str, *, not_run: str | None = None) -> str | None:
    """Return the run that works on the index, other than `not_run`, or None."""
    row = await one(connection, "rag.busy_run", {"team_id": team_id, "name": name, "not_run": not_run})
    return str(row["id"]) if row else None


async def lock_index(connection: Connection, team_id: str, name: str, source_name: str) -> LockedIndex:
    """Return the index, made where it is missing, locked until the transaction ends."""
    given = {"team_id": team_id, "name": name, "source": source_name}
    await run(connection, "rag.ensure_index", given)
    row = await one(connection, "rag.lock_index", given)
    if row is None:
        raise LookupError(f"index {name!r} vanished while it was being locked")
    return LockedIndex(**row)


async def generation_of_run(connection: Connection, team_id: str, run_id: str) -> Generation | None:
    """Return the generation that a run fills, or None."""
    row = await one(connection, "rag.generation_of_run", {"team_id": team_id, "run_id": run_id})
    return Generation(**row) if row else None


async def drop_abandoned(connection: Connection, team_id: str, index_id: str, run_id: str | None) -> int:
    """Drop the generations that answer nothing and that no run is at work on; return how many."""
    given = {"team_id": team_id, "index_id": index_id, "run_id": run_id}
    found = await rows(connection, "rag.abandoned", given)
    for row in found:
        await one(connection, "rag.drop_generation", {"generation": row["id"]})
    return len(found)


async def known_documents(connection: Connection, team_id: str, generation: int) -> Mapping[str, tuple[bytes, bool]]:
    """Return each document's digest and whether it is worth another try, by uri."""
    found = await rows(connection, "rag.known", {"team_id": team_id, "generation": generation})
    return {row["uri"]: (bytes(row["sha256"]), row["may_pass"]) for row in found}


async def add_generation(
    connection: Connection,
    team_id: str,
    *,
    index_id: str,
    run_id: str,
    pipeline: str,
    dimensions: int,
    files: Sequence[SourceFile],
) -> int:
    """Add a generation with its list of documents, to be filled, and return its id."""
    given = {"team_id": team_id, "index_id": index_id, "run_id": run_id, "pipeline": pipeline}
    row = await one(connection, "rag.add_generation", {**given, "dimensions": dimensions})
    generation = int(row["id"]) if row else 0
    await one(connection, "rag.create_partition", {"generation": generation})
    await run(
        connection,
        "rag.add_documents",
        {
            "team_id": team_id,
            "generation": generation,
            "uris": [file.uri for file in files],
            "digests": [file.sha256 for file in files],
            "sizes": [file.size for file in files],
            "errors": [file.refusal for file in files],
            "may_pass": [file.may_pass for file in files],
        },
    )
    return generation


async def copy_unchanged(connection: Connection, team_id: str, generation: int, base: int, at_most: int) -> int:
    """Take over documents that are the same in generation `base`; return how many, 0 when none is left."""
    given = {"team_id": team_id, "generation": generation, "base": base, "at_most": at_most}
    return await run(connection, "rag.copy_unchanged", given)


async def pending_documents(connection: Connection, team_id: str, generation: int) -> list[tuple[str, bytes]]:
    """Return uri and digest of the documents still to be read, in order."""
    found = await rows(connection, "rag.pending", {"team_id": team_id, "generation": generation})
    return [(row["uri"], bytes(row["sha256"])) for row in found]


async def count_documents(connection: Connection, team_id: str, generation: int) -> tuple[int, int]:
    """Return how many documents are listed, and how many of them are dealt with."""
    row = await one(connection, "rag.count_documents", {"team_id": team_id, "generation": generation})
    return (row["listed"], row["done"]) if row else (0, 0)


async def save_documents(
    connection: Connection, team_id: str, generation: int, documents: Sequence[Read | Failed]
) -> None:
    """Add what became of documents that were pending, with their chunks."""
    read = [document for document in documents if isinstance(document, Read)]
    key = {"team_id": team_id, "generation": generation}
    if any(document.chunks for document in read):
        await run(connection, "rag.load_table")
        await _copy_in(connection, read)
        await run(connection, "rag.add_chunks", key)
    updates = [_update(document) for document in documents]
    columns = {column: [update[column] for update in updates] for column in _UPDATED}
    await run(connection, "rag.documents_read", {**key, **columns})


_UPDATED = ("uri", "title", "chunks", "text", "note", "error", "may_pass")


def _update(document: Read | Failed) -> dict[str, Any]:
    values: tuple[Any, ...]
    if isinstance(document, Failed):
        reason, may_pass = document.cause.reason, document.cause.may_pass
        values = (document.uri, document.uri, 0, None, None, reason, may_pass)
    else:
        parsed = document.parsed
        values = (document.uri, parsed.title, len(document.chunks), parsed.text, parsed.note, None, False)
    return dict(zip(_UPDATED, values, strict=True))


async def _copy_in(connection: Connection, documents: Sequence[Read]) -> None:
    async with connection.cursor() as cursor:
        cursor.adapters.register_dumper(HalfVector, HalfVectorBinaryDumper)
        async with cursor.copy(SQL(sql.query("rag.copy_in"))) as copy:
            for document in documents:
                for number, (chunk, vector) in enumerate(zip(document.chunks, document.vectors, strict=True)):
                    await copy.write_row(
                        (
                            document.uri,
                            Int4(number),
                            Int4(chunk.start),
                            Int4(chunk.end),
                            None if chunk.page is None else Int4(chunk.page),
                            chunk.heading,
                            chunk.content,
                            HalfVector(vector),
                        )
                    )


async def cached_vectors(
    connection: Connection, team_id: str, model: str, digests: Sequence[bytes]
) -> dict[bytes, Vectors]:
    """Return the vectors that the team's texts with these digests were given before."""
    found = await rows(connection, "rag.cached", {"team_id": team_id, "model": model, "digests": list(digests)})
    return {bytes(row["sha256"]): np.fromstring(row["embedding"][1:-1], np.float32, sep=",") for row in found}


async def cache_vectors(connection: Connection, team_id: str, model: str, vectors: Mapping[bytes, Vectors]) -> None:
    """Keep vectors by the digests of their texts."""
    given = {
        "team_id": team_id,
        "model": model,
        "digests": list(vectors),
        "embeddings": [HalfVector(vector).to_text() for vector in vectors.values()],
    }
    await run(connection, "rag.add_cached", given)


async def forget_cached(connection: Connection, team_id: str, older_than: timedelta) -> int:
    """Drop cached vectors that are older; return how many."""
    return await run(connection, "rag.forget_cached", {"team_id": team_id, "older_than": older_than})


async def build_indexes(connection: Connection, team_id: str, generation: int, exact_up_to: int) -> Filled:
    """Index a filled generation and count its words; it is ready to answer then."""
    key = {"team_id": team_id, "generation": generation}
    await one(connection, "rag.build_indexes", {**key, "exact_up_to": exact_up_to})
    await run(connection, "rag.count_words", key)
    row = await one(connection, "rag.made_ready", key)
    if row is None:
        raise LookupError(f"generation {generation} is not being built")
    return Filled(row["documents"], row["chunks"])


async def switch(connection: Connection, team_id: str, index_id: str, generation: int, source_name: str) -> Filled:
    """Let the index answer from `generation`; drop the one that answered before."""
    key = {"team_id": team_id, "index_id": index_id, "generation": generation, "source": source_name}
    row = await one(connection, "rag.activate", key)
    if row is None:
        raise LookupError(f"generation {generation} is not ready")
    await run(connection, "rag.point_index", key)
    await rows(connection, "rag.retire", key)
    return Filled(row["documents"], row["chunks"])
