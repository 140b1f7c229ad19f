"""Plays a conversation on the real services and database, and keeps what came of it."""

import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from agents.conversation.state import of_turn
from agents.conversation.talking import Reply, Situation, Talker
from agents.decision.decide import decide
from agents.decision.parsing import parse_answers
from agents.ports import Speech
from agents.services.decision_state import Answer
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.evals import numbers
from tests.evals.conversations import PEOPLE, Conversation, PersonTurn
from tests.evals.talkers import Played, Spent, turn_id
from tests.integration.conversation.conftest import Desk, make_desk
from tests.integration.index.desk import CountingEmbedder
from tests.integration.index.desk import Desk as IndexDesk

# What stands in a state and is no word of anybody: ids, places and times.
_NO_WORDS: Final = {"source", "said_at", "asked_at", "saved_at", "reminded_at", "channel", "thread_ts", "facts"}
_MOST_PRESSES: Final = 30
SOURCE: Final = "docs"


@dataclass(frozen=True, slots=True)
class Place:
    """An open database, migrated, in which each conversation gets a team of its own."""

    database: Database
    checkpoints: Checkpoints
    dsn: str


@dataclass(frozen=True, slots=True)
class Said:
    """What Cairn said in its own words, the texts its figures may come from, and the core's verdict at that moment."""

    text: str
    may_quote: Sequence[str]
    verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a conversation."""

    said: Sequence[Said]
    calls: Sequence[str]
    asked: Sequence[str]
    answers: Mapping[str, Answer]
    verdict: str | None
    # By the decision core, for the answers that the conversation's rules want.
    expected_verdict: str
    proposals: int
    # Approvals, runs and proposals that are no longer pending.
    launched: int
    turns: int
    steps: int
    # Replies that were given without the model, since it failed.
    degraded: int
    spent: Spent


class Overheard:
    """A talker whose situations and replies are kept."""

    def __init__(self, talker: Talker) -> None:
        self.name = talker.name
        self.heard: list[tuple[Situation, Reply]] = []
        self._talker = talker

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return what the talker says."""
        reply = await self._talker.reply(situation, speech)
        self.heard.append((situation, reply))
        return reply

    def situation(self, card_key: str) -> Situation | None:
        """Return the situation in which the text of a card was said."""
        found = None
        for situation, _ in self.heard:
            turn = situation.turn["id"]
            number = sum(each["role"] == "assistant" for each in of_turn(situation.messages, turn))
            if card_key == f"say:{turn}:{number}":
                return situation
            if card_key.startswith(f"say:{turn}:"):
                found = situation
        return found


async def play(place: Place, conversation: Conversation, played: Played) -> Outcome:
    """Play a conversation to its end in a team of its own."""
    talker = Overheard(played.talker)
    with tempfile.TemporaryDirectory(prefix="cairn-evals-") as folder:
        desk = make_desk(place.database, place.checkpoints, talker, team=f"T{uuid4().hex[:10].upper()}")
        await _prepare(place, desk, conversation, Path(folder))
        before = await _launched(desk), await _count(desk, "proposal")
        for number, turn in enumerate(conversation.turns):
            await _take(desk, turn, turn_id(conversation, number))
        presses = await _answer_open_questions(desk, conversation)
        state = await desk.state()
        answers = {each.slot: each for each in state.answers if each.is_known}
        return Outcome(
            said=[each async for each in _said(desk, talker)],
            calls=[call.name for _, reply in talker.heard for call in reply.calls],
            asked=[slot async for slot in _asked(desk)],
            answers=answers,
            verdict=state.verdict.approach if state.verdict else None,
            expected_verdict=await _expected_verdict(desk, conversation, answers),
            launched=await _launched(desk) - before[0],
            proposals=await _count(desk, "proposal") - before[1],
            turns=len(conversation.turns) + presses,
            steps=len(talker.heard),
            degraded=sum("in place of" in (reply.by or "") for _, reply in talker.heard),
            spent=played.spent(),
        )


def is_met(expected: Any, slot: str, value: Any) -> bool:
    """Return whether a value is what a rule wants of a slot."""
    if isinstance(expected, Mapping) and "any_of" in expected:
        return any(is_met(each, slot, value) for each in expected["any_of"])
    if isinstance(expected, Mapping) and "near" in expected:
        wanted = expected["near"]
        return isinstance(value, int | float) and bool(abs(value - wanted) <= expected["within"] * wanted)
    return bool(_parsed(slot, expected) == _parsed(slot, value))


def _parsed(slot: str, value: Any) -> Any:
    read = getattr(parse_answers({slot: value}), slot)
    return set(read) if isinstance(read, tuple) else read


async def _expected_verdict(desk: Desk, conversation: Conversation, answers: Mapping[str, Answer]) -> str:
    given = {slot: answers[slot].value for slot in conversation.may if slot in answers}
    for slot, expected in conversation.must.answers.items():
        held = answers.get(slot)
        given[slot] = held.value if held and is_met(expected, slot, held.value) else _first(expected)
    wanted = parse_answers(given)
    async with desk.database.team(desk.team) as connection:
        facts = await desk.costs.facts(connection, desk.team, desk.conversation_id, wanted)
    return decide(wanted, facts).verdict.value


def _first(expected: Any) -> Any:
    if isinstance(expected, Mapping) and "any_of" in expected:
        return _first(expected["any_of"][0])
    return expected["near"] if isinstance(expected, Mapping) and "near" in expected else expected


async def _prepare(place: Place, desk: Desk, conversation: Conversation, folder: Path) -> None:
    if not conversation.documents:
        return
    filler = IndexDesk(place.database, place.dsn, folder, CountingEmbedder())
    filler.write(conversation.documents)
    if conversation.is_indexed:
        await filler.fill(SOURCE, desk.team)
    else:
        await desk.indexes.register_source(desk.team, SOURCE, folder, PEOPLE["ana"])


async def _take(desk: Desk, turn: PersonTurn, key: str) -> None:
    if turn.text:
        await desk.say(turn.text, turn.who, key)
        return
    asked = (await desk.state()).open_question
    if asked is not None and set(turn.pressed) == {asked.slot}:
        await desk.press(asked.question_id, asked.slot, turn.pressed[asked.slot], turn.who, event_key=key)
        return
    await desk.conversations.answer(desk.team, desk.conversation_id, turn.who, answers=turn.pressed, event_key=key)


async def _answer_open_questions(desk: Desk, conversation: Conversation) -> int:
    """Press what Ana would while she knows the answer; return how often."""
    for presses in range(_MOST_PRESSES):
        asked = (await desk.state()).open_question
        if asked is None or asked.slot not in conversation.when_asked:
            return presses
        value = conversation.when_asked[asked.slot]
        await desk.press(asked.question_id, asked.slot, value, PEOPLE["ana"], event_key=f"Tr-{presses}")
    return _MOST_PRESSES


async def _said(desk: Desk, talker: Overheard) -> AsyncIterator[Said]:
    found = await _rows(desk, "SELECT inputs, result FROM app.comparison")
    comparisons = [json.dumps(row, default=str) for row in found]
    final = list(_words(await desk.state()))
    for card in await desk.cards("say"):
        situation = talker.situation(card["key"])
        sources = [*final, *comparisons, *(list(_heard(situation)) if situation else [])]
        verdict = situation.state.verdict if situation else None
        yield Said(card["subject"]["text"], sources, verdict.approach if verdict else None)


def _heard(situation: Situation) -> Iterator[str]:
    """Yield what people, tools and cards had said when something was said."""
    yield situation.turn["text"]
    yield from _words(situation.state)
    arguments: dict[str, str] = {}
    for message in situation.messages:
        for call in message.get("calls", []):
            arguments[call["id"]] = json.dumps(call["arguments"])
        if message["role"] == "human":
            yield message["text"]
        if message["role"] != "tool":
            continue
        text = f"{message['text']} {json.dumps(message.get('data', {}))}"
        if "error" in message.get("data", {}):
            # An error repeats what the talker made up.
            made_up = numbers.values(arguments.get(message["call_id"], ""))
            text = " ".join(str(value) for value in sorted(numbers.values(text) - made_up))
        yield text


def _words(value: Any) -> Iterator[str]:
    """Yield the texts and figures of a state, without ids, places and times."""
    if is_dataclass(value):
        for each in fields(value):
            if each.name not in _NO_WORDS and not each.name.endswith("_id"):
                yield from _words(getattr(value, each.name))
    elif isinstance(value, Mapping):
        yield json.dumps(value, default=str)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _words(item)
    elif value is not None:
        yield str(value)


async def _asked(desk: Desk) -> AsyncIterator[str]:
    for card in await desk.cards("question"):
        question = await desk.decisions.question(desk.team, desk.conversation_id, card["subject"]["question_id"])
        yield question.slot


async def _launched(desk: Desk) -> int:
    decided = await _rows(desk, "SELECT id FROM app.proposal WHERE state <> 'pending'")
    return len(decided) + await _count(desk, "run") + await _count(desk, "approval")


async def _count(desk: Desk, table: str) -> int:
    queries = {
        "approval": "SELECT who FROM app.approval",
        "proposal": "SELECT id FROM app.proposal",
        "run": "SELECT id FROM app.run",
    }
    return len(await _rows(desk, queries[table]))


async def _rows(desk: Desk, query: str) -> list[dict[str, Any]]:
    async with desk.database.team(desk.team) as connection:
        return [dict(row) for row in await (await connection.execute(query.encode())).fetchall()]


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Place]:
    """Open the place for conversations on a migrated database."""
    async with Database(dsn) as database, Checkpoints(dsn) as checkpoints:
        yield Place(database, checkpoints, dsn)
