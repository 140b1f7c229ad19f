"""What people and the clock did: for those who may approve, as lines or as a CSV file of any length."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC

from agents.runs.roles import Role
from agents.services.people import People
from agents.store import audit
from agents.store.audit import Entry, Wanted
from agents.store.db import Database

__all__ = ["ANY", "Audits", "Entry", "Wanted", "csv_text"]

ANY = Wanted()
CSV_HEADER = ("at", "who", "action", "subject", "event", "params_hash", "details")
_ENTRIES_AT_ONCE = 1_000
# What a spreadsheet takes for a formula, which could then run what somebody typed into Slack.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Audits:
    """The audit of every team.

    Args:
        database: Where it is.
        people: Who may read it.
    """

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    async def newest(self, team_id: str, reader: str, wanted: Wanted = ANY, at_most: int = 20) -> Sequence[Entry]:
        """Return the newest of the entries that are wanted, newest first.

        Raises:
            UserError: `reader` may not read it.
        """
        await self._require(team_id, reader)
        async with self._database.team(team_id) as connection:
            return await audit.newest(connection, team_id, wanted, at_most)

    async def pages(self, team_id: str, reader: str, wanted: Wanted = ANY) -> AsyncIterator[Sequence[Entry]]:
        """Yield all the entries that are wanted, oldest first, a bounded number at a time.

        Raises:
            UserError: `reader` may not read it.
        """
        await self._require(team_id, reader)
        after, is_more = 0, True
        while is_more:
            async with self._database.team(team_id) as connection:
                found, after = await audit.page(connection, team_id, wanted, after=after, at_most=_ENTRIES_AT_ONCE)
            is_more = len(found) == _ENTRIES_AT_ONCE
            if found:
                yield found

    async def _require(self, team_id: str, reader: str) -> None:
        await self._people.require(team_id, reader, Role.APPROVER, "read the audit")


def csv_text(entries: Iterable[Entry], *, has_header: bool) -> str:
    """Return entries as CSV in which no cell is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    if has_header:
        writer.writerow(CSV_HEADER)
    writer.writerows(map(_cells, entries))
    return text.getvalue()


def _cells(entry: Entry) -> list[str]:
    at = entry.at.astimezone(UTC).isoformat() if entry.at else ""
    details = json.dumps(dict(entry.details), ensure_ascii=False, sort_keys=True) if entry.details else ""
    cells = (at, entry.who, entry.action, entry.subject, entry.event_key or "", entry.params_hash or "", details)
    return [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
