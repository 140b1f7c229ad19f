"""Where data comes from beside files: queries of a database that is not Cairn's."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from agents.errors import UserError
from agents.runs.states import RunState
from tests.integration.distillation.desk import TEAM, WHO, Desk, document, rows

pytestmark = pytest.mark.integration

TICKETS = "SELECT number AS id, body, team FROM support.ticket ORDER BY number"


@pytest.fixture
async def support(desk: Desk, dsn: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A schema of somebody else's in the database, and a login that may read it alone."""
    login = f"reader_{psycopg.conninfo.conninfo_to_dict(dsn)['dbname']}"
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as owner:
        await owner.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'opensesame'").format(Identifier(login)))
        try:
            await owner.execute("CREATE SCHEMA support")
            await owner.execute("CREATE TABLE support.ticket (number text, body text, team text, seen boolean)")
            async with owner.cursor().copy("COPY support.ticket (number, body, team) FROM STDIN") as copy:
                for row in rows(80, 100):
                    await copy.write_row([row["id"], row["input"], row["output"]])
            await owner.execute(SQL("GRANT USAGE ON SCHEMA support TO {}").format(Identifier(login)))
            await owner.execute(SQL("GRANT SELECT ON support.ticket TO {}").format(Identifier(login)))
            desk.dsns["support"] = make_conninfo(dsn, user=login, password="opensesame")
            await desk.sources.register_database(TEAM, "support", WHO)
            yield owner
        finally:
            await owner.execute(SQL("DROP OWNED BY {}").format(Identifier(login)))
            await owner.execute(SQL("DROP ROLE {}").format(Identifier(login)))


def asked(desk: Desk, **changed: Any) -> dict[str, Any]:
    query = {"database": "support", "query": TICKETS, "id": "id", "input": "body", "output": "team", **changed}
    return {"golden": str(desk.folder / "golden.jsonl"), "labelled": query}


async def refused(desk: Desk, **changed: Any) -> str:
    with pytest.raises(UserError) as told:
        await desk.distillations.propose(TEAM, document(desk.folder, data=asked(desk, **changed)), requested_by=WHO)
    return str(told.value)


async def test_a_query_is_trained_on_as_it_was_when_the_run_was_proposed(
    desk: Desk, support: psycopg.AsyncConnection
) -> None:
    run_id = await desk.start(data=asked(desk))
    await support.execute("DELETE FROM support.ticket")

    view = await desk.finish(run_id)

    assert view.state is RunState.DONE, view.error
    assert view.result is not None
    proposal = (await desk.runs.view(TEAM, run_id)).stages[0].result
    assert proposal == {"golden": 60, "labelled": 80, "inputs": 0}


async def test_what_is_approved_holds_neither_the_address_nor_the_login(
    desk: Desk, support: psycopg.AsyncConnection
) -> None:
    proposal = await desk.distillations.propose(TEAM, document(desk.folder, data=asked(desk)), requested_by=WHO)

    assert "opensesame" not in str(proposal)
    assert "reader_" not in str(proposal)
    assert proposal.params["files"]["labelled"]["rows"] == 80


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM support.ticket RETURNING number AS id, body, team",
        "WITH gone AS (DELETE FROM support.ticket RETURNING body) SELECT body FROM gone",
        "SELECT body, team FROM support.ticket; DELETE FROM support.ticket",
        "SELECT set_config('transaction_read_only', 'off', true) AS body, 'billing' AS team",
    ],
)
async def test_a_query_that_could_change_something_is_refused(
    desk: Desk, support: psycopg.AsyncConnection, query: str
) -> None:
    await support.execute(SQL("GRANT ALL ON support.ticket TO {}").format(Identifier(_login(desk))))

    told = await refused(desk, query=query, id=None)

    assert "cannot be run" in told
    held = await (await support.execute("SELECT count(*) FROM support.ticket")).fetchone()
    assert held == (80,)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"database": "nowhere"}, "no database 'nowhere'. Choose one of: support"),
        ({"query": "SELECT body FROM support.missing"}, 'relation "support.missing" does not exist'),
        ({"input": "text"}, "returns no column 'text' for input. It returns: 'id', 'body', 'team'"),
        ({"rows": 79}, "returns more than 79 rows. End it with LIMIT, or raise rows."),
        ({"query": "SELECT number AS id, body, team FROM support.ticket WHERE false"}, "returns no rows"),
        ({"output": "team", "query": "SELECT number AS id, body, NULL AS team FROM support.ticket"}, 'no "output"'),
        ({"query": "SELECT body, team, pg_sleep(60) FROM support.ticket", "id": None}, "Ask for fewer rows"),
    ],
)
async def test_a_query_that_gives_nothing_usable_is_told_and_nothing_is_proposed(
    desk: Desk, support: psycopg.AsyncConnection, changed: dict[str, Any], told: str
) -> None:
    desk.query_timeout_s = 1.0 if "pg_sleep" in str(changed) else 60.0

    assert told in await refused(desk, **changed)

    assert await desk.runs.pending(TEAM) == ()


async def test_a_login_that_may_everything_is_refused(desk: Desk, dsn: str) -> None:
    desk.dsns["own"] = dsn

    with pytest.raises(UserError, match="is a superuser's, which may read more than any table"):
        await desk.sources.register_database(TEAM, "own", WHO)


async def test_a_database_that_cannot_be_reached_is_told_without_its_address(desk: Desk, dsn: str) -> None:
    desk.dsns["gone"] = make_conninfo(dsn, dbname="nothing_here", user="somebody", password="opensesame")

    with pytest.raises(UserError) as told:
        await desk.sources.register_database(TEAM, "gone", WHO)
    with pytest.raises(UserError, match="CAIRN_SOURCE_DSN_UN_SET is not set"):
        await desk.sources.register_database(TEAM, "un-set", WHO)

    assert "The database gone" in str(told.value)
    assert not {"opensesame", "somebody", "nothing_here"} & set(str(told.value).replace(".", " ").split())


def _login(desk: Desk) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(desk.dsns["support"])["user"])
