"""What Cairn says in its own words, as `say` cards: one per reply, so that a replay says nothing twice."""

from collections.abc import Sequence

from agents.conversation.state import storable
from agents.dialogue.speech import Place, Suggestion
from agents.ports import Speech
from agents.store.db import Database
from agents.store.outbox import Card, upsert_card


class CardVoice:
    """Says a reply once it is whole, as a card that the outbox posts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def speech(self, place: Place, key: str) -> Speech:
        """Return a reply whose pieces show nothing early."""
        return _CardSpeech(self._database, place, key)


class _CardSpeech:
    def __init__(self, database: Database, place: Place, key: str) -> None:
        self._database = database
        self._place = place
        self._key = key

    async def write(self, text: str) -> None:
        """Show nothing yet: a card is whole."""

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """Put the reply into the outbox."""
        if not text:
            return
        place = self._place
        async with self._database.team(place.team_id) as connection:
            card = Card(self._key, place.channel, place.thread_ts, "say", said(text, suggestions))
            await upsert_card(connection, place.team_id, card)


def said(text: str, suggestions: Sequence[Suggestion] = ()) -> dict[str, object]:
    """Return the subject of a `say` card."""
    return {
        "text": storable(text),
        "suggestions": [{"label": suggestion.label, "text": suggestion.text} for suggestion in suggestions],
    }


async def note(
    database: Database, *, team_id: str, channel: str, thread_ts: str, user: str, event_key: str, text: str
) -> None:
    """Tell one person something that only they see."""
    async with database.team(team_id) as connection:
        key = f"say:{event_key}:note"
        card = Card(key, channel, thread_ts, "say", said(text), ephemeral_user=user)
        await upsert_card(connection, team_id, card)
