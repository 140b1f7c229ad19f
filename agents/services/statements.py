"""What people said in their own words, taken as answers: each with its author and the message it stands in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.decision.interview import BY_SLOT, SLOTS, describe
from agents.decision.numerals import shown
from agents.decision.parsing import closest
from agents.errors import UserError
from agents.services.answer_values import read_entered
from agents.services.contradictions import raise_contradiction, said_when
from agents.services.decision_known import known_of, locked
from agents.services.decision_view import Known, mention
from agents.services.decisions import Decisions, Recorded
from agents.services.open_question import ask_question
from agents.services.statement_judging import Fate, Judged, Reading, judged
from agents.store.conversations import AskedQuestion
from agents.store.db import Connection, Database

# A peak is told with the volume.
_ASKED_WITH = {"peak_factor": "requests_per_day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A fact that somebody stated: `value` is text as a person would type it, the rest as for `Reading`."""

    slot: str
    value: str
    who: str
    source: str
    corrects: bool = False
    is_newest: bool = True
    followed_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of statements, worded: what was taken, what holds already, and what was not taken and why.

    `asked` is the question that was put because a message says two things.
    """

    recorded: Recorded
    taken: tuple[str, ...]
    held: tuple[str, ...]
    not_taken: tuple[str, ...]
    contradictions: tuple[str, ...]
    asked: str | None


class Statements:
    """Takes what people said.

    Args:
        database: Where answers are.
        decisions: Decides on them.
    """

    def __init__(self, database: Database, decisions: Decisions) -> None:
        self._database = database
        self._decisions = decisions

    async def take(
        self, team_id: str, conversation_id: str, said: Sequence[Statement], *, show_answers: bool = False
    ) -> Heard:
        """Take statements, each independent of the others, all in one transaction; safe to repeat.

        Args:
            team_id: Slack's team.
            conversation_id: Where it was said.
            said: In the order in which it was said.
            show_answers: Put the answers card into the thread where something was taken.

        Raises:
            UserError: There is no such conversation.
        """
        readings, remarks, unread = _read(said)
        async with self._database.team(team_id) as connection:
            before = await locked(connection, team_id, conversation_id)
            found = judged(before, readings)
            recorded = await self._decisions.take(
                connection, team_id, before, found.given, show_answers=show_answers and bool(found.given)
            )
            known = await known_of(connection, team_id, conversation_id)
            raised = [
                (reading, await _raised(connection, team_id, known, reading))
                for reading, fate in found.fates
                if fate is Fate.CONTRADICTS
            ]
            asked = await _ask_about(connection, team_id, known, found)
        return Heard(
            recorded=recorded,
            taken=(*_taken(found), *remarks),
            held=tuple(_held(known, found)),
            not_taken=(*unread, *_not_taken(known, found)),
            contradictions=tuple(dict.fromkeys(text for _, text in raised)),
            asked=asked,
        )


def _read(said: Sequence[Statement]) -> tuple[list[Reading], list[str], list[str]]:
    """Return what statements say, what had to be chosen to read them, and why some cannot be read."""
    readings: list[Reading] = []
    remarks: list[str] = []
    unread: list[str] = []
    for each in said:
        try:
            values, remark = _values(each)
        except UserError as error:
            unread.append(f"{_named(each.slot)}: {_unrepeated(str(error), each)}")
            continue
        if remark:
            remarks.append(f"{each.slot}: {remark}")
        readings += [
            Reading(
                slot=slot,
                value=value,
                who=each.who,
                source=each.source,
                corrects=each.corrects,
                is_newest=each.is_newest,
                followed_by=each.followed_by,
            )
            for slot, value in values.items()
        ]
    return readings, remarks, unread


def _values(said: Statement) -> tuple[dict[str, object], str]:
    if said.slot not in SLOTS:
        raise UserError(closest(said.slot, SLOTS))
    if not said.value.strip():
        asked = BY_SLOT.get(said.slot)
        raise UserError("the value is empty." + (f" For example: {asked.example}" if asked and asked.example else ""))
    reply = read_entered(said.slot, said.value)
    return dict(reply.values), reply.remark


def _named(slot: str) -> str:
    return slot if slot in SLOTS else "a slot that there is not"


def _unrepeated(reason: str, said: Statement) -> str:
    """Return a reason without the value that it repeats, which nobody may have said like this."""
    for text in (shown(said.value), repr(said.value), repr(said.slot)):
        reason = reason.replace(text, "that")
    return reason


def _taken(found: Judged) -> Iterator[str]:
    for slot, given in found.given.items():
        yield f"{slot}: {describe(slot, given.value)} (from {mention(given.who)})"


def _held(known: Known, found: Judged) -> Iterator[str]:
    for reading, fate in found.fates:
        if fate is Fate.HELD:
            held = known.current[reading.slot]
            yield f"{reading.slot}: {describe(held.slot, held.value)} (from {mention(held.who)})"


def _not_taken(known: Known, found: Judged) -> Iterator[str]:
    """Yield why readings were not taken, those aside that contradict somebody."""
    torn: dict[str, list[str]] = {}
    for reading, fate in found.fates:
        said = describe(reading.slot, reading.value)
        holds = known.current.get(reading.slot)
        now = describe(holds.slot, holds.value) if holds is not None else ""
        if fate is Fate.OUTDATED:
            yield f"{reading.slot}: {said} was said before; {mention(reading.who)} said {now} since, which holds."
        elif fate is Fate.NO_ANSWER and holds is not None:
            yield f"{reading.slot}: {now} from {mention(holds.who)} holds, though {mention(reading.who)} does not know."
        elif fate is Fate.TORN:
            torn.setdefault(reading.slot, []).append(said)
    for slot, both in torn.items():
        yield (
            f"{slot}: one message says both {' and '.join(dict.fromkeys(both))}, so none was taken. The question "
            "is put in the thread; say that the two do not go together and ask which one is right."
        )


async def _raised(connection: Connection, team_id: str, known: Known, reading: Reading) -> str:
    """Put a reading beside the answer that holds; return both in words."""
    held = known.current[reading.slot]
    if held.value == reading.value:
        return f"{reading.slot}: {describe(held.slot, held.value)} holds now."
    raised = await raise_contradiction(
        connection, team_id, known, held, value=reading.value, who=reading.who, source=reading.source
    )
    holds = (
        f"{reading.slot}: {describe(held.slot, held.value)} holds, said by {mention(held.who)} "
        f"{said_when(held.said_at, raised.raised_at)}; {mention(reading.who)} says "
        f"{describe(reading.slot, reading.value)}"
    )
    if raised.state == "kept" and raised.decided_by is not None:
        return f"{holds}. {mention(raised.decided_by)} has decided to keep the first."
    return f"{holds}. Both are shown in the thread with buttons to choose."


async def _ask_about(connection: Connection, team_id: str, known: Known, found: Judged) -> str | None:
    """Put the question about the first slot on which a message says two things; return its slot."""
    slots = [reading.slot for reading, fate in found.fates if fate is Fate.TORN]
    if not slots:
        return None
    slot = _ASKED_WITH.get(slots[0], slots[0])
    open_question: AskedQuestion | None = known.open_question
    await ask_question(connection, team_id, known.conversation, open_question, slot)
    return slot
