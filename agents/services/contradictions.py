"""Two answers that do not go together: shown side by side, and closed by whoever chooses one."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from agents.decision.interview import describe
from agents.errors import UserError
from agents.services.conversation_cards import contradiction_card, contradiction_key, conversation_of
from agents.services.decision_known import known_of, locked
from agents.services.decision_state import Contradiction
from agents.services.decision_view import Known, contradiction_view
from agents.store import contradictions
from agents.store.contradictions import ContradictionState, StoredContradiction
from agents.store.db import Connection, Database
from agents.store.facts import Fact
from agents.store.outbox import touch_card, upsert_card


class Contradictions:
    """Shows contradictions, and takes the choice to leave things as they are.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def view(self, team_id: str, contradiction_id: str) -> Contradiction:
        """Return a contradiction as its card shows it now.

        Raises:
            UserError: There is no such contradiction.
        """
        async with self._database.team(team_id) as connection:
            found = await _found(connection, team_id, contradiction_id)
            known = await known_of(connection, team_id, found.conversation_id)
            return contradiction_view(found, known.rows)

    async def require_open(self, team_id: str, contradiction_id: str, who: str) -> Contradiction:
        """Return a contradiction that is still to be decided, or that `who` decided for the newer answer.

        Raises:
            UserError: Somebody else has chosen, or the answer has changed since; the text says what holds.
        """
        shown = await self.view(team_id, contradiction_id)
        is_repeated = shown.state == "changed" and shown.decided_by == who
        if shown.state != "open" and not is_repeated:
            raise UserError(_settled(shown))
        return shown

    async def keep(self, team_id: str, contradiction_id: str, who: str) -> None:
        """Leave the answer that holds as it is; safe to repeat.

        Raises:
            UserError: It has been decided otherwise; the text says what holds.
        """
        async with self._database.team(team_id) as connection:
            found = await _found(connection, team_id, contradiction_id)
            known = await locked(connection, team_id, found.conversation_id)
            found = await _found(connection, team_id, contradiction_id)
            if found.state == "kept":
                return
            if found.state != "open":
                raise UserError(_settled(contradiction_view(found, known.rows)))
            await contradictions.decide(connection, team_id, found.id, state="kept", who=who)
            await touch_card(connection, team_id, contradiction_key(found.id))


async def raise_contradiction(
    connection: Connection, team_id: str, known: Known, held: Fact, *, value: Any, who: str, source: str
) -> StoredContradiction:
    """Put what somebody said beside the answer that holds, with its card; the same again is the same one.

    Args:
        connection: A transaction that holds the conversation.
        team_id: Slack's team.
        known: The conversation.
        held: The answer that holds.
        value: What was said, as an answer is stored.
        who: Who said it.
        source: In which message.
    """
    raised = await contradictions.add(
        connection, team_id, known.conversation.id, held=held, value=value, who=who, source=source
    )
    if raised.state == "open":
        await upsert_card(connection, team_id, contradiction_card(known.conversation, raised.id))
    return raised


async def settle_contradictions(
    connection: Connection,
    team_id: str,
    open_ones: Iterable[StoredContradiction],
    answered: Mapping[str, tuple[Any, str]],
) -> None:
    """Close what new answers have decided.

    Args:
        connection: A transaction that holds the conversation.
        team_id: Slack's team.
        open_ones: What nobody has chosen yet.
        answered: By slot, the new answer and who gave it.
    """
    for each in open_ones:
        if each.slot in answered:
            value, who = answered[each.slot]
            state: ContradictionState = "changed" if value == each.value else "overtaken"
            await contradictions.decide(connection, team_id, each.id, state=state, who=who)
            await touch_card(connection, team_id, contradiction_key(each.id))


def said_when(said_at: datetime, now: datetime) -> str:
    """Return the day on which something was said, as people say it; days are those of UTC."""
    days = (now.astimezone(UTC).date() - said_at.astimezone(UTC).date()).days
    return {0: "today", 1: "yesterday"}.get(days, f"on {said_at.astimezone(UTC):%Y-%m-%d}")


def _settled(shown: Contradiction) -> str:
    if shown.current is None:
        return "That is settled: there is no answer any more. Use “Change an answer” to give one."
    return (
        f"That is settled: {shown.question.lower()} is {describe(shown.slot, shown.current.value)}. "
        "Use “Change an answer” to change it."
    )


async def _found(connection: Connection, team_id: str, contradiction_id: str) -> StoredContradiction:
    found = await contradictions.get(connection, team_id, contradiction_id)
    if found is None:
        raise UserError("Those answers are not there any more. Write to me to go on.")
    await conversation_of(connection, team_id, found.conversation_id)
    return found
