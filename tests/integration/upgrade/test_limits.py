"""Migrations beside others' work: a lock that is held is not waited for long, and limits end with their migration."""

import psycopg
import pytest
from psycopg.rows import dict_row

from agents.store.db import Database, role_conninfo
from agents.store.migrate import SchemaError, migrate, pending
from tests.integration.upgrade.conftest import OldRelease

pytestmark = pytest.mark.integration


async def test_a_migration_that_gets_no_lock_gives_up_says_so_and_can_be_run_again(old: OldRelease, empty: str) -> None:
    old.run("migrate", empty)
    behind = await pending(empty)
    with psycopg.connect(role_conninfo(empty, "cairn_owner")) as busy:
        # A transaction that was left open: it keeps the table from being altered.
        busy.execute("SELECT count(*) FROM app.stage")
        with pytest.raises(SchemaError, match=r"0007_attention gave up: .*lock timeout.* Run `cairn migrate` again"):
            await migrate(empty)
        # Of what it did before, nothing is left.
        assert busy.execute("SELECT to_regclass('app.stage_question')").fetchone() == (None,)
        assert await pending(empty) == behind
    assert await migrate(empty) == len(behind)
    assert await pending(empty) == []


async def test_a_migration_and_its_mark_are_there_together_or_not_at_all(old: OldRelease, empty: str) -> None:
    old.run("migrate", empty)
    with psycopg.connect(role_conninfo(empty, "cairn_owner"), autocommit=True) as owner:
        # Stands for a process that is killed between the two.
        owner.execute("ALTER TABLE cairn_migration ADD CONSTRAINT no_more CHECK (migration_id < '0007') NOT VALID")
        with pytest.raises(psycopg.errors.CheckViolation):
            await migrate(empty)
        assert owner.execute("SELECT to_regclass('app.stage_question')").fetchone() == (None,)
        owner.execute("ALTER TABLE cairn_migration DROP CONSTRAINT no_more")
    await migrate(empty)
    assert await pending(empty) == []


LOGGED = """
CREATE TABLE public.made (place text, name text, lock_timeout text, statement_timeout text);
CREATE FUNCTION public.log_made() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.made
    SELECT c.schema_name, c.object_identity, current_setting('lock_timeout'), current_setting('statement_timeout')
    FROM pg_event_trigger_ddl_commands() c WHERE c.command_tag LIKE 'CREATE %';
END $$;
CREATE EVENT TRIGGER log_made ON ddl_command_end EXECUTE FUNCTION public.log_made();
"""


async def test_the_limits_of_a_migration_hold_for_it_and_for_nothing_after_it(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True, row_factory=dict_row) as login:
        login.execute(LOGGED)
        await migrate(empty)
        made = login.execute("SELECT place, name, lock_timeout, statement_timeout FROM public.made").fetchall()
    theirs = [row for row in made if row["name"].startswith("public.procrastinate")]
    langgraph = [row for row in made if row["place"] == "langgraph"]
    ours = [row for row in made if row["name"] == "app.stage_question"]
    # The queue may be long when procrastinate's next release makes an index, and so may conversations.
    assert {(row["lock_timeout"], row["statement_timeout"]) for row in theirs} == {("4s", "0")}
    assert {(row["lock_timeout"], row["statement_timeout"]) for row in langgraph} == {("0", "0")}
    assert [(row["lock_timeout"], row["statement_timeout"]) for row in ours] == [("4s", "1min")]
    async with Database(empty, max_size=2) as database, database.team("T1") as connection:
        for limit in ("lock_timeout", "statement_timeout"):
            found = await connection.execute("SELECT current_setting(%s) AS set", (limit,))
            assert await found.fetchone() == {"set": "0"}
