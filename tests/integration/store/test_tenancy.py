"""Two teams on one database try every table: the one sees, changes and plants nothing of the other's."""

import psycopg
import pytest
from psycopg.sql import SQL, Composed, Identifier

from agents.store.db import Connection, Database, role_conninfo

pytestmark = pytest.mark.integration

OWN, OTHER = "T1", "T2"
GENERATION = 1

# One row of every table, in an order that foreign keys allow; %(team)s is its team.
ROWS = {
    "app.conversation": "(team_id, id, channel, thread_ts, started_by) VALUES (%(team)s, 'c', 'C', '1.1', 'U')",
    "app.slack_event": "(team_id, key, kind, user_id, body) VALUES (%(team)s, 'e', 'message', 'U', '{}')",
    "app.slack_card": "(team_id, key, channel, kind) VALUES (%(team)s, 'k', 'C', 'say')",
    "app.slack_sent": "(team_id, key) VALUES (%(team)s, 'k') ON CONFLICT DO NOTHING",
    "app.fact": "(team_id, conversation_id, slot, value, who, source) VALUES (%(team)s, 'c', 'evals', '1', 'U', '1.1')",
    "app.contradiction": "(team_id, id, conversation_id, slot, fact_id, value, who, source) "
    "VALUES (%(team)s, 'd', 'c', 'evals', (SELECT min(id) FROM app.fact WHERE team_id = %(team)s), '2', 'V', '1.2')",
    "app.workspace_default": "(team_id, name, value, said_by, said_at, conversation_id, consented_by) "
    "VALUES (%(team)s, 'models', '[\"m\"]', 'U', now(), 'c', 'V')",
    "app.question": "(team_id, id, conversation_id, slot) VALUES (%(team)s, 'q', 'c', 'evals')",
    "app.verdict": "(team_id, conversation_id, answers, facts, decision) VALUES (%(team)s, 'c', '{}', '{}', '{}')",
    "app.comparison": "(team_id, id, conversation_id, inputs, result) VALUES (%(team)s, 'x', 'c', '{}', '{}')",
    "app.cost_setting": "(team_id, conversation_id, key, value, who, source) "
    "VALUES (%(team)s, 'c', 'models', '[]', 'U', '1.1')",
    "app.cost_scenario": "(team_id, id, conversation_id, name, document, saved_by) "
    "VALUES (%(team)s, 'cs', 'c', 'Today', '{}', 'U')",
    "app.audit": "(team_id, who, action, subject) VALUES (%(team)s, 'U', 'approve', 'p')",
    "app.proposal": "(team_id, id, kind, params, params_hash, estimate, requested_by, expires_at) "
    "VALUES (%(team)s, 'p', 'index', '{}', 'h', '{}', 'U', now() + interval '1 day')",
    "app.approval": "(team_id, proposal_id, who, params_hash, role) VALUES (%(team)s, 'p', 'V', 'h', 'approver')",
    "app.run": "(team_id, id, proposal_id, kind, params, requested_by, approved_by) "
    "VALUES (%(team)s, 'r', 'p', 'index', '{}', 'U', 'V')",
    "app.stage": "(team_id, run_id, seq, name, queue) VALUES (%(team)s, 'r', 0, 'list', 'cpu')",
    "app.stage_question": "(team_id, id, run_id, seq, kind, text, choices) "
    """VALUES (%(team)s, 'sq', 'r', 0, 'budget', '?', '[{"id": "more"}]')""",
    "app.halt": "(team_id, who) VALUES (%(team)s, 'U')",
    "app.effect": "(team_id, run_id, key, kind, request, request_hash, seq, attempt) "
    "VALUES (%(team)s, 'r', 'k', 'batch', '{}', 'h', 0, 1)",
    "app.budget": "(team_id, scope, limit_usd, set_by) VALUES (%(team)s, 'day', 5, 'U')",
    "app.run_budget": "(team_id, run_id, approved_usd) VALUES (%(team)s, 'r', 5)",
    "app.spend": "(team_id, run_id, effect_key, reserved_usd) VALUES (%(team)s, 'r', 'k', 5)",
    "app.artifact": "(team_id, run_id, name, version, seq, attempt, place, key, size, sha256) "
    "VALUES (%(team)s, 'r', 'adapter', 1, 0, 1, 'file:///a', 'k', 1, repeat('a', 64))",
    "app.stage_log": "(team_id, run_id, seq, attempt, n, at, level, line) "
    "VALUES (%(team)s, 'r', 0, 1, 0, now(), 'info', 'a line')",
    "app.watch": "(team_id, id, conversation_id, title, saved_by, basis) "
    "VALUES (%(team)s, 'w', 'c', 'Which way?', 'U', '{}')",
    "app.watch_flip": "(team_id, watch_id, n, was, became, because) VALUES (%(team)s, 'w', 1, '{}', '{}', 'a price')",
    "app.watch_check": "(team_id, asked, cause) VALUES (%(team)s, 1, 'a price')",
    "app.delegation": "(team_id, id, conversation_id, question_id, slot, asked_of, asked_by) "
    "VALUES (%(team)s, 'd', 'c', 'q', 'evals', 'V', 'U')",
    "app.rag_source": "(team_id, name, kind, location, registered_by) VALUES (%(team)s, 's', 'folder', '/x', 'U')",
    "app.rag_index": "(team_id, id, name, source) VALUES (%(team)s, 'i', 'handbook', 's')",
    "app.rag_generation": "(team_id, id, index_id, pipeline, dimensions) OVERRIDING SYSTEM VALUE "
    "VALUES (%(team)s, 1, 'i', 'p', 3)",
    "app.rag_doc": "(team_id, generation, uri, title, sha256, bytes) VALUES (%(team)s, 1, 'a.md', 'A', 'x', 1)",
    "app.rag_chunk": "(team_id, generation, uri, ord, start_char, end_char, content, tsv, words, embedding) "
    "VALUES (%(team)s, 1, 'a.md', 0, 0, 3, 'abc', to_tsvector('english', 'abc'), 1, '[1,0,0]')",
    "app.rag_lexeme": "(team_id, generation, word, chunks) VALUES (%(team)s, 1, 'abc', 1)",
    "app.rag_embed_cache": "(team_id, model, sha256, embedding) VALUES (%(team)s, 'm', 'x', '[1,0,0]')",
    "app.rag_answer": "(team_id, id, index_id, generation, asked_by, question, answer) "
    "VALUES (%(team)s, 'q', 'i', 1, 'U', '?', '{}')",
    "app.rag_citation": "(team_id, answer_id, ord, uri, start_char, end_char, quote) "
    "VALUES (%(team)s, 'q', 0, 'a.md', 0, 3, 'abc')",
    "app.own_price": "(team_id, kind, name, price, set_by) VALUES (%(team)s, 'model', 'm', '{}', 'U')",
    "app.measurement": "(team_id, id, kind, student, variant, gpu, gpus, fit, source, measured_on, loaded_by) "
    "VALUES (%(team)s, 'ms', 'serving', 's', 'bf16', 'g', 1, '{}', 'x', '2026-01-01', 'U')",
    "app.model_call": "(team_id, conversation_id, user_id, turn_id, step, model, purpose, request_tokens, max_tokens, "
    "reserved_usd, price_source) VALUES (%(team)s, 'c', 'U', 'e', 1, 'm', 'talk', 10, 10, 1, 'x')",
    "app.talk_budget": "(team_id, scope, limit_usd, set_by) VALUES (%(team)s, 'day', 5, 'U')",
    "app.talker_choice": "(team_id, name, set_by) VALUES (%(team)s, 'guided', 'U')",
    "app.data_copy": "(team_id, sha256, name, content) VALUES (%(team)s, repeat('a', 64), 'x.csv', 'x')",
    "app.data_database": "(team_id, name, registered_by) VALUES (%(team)s, 'support', 'U')",
    "app.student": "(team_id, name, version, run_id, task, instructions, kind, method, base, base_fingerprint, rank, "
    "files, scores, passed) "
    """VALUES (%(team)s, 's', 1, 'r', '{}', 'x', 'causal', 'lora', 'b', 'f', 16, '{"a": "b"}', '{}', true)""",
    "app.alias_move": "(team_id, alias, n, name, version, moved_by) VALUES (%(team)s, 's', 1, 's', 1, 'U')",
    "app.served": "(team_id, server, served_as, name, version) VALUES (%(team)s, 'http://x', 't/s', 's', 1)",
    "app.price_version": "(team_id) VALUES (%(team)s) ON CONFLICT DO NOTHING",
}
CHECKPOINTS = {
    "langgraph.checkpoints": "(thread_id, checkpoint_id, checkpoint) VALUES (%(team)s || ':C:1.1', 'x', '{}')",
    "langgraph.checkpoint_blobs": "(thread_id, channel, version, type) VALUES (%(team)s || ':C:1.1', 'm', '1', 'j')",
    "langgraph.checkpoint_writes": "(thread_id, checkpoint_id, task_id, idx, channel, blob) "
    "VALUES (%(team)s || ':C:1.1', 'x', 't', 0, 'm', '')",
}
ALL = {**ROWS, **CHECKPOINTS}


def _table(name: str) -> Identifier:
    return Identifier(*name.split("."))


def _insert(name: str) -> Composed:
    return SQL("INSERT INTO {} ").format(_table(name)) + SQL(ALL[name])


def fill(dsn: str) -> None:
    """Give the other team one row in every table."""
    with psycopg.connect(role_conninfo(dsn, "cairn_owner"), autocommit=True) as owner:
        owner.execute("SELECT set_config('cairn.team_id', %s, false)", (OTHER,))
        for name in ALL:
            if name == "app.rag_chunk":
                owner.execute("SELECT app.rag_create_partition(%s)", (GENERATION,))
            owner.execute(_insert(name), {"team": OTHER})


async def _tables(connection: Connection) -> set[str]:
    found = await connection.execute(
        "SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname IN ('app', 'langgraph') AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('team_id', 'thread_id'))"
    )
    return {row["name"] for row in await found.fetchall()}


async def test_every_table_of_the_schema_is_tried_here(database: Database) -> None:
    async with database.engine() as connection:
        assert await _tables(connection) == set(ALL)


async def _refused(database: Database, statement: Composed, team: str) -> bool:
    try:
        async with database.team(OWN) as connection:
            cursor = await connection.execute(statement, {"team": team})
            return cursor.rowcount == 0
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ForeignKeyViolation):
        return True


@pytest.mark.parametrize("name", sorted(ALL))
async def test_a_team_neither_sees_nor_changes_nor_plants_the_rows_of_another(name: str, seeded: str) -> None:
    async with Database(seeded, max_size=2) as database:
        async with database.team(OTHER) as connection:
            seen = await connection.execute(SQL("SELECT count(*) AS n FROM {}").format(_table(name)))
            assert await seen.fetchone() == {"n": 1}, "the row to be protected is there"
        async with database.team(OWN) as connection:
            seen = await connection.execute(SQL("SELECT count(*) AS n FROM {}").format(_table(name)))
            assert await seen.fetchone() == {"n": 0}
        key = Identifier("thread_id" if name in CHECKPOINTS else "team_id")
        update = SQL("UPDATE {} SET {} = {}").format(_table(name), key, key)
        assert await _refused(database, update, OWN)
        assert await _refused(database, SQL("DELETE FROM {}").format(_table(name)), OWN)
        assert await _refused(database, _insert(name), OTHER)


async def test_a_partition_is_no_way_around_its_parent(seeded: str) -> None:
    async with Database(seeded, max_size=2) as database:
        for team in (OWN, OTHER):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with database.team(team) as connection:
                    await connection.execute("SELECT content FROM app.rag_chunk_1")


@pytest.mark.parametrize("call", ["rag_create_partition(1)", "rag_build_indexes(1, 10)"])
async def test_a_function_of_the_owner_refuses_the_generation_of_another_team(call: str, seeded: str) -> None:
    async with Database(seeded, max_size=2) as database:
        with pytest.raises(psycopg.errors.RaiseException, match=r"of this team|by this team"):
            async with database.team(OWN) as connection:
                await connection.execute(SQL("SELECT app.") + SQL(call))


async def test_dropping_the_generation_of_another_team_drops_nothing(seeded: str) -> None:
    async with Database(seeded, max_size=2) as database:
        async with database.team(OWN) as connection:
            await connection.execute("SELECT app.rag_drop_generation(1)")
        async with database.team(OTHER) as connection:
            kept = await connection.execute("SELECT count(*) AS n FROM app.rag_chunk")
            assert await kept.fetchone() == {"n": 1}


async def test_the_audit_cannot_be_rewritten_even_by_its_owner(seeded: str) -> None:
    with (
        psycopg.connect(role_conninfo(seeded, "cairn_owner"), autocommit=True) as owner,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        owner.execute("UPDATE app.audit SET who = 'somebody else'")
