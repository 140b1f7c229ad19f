"""The audit as it is read: by whom, about what, page by page, and as a file that no spreadsheet runs."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.adapters.directory import StaticDirectory
from agents.errors import UserError
from agents.runs.roles import Person, Policy
from agents.services.audits import CSV_HEADER, Audits, Entry, Wanted, csv_text
from agents.services.people import People
from agents.store import audit
from agents.store.db import Database
from tests.integration.outputs.toys import TEAM, make_runs, start_run

pytestmark = pytest.mark.integration

SHELL = "shell:root"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def make_audits(database: Database) -> Audits:
    directory = StaticDirectory([Person("UALICE0001"), Person("UBOB000001")])
    return Audits(database, People(directory, Policy(approvers=frozenset({"UBOB000001"}))))


async def add(database: Database, *entries: Entry, team_id: str = TEAM) -> None:
    async with database.team(team_id) as connection:
        for entry in entries:
            await audit.add(connection, team_id, entry)


async def test_a_run_is_found_with_what_was_done_to_its_proposal(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    await start_run(runs)
    await runs.cancel(TEAM, run_id, "shell:alice", "event-1")
    found = await make_audits(database).newest(TEAM, SHELL, Wanted(subject=run_id[:6]))
    assert [(entry.who, entry.action) for entry in found] == [
        ("shell:alice", "cancel"),
        ("shell:bob", "approve"),
        ("shell:alice", "propose"),
    ]
    assert found[0].event_key == "event-1"
    assert found[1].params_hash == found[2].params_hash is not None
    assert [each.action for each in await make_audits(database).newest(TEAM, SHELL, Wanted(subject="run:"))] == [
        "cancel"
    ]


async def test_entries_are_chosen_by_person_and_time(database: Database) -> None:
    await add(database, Entry("U1", "approve", "proposal:p"), Entry("cairn", "expire", "proposal:p"))
    audits = make_audits(database)
    assert [each.action for each in await audits.newest(TEAM, SHELL, Wanted(who="cairn"))] == ["expire"]
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert len(await audits.newest(TEAM, SHELL, Wanted(since=now - hour))) == 2
    assert await audits.newest(TEAM, SHELL, Wanted(since=now + hour)) == []


async def test_all_entries_come_once_and_in_order_a_page_at_a_time(database: Database) -> None:
    async with database.team(TEAM) as connection:
        await connection.execute(
            "INSERT INTO app.audit (team_id, who, action, subject) "
            "SELECT %s, 'U', 'propose', 'proposal:' || n FROM generate_series(0, 2499) n",
            (TEAM,),
        )
    await add(database, Entry("U", "propose", "proposal:other"), team_id="T2")
    pages = [page async for page in make_audits(database).pages(TEAM, SHELL)]
    assert [len(page) for page in pages] == [1000, 1000, 500]
    assert [entry.subject for page in pages for entry in page] == [f"proposal:{n}" for n in range(2500)]


async def test_only_approvers_and_the_shell_may_read_it(database: Database) -> None:
    audits = make_audits(database)
    await add(database, Entry("U1", "approve", "proposal:p"))
    assert len(await audits.newest(TEAM, "UBOB000001")) == 1
    with pytest.raises(UserError, match="UALICE0001 may not read the audit: that takes the role approver"):
        await audits.newest(TEAM, "UALICE0001")
    with pytest.raises(UserError, match="may not read the audit"):
        await anext(audits.pages(TEAM, "UALICE0001"))


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_an_entry_is_a_row_with_its_time_in_utc() -> None:
    entry = Entry("U1", "approve", "proposal:p", "e1", "abc", {"run_id": "r", "b": 1}, NOW)
    assert read(csv_text([entry], has_header=True)) == [
        list(CSV_HEADER),
        ["2026-11-23T12:00:00+00:00", "U1", "approve", "proposal:p", "e1", "abc", '{"b": 1, "run_id": "r"}'],
    ]


cells = st.text("=+-@\t\r\n,\"'; aä0", max_size=8)


@given(st.builds(Entry, who=cells, action=cells, subject=cells, event_key=cells, params_hash=cells, at=st.just(NOW)))
def test_no_cell_is_a_formula_and_none_is_lost(entry: Entry) -> None:
    (row,) = list(csv.reader(io.StringIO(csv_text([entry], has_header=False), newline="")))
    given_cells = (entry.who, entry.action, entry.subject, entry.event_key, entry.params_hash)
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)
    assert [cell.removeprefix("'") for cell in row[1:6]] == [(cell or "").removeprefix("'") for cell in given_cells]
