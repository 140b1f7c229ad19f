"""Where a reply is said, and the buttons below it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A thread, and the person who is answered in it."""

    team_id: str
    channel: str
    thread_ts: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A button under a reply that sends its text as if the person had typed it."""

    label: str
    text: str
