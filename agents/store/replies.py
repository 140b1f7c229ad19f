"""The card of a reply that is read while it is written: claimed by who writes it, as a poster claims what it sends.

What the process knows stands in the row before Slack is asked: should it die, a poster finds the message, closes it
and brings it to the card's text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, rows, run
from agents.store.outbox import Card


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of a reply: those whose ts is known, and what the one begins with that is being begun.

    `is_closed` once none of them is a stream any more.
    """

    ts: tuple[str, ...] = ()
    begins: str | None = None
    is_closed: bool = False

    @staticmethod
    def of(made: Mapping[str, Any]) -> "Messages | None":
        """Return those of a card; None for a card that was never streamed."""
        found = made.get("stream")
        if found is None:
            return None
        return Messages(tuple(found["ts"]), found["begins"], found["is_closed"])

    def as_made(self) -> Mapping[str, Any]:
        """Return them as a card keeps them."""
        return {"stream": {"ts": list(self.ts), "begins": self.begins, "is_closed": self.is_closed}}


@dataclass(frozen=True, slots=True)
class Hold:
    """A claim on the card of a reply, with the card's version."""

    team_id: str
    key: str
    claimed_until: datetime
    version: int


async def begin(
    connection: Connection, team_id: str, card: Card, claim_s: float, messages: Messages
) -> Hold | Literal["stands", "waits"]:
    """Add the card of a reply and claim it.

    Returns `stands` where it was said before, `waits` where a card of its thread is to be posted before it.
    """
    where = {"team_id": team_id, "key": card.key}
    added = await run(
        connection,
        "replies.begin",
        {**where, "channel": card.channel, "thread_ts": card.thread_ts, "subject": Jsonb(dict(card.subject))},
    )
    if not added:
        return "waits" if await one(connection, "replies.stands", where) is None else "stands"
    made = Jsonb(messages.as_made())
    row = await one(connection, "replies.claim", {**where, "claim_s": claim_s, "made": made})
    assert row is not None  # noqa: S101  # the card's trigger has added it
    return Hold(team_id, card.key, row["claimed_until"], 1)


async def keep(
    connection: Connection, hold: Hold, claim_s: float, messages: Messages | None = None, ts: str | None = None
) -> Hold | None:
    """Renew a claim, with what became known; None where another has taken the card."""
    made = Jsonb(messages.as_made() if messages is not None else {})
    row = await one(connection, "replies.keep", {**_held(hold), "claim_s": claim_s, "made": made, "ts": ts})
    return None if row is None else Hold(hold.team_id, hold.key, row["claimed_until"], hold.version)


async def grow(
    connection: Connection, hold: Hold, claim_s: float, subject: Mapping[str, Any], messages: Messages | None = None
) -> Hold | None:
    """Renew a claim, with what is about to stand in Slack; None where another has taken the card."""
    made = Jsonb(messages.as_made() if messages is not None else {})
    given = {**_held(hold), "claim_s": claim_s, "made": made, "subject": Jsonb(dict(subject))}
    row = await one(connection, "replies.grow", given)
    return None if row is None else Hold(hold.team_id, hold.key, row["claimed_until"], row["version"])


async def settle(connection: Connection, hold: Hold, messages: Messages) -> None:
    """Record that the held version stands in Slack, and give the claim back."""
    made = Jsonb(messages.as_made())
    await run(connection, "replies.settle", {**_held(hold), "version": hold.version, "made": made})


async def release(connection: Connection, hold: Hold) -> None:
    """Give a claim back, so that a poster goes on."""
    await run(connection, "replies.release", _held(hold))


async def people(connection: Connection, team_id: str, channel: str, thread_ts: str) -> Sequence[str]:
    """Return who takes part in a thread."""
    found = await rows(connection, "replies.people", {"team_id": team_id, "channel": channel, "thread_ts": thread_ts})
    return [row["who"] for row in found]


def _held(hold: Hold) -> Mapping[str, Any]:
    return {"team_id": hold.team_id, "key": hold.key, "claimed_until": hold.claimed_until}
