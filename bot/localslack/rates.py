"""Slack's rate limits: how often each method may be called, and when the next call is due. Pure but for its state."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket of `burst` calls that fills with `per_minute`; `is_by_channel` gives each channel its own."""

    per_minute: float
    burst: int
    is_by_channel: bool = False


# https://docs.slack.dev/apis/web-api/rate-limits: 20, 50 and 100 a minute, bursts tolerated. How large a burst Slack
# does not say; here it is a minute's worth, and five messages in a channel.
TIER_2 = Limit(20, 20)
TIER_3 = Limit(50, 50)
TIER_4 = Limit(100, 100)
ONE_A_SECOND = Limit(60, 5, is_by_channel=True)
STATUSES = Limit(600, 600)

LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "apps.connections.open": TIER_3,
        "assistant.threads.setStatus": STATUSES,
        "bots.info": TIER_3,
        "chat.appendStream": TIER_4,
        "chat.delete": TIER_3,
        "chat.postEphemeral": TIER_4,
        "chat.postMessage": ONE_A_SECOND,
        "chat.startStream": TIER_2,
        "chat.stopStream": TIER_2,
        "chat.update": TIER_3,
        "conversations.history": TIER_3,
        "conversations.info": TIER_3,
        "conversations.join": TIER_3,
        "conversations.list": TIER_2,
        "conversations.members": TIER_4,
        "conversations.open": TIER_3,
        "conversations.replies": TIER_3,
        "reactions.add": TIER_3,
        "reactions.remove": TIER_2,
        "team.info": TIER_3,
        "usergroups.list": TIER_2,
        "usergroups.users.list": TIER_2,
        "users.list": TIER_2,
        "users.lookupByEmail": TIER_3,
    }
)
OTHERWISE = TIER_4
UNLIMITED = frozenset({"api.test", "auth.test", "chat.getPermalink"})


@dataclass(slots=True)
class Bucket:
    """How many calls are left of a limit, and when that was counted."""

    left: float
    counted_at: float


class RateLimits:
    """The calls that each method has left.

    Attributes:
        is_on: Whether calls are limited at all.
        speed: How much faster than Slack's the buckets fill; a test need not wait for minutes.
    """

    def __init__(self, *, is_on: bool = False) -> None:
        self.is_on = is_on
        self.speed = 1.0
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def switch(self, *, is_on: bool, speed: float) -> None:
        """Begin anew with full buckets, or stop limiting."""
        self.is_on = is_on
        self.speed = speed
        self._buckets.clear()

    def wait_s(self, method: str, channel: str, now: float) -> int:
        """Return 0 and count the call, or how many whole seconds it has to wait."""
        if not self.is_on or method in UNLIMITED:
            return 0
        limit = LIMITS.get(method, OTHERWISE)
        key = (method, channel if limit.is_by_channel else "")
        per_second = limit.per_minute / MINUTE_S * self.speed
        bucket = self._buckets.setdefault(key, Bucket(limit.burst, now))
        bucket.left = min(limit.burst, bucket.left + (now - bucket.counted_at) * per_second)
        bucket.counted_at = now
        if bucket.left < 1:
            return max(1, ceil((1 - bucket.left) / per_second))
        bucket.left -= 1
        return 0
