"""The door to a conversation: what a face calls when a person writes or presses something.

Every call is one turn. Calls for one thread must come one at a time and in order, which the inbox gives; each
is safe to repeat with the same `event_key`: a replay appends nothing and posts nothing twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What came of a turn: the conversation, and what only the face itself can do next."""

    conversation_id: str


class Conversations:
    """Guided conversations; open nothing, hold no state between calls."""

    async def say(
        self, team_id: str, channel: str, thread_ts: str, user: str, text: str, *, source: str, event_key: str
    ) -> Turned:
        """Take one message of a person, in a thread with Cairn or a direct message to it.

        Starts the conversation of the thread where there is none. What Cairn says comes out as cards.

        Args:
            team_id: Slack's team.
            channel: Where it was written.
            thread_ts: The thread's root; for a message that is no reply, its own ts.
            user: Who wrote it.
            text: As written; a leading mention of the bot is dropped.
            source: The message's ts, kept with every answer taken from it.
            event_key: The inbox key of the event.
        """
        raise NotImplementedError

    async def click(
        self,
        team_id: str,
        conversation_id: str,
        user: str,
        *,
        slot: str,
        value: Any,
        question_id: str,
        event_key: str,
    ) -> Turned:
        """Take an answer given on a question card; a stale `question_id` gets a note to `user` alone.

        Args:
            team_id: Slack's team.
            conversation_id: From the card's subject.
            user: Who pressed.
            slot: The slot of the question.
            value: An `Option.value`, a list of them for several, a mapping of `Field.name` to what was typed, a typed
                text such as "20k", or for GPUs a mapping of kind and count.
            question_id: From the card's subject.
            event_key: The inbox key of the event.
        """
        raise NotImplementedError

    async def start(self, team_id: str, channel: str, thread_ts: str, user: str, *, event_key: str) -> Turned:
        """Greet and ask the first question in a thread where nobody has written to Cairn yet (`/cairn decide`)."""
        raise NotImplementedError

    async def ask(self, team_id: str, conversation_id: str, user: str, *, slot: str, event_key: str) -> Turned:
        """Open the question of `slot`, answered or not ("Change an answer", an optional question)."""
        raise NotImplementedError

    async def answer(
        self, team_id: str, conversation_id: str, user: str, *, answers: Mapping[str, Any], event_key: str
    ) -> Turned:
        """Take answers from a form, whatever question is open; values as for `click`."""
        raise NotImplementedError

    async def show_answers(self, team_id: str, conversation_id: str, user: str, *, event_key: str) -> Turned:
        """Show all answers so that one can be changed."""
        raise NotImplementedError

    async def why(self, team_id: str, conversation_id: str, user: str, *, event_key: str) -> Turned:
        """Say why the open question is asked, naming the rule."""
        raise NotImplementedError

    async def show_costs(self, team_id: str, conversation_id: str, user: str, *, event_key: str) -> Turned:
        """Show the cost comparison, or say which figures it lacks and ask for the first of them."""
        raise NotImplementedError

    async def export(self, team_id: str, conversation_id: str, user: str, *, what: str, event_key: str) -> Turned:
        """Post a file card: `what` is "record" (Markdown) or "costs_csv"."""
        raise NotImplementedError
