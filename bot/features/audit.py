"""Audit: who did what, for those who may approve, as lines and as a file."""

from collections.abc import Mapping
from typing import Any

from agents.services.audits import Wanted, csv_text
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.audit import EXPORT, audit_message
from bot.blocks.message import Attachment, Message
from bot.feature import Feature, Turn

_LISTED = 15
# As many as Slack surely takes in the time that a card has; the shell exports any number.
_EXPORTED = 20_000


async def _command(turn: Turn) -> None:
    await _show(turn, turn.text.strip("` "))


async def _show(turn: Turn, subject: str) -> None:
    """Show the person alone the newest entries."""
    # Asked here as well as when it is drawn, so that somebody who may not is told so at once.
    await turn.services.audits.newest(turn.team_id, turn.user, _wanted(subject), 1)
    channel, thread_ts = turn.place
    shown = {"subject": subject, "reader": turn.user}
    card = Card(f"audit:{turn.event.key}", channel, thread_ts, "audit", shown, turn.user)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _export(turn: Turn) -> None:
    """Send the file to the person's direct messages: in a thread everybody could read it."""
    subject = turn.action_value()["subject"]
    await turn.services.audits.newest(turn.team_id, turn.user, _wanted(subject), 1)
    shown = {"subject": subject, "reader": turn.user}
    card = Card(f"audit_csv:{turn.event.key}", turn.user, None, "audit_csv", shown)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _audit(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    about = subject["subject"]
    newest = await services.audits.newest(team_id, subject["reader"], _wanted(about), _LISTED)
    return audit_message(newest, about)


async def _audit_csv(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    about = subject["subject"]
    newest = await services.audits.newest(team_id, subject["reader"], _wanted(about), _EXPORTED)
    title = f"Audit of {about}" if about else "Audit"
    more = f", the newest {_EXPORTED:,}; `cairn audit --csv OUT` exports all" if len(newest) == _EXPORTED else ""
    file = Attachment(
        content=csv_text(reversed(newest), has_header=True).encode(),
        filename="audit.csv",
        title=title,
        comment=f"{title}: {len(newest):,} entries, oldest first{more}",
    )
    return Message(text=title, attachment=file)


def _wanted(subject: str) -> Wanted:
    return Wanted(subject=subject or None)


AUDIT = Feature(
    subcommand="audit",
    usage="audit [ID]",
    summary="who did what, of everything or of one run or proposal (approvers)",
    command=_command,
    actions={EXPORT: _export},
    cards={"audit": _audit, "audit_csv": _audit_csv},
)
