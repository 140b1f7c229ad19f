"""What Cairn keeps, and how it forgets: a conversation, or what somebody said.

What money hangs on stays: proposals, runs, what was spent, what a model's calls cost, and the audit.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from agents.errors import UserError
from agents.runs.roles import SHELL, SOMEBODY, Role
from agents.services.conversation_cards import conversation_of
from agents.services.people import People
from agents.store import audit, forgetting
from agents.store.db import Connection, Database
from agents.store.forgetting import KeptOfConversation, KeptOfPerson, Place
from agents.store.outbox import Card, upsert_card

__all__ = ["Forgetting", "ForgottenPerson", "KeptOfConversation", "KeptOfPerson", "KeptThread"]

FORGOTTEN_OPENING: Final = "A conversation that was forgotten"
_CONVERSATION, _PERSON = "forget_conversation", "forget_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptThread:
    """A conversation by its thread, who began it, and how much there is of it."""

    channel: str
    thread_ts: str
    started_by: str
    created_at: datetime
    kept: KeptOfConversation

    @property
    def since(self) -> str:
        """The instant it began, as a button carries it: a later conversation of the thread is another one."""
        return self.created_at.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenPerson:
    """What was forgotten of somebody: whole conversations, the words of others' threads, and workspace defaults."""

    conversations: int
    threads: int
    defaults: tuple[str, ...]


class Forgetting:
    """Tells what is kept, and forgets it.

    Args:
        database: Where it is.
        people: Who may.
    """

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    async def of_thread(self, team_id: str, channel: str, thread_ts: str) -> KeptThread | None:
        """Return what is kept of the conversation in a thread; None where there is none."""
        async with self._database.team(team_id) as connection:
            place = await forgetting.find(connection, team_id, channel, thread_ts)
            return None if place is None else await _kept(connection, team_id, place)

    async def of_conversation(self, team_id: str, conversation_id: str) -> KeptThread:
        """Return what is kept of a conversation.

        Raises:
            UserError: There is no such conversation.
        """
        async with self._database.team(team_id) as connection:
            found = await conversation_of(connection, team_id, conversation_id)
            place = await forgetting.find(connection, team_id, found.channel, found.thread_ts)
            if place is None:
                raise UserError("That conversation is not there any more.")
            return await _kept(connection, team_id, place)

    async def of_person(self, team_id: str, who: str) -> KeptOfPerson:
        """Return what is kept of what somebody said."""
        async with self._database.team(team_id) as connection:
            return await forgetting.kept_of_person(connection, team_id, who)

    async def require_forgetter(self, team_id: str, started_by: str, who: str) -> None:
        """Let `who` pass only where they may have a conversation forgotten: who began it, and admins.

        Raises:
            UserError: They may not; the text says who may.
        """
        if who == started_by:
            return
        standing = await self._people.standing(team_id, who)
        if standing.role < Role.ADMIN:
            admins = await self._people.whom_to_ask(team_id, Role.ADMIN)
            raise UserError(
                f"{started_by} began this conversation, and {who} is {standing}: it takes who began it, or an admin, "
                f"to have it forgotten. {admins} What you said yourself goes with `/cairn forget me`."
            )

    async def forget_thread(
        self, team_id: str, channel: str, thread_ts: str, *, who: str, event_key: str, since: str | None = None
    ) -> bool:
        """Forget the conversation of a thread; return whether there was one. Safe to repeat.

        Its thread is told; what people wrote in Slack stays there.

        Args:
            team_id: Slack's team.
            channel: Where it is.
            thread_ts: The thread.
            who: Who has it forgotten.
            event_key: The press.
            since: `KeptThread.since` of what was shown; None where nothing was.

        Raises:
            UserError: They may not, or another conversation began there since.
        """
        async with self._database.team(team_id) as connection:
            if await audit.of_event(connection, team_id, event_key, _CONVERSATION) is not None:
                return True
            place = await forgetting.find(connection, team_id, channel, thread_ts)
        if place is None:
            return False
        if since is not None and place.created_at.isoformat() != since:
            raise UserError("That conversation is forgotten already; another one has begun in its thread since.")
        await self.require_forgetter(team_id, place.started_by, who)
        await self._forget(team_id, place, who, event_key)
        return True

    async def forget_person(self, team_id: str, user: str, who: str, event_key: str) -> ForgottenPerson:
        """Forget what somebody said: the conversations that they began, and their name and words in those of others.

        Answers that others' decisions rest on stay, as somebody's. Safe to repeat: what is left to do is done.

        Raises:
            UserError: `who` is neither that person nor at a shell.
        """
        if user != who and not who.startswith(SHELL):
            raise UserError(f"{who} may not have somebody else forgotten. They write `/cairn forget me` themselves.")
        async with self._database.team(team_id) as connection:
            begun = await forgetting.started_by(connection, team_id, user)
        for place in begun:
            await self._forget(team_id, place, who, f"{event_key}:{place.id}")
        async with self._database.team(team_id) as connection:
            threads = await forgetting.threads_with(connection, team_id, user)
        for _, channel, thread_ts in threads:
            async with self._database.team(team_id) as connection:
                await forgetting.enter_thread(connection, team_id, channel, thread_ts)
                await forgetting.forget_words(connection, team_id, channel, thread_ts)
        async with self._database.team(team_id) as connection:
            names = await forgetting.forget_defaults_of(connection, team_id, user)
            await forgetting.forget_name(connection, team_id, user, SOMEBODY)
            for conversation_id, _, _ in threads:
                await forgetting.show_anew(connection, team_id, conversation_id)
            if await audit.of_event(connection, team_id, event_key, _PERSON) is None:
                details = {"conversations": len(begun), "threads": len(threads), "defaults": list(names)}
                await audit.add(
                    connection, team_id, audit.Entry(who, _PERSON, f"person:{user}", event_key, details=details)
                )
        return ForgottenPerson(conversations=len(begun), threads=len(threads), defaults=tuple(names))

    async def _forget(self, team_id: str, place: Place, who: str, event_key: str) -> None:
        """Forget a conversation in one transaction: all of it, or nothing."""
        async with self._database.team(team_id) as connection:
            await forgetting.enter_thread(connection, team_id, place.channel, place.thread_ts)
            if await audit.of_event(connection, team_id, event_key, _CONVERSATION) is not None:
                return
            kept = await forgetting.kept_of_conversation(connection, team_id, place.id)
            await forgetting.forget_conversation(connection, team_id, place, opening=FORGOTTEN_OPENING)
            entry = audit.Entry(who, _CONVERSATION, f"conversation:{place.id}", event_key, details=asdict(kept))
            await audit.add(connection, team_id, entry)
            await upsert_card(connection, team_id, _forgotten_card(place, who, kept, event_key))


async def _kept(connection: Connection, team_id: str, place: Place) -> KeptThread:
    return KeptThread(
        channel=place.channel,
        thread_ts=place.thread_ts,
        started_by=place.started_by,
        created_at=place.created_at,
        kept=await forgetting.kept_of_conversation(connection, team_id, place.id),
    )


def _forgotten_card(place: Place, who: str, kept: KeptOfConversation, event_key: str) -> Card:
    """Return the message that tells a thread what was forgotten of it, and what was not."""
    subject = {"who": who, "kept": asdict(kept)}
    key = event_key.removesuffix(f":{place.id}")
    return Card(
        f"forgotten:{key}:{place.channel}:{place.thread_ts}", place.channel, place.thread_ts, "forgotten", subject
    )
