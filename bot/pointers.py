"""Pointing at cards: a card that is in a thread already is edited where it stands, so people are told where that is."""

from agents.store.outbox import Card, posted, upsert_card
from bot.feature import Turn


async def point_to(turn: Turn, channel: str, ts: str, text: str) -> None:
    """Tell the person of a turn the address of a message; `text` comes before it."""
    event = turn.event
    is_direct = event.channel is None or channel.startswith("D")
    card = Card(
        key=f"link:{event.key}",
        channel=event.channel or event.user_id,
        thread_ts=event.thread_ts,
        kind="link",
        subject={"channel": channel, "ts": ts, "text": text},
        ephemeral_user=None if is_direct else turn.user,
    )
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def show_or_point(turn: Turn, key: str, text: str) -> None:
    """Point at the card of that key where it was posted; call before the card is touched."""
    async with turn.services.database.team(turn.team_id) as connection:
        found = await posted(connection, turn.team_id, key)
    if found is not None and found.ts is not None:
        await point_to(turn, found.channel, found.ts, text)
