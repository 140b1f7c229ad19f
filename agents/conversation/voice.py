"""What Cairn says in its own words, as `say` cards: one per event and count, so that a replay says nothing twice."""

from collections.abc import Sequence

from agents.conversation.state import Turn, storable
from agents.conversation.talking import Suggestion
from agents.store.db import Database
from agents.store.outbox import Card, upsert_card


async def say(database: Database, turn: Turn, number: int, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
    """Say something to everybody in the thread; `number` counts what this turn says."""
    subject = {
        "text": storable(text),
        "suggestions": [{"label": suggestion.label, "text": suggestion.text} for suggestion in suggestions],
    }
    async with database.team(turn["team_id"]) as connection:
        key = f"say:{turn['id']}:{number}"
        card = Card(key, turn["channel"], turn["thread_ts"], "say", subject)
        await upsert_card(connection, turn["team_id"], card)


async def note(
    database: Database, *, team_id: str, channel: str, thread_ts: str, user: str, event_key: str, text: str
) -> None:
    """Tell one person something that only they see."""
    async with database.team(team_id) as connection:
        key = f"say:{event_key}:note"
        card = Card(key, channel, thread_ts, "say", {"text": storable(text), "suggestions": []}, ephemeral_user=user)
        await upsert_card(connection, team_id, card)
