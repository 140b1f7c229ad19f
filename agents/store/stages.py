"""Stages: claimed, kept by beats, saved, ended and handed over, each write fenced by its attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from agents.runs.needs import Host
from agents.runs.questions import Question
from agents.runs.recipes import RECIPES
from agents.runs.workers import gpu_documents
from agents.store import questions
from agents.store.db import Connection, one, rows, run
from agents.store.outbox import Card, touch_card, upsert_card

NO_DELAY = timedelta(0)


@dataclass(frozen=True, slots=True)
class StageKey:
    """Which stage, of which run, of which team."""

    team_id: str
    run_id: str
    seq: int

    def parameters(self) -> dict[str, Any]:
        """Return the key as query parameters."""
        return {"team_id": self.team_id, "run_id": self.run_id, "seq": self.seq}


@dataclass(frozen=True, slots=True)
class Claim:
    """A stage that a worker took up, with all it needs to go on from where the last attempt stopped."""

    key: StageKey
    name: str
    kind: str
    attempt: int
    attempt_limit: int
    params: Mapping[str, Any]
    checkpoint: Mapping[str, Any]
    previous: Mapping[str, Mapping[str, Any]]
    # Those that the attempt occupies, until it ends.
    gpus: tuple[str, ...] = ()

    def fence(self) -> dict[str, Any]:
        """Return the key and the attempt as query parameters."""
        return {**self.key.parameters(), "attempt": self.attempt}


def run_card(run_id: str) -> str:
    """Return the key of the card that shows a run."""
    return f"run:{run_id}"


async def claim(connection: Connection, key: StageKey, *, host: Host, lease: timedelta) -> Claim | None:
    """Take the stage if it is pending or its lease ran out, its run goes on and the host fits; None otherwise."""
    taken = await one(
        connection,
        "stage.claim",
        {
            **key.parameters(),
            "owner": host.name,
            "lease": lease,
            "gpus": Jsonb(gpu_documents(host.gpus)),
            "memory_bytes": host.memory_bytes,
            "disk_bytes": host.disk_bytes,
        },
    )
    if taken is None:
        return None
    await touch_card(connection, key.team_id, run_card(key.run_id))
    earlier = await rows(connection, "stage.previous", key.parameters())
    previous = {row["name"]: row["result"] for row in earlier}
    return Claim(key=key, previous=previous, **{**taken, "gpus": tuple(taken["gpus"])})


async def beat(connection: Connection, claim: Claim, lease: timedelta, progress: Mapping[str, Any] | None) -> bool:
    """Extend the lease, record the progress where there is news, and return whether the attempt still holds."""
    news = None if progress is None else Jsonb(progress)
    held = await run(connection, "stage.beat", {**claim.fence(), "lease": lease, "progress": news})
    if held and progress is not None:
        await touch_card(connection, claim.key.team_id, run_card(claim.key.run_id))
    return held > 0


async def save(connection: Connection, claim: Claim, checkpoint: Mapping[str, Any]) -> bool:
    """Record where a later attempt may go on, and return whether this one still holds."""
    return await run(connection, "stage.save", {**claim.fence(), "checkpoint": Jsonb(dict(checkpoint))}) > 0


async def hold(connection: Connection, claim: Claim) -> bool:
    """Return whether the attempt still holds, which then stays so until the transaction ends."""
    return await one(connection, "stage.hold", claim.fence()) is not None


async def finish(
    connection: Connection, claim: Claim, result: Mapping[str, Any], progress: Mapping[str, Any] | None
) -> bool:
    """End the stage and start the next one, or end the run; False, and nothing written, where the attempt is over."""
    team_id, run_id, seq = claim.key.team_id, claim.key.run_id, claim.key.seq
    news = None if progress is None else Jsonb(progress)
    ended = {**claim.fence(), "result": Jsonb(dict(result)), "progress": news}
    # Whoever changes both locks the run before its stages, so that an end and a cancel cannot block each other.
    await one(connection, "runs.lock", claim.key.parameters())
    if not await run(connection, "stage.done", ended):
        return False
    await _show(connection, claim)
    if not await defer(connection, StageKey(team_id, run_id, seq + 1)):
        await run(connection, "runs.done", {"team_id": team_id, "run_id": run_id, "result": Jsonb(dict(result))})
        await _tell_end(connection, claim)
    await touch_card(connection, team_id, run_card(run_id))
    return True


async def fail(connection: Connection, claim: Claim, error: str) -> bool:
    """End the stage and its run with an error for people; False, and nothing written, where the attempt is over."""
    ended = {**claim.fence(), "error": error}
    await one(connection, "runs.lock", claim.key.parameters())
    if not await run(connection, "stage.failed", ended):
        return False
    await run(connection, "runs.failed", ended)
    await _tell_end(connection, claim)
    await touch_card(connection, claim.key.team_id, run_card(claim.key.run_id))
    return True


async def ask(
    connection: Connection, claim: Claim, question: Question, progress: Mapping[str, Any] | None
) -> str | None:
    """Ask people, and let the stage and its run wait for their answer; return the question's id.

    None, and nothing written, where the attempt is over.
    """
    team_id, run_id, seq = claim.key.team_id, claim.key.run_id, claim.key.seq
    news = None if progress is None else Jsonb(progress)
    await one(connection, "runs.lock", claim.key.parameters())
    if not await run(connection, "stage.asked", {**claim.fence(), "progress": news}):
        return None
    question_id = await questions.insert(connection, team_id, run_id, seq, question)
    await run(connection, "runs.needs_attention", claim.key.parameters())
    place = await one(connection, "runs.place", claim.key.parameters())
    if place is not None:
        subject = {"question_id": question_id}
        key = questions.question_card(question_id)
        await upsert_card(connection, team_id, Card(key, place["channel"], place["thread_ts"], "run_question", subject))
    await touch_card(connection, team_id, run_card(run_id))
    return question_id


async def go_on(connection: Connection, key: StageKey) -> bool:
    """Give a stage that was answered back to the workers; False where it does not wait.

    The caller holds the run's lock.
    """
    if not await run(connection, "stage.answered", key.parameters()):
        return False
    await run(connection, "runs.goes_on", key.parameters())
    await defer(connection, key)
    await touch_card(connection, key.team_id, run_card(key.run_id))
    return True


async def _show(connection: Connection, claim: Claim) -> None:
    """Post what the stage has to show in its run's thread, where it has something and there is one."""
    recipe = RECIPES.get(claim.kind)
    stages = recipe.stages if recipe is not None else ()
    kind = next((stage.card for stage in stages if stage.name == claim.name), None)
    place = await one(connection, "runs.place", claim.key.parameters()) if kind is not None else None
    if kind is not None and place is not None:
        key, subject = f"{kind}:{claim.key.run_id}", {"run_id": claim.key.run_id}
        await upsert_card(connection, claim.key.team_id, Card(key, place["channel"], place["thread_ts"], kind, subject))


async def _tell_end(connection: Connection, claim: Claim) -> None:
    """Post that the run is over: an edited card notifies nobody. One reply for each time that it ends."""
    place = await one(connection, "runs.place", claim.key.parameters())
    if place is None:
        return
    key = f"run_end:{claim.key.run_id}:{claim.key.seq}:{claim.attempt}"
    card = Card(key, place["channel"], place["thread_ts"], "run_end", {"run_id": claim.key.run_id})
    await upsert_card(connection, claim.key.team_id, card)


async def hand_over(
    connection: Connection,
    claim: Claim,
    *,
    delay: timedelta = NO_DELAY,
    is_forgiven: bool = False,
    reason: str | None = None,
    progress: Mapping[str, Any] | None = None,
) -> bool:
    """Let another worker take the stage from its checkpoint, after `delay`; False where the attempt is over.

    An attempt that is forgiven does not count towards the limit. `reason`, for people, is shown until the next one.
    """
    news = None if progress is None else Jsonb(progress)
    left = {**claim.fence(), "forgiven": int(is_forgiven), "reason": reason, "progress": news}
    if not await run(connection, "stage.hand_over", left):
        return False
    await defer(connection, claim.key, delay)
    await touch_card(connection, claim.key.team_id, run_card(claim.key.run_id))
    return True


async def defer(connection: Connection, key: StageKey, delay: timedelta = NO_DELAY) -> bool:
    """Put a job for the stage into its queue; return whether there is such a stage."""
    return await run(connection, "stage.defer", {**key.parameters(), "delay": delay}) > 0


async def refresh_statistics(connection: Connection) -> int:
    """Have the planner look anew at queue, runs and stages where half of them changed; return how many tables did.

    For the engine. A burst of jobs is otherwise planned for as if it were not there, until the autovacuum comes.
    """
    row = await one(connection, "stage.refresh_statistics")
    return int(row["tables"]) if row is not None else 0


async def strays(connection: Connection) -> Sequence[StageKey]:
    """Return, as the engine, the stages of running runs that nobody holds and no job points to."""
    return [StageKey(**row) for row in await rows(connection, "stage.strays")]
