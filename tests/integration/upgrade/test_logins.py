"""Two logins: one owns the database and migrates, the other works with it and can do no more."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from agents.engine.worker import run_worker
from agents.runs import RunState
from agents.settings import load_settings
from agents.store.db import Database, Role, role_conninfo
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import SchemaError, ensure, migrate, pending, refuse_if_behind
from agents.wiring import open_services
from tests.integration.engine.conftest import LEASE_S, eventually
from tests.integration.engine.toys import QUEUE, STAGES, TEAM, make_runs, start_run

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Logins:
    """The DSNs of one database: of its owner, of the one that Cairn works with, and of the server's administrator."""

    owner: str
    app: str
    admin: str


@pytest.fixture
def logins() -> Iterator[Logins]:
    # A server of its own: roles are the whole server's.
    home = Path(mkdtemp(prefix="cairn-logins-"))
    try:
        server = asyncio.run(start_embedded(home))
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute("CREATE ROLE olga LOGIN CREATEROLE")
            admin.execute("CREATE ROLE ann LOGIN")
            admin.execute("CREATE DATABASE cairn OWNER olga")
        # As an administrator does where pgvector is not a trusted extension.
        with psycopg.connect(make_conninfo(server, dbname="cairn"), autocommit=True) as admin:
            admin.execute("CREATE EXTENSION vector")
        yield Logins(
            make_conninfo(server, user="olga", dbname="cairn"),
            make_conninfo(server, user="ann", dbname="cairn"),
            make_conninfo(server, dbname="cairn"),
        )
    finally:
        asyncio.run(stop_embedded(home))
        shutil.rmtree(home, ignore_errors=True)


async def test_the_login_that_works_is_admitted_by_the_one_that_migrates_and_needs_nothing_more(
    logins: Logins,
) -> None:
    assert await migrate(logins.owner, app_dsn=logins.app) > 0
    assert await pending(logins.app) == []
    await ensure(logins.app)

    async with open_services(load_settings(database_url=logins.app)) as services:
        assert await services.runs.newest(TEAM) == ()
    async with Database(logins.app, max_size=4) as database:
        runs = make_runs(database)
        run_id = await start_run(runs)
        stop = asyncio.Event()
        working = asyncio.create_task(
            run_worker(database, logins.app, STAGES, "deps", queues=[QUEUE], stop=stop, lease_s=LEASE_S, grace_s=0.2)
        )

        async def is_done() -> bool:
            return (await runs.view(TEAM, run_id)).state is RunState.DONE

        await eventually(is_done)
        stop.set()
        await working


@pytest.mark.parametrize("role", ["cairn_app", "cairn_engine"])
async def test_the_login_that_works_changes_no_table_in_either_role(logins: Logins, role: Role) -> None:
    await migrate(logins.owner, app_dsn=logins.app)
    with psycopg.connect(role_conninfo(logins.app, role), autocommit=True) as ann:
        for statement in (
            "ALTER TABLE app.run ADD COLUMN mine text",
            "ALTER TABLE app.run DISABLE ROW LEVEL SECURITY",
            "DROP TABLE app.audit",
            "CREATE TABLE app.mine (id text)",
            "CREATE TABLE public.mine (id text)",
            "SET ROLE cairn_owner",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ann.execute(statement)


async def test_the_login_that_works_can_do_nothing_before_it_takes_a_role(logins: Logins) -> None:
    await migrate(logins.owner, app_dsn=logins.app)
    with psycopg.connect(logins.app, autocommit=True) as ann, pytest.raises(psycopg.errors.InsufficientPrivilege):
        ann.execute("SELECT count(*) FROM app.run")


async def test_the_login_that_works_cannot_migrate_and_is_told_who_can(logins: Logins) -> None:
    with pytest.raises(SchemaError, match=r"may not prepare.*DATABASE_OWNER_URL"):
        await ensure(logins.app)
    await ensure(logins.app, logins.owner)
    assert await pending(logins.app) == []


async def test_two_urls_for_two_databases_are_refused(logins: Logins) -> None:
    with psycopg.connect(logins.admin, autocommit=True) as admin:
        admin.execute("CREATE DATABASE another")
    with pytest.raises(SchemaError, match=r"DATABASE_URL leads to the database another, DATABASE_OWNER_URL to cairn"):
        await migrate(logins.owner, app_dsn=make_conninfo(logins.app, dbname="another"))


async def test_an_owner_who_may_not_admit_the_login_says_what_an_administrator_has_to_run(logins: Logins) -> None:
    with psycopg.connect(logins.admin, autocommit=True) as admin:
        for role in ("cairn_owner", "cairn_app", "cairn_engine"):
            admin.execute(f"CREATE ROLE {role} NOLOGIN".encode())
        admin.execute("GRANT cairn_owner, cairn_app, cairn_engine TO olga")
    with pytest.raises(SchemaError, match=r'may not admit ann.*GRANT cairn_app, cairn_engine TO "ann"'):
        await migrate(logins.owner, app_dsn=logins.app)
    with psycopg.connect(logins.admin, autocommit=True) as admin:
        admin.execute("GRANT cairn_app, cairn_engine TO ann")
    assert await migrate(logins.owner, app_dsn=logins.app) == 0


def cairn(command: str, **environment: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "CAIRN_", "SLACK_"))}
    ended = subprocess.run(
        [sys.executable, "-m", "bot.cli", command],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


async def test_the_commands_migrate_as_the_owner_and_say_when_the_schema_is_behind(logins: Logins) -> None:
    urls = {"DATABASE_URL": logins.app, "DATABASE_OWNER_URL": logins.owner}
    _, said = await asyncio.to_thread(cairn, "check", **urls)
    assert "migrations behind this version: 0001_tenancy" in said
    assert "Run `cairn migrate`." in said
    code, said = await asyncio.to_thread(cairn, "migrate", **urls)
    assert (code, "migrations applied." in said) == (0, True), said
    code, said = await asyncio.to_thread(cairn, "migrate", **urls)
    assert (code, said) == (0, "The schema is up to date.\n")
    _, said = await asyncio.to_thread(cairn, "check", **urls)
    assert "schema up to date" in said
    code, said = await asyncio.to_thread(cairn, "migrate", DATABASE_OWNER_URL=logins.owner)
    assert code == 0
    assert "No login was admitted" in said


async def test_a_worker_refuses_a_schema_that_is_behind_and_bears_a_newer_one(logins: Logins) -> None:
    urls = {"DATABASE_URL": logins.app}
    code, said = await asyncio.to_thread(cairn, "worker", **urls)
    assert code == 1
    assert "migrations behind this version. Run `cairn migrate`" in said
    await migrate(logins.owner)
    code, said = await asyncio.to_thread(cairn, "worker", **urls)
    assert code == 1
    assert "may not take Cairn's working roles" in said
    await migrate(logins.owner, app_dsn=logins.app)
    with psycopg.connect(role_conninfo(logins.owner, "cairn_owner"), autocommit=True) as owner:
        owner.execute(
            "INSERT INTO cairn_migration (migration_hash, migration_id, applied_at_utc) "
            "VALUES ('f00d', '9999_future', now())"
        )
    await refuse_if_behind(logins.app)
    with pytest.raises(SchemaError, match="newer Cairn"):
        await ensure(logins.app)
