"""Answers beside a card: in its channel where the card begins a thread of its own, else in its thread.

Slack shows an answer to one person in a thread only to whoever has that thread open.
"""

from dataclasses import replace
from typing import Any

from agents.store.inbox import Event
from bot.feature import Turn


def beside(turn: Turn) -> Turn:
    """Return the turn such that it answers beside the card whose button was pressed."""
    return replace(turn, event=replace(turn.event, thread_ts=place_beside(turn.event)["thread_ts"]))


def place_beside(event: Event) -> dict[str, Any]:
    """Return channel and thread beside the card of an event, as a form keeps them."""
    begins_thread = event.thread_ts is not None and event.thread_ts == event.body.get("message_ts")
    return {"channel": event.channel, "thread_ts": None if begins_thread else event.thread_ts}
