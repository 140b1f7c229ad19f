"""What is kept of a conversation, and of somebody's words; and how it is deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.store.checkpoints import thread_id
from agents.store.db import Connection, one, rows, run

# Money hangs on these; and these say themselves what was forgotten.
_KEPT_KINDS = (
    "proposal",
    "run",
    "run_end",
    "run_question",
    "run_log",
    "loss_curve",
    "model_card",
    "withdrawn",
    "forgotten",
)
_OF_PEOPLE = (
    "name_in_facts",
    "name_in_settings",
    "name_in_scenarios",
    "name_in_contradictions",
    "name_in_delegations",
    "name_in_watches",
    "name_in_flips",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A conversation by its thread."""

    id: str
    channel: str
    thread_ts: str
    started_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOfConversation:
    """How much there is of a conversation; `proposals` and `calls` of a model outlive it."""

    answers: int
    verdicts: int
    questions: int
    comparisons: int
    watches: int
    proposals: int
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOfPerson:
    """How much there is of what somebody said: what they began, and what they gave elsewhere."""

    conversations: int
    answers_elsewhere: int
    defaults: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What was too old: events, threads' words, and cards."""

    events: int
    threads: int
    cards: int


async def find(connection: Connection, team_id: str, channel: str, thread_ts: str) -> Place | None:
    """Return the conversation of a thread, or None."""
    row = await one(connection, "forgetting.find", {"team_id": team_id, "channel": channel, "thread_ts": thread_ts})
    return None if row is None else Place(**row)


async def started_by(connection: Connection, team_id: str, who: str) -> Sequence[Place]:
    """Return the conversations that somebody began, oldest first."""
    return [Place(**row) for row in await rows(connection, "forgetting.started_by", {"team_id": team_id, "who": who})]


async def kept_of_conversation(connection: Connection, team_id: str, conversation_id: str) -> KeptOfConversation:
    """Return how much there is of a conversation."""
    row = await one(connection, "forgetting.of_conversation", {"team_id": team_id, "id": conversation_id})
    return KeptOfConversation(**_counts(row))


async def kept_of_person(connection: Connection, team_id: str, who: str) -> KeptOfPerson:
    """Return how much there is of what somebody said."""
    row = await one(connection, "forgetting.of_person", {"team_id": team_id, "who": who})
    return KeptOfPerson(**_counts(row))


async def enter_thread(connection: Connection, team_id: str, channel: str, thread_ts: str) -> None:
    """Hold a thread until the transaction ends; a turn in it comes to its end first."""
    thread = thread_id(team_id, channel, thread_ts)
    await run(connection, "forgetting.enter_thread", {"thread_id": thread})


async def forget_conversation(connection: Connection, team_id: str, place: Place, *, opening: str) -> None:
    """Delete a conversation and all that was said in it, and have its messages taken back.

    Args:
        connection: A transaction that holds the thread.
        team_id: Slack's team.
        place: The conversation.
        opening: What stands from now on in the message that the thread hangs on, where that is Cairn's.
    """
    of = {
        "team_id": team_id,
        "id": place.id,
        "channel": place.channel,
        "thread_ts": place.thread_ts,
        "started_by": place.started_by,
        "kept": list(_KEPT_KINDS),
        "text": opening,
    }
    await forget_words(connection, team_id, place.channel, place.thread_ts)
    for query in ("events", "opening", "withdraw_cards", "delete_cards", "proposals", "data_of_thread", "conversation"):
        await run(connection, f"forgetting.{query}", of)


async def forget_words(connection: Connection, team_id: str, channel: str, thread_ts: str) -> None:
    """Delete what LangGraph keeps of a thread."""
    await run(connection, "forgetting.words_of_thread", {"thread_id": thread_id(team_id, channel, thread_ts)})


async def threads_with(connection: Connection, team_id: str, who: str) -> Sequence[tuple[str, str, str]]:
    """Return the id, channel and thread of each conversation that somebody took part in."""
    found = await rows(connection, "forgetting.threads_with", {"team_id": team_id, "who": who})
    return [(row["id"], row["channel"], row["thread_ts"]) for row in found]


async def forget_name(connection: Connection, team_id: str, who: str, nobody: str) -> None:
    """Put `nobody` in the place of somebody's name wherever others' decisions go on, and delete what they wrote."""
    of = {"team_id": team_id, "who": who, "nobody": nobody}
    for query in (*_OF_PEOPLE, "events_of", "notes_to"):
        await run(connection, f"forgetting.{query}", of)


async def show_anew(connection: Connection, team_id: str, conversation_id: str) -> None:
    """Have the cards of a conversation that name people rendered again."""
    await run(connection, "forgetting.show_anew", {"team_id": team_id, "id": conversation_id})


async def forget_defaults_of(connection: Connection, team_id: str, who: str) -> Sequence[str]:
    """Delete the workspace's defaults that somebody gave or agreed to; return their names."""
    found = await rows(connection, "forgetting.defaults_of", {"team_id": team_id, "who": who})
    return sorted(row["name"] for row in found)


async def clear_old(connection: Connection, age: timedelta, at_most: int) -> Cleared:
    """Delete, as the engine and for every team, up to so many of each kind that are older."""
    return Cleared(**_counts(await one(connection, "forgetting.clear_old", {"age": age, "at_most": at_most})))


def _counts(row: Mapping[str, int] | None) -> Mapping[str, int]:
    if row is None:
        raise RuntimeError("the database returned no row for counts")
    return row
