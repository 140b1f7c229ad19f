"""Index runs: what is new is done, what is not is kept, and what is cut off goes on."""

from collections.abc import Mapping
from typing import Any

import pytest

from agents.engine.stage import Stage, StageContext, Stages
from agents.errors import UserError
from agents.runs.states import RunState
from agents.stages import STAGES
from agents.stages import ingest as ingesting
from agents.stages.deps import IndexDeps
from agents.store import audit
from agents.store.db import Connection
from tests.integration.index.desk import TEAM, WHO, Desk

FILES = {
    "leave.md": "# Leave\n\nYou get thirty days of leave a year. Ask your lead before you book.\n",
    "travel/flights.md": "# Flights\n\nFlights are booked through the portal. Keep every receipt.\n",
    "travel/trains.txt": "Trains under four hours are preferred to planes.\n",
    "office.html": "<html><title>Office</title><body><h1>Office</h1><p>The kitchen closes at six.</p></body></html>",
}


async def found(desk: Desk, question: str) -> list[str]:
    return [passage.document for passage in (await desk.indexes.ask(TEAM, "docs", question, who=WHO)).passages]


async def test_a_folder_becomes_an_index_that_answers(desk: Desk) -> None:
    desk.write(FILES)

    result = await desk.fill()

    assert (result["documents"], result["failed"], result["unchanged"]) == (4, [], False)
    answer = await desk.indexes.ask(TEAM, "docs", "When does the kitchen close?", who=WHO)
    assert [citation.quote for citation in answer.citations] == ["The kitchen closes at six."]
    (index,) = await desk.indexes.list(TEAM)
    assert (index.name, index.documents, index.failed) == ("docs", 4, 0)
    assert index.activated_at is not None


async def test_the_audit_says_who_registered_a_source_and_each_time_that_it_changed(desk: Desk) -> None:
    folders = [desk.root / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    for folder in (folders[0], folders[0], folders[1]):
        await desk.indexes.register_source(TEAM, "docs", folder, WHO)
    async with desk.database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, "source:docs")
    assert [(entry.who, entry.action, entry.details["location"], entry.details["was"]) for entry in entries] == [
        (WHO, "register_source", str(folders[0]), None),
        (WHO, "register_source", str(folders[1]), str(folders[0])),
    ]


async def test_an_unchanged_folder_is_not_indexed_again(desk: Desk) -> None:
    desk.write(FILES)
    await desk.fill()
    before = await desk.indexes.list(TEAM)

    result = await desk.fill()

    assert (result["unchanged"], result["documents"], result["embedded"]) == (True, 4, 0)
    assert desk.embedder.embedded == []
    assert await desk.indexes.list(TEAM) == before


async def test_only_what_changed_is_embedded(desk: Desk) -> None:
    desk.write(FILES)
    await desk.fill()
    desk.write({"leave.md": "# Leave\n\nYou get forty days of leave a year.\n"})

    result = await desk.fill()

    assert (result["changed"], result["copied"], result["embedded"]) == (1, 3, 1)
    assert desk.embedder.embedded == ["Leave\n# Leave\n\nYou get forty days of leave a year."]
    answer = await desk.indexes.ask(TEAM, "docs", "How many days of leave do I get?", who=WHO)
    assert answer.citations[0].quote == "You get forty days of leave a year."


async def test_copied_documents_are_what_reading_them_anew_gives(desk: Desk) -> None:
    desk.write(FILES)
    await desk.fill("first")
    desk.write({"new.md": "# New\n\nNew text.\n"})
    await desk.fill("first")
    copied = await desk.chunks()
    desk.with_deps(parsers="another")

    await desk.fill("first")

    assert await desk.chunks() == copied


async def test_a_removed_document_is_gone_from_both_searches(desk: Desk) -> None:
    desk.write(FILES)
    await desk.fill()
    assert (await found(desk, "Which trains are preferred?"))[0] == "travel/trains.txt"
    (desk.root / "travel/trains.txt").unlink()

    result = await desk.fill()

    assert (result["removed"], result["documents"]) == (1, 3)
    assert "travel/trains.txt" not in await found(desk, "Which trains are preferred?")
    assert "travel/trains.txt" not in [chunk["uri"] for chunk in await desk.chunks()]
    with pytest.raises(UserError, match=r"no document 'travel/trains.txt'"):
        await desk.indexes.document(TEAM, "docs", "travel/trains.txt")


async def test_another_pipeline_reads_everything_anew_but_embeds_only_new_texts(desk: Desk) -> None:
    desk.write(FILES)
    await desk.fill()
    desk.with_deps(parsers="another")

    result = await desk.fill()

    assert (result["unchanged"], result["copied"], result["embedded"], result["documents"]) == (False, 0, 0, 4)


async def test_only_the_answering_generation_is_kept(desk: Desk) -> None:
    desk.write(FILES)
    await desk.fill()
    desk.write({"leave.md": "# Leave\n\nChanged.\n"})
    await desk.fill()

    async with desk.database.team(TEAM) as connection:
        cursor = await connection.execute("SELECT state FROM app.rag_generation")
        assert [row["state"] for row in await cursor.fetchall()] == ["active"]
        cursor = await connection.execute("SELECT count(*) AS n FROM pg_class WHERE relname ~ '^rag_chunk_[0-9]+$'")
        assert (await cursor.fetchone() or {})["n"] == 1


async def test_an_empty_folder_fails_and_leaves_the_index_answering(desk: Desk) -> None:
    desk.write(FILES)
    await desk.fill()
    run_id = await desk.start()
    for path in sorted(desk.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    view = await desk.finish(run_id)

    assert view.state is RunState.FAILED
    assert "holds no files" in (view.error or "")
    assert await found(desk, "Which trains are preferred?")


async def test_a_second_run_on_the_same_index_is_refused(desk: Desk) -> None:
    desk.write(FILES)
    run_id = await desk.start()

    with pytest.raises(UserError, match=f"Run {run_id} is indexing 'docs' already"):
        await desk.indexes.propose(TEAM, "docs", "docs", requested_by=WHO)


async def test_of_two_runs_approved_at_once_one_fills_the_index(desk: Desk) -> None:
    desk.write(FILES)
    await desk.indexes.register_source(TEAM, "docs", desk.root, WHO)
    proposals = [await desk.indexes.propose(TEAM, "docs", "docs", requested_by=WHO) for _ in range(2)]
    started = [await desk.runs.approve(TEAM, each.id, each.params_hash, WHO) for each in proposals]

    views = [await desk.finish(run_id) for run_id in started if run_id is not None]

    assert len(views) == 2
    assert RunState.DONE in [view.state for view in views]
    # The other came too late or found nothing to do; the index holds each document once.
    assert len(await desk.chunks()) == len(FILES)


class CutError(UserError):
    """Stands for a worker that dies in the middle of a stage."""


def breaking_after(saves: int) -> Stages:
    """Return the stages, ingest broken off within the transaction of its n-th save."""

    async def execute(context: StageContext[IndexDeps]) -> Mapping[str, Any]:
        save, left = context.save, saves

        async def broken(connection: Connection, checkpoint: Mapping[str, Any]) -> None:
            nonlocal left
            await save(connection, checkpoint)
            left -= 1
            if left < 0:
                raise CutError("Broken off by the test.")

        context.save = broken  # type: ignore[method-assign]  # the worker dies here, as far as the stage can tell
        return await ingest(context)

    ingest: Stage = ingesting.execute
    return {**STAGES, ("index", "ingest"): execute}


@pytest.mark.parametrize("saves", [0, 1])
async def test_an_ingest_that_is_cut_off_goes_on_without_losing_or_doubling_a_document(desk: Desk, saves: int) -> None:
    # Each fills more than a window, so that the run has several batches.
    files = {f"{n}.md": f"# Page {n}\n\n" + f"Sentence number {n} has its own words. " * 700 for n in range(4)}
    desk.write(files)
    await desk.fill("whole")
    whole = await desk.chunks()
    async with desk.database.team(TEAM) as connection:
        await connection.execute("DELETE FROM app.rag_embed_cache")
    other = "T0OTHER"

    run_id = await desk.start("docs", team=other)
    view = await desk.finish(run_id, other, stages=breaking_after(saves))
    assert view.state is RunState.FAILED
    await desk.runs.retry(other, run_id, WHO)
    view = await desk.finish(run_id, other)

    assert view.state is RunState.DONE, view.error
    assert await desk.chunks(other) == whole
