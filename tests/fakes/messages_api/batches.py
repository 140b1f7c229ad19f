"""Message batches: made at once, worked on when somebody looks, ended by their last request, a cancel or 24 hours."""

import datetime as dt
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.fakes.messages_api.wire import Clock, JsonObject, RefusedError

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MOST_REQUESTS = 100_000
LARGEST_PAGE = 1_000
LIFETIME = dt.timedelta(hours=24)
RESULTS = ("succeeded", "errored", "canceled", "expired")

# Gives the result of one request's params; None where it never comes to an end.
Work = Callable[[JsonObject], Awaitable[JsonObject | None]]


@dataclass(slots=True)
class Batch:
    """One batch with the results it has so far, which nobody sees before it has ended."""

    batch_id: str
    requests: dict[str, JsonObject]
    created_at: dt.datetime
    results: dict[str, JsonObject] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    ended_at: dt.datetime | None = None
    cancel_initiated_at: dt.datetime | None = None

    @property
    def status(self) -> str:
        """`in_progress`, `canceling` or `ended`."""
        if self.ended_at is not None:
            return "ended"
        return "in_progress" if self.cancel_initiated_at is None else "canceling"

    def finish(self, kind: str, now: dt.datetime) -> None:
        """End the batch; what has no result gets one of this kind."""
        for custom_id in self.requests:
            self.results.setdefault(custom_id, {"type": kind})
        self.ended_at = now

    def as_json(self, url: str) -> JsonObject:
        """Return the batch as the API shows it."""
        kinds = [result["type"] for result in self.results.values()] if self.ended_at else []
        counts = {kind: kinds.count(kind) for kind in RESULTS}
        return {
            "id": self.batch_id,
            "type": "message_batch",
            "processing_status": self.status,
            "request_counts": {"processing": 0 if self.ended_at else len(self.requests), **counts},
            "created_at": self.created_at.isoformat(),
            "expires_at": (self.created_at + LIFETIME).isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "cancel_initiated_at": self.cancel_initiated_at.isoformat() if self.cancel_initiated_at else None,
            "archived_at": None,
            "results_url": f"{url}/v1/messages/batches/{self.batch_id}/results" if self.ended_at else None,
        }


class Batches:
    """All batches of a server.

    Attributes:
        per_look: How many requests are worked on each time that a batch is retrieved; all of them where None.
    """

    def __init__(self, clock: Clock, work: Work) -> None:
        self.per_look: int | None = None
        self._clock = clock
        self._work = work
        self._made: dict[str, Batch] = {}

    def create(self, body: JsonObject) -> Batch:
        """Return a new batch.

        Raises:
            RefusedError: Its requests are not as they must be; what is wrong with their params shows in the results.
        """
        for name in sorted(set(body) - {"requests"}):
            raise RefusedError(f"{name}: Extra inputs are not permitted")
        requests = body.get("requests")
        if not isinstance(requests, list) or not requests:
            raise RefusedError("requests: List should have at least 1 item")
        if len(requests) > MOST_REQUESTS:
            raise RefusedError(f"requests: at most {MOST_REQUESTS} requests are allowed", status=413)
        named: dict[str, JsonObject] = {}
        for number, request in enumerate(requests):
            if not isinstance(request, dict) or set(request) != {"custom_id", "params"}:
                raise RefusedError(f"requests.{number}: custom_id and params are required, and nothing else")
            custom_id = request["custom_id"]
            if not isinstance(custom_id, str) or not CUSTOM_ID.fullmatch(custom_id):
                raise RefusedError(f"requests.{number}.custom_id: should match pattern '^{CUSTOM_ID.pattern}$'")
            if custom_id in named:
                raise RefusedError(f"requests.{number}.custom_id: must be unique, found twice: {custom_id}")
            named[custom_id] = request["params"]
        batch = Batch(f"msgbatch_{len(self._made) + 1:08d}", named, self._clock.now)
        self._made[batch.batch_id] = batch
        return batch

    async def look(self, batch_id: str) -> Batch:
        """Return a batch after the work that was due.

        Raises:
            RefusedError: There is none with this id.
        """
        batch = self._find(batch_id)
        if batch.status == "canceling":
            batch.finish("canceled", self._clock.now)
        elif batch.status == "in_progress" and not self._expired(batch):
            await self.process(batch_id, self.per_look)
        return batch

    async def process(self, batch_id: str, most: int | None = None) -> None:
        """Work on this many requests that have no result yet, or on all."""
        batch = self._find(batch_id)
        waiting = [key for key in batch.requests if key not in batch.results and key not in batch.stuck]
        for custom_id in waiting[:most]:
            result = await self._work(batch.requests[custom_id])
            if result is None:
                batch.stuck.add(custom_id)
            else:
                batch.results[custom_id] = result
        if len(batch.results) == len(batch.requests):
            batch.finish("succeeded", self._clock.now)

    def cancel(self, batch_id: str) -> Batch:
        """Return the batch, whose requests without a result will be canceled when it is looked at again.

        Raises:
            RefusedError: There is none with this id, or it has ended.
        """
        batch = self._find(batch_id)
        if self._expired(batch) or batch.status == "ended":
            raise RefusedError(f"Batch {batch_id} cannot be canceled: it has ended")
        batch.cancel_initiated_at = batch.cancel_initiated_at or self._clock.now
        return batch

    def results(self, batch_id: str) -> list[JsonObject]:
        """Return the lines of an ended batch, never in the order that was asked in.

        Raises:
            RefusedError: There is none with this id, or it has not ended.
        """
        batch = self._find(batch_id)
        if batch.status != "ended":
            raise RefusedError(f"Batch {batch_id} has no results yet: it is {batch.status}")
        return [{"custom_id": key, "result": batch.results[key]} for key in reversed(batch.requests)]

    def page(self, limit: int, after_id: str | None, before_id: str | None) -> tuple[list[Batch], bool]:
        """Return batches, the newest first, and whether there are more in the direction that was asked for.

        Raises:
            RefusedError: The limit is out of range, or there is no batch with this id.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise RefusedError(f"limit: should be between 1 and {LARGEST_PAGE}")
        newest_first = list(reversed(self._made.values()))
        for batch in newest_first:
            self._expired(batch)
        if before_id is not None:
            rest = newest_first[: newest_first.index(self._find(before_id))]
            return rest[-limit:], len(rest) > limit
        start = 0 if after_id is None else newest_first.index(self._find(after_id)) + 1
        return newest_first[start : start + limit], len(newest_first) > start + limit

    def _expired(self, batch: Batch) -> bool:
        """Return whether 24 hours are over, ending the batch where they are."""
        over = self._clock.now >= batch.created_at + LIFETIME
        if over and batch.status != "ended":
            batch.finish("expired", batch.created_at + LIFETIME)
        return over

    def _find(self, batch_id: str) -> Batch:
        if batch_id not in self._made:
            raise RefusedError(f"No message batch with the id {batch_id}", status=404)
        return self._made[batch_id]
