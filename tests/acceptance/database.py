"""What a test reads in the database of a running `cairn local`, beside what people see."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]


def server(data: Path) -> str | None:
    """Return the DSN of the embedded server under `data`; None where it has none running.

    Read from what Postgres leaves there: its Python package would keep state of the first such folder in this process.
    """
    written = data / "pg" / "postmaster.pid"
    lines = written.read_text().splitlines() if written.exists() else []
    # Process, folder, start, port, socket's folder: https://www.postgresql.org/docs/current/storage-file-layout.html
    return f"postgresql://postgres@/postgres?host={lines[4]}&port={lines[3]}" if len(lines) > 4 else None


def rows(data: Path, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
    """Return the rows of a query, seen as the server's own user; none while the server is away."""
    dsn = server(data)
    if dsn is None:
        return []
    try:
        with psycopg.connect(dsn, row_factory=dict_row) as connection:
            # A test's own text.
            return connection.execute(query.encode(), parameters).fetchall()
    except psycopg.OperationalError:
        return []


def indexed(data: Path, name: str) -> list[Row]:
    """Return every document that an index answers from, each with its chunks in order."""
    return rows(
        data,
        """
        SELECT d.uri, d.state, d.text, array_agg(ARRAY[c.ord::text, c.start_char::text, c.end_char::text, c.content,
            c.embedding::text] ORDER BY c.ord) AS chunks
        FROM app.rag_index i
        JOIN app.rag_doc d ON d.team_id = i.team_id AND d.generation = i.active_generation
        LEFT JOIN app.rag_chunk c ON c.team_id = d.team_id AND c.generation = d.generation AND c.uri = d.uri
        WHERE i.name = %(name)s
        GROUP BY d.uri, d.state, d.text
        ORDER BY d.uri
        """,
        {"name": name},
    )


def stages(data: Path, name: str) -> dict[str, Row]:
    """Return the stages of the newest run on an index, by name."""
    found = rows(
        data,
        """
        SELECT s.name, s.state, s.attempt, s.checkpoint, s.progress, s.result, s.error, r.id AS run_id,
            r.state AS run_state
        FROM app.stage s JOIN app.run r USING (team_id)
        WHERE s.run_id = r.id AND r.params ->> 'name' = %(name)s
        AND r.created_at = (SELECT max(created_at) FROM app.run WHERE params ->> 'name' = %(name)s)
        ORDER BY s.seq
        """,
        {"name": name},
    )
    return {row["name"]: row for row in found}


def cards(data: Path) -> list[Row]:
    """Return the cards that everybody sees, each with its message and whether that shows the newest state."""
    return rows(
        data,
        """
        SELECT c.key, c.kind, c.channel, c.thread_ts, s.ts, s.error, s.sent_version = s.wanted_version AS is_newest
        FROM app.slack_card c JOIN app.slack_sent s USING (team_id, key)
        WHERE c.ephemeral_user IS NULL AND c.kind <> 'home'
        ORDER BY c.key
        """,
    )


def turns(data: Path) -> list[Row]:
    """Return the events that were stored, oldest first."""
    return rows(
        data,
        """
        SELECT key, kind, thread_ts, message_ts, attempts, handled_at IS NOT NULL AS is_handled, error
        FROM app.slack_event ORDER BY received_at
        """,
    )
