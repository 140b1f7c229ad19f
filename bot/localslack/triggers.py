"""Triggers: the right to open a modal for the person who just did something, short-lived and good for one use."""

import secrets
import time
from dataclasses import dataclass

from bot.localslack.errors import SlackError


@dataclass(frozen=True, slots=True)
class Trigger:
    """Who acted, until when it counts, and in which modal, if in one."""

    user_id: str
    expires: float
    view_id: str | None


class Triggers:
    """The triggers given out since the start."""

    def __init__(self, lifetime_s: float) -> None:
        self._lifetime_s = lifetime_s
        self._open: dict[str, Trigger] = {}
        self._used: set[str] = set()

    def issue(self, user_id: str, view_id: str | None = None) -> str:
        """Return a new trigger id for a person's action."""
        trigger_id = f"{time.time_ns() // 1_000_000}.{secrets.randbelow(10**9)}.{secrets.token_hex(16)}"
        self._open[trigger_id] = Trigger(user_id, time.monotonic() + self._lifetime_s, view_id)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Return whose action it was and use the trigger up.

        Raises:
            SlackError: It is unknown, expired or used.
        """
        if trigger_id in self._used:
            raise SlackError("exchanged_trigger_id")
        trigger = self._open.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if time.monotonic() > trigger.expires:
            raise SlackError("expired_trigger_id")
        del self._open[trigger_id]
        self._used.add(trigger_id)
        return trigger
