"""Cards to be shown in Slack: producers say what changed, posters claim, send and record.

A card row holds its kind and subject, never blocks; whoever posts it renders the newest state. Producers write in
their own transaction, as the team; posters work across teams, as the engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, run


@dataclass(frozen=True, slots=True)
class Card:
    """One message in Slack, kept up to date under its key; without `thread_ts` it starts a thread.

    With `ephemeral_user` it is shown to that person alone, once, and never edited.
    """

    key: str
    channel: str
    thread_ts: str | None
    kind: str
    subject: Mapping[str, Any] = field(default_factory=dict)
    ephemeral_user: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A card that one poster may send until `claimed_until`, with what is known of it in Slack."""

    team_id: str
    card: Card
    version: int
    claimed_until: datetime
    # The message to edit; None where it is to be posted.
    ts: str | None
    # A former attempt to post it may have reached Slack.
    may_be_posted: bool
    posting_since: datetime | None
    made: Mapping[str, Any]
    failures: int


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a card stands: its message, or the error that keeps its newest version from being shown."""

    ts: str | None
    # The card's own, or the direct messages that a card for a person went to.
    channel: str
    error: str | None
    is_settled: bool


async def upsert_card(connection: Connection, team_id: str, card: Card) -> None:
    """Add `card`, or where its key exists take its new subject and have it shown again."""
    await run(
        connection,
        "outbox.upsert_card",
        {
            "team_id": team_id,
            "key": card.key,
            "channel": card.channel,
            "thread_ts": card.thread_ts,
            "ephemeral_user": card.ephemeral_user,
            "kind": card.kind,
            "subject": Jsonb(dict(card.subject)),
        },
    )


async def touch_card(connection: Connection, team_id: str, key: str) -> bool:
    """Have the card shown again where it exists; return whether it does."""
    return await run(connection, "outbox.touch_card", {"team_id": team_id, "key": key}) > 0


async def claim(connection: Connection, claim_s: float) -> Claimed | None:
    """Return the due card that has waited longest, for `claim_s` seconds this poster's alone."""
    row = await one(connection, "outbox.claim", {"claim_s": claim_s})
    if row is None:
        return None
    card = Card(
        row["key"], row["channel"], row["thread_ts"], row["kind"], row["subject"], ephemeral_user=row["ephemeral_user"]
    )
    return Claimed(
        team_id=row["team_id"],
        card=card,
        version=row["version"],
        claimed_until=row["claimed_until"],
        ts=row["ts"],
        may_be_posted=bool(row["may_be_posted"]),
        posting_since=row["posting_since"],
        made=row["made"],
        failures=row["failures"],
    )


async def sent(connection: Connection, claimed: Claimed, ts: str, interval_s: float) -> None:
    """Record that the claimed version stands in Slack at `ts`; the next edit waits `interval_s`."""
    await run(
        connection,
        "outbox.sent",
        {**_mine(claimed), "ts": ts, "version": claimed.version, "interval_s": interval_s},
    )


async def remember_made(connection: Connection, claimed: Claimed, made: Mapping[str, Any]) -> None:
    """Add to the ids that Slack gave for this card, such as an uploaded picture's."""
    await run(connection, "outbox.made", {**_mine(claimed), "made": Jsonb(dict(made))})


async def lost(connection: Connection, claimed: Claimed) -> None:
    """Forget a message that Slack no longer has, so that the card is posted anew."""
    await run(connection, "outbox.lost", _mine(claimed))


async def later(
    connection: Connection, claimed: Claimed, wait_s: float, *, error: str | None, is_refused: bool, is_failure: bool
) -> None:
    """Give the claim back and try again after `wait_s`.

    Args:
        connection: As the engine.
        claimed: What was claimed.
        wait_s: Seconds until the next try.
        error: Kept with the card until it is sent.
        is_refused: Slack surely took nothing, so the next try need not look for the message.
        is_failure: Counts towards giving up; a rate limit does not.
    """
    await run(
        connection,
        "outbox.later",
        {
            **_mine(claimed),
            "wait_s": wait_s,
            "error": error,
            "is_refused": is_refused,
            "may_be_posted": claimed.may_be_posted,
            "failures": int(is_failure),
        },
    )


async def gave_up(connection: Connection, claimed: Claimed, error: str) -> None:
    """Record why this version cannot be shown; a newer version is tried again."""
    await run(connection, "outbox.gave_up", {**_mine(claimed), "version": claimed.version, "error": error})


async def posted(connection: Connection, team_id: str, key: str) -> Posted | None:
    """Return where a card stands in Slack, or None where there is no such card."""
    row = await one(connection, "outbox.posted", {"team_id": team_id, "key": key})
    return None if row is None else Posted(row["ts"], row["channel"], row["error"], row["is_settled"])


async def next_due_s(connection: Connection) -> float | None:
    """Return the seconds until a waiting card may be sent, or None where none waits."""
    row = await one(connection, "outbox.next_due")
    return None if row is None else row["wait_s"]


def _mine(claimed: Claimed) -> dict[str, Any]:
    return {"team_id": claimed.team_id, "key": claimed.card.key, "claimed_until": claimed.claimed_until}
