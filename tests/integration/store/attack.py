"""One team's session tries queries with the ids of another team, and what it gets is compared.

What it gets and does must be the same whether or not the other team has rows, and these stay as they are. Parameters
are found by their names or, where the name says nothing, tried with every id that the other team has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

import sql
from agents.store.db import Role, role_conninfo
from tests.integration.store.test_tenancy import CHECKPOINTS, OTHER, OWN, ROWS

# What the other team's rows are called, by the name of the parameter.
IDS: Mapping[str, Any] = {
    "answer_id": "q",
    "attempt": 1,
    "base": 1,
    "conversation_id": "c",
    "generation": 1,
    "index_id": "i",
    "proposal_id": "p",
    "question_id": "sq",
    "run_id": "r",
    "seq": 0,
    "uri": "a.md",
    "uris": ["a.md"],
}
# Values that the tables' checks let through, so that a query comes to its point.
FITTING: Mapping[str, Mapping[str, Any]] = {
    "approvals.give": {"role": "approver"},
    "checkpoints.enter_team": {"lock_timeout": "1s"},
    "delegations.close": {"state": "answered"},
    "effects.end_without": {"state": "refused"},
    "forgetting.find": {"channel": "C", "thread_ts": "1.1"},
    "forgetting.enter_thread": {"thread_id": "T2:C:1.1"},
    "forgetting.words_of_thread": {"thread_id": "T2:C:1.1"},
    "inbox.receive": {"kind": "message", "only_in_own_thread": False},
    "logs.add": {"levels": ["info"]},
    "measurements.add": {"kind": "serving"},
    "measurements.end": {"id": "ms"},
    "outside.limits": {"timeout_ms": "1000"},
    "prices.end_own": {"kind": "model", "name": "m"},
    "prices.own_history": {"kind": "model", "name": "m"},
    "prices.set_own": {"kind": "gpu"},
    "proposals.decide": {"state": "denied", "replaced_by": None},
    "proposals.insert": {"needed": 1, "conversation_id": None},
    "questions.insert": {"choices": Jsonb([{"id": "more"}])},
    "rag.add_cached": {"embeddings": ["[1,0,0]"]},
    "rag.documents_read": {"uri": ["a.md"]},
    "rag.search": {"question": "abc"},
    "spend.set_budget": {"scope": "day"},
    "stage.insert": {"seq": 1},
    "talking.begin": {"purpose": "talk"},
    "talking.conversation_of": {"channel": "C", "thread_ts": "1.1"},
    "talking.not_made": {"purpose": "talk"},
    "talking.set_budget": {"scope": "day"},
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OF_TYPE: Mapping[str, Any] = {
    "boolean": True,
    "boolean[]": [True],
    "bytea": b"x",
    "bytea[]": [b"x"],
    "bigint": 1,
    "bigint[]": [1],
    "date": NOW.date(),
    "double precision": 1.0,
    "halfvec": "[1,0,0]",
    "integer": 1,
    "integer[]": [1],
    "interval": timedelta(days=1),
    "jsonb": Jsonb({}),
    "numeric": 1,
    "smallint": 1,
    "text[]": ["x"],
    "timestamp with time zone": NOW,
    "timestamp with time zone[]": [NOW],
}

# What has to be there first: the session's own temporary table.
BEFORE = {"rag.add_chunks": "rag.load_table"}

Session = psycopg.Connection[dict[str, Any]]


def _queries() -> dict[str, str]:
    """Return the text of every query by its name."""
    found: dict[str, str] = {}
    for path in sorted((sql.MIGRATIONS.parent / "queries").glob("*.sql")):
        names = re.findall(r"^-- name: (\w+)\s*$", path.read_text(encoding="utf-8"), re.MULTILINE)
        found |= {f"{path.stem}.{name}": sql.query(f"{path.stem}.{name}") for name in names}
    return found


QUERIES = _queries()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a query: an error's code or rows, and what it left of the other team's rows where it may write."""

    values: str
    error: str | None = None
    rows: tuple[tuple[str, ...], ...] = ()
    touched: int = 0
    left: str = ""


class Caller:
    """A session of the app role that is at work for one team, and tries queries with the ids of the other."""

    def __init__(self, session: Session, team: str, ids: Sequence[str]) -> None:
        self._session = session
        self._team = team
        self._ids = ids

    def outcomes(self, name: str, text: str) -> list[Outcome]:
        """Return what came of each way in which the query can be asked about the other team."""
        types = self._types(name, text)
        given = {**{each: value for each, value in IDS.items() if each in types}, **FITTING.get(name, {})}
        # A text whose name says nothing may stand for any id.
        is_open = any(kind == "text" and each not in given and each != "team_id" for each, kind in types.items())
        outcomes = []
        for team in (OTHER, OWN):
            for candidate in self._ids if is_open else self._ids[:1]:
                values = {each: OF_TYPE.get(kind, candidate) for each, kind in types.items()} | given
                outcomes.append(self._outcome(name, text, {**values, "team_id": team}))
        return outcomes

    def _types(self, name: str, text: str) -> Mapping[str, str]:
        """Return the types of the parameters, as Postgres takes them."""
        names = re.findall(r"%\((\w+)\)s", text)
        if not names:
            return {}
        # Each place by itself: one name may stand for an integer here and for a bigint there.
        numbers = count(1)
        numbered = re.sub(r"%\(\w+\)s", lambda _: f"${next(numbers)}", text).replace("%%", "%")
        with self._session.transaction(force_rollback=True):
            self._prepare(name)
            self._session.execute(f"PREPARE tried AS {numbered}".encode())
            found = self._session.execute(
                "SELECT parameter_types::text[] AS types FROM pg_prepared_statements WHERE name = 'tried'"
            ).fetchone()
            self._session.execute("DEALLOCATE tried")
        assert found is not None
        types: dict[str, str] = {}
        for each, kind in zip(names, found["types"], strict=True):
            types[each] = kind if types.get(each, "text") == "text" else types[each]
        return types

    def _prepare(self, name: str) -> None:
        if name in BEFORE:
            self._session.execute(QUERIES[BEFORE[name]].encode())

    def _outcome(self, name: str, text: str, values: Mapping[str, Any]) -> Outcome:
        try:
            with self._session.transaction(force_rollback=True):
                self._session.execute("SELECT set_config('cairn.team_id', %s, true)", (self._team,))
                self._prepare(name)
                cursor = self._session.execute(text.encode(), values if "%" in text else None)
                rows = tuple(_steady(row) for row in cursor.fetchall()) if cursor.description else ()
                may_write = cursor.rowcount != 0 and not (cursor.statusmessage or "").startswith("SELECT")
                may_write = may_write or bool(re.search(r"\bWITH\b|app\.\w+\(", text))
                left = owned_by(self._session, OTHER) if may_write else ""
                return Outcome(str(values), None, rows, cursor.rowcount, left)
        except psycopg.Error as cause:
            return Outcome(str(values), cause.sqlstate)


def _steady(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the row without what no two tries share: instants, spans, and names made for the occasion."""

    def steady(value: Any) -> str:
        if isinstance(value, datetime | timedelta | float):
            return type(value).__name__
        return re.sub(r"\b(test_|without_)?[0-9a-f]{12}\b", "id", repr(value))

    return tuple(steady(value) for value in row.values())


def owned_by(session: Session, team: str) -> str:
    """Return, for the rest of the transaction as the owner, all that a team has, its jobs included."""
    session.execute("SET LOCAL ROLE cairn_owner")
    places = dict.fromkeys(ROWS, "team_id") | dict.fromkeys(CHECKPOINTS, "split_part(thread_id, ':', 1)")
    places["procrastinate_jobs"] = "args->>'team_id'"
    parts = [
        SQL("SELECT {} AS place, t::text AS row FROM {} t WHERE ").format(name, Identifier(*name.split(".")))
        + SQL(owner)
        + SQL(" = {}").format(team)
        for name, owner in places.items()
    ]
    found = session.execute(SQL(" UNION ALL ").join(parts) + SQL(" ORDER BY 1, 2")).fetchall()
    return "\n".join(f"{row['place']} {row['row']}" for row in found)


def ids_of(session: Session, team: str) -> list[str]:
    """Return every text that is part of a key of the team's rows."""
    with session.transaction():
        session.execute("SET LOCAL ROLE cairn_owner")
        keys = session.execute(
            "SELECT i.indrelid::regclass::text AS place, array_agg(a.attname::text) AS names FROM pg_index i "
            "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
            "WHERE i.indisprimary AND a.atttypid = 'text'::regtype AND a.attname <> 'team_id' GROUP BY 1"
        ).fetchall()
        found: set[str] = set()
        for key in (key for key in keys if key["place"] in ROWS):
            columns = SQL(", ").join(Identifier(name) for name in key["names"])
            select = SQL("SELECT {} FROM {} WHERE team_id = {}")
            rows = session.execute(select.format(columns, Identifier(*key["place"].split(".")), team))
            found |= {str(value) for row in rows for value in row.values()}
    return sorted(found)


@contextmanager
def session_of(dsn: str, role: Role = "cairn_app") -> Iterator[Session]:
    with psycopg.connect(role_conninfo(dsn, role), autocommit=True, row_factory=dict_row) as session:
        yield session


def leaks(seeded: str, without: str, queries: Mapping[str, str]) -> list[str]:
    """Return what a team learns or changes of the other by the queries."""
    found = []
    with session_of(seeded) as beside, session_of(without) as alone:
        ids = ids_of(beside, OTHER)
        with beside.transaction():
            untouched = owned_by(beside, OTHER)
        for name, text in queries.items():
            pairs = zip(Caller(beside, OWN, ids).outcomes(name, text), Caller(alone, OWN, ids).outcomes(name, text),
                        strict=True)  # fmt: skip
            for there, nothing_there in pairs:
                if there.left not in {"", untouched} or nothing_there.left:
                    found.append(f"{name} changes rows of another team: {there.values}")
                if replace(there, left="") != replace(nothing_there, left=""):
                    found.append(f"{name} tells of another team: {there} instead of {nothing_there}")
    return found
