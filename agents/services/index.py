"""Indexes as every face uses them: register a source, propose a run, ask, look at a document."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from agents.errors import UserError
from agents.knowledge import answers, quotes
from agents.knowledge.answers import Answer, Evidence, Passage
from agents.knowledge.citations import Citation
from agents.knowledge.fusion import fuse
from agents.knowledge.vectors import Vectors
from agents.ports import Embedder, Sources
from agents.runs.views import ProposalView
from agents.services.index_estimate import estimate
from agents.services.runs import Runs
from agents.store import audit, rag, rag_search
from agents.store.db import Connection, Database
from agents.store.outbox import Card, upsert_card

_LONGEST_QUESTION = 2000
# An answer looks at these even where fewer passages are asked for.
_LOOKED_AT = 5


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer as it was given, with what was asked."""

    id: str
    index: str
    question: str
    asked_by: str
    asked_at: datetime
    answer: Answer


class Indexes:
    """The document indexes of every team.

    Args:
        database: Where they are.
        embedder: The one that the indexes were filled with.
        sources: Opens folders.
        runs: Takes the proposals.
        document_url: Where a viewer of documents answers, for sources without public links; None for no links.
    """

    def __init__(
        self, database: Database, embedder: Embedder, sources: Sources, runs: Runs, *, document_url: str | None = None
    ) -> None:
        self._database = database
        self._embedder = embedder
        self._sources = sources
        self._runs = runs
        self._document_url = document_url.rstrip("/") if document_url else None

    async def warm_up(self) -> None:
        """Load the embedding model, so that the first proposal or question need not wait for it."""
        await self._embedder.embed(["warm-up"])

    async def register_source(
        self, team_id: str, name: str, folder: Path, who: str, *, link_base: str | None = None
    ) -> None:
        """Register a folder under a name, or change what the name stands for.

        Raises:
            UserError: The folder cannot be a source, or the name or the links cannot be used.
        """
        _require_name(name, "source")
        if link_base is not None and not link_base.startswith(("https://", "http://")):
            raise UserError(f"{link_base!r} is no web address. Documents are linked to below it: https://….")
        location = self._sources.check(str(folder))
        async with self._database.team(team_id) as connection:
            before = await rag.source(connection, team_id, name)
            await rag.add_source(connection, team_id, name=name, location=location, link_base=link_base, who=who)
            if before is None or (before.location, before.link_base) != (location, link_base):
                details = {"location": location, "link_base": link_base, "was": before.location if before else None}
                entry = audit.Entry(who, "register_source", f"source:{name}", details=details)
                await audit.add(connection, team_id, entry)

    async def sources(self, team_id: str) -> list[rag.SourceRow]:
        """Return the team's sources by name."""
        async with self._database.team(team_id) as connection:
            return await rag.sources(connection, team_id)

    async def list(self, team_id: str) -> list[rag.IndexRow]:
        """Return the team's indexes by name."""
        async with self._database.team(team_id) as connection:
            return await rag.indexes(connection, team_id)

    async def failures(self, team_id: str, name: str) -> Sequence[tuple[str, str]]:
        """Return the documents that the index could not read, each with the reason."""
        async with self._database.team(team_id) as connection:
            return await rag.failures(connection, team_id, name)

    async def propose(
        self,
        team_id: str,
        name: str,
        source: str,
        *,
        requested_by: str,
        channel: str | None = None,
        thread_ts: str | None = None,
        conversation_id: str | None = None,
        event_key: str | None = None,
        replaces: str | None = None,
    ) -> ProposalView:
        """Propose to fill the index `name` from a registered source, with an estimate of what it takes.

        Raises:
            UserError: They may not, the name cannot be used, there is no such source, or a run is at work on the index.
        """
        # Before the folder is read and this machine measured.
        await self._runs.require_requester(team_id, requested_by, "index")
        _require_name(name, "index")
        async with self._database.team(team_id) as connection:
            found = await rag.source(connection, team_id, source)
            busy = await rag.busy_run(connection, team_id, name)
            if found is None:
                known = ", ".join(row.name for row in await rag.sources(connection, team_id)) or "none yet"
                raise UserError(f"There is no source {source!r}. Choose one of: {known}; or register its folder first.")
        if busy is not None:
            raise UserError(f"Run {busy} is indexing {name!r} already. Wait until it is done, or cancel it first.")
        expected = await estimate(self._sources.open(found.location), self._embedder)
        if not expected["readable"]:
            raise UserError(
                f"Of the {expected['files']} files in {found.location} none can be read: "
                "Markdown, text, HTML and PDF are. Choose another folder."
            )
        return await self._runs.propose(
            team_id,
            kind="index",
            params={"name": name, "source": source, "folder": found.location},
            estimate=expected,
            requested_by=requested_by,
            channel=channel,
            thread_ts=thread_ts,
            conversation_id=conversation_id,
            event_key=event_key,
            replaces=replaces,
        )

    async def ask(
        self,
        team_id: str,
        name: str,
        question: str,
        *,
        k: int = 5,
        who: str,
        channel: str | None = None,
        thread_ts: str | None = None,
        event_key: str | None = None,
    ) -> Answer:
        """Answer from the index with quotes, or say that it has no answer; keep it, with a card where there is a place.

        Args:
            team_id: Whose index.
            name: The index.
            question: What is asked.
            k: How many passages to return.
            who: Who asks.
            channel: Where the answer's card goes; None for a shell.
            thread_ts: The thread there.
            event_key: The event that asked; the same event is answered once.

        Raises:
            UserError: There is no such index, it was never filled, or the question is empty or too long.
        """
        asked = _question(question)
        vector = (await self._embedder.embed([asked]))[0]
        async with self._database.team(team_id) as connection:
            source = await self._answering(connection, team_id, name)
            scored = fuse(
                await rag_search.search(connection, team_id, source.generation, asked, vector), source.vector_weight
            )[: max(k, _LOOKED_AT)]
            answer = await self._answer(
                connection, team_id, source=source, question=asked, vector=vector, scored=scored
            )
            shown = replace(answer, passages=answer.passages[:k])
            answer_id = await rag_search.add_answer(
                connection,
                team_id,
                source,
                who=who,
                question=asked,
                answer=shown.document(),
                citations=shown.citations,
                event_key=event_key,
            )
            if channel is not None and answer_id is not None:
                card = Card(f"answer:{answer_id}", channel, thread_ts, "answer", {"answer_id": answer_id})
                await upsert_card(connection, team_id, card)
        return shown

    async def answer(self, team_id: str, answer_id: str) -> GivenAnswer:
        """Return an answer that was given.

        Raises:
            UserError: There is none with this id.
        """
        async with self._database.team(team_id) as connection:
            row = await rag_search.answer(connection, team_id, answer_id)
        if row is None:
            raise UserError(f"There is no answer {answer_id!r} any more. Ask again.")
        return GivenAnswer(
            answer_id, row.index, row.question, row.asked_by, row.asked_at, Answer.from_document(row.answer)
        )

    async def document(self, team_id: str, index: str, uri: str) -> str:
        """Return the text of an indexed document; every span counts its characters.

        Raises:
            UserError: The index has no such document.
        """
        async with self._database.team(team_id) as connection:
            found = await rag_search.document(connection, team_id, index, uri)
        if found is None:
            raise UserError(f"The index {index!r} has no document {uri!r} now. It may have been removed since.")
        return found[1]

    async def _answering(self, connection: Connection, team_id: str, name: str) -> rag_search.Answering:
        source = await rag_search.answering(connection, team_id, name)
        if source is None:
            names = [row.name for row in await rag.indexes(connection, team_id) if row.activated_at]
            if not names:
                raise UserError(f"There is no index {name!r} to ask yet. Propose one: index a folder first.")
            raise UserError(f"There is no index {name!r} to ask. Choose one of: {', '.join(names)}.")
        if not source.pipeline.startswith(f"{self._embedder.fingerprint}|"):
            raise UserError(
                f"The index {name!r} was filled with another embedding model than {self._embedder.fingerprint}. "
                "Index its source again."
            )
        return source

    async def _answer(
        self,
        connection: Connection,
        team_id: str,
        *,
        source: rag_search.Answering,
        question: str,
        vector: Vectors,
        scored: Sequence[tuple[float, rag_search.FoundChunk]],
    ) -> Answer:
        generation = source.generation
        weight = answers.weights(
            await rag_search.question_words(connection, team_id, generation, question), source.chunks
        )
        texts = await rag_search.passages(
            connection, team_id, generation, question, [found.place for _, found in scored]
        )
        evidence = [
            Evidence(self._passage(source, text, score), found.cosine, text.shared)
            for (score, found), text in zip(scored, texts, strict=True)
        ]
        units = quotes.quotable(evidence, weight)
        cited: list[Citation] = []
        if units:
            stems = await rag_search.stems(connection, [text for unit in units for text in (unit.words, unit.under)])
            near = quotes.nearest_in_words(units, weight, stems)
            meanings = await self._embedder.embed([unit.compared_text for _, unit in near])
            cited = quotes.chosen(near, (meanings @ vector).tolist())
        answer = answers.answer(evidence, cited)
        return replace(answer, citations=tuple(self._linked(source, citation) for citation in answer.citations))

    def _passage(self, source: rag_search.Answering, text: rag_search.ChunkText, score: float) -> Passage:
        return Passage(
            document=text.uri,
            start=text.start_char,
            end=text.end_char,
            text=text.content,
            score=round(score, 6),
            heading=text.heading,
            page=text.page,
            link=self._link(source, text.uri, text.start_char, text.end_char),
        )

    def _linked(self, source: rag_search.Answering, citation: Citation) -> Citation:
        return replace(citation, link=self._link(source, citation.document, citation.start, citation.end))

    def _link(self, source: rag_search.Answering, uri: str, start: int, end: int) -> str | None:
        if source.link_base is not None:
            return f"{source.link_base.rstrip('/')}/{quote(uri)}"
        if self._document_url is not None:
            return f"{self._document_url}/{quote(source.name)}/{quote(uri)}?start={start}&end={end}#cited"
        return None


def _require_name(name: str, what: str) -> None:
    is_plain = bool(name) and name[0] not in "-_" and name.isascii() and len(name) <= 63
    if not is_plain or not all(letter.isdigit() or letter.islower() or letter in "-_" for letter in name):
        raise UserError(
            f"{name!r} cannot be the name of a{'n' if what == 'index' else ''} {what}. "
            "Use up to 63 lower-case letters, digits, - and _, beginning with a letter or digit."
        )


def _question(given: str) -> str:
    """Return the question as Postgres can take it."""
    question = " ".join(given.replace("\0", " ").encode("utf-8", "replace").decode().split())
    if not question:
        raise UserError("The question is empty. Write what you want to know after the name of the index.")
    if len(question) > _LONGEST_QUESTION:
        raise UserError(
            f"The question has {len(question):,} characters, more than {_LONGEST_QUESTION:,}. "
            "Ask for one thing at a time."
        )
    return question
