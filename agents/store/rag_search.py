"""Asking an index: its two searches, the passages found, and the answers given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pgvector import HalfVector
from psycopg.types.json import Jsonb

from agents.knowledge.citations import Citation
from agents.knowledge.vectors import Vectors
from agents.store.db import Connection, one, rows, run

# Words that more chunks than these have between them are not looked up, only scored, while a rarer one is left.
_RARE_UP_TO = 5000
_CANDIDATES = 200
_EACH_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Answering:
    """What an index answers from, which stays until the transaction ends."""

    id: str
    name: str
    vector_weight: float
    generation: int
    pipeline: str
    chunks: int
    link_base: str | None


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A chunk that one of the searches found, scored by both."""

    uri: str
    ord: int
    cosine: float
    bm25: float

    @property
    def place(self) -> tuple[str, int]:
        """Document and number of the chunk."""
        return self.uri, self.ord


@dataclass(frozen=True, slots=True)
class ChunkText:
    """A chunk to be shown."""

    uri: str
    ord: int
    start_char: int
    end_char: int
    page: int | None
    heading: str
    content: str
    # Stems of the question that the chunk has.
    shared: frozenset[str]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer as it was given."""

    question: str
    answer: Mapping[str, Any]
    asked_by: str
    asked_at: datetime
    index: str


async def answering(connection: Connection, team_id: str, name: str) -> Answering | None:
    """Return what the index answers from, or None where it does not answer yet."""
    row = await one(connection, "rag.answering", {"team_id": team_id, "name": name})
    return Answering(**row) if row else None


async def search(
    connection: Connection, team_id: str, generation: int, question: str, vector: Vectors
) -> list[FoundChunk]:
    """Return the chunks that words or vectors find, unordered, each with both scores."""
    given = {
        "team_id": team_id,
        "generation": generation,
        "question": question,
        "vector": HalfVector(vector).to_text(),
        "rare_up_to": _RARE_UP_TO,
        "candidates": _CANDIDATES,
        "at_most": _EACH_SEARCH,
    }
    return [FoundChunk(**row) for row in await rows(connection, "rag.search", given)]


async def passages(
    connection: Connection, team_id: str, generation: int, question: str, places: Sequence[tuple[str, int]]
) -> list[ChunkText]:
    """Return the chunks at these places, in this order."""
    given = {
        "team_id": team_id,
        "generation": generation,
        "question": question,
        "uris": [uri for uri, _ in places],
        "ords": [number for _, number in places],
    }
    found = {
        (row["uri"], row["ord"]): ChunkText(**{**row, "shared": frozenset(row["shared"])})
        for row in await rows(connection, "rag.passages", given)
    }
    return [found[place] for place in places]


async def question_words(connection: Connection, team_id: str, generation: int, question: str) -> dict[str, int]:
    """Return in how many chunks each stem of the question stands."""
    given = {"team_id": team_id, "generation": generation, "question": question}
    return {row["word"]: row["chunks"] for row in await rows(connection, "rag.question_words", given)}


async def stems(connection: Connection, texts: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the stems of each text, as the index would have them."""
    found = await rows(connection, "rag.stems", {"texts": list(texts)})
    return {row["content"]: frozenset(row["stems"]) for row in found}


async def document(connection: Connection, team_id: str, name: str, uri: str) -> tuple[str, str] | None:
    """Return title and text of a document that the index answers from, or None."""
    row = await one(connection, "rag.document", {"team_id": team_id, "name": name, "uri": uri})
    return (row["title"], row["text"]) if row else None


async def add_answer(
    connection: Connection,
    team_id: str,
    source: Answering,
    *,
    who: str,
    question: str,
    answer: Mapping[str, Any],
    citations: Sequence[Citation],
    event_key: str | None = None,
) -> str | None:
    """Keep an answer with its citations and return its id; None where the event was answered already."""
    given = {"team_id": team_id, "index_id": source.id, "generation": source.generation, "who": who}
    row = await one(
        connection,
        "rag.add_answer",
        {**given, "event_key": event_key, "question": question, "answer": Jsonb(dict(answer))},
    )
    if row is None:
        return None
    answer_id = str(row["id"])
    if citations:
        cited = {
            "team_id": team_id,
            "answer_id": answer_id,
            "uris": [citation.document for citation in citations],
            "starts": [citation.start for citation in citations],
            "ends": [citation.end for citation in citations],
            "quotes": [citation.quote for citation in citations],
        }
        await run(connection, "rag.add_citations", cited)
    return answer_id


async def answer(connection: Connection, team_id: str, answer_id: str) -> AnswerRow | None:
    """Return an answer that was given, or None."""
    row = await one(connection, "rag.answer", {"team_id": team_id, "answer_id": answer_id})
    return AnswerRow(**row) if row else None
