"""`cairn audit`: who did what, from a shell."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click

from agents.services.audits import Entry, Wanted, csv_text
from bot.shell.session import Session, open_session


class _Instant(click.ParamType[datetime]):
    """A day or an instant, in UTC where it names no other zone."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant that was written."""
        try:
            written = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date; write it as 2026-11-23 or 2026-11-23T14:30.", param, ctx)
        return written if written.tzinfo is not None else written.replace(tzinfo=UTC)


@click.command()
@click.option("--since", type=_Instant(), metavar="DATE", help="From this day on, such as 2026-11-23 (UTC).")
@click.option("--who", help="Of this person: a Slack user id, shell:LOGIN, or cairn for what the clock did.")
@click.option("--subject", help="About this run or proposal, by the beginning of its id.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Newest entries to print.")
@click.option("--json", "as_json", is_flag=True, help="All entries, oldest first, one JSON object per line.")
@click.option(
    "--csv", "csv_file", type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path), metavar="OUT",
    help="All entries as CSV, into this file; - for standard output.",
)  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def audit(  # noqa: PLR0917  # click hands the options over by name
    since: datetime | None,
    who: str | None,
    subject: str | None,
    limit: int,
    as_json: bool,
    csv_file: Path | None,
    data: Path | None,
) -> None:
    """Print who did what, when, and from which event."""
    if as_json and csv_file is not None:
        raise click.UsageError("Give either --json or --csv.")
    asyncio.run(_audit(Wanted(since, who, subject), limit, as_json, csv_file, data))


async def _audit(wanted: Wanted, limit: int, as_json: bool, csv_file: Path | None, data: Path | None) -> None:
    async with open_session(data) as session:
        if csv_file is not None:
            written = await _write_csv(_all(session, wanted), csv_file)
            click.echo(f"{written} entries written to {csv_file}.", err=True)
        elif as_json:
            async for page in _all(session, wanted):
                for entry in page:
                    click.echo(json.dumps(_document(entry), ensure_ascii=False))
        else:
            newest = await session.services.audits.newest(session.team_id, session.who, wanted, limit)
            for entry in reversed(newest):
                click.echo(_line(entry))


def _all(session: Session, wanted: Wanted) -> AsyncIterator[Sequence[Entry]]:
    return session.services.audits.pages(session.team_id, session.who, wanted)


async def _write_csv(pages: AsyncIterator[Sequence[Entry]], file: Path) -> int:
    if str(file) == "-":
        return await _write(pages, sys.stdout)
    with file.open("w", encoding="utf-8", newline="") as out:
        return await _write(pages, out)


async def _write(pages: AsyncIterator[Sequence[Entry]], out: TextIO) -> int:
    out.write(csv_text([], has_header=True))
    written = 0
    async for page in pages:
        out.write(csv_text(page, has_header=False))
        written += len(page)
    return written


def _document(entry: Entry) -> dict[str, object]:
    return {
        "at": entry.at.astimezone(UTC).isoformat() if entry.at else None,
        "who": entry.who,
        "action": entry.action,
        "subject": entry.subject,
        "event": entry.event_key,
        "params_hash": entry.params_hash,
        "details": dict(entry.details),
    }


def _line(entry: Entry) -> str:
    at = f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if entry.at else ""
    details = "  ".join(f"{name}={value}" for name, value in entry.details.items())
    return f"{at}  {entry.who}  {entry.action}  {entry.subject}  {details}".rstrip()
