"""The door to a conversation: what a face calls when a person writes or presses something.

Every call is one turn. The inbox gives the turns of one thread one at a time and in order; each is safe to repeat
with the same `event_key`: a replay appends nothing and posts nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig

from agents.conversation.graph import MAX_STEPS, Nodes, conversation_graph
from agents.conversation.state import Message, ToolCall, Turn, of_turn, spoken, storable, storable_json
from agents.conversation.talking import Talker, Wanted
from agents.conversation.tools import Tools
from agents.conversation.voice import CardVoice, note
from agents.errors import UserError
from agents.ports import Voice
from agents.services.answer_values import read_entered
from agents.services.conversation_cards import conversation_of, offer_card
from agents.services.costs import Costs
from agents.services.decision_view import short_name
from agents.services.decisions import Decisions
from agents.services.delegations import Delegations
from agents.services.distillations import Distillations
from agents.services.index import Indexes
from agents.services.runs import Runs
from agents.services.statements import Statements
from agents.store import conversations, defaults
from agents.store.checkpoints import Checkpoints, thread_id
from agents.store.conversations import Conversation
from agents.store.db import Database
from agents.store.outbox import upsert_card
from agents.telemetry import Measured, Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """The conversation in which a turn took place."""

    conversation_id: str


class Conversations:
    """Conversations with a talker; what is said and shown comes out as cards.

    Args:
        database: Where conversations are.
        checkpoints: Lends a saver for each turn; opened by whoever made it.
        decisions: Takes answers and decides.
        delegations: Puts questions to colleagues.
        costs: Prices them.
        indexes: Answers from documents.
        runs: Says how runs stand.
        distillations: Proposes to make students.
        talker: Who speaks.
        voice: How a reply reaches its thread; without one it is a card, posted once it is whole.
        telemetry: Told of each turn and its tools.
    """

    def __init__(
        self,
        *,
        database: Database,
        checkpoints: Checkpoints,
        decisions: Decisions,
        delegations: Delegations,
        costs: Costs,
        indexes: Indexes,
        runs: Runs,
        distillations: Distillations,
        talker: Talker,
        voice: Voice | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._database = database
        self._checkpoints = checkpoints
        self._decisions = decisions
        self._telemetry = telemetry or Telemetry()
        tools = Tools(
            statements=Statements(database, decisions),
            decisions=decisions,
            delegations=delegations,
            costs=costs,
            indexes=indexes,
            runs=runs,
            distillations=distillations,
            telemetry=self._telemetry,
        )
        self._graph = conversation_graph(Nodes(decisions, tools, talker, voice or CardVoice(database)))

    async def say(
        self, team_id: str, channel: str, thread_ts: str, user: str, text: str, *, source: str, event_key: str
    ) -> Turned:
        """Take one message of a person, in a thread with Cairn or a direct message to it.

        Starts the conversation of the thread where there is none. What Cairn says comes out as cards.

        Args:
            team_id: Slack's team.
            channel: Where it was written.
            thread_ts: The thread's root; for a message that is no reply, its own ts.
            user: Who wrote it.
            text: As written; a leading mention of the bot is dropped.
            source: The message's ts, kept with every answer taken from it.
            event_key: The inbox key of the event.
        """
        conversation = await self._opened(team_id, channel, thread_ts, user)
        return await self._turn(team_id, conversation, user, spoken(text), event_key=event_key, source=source)

    async def start(self, team_id: str, channel: str, thread_ts: str, user: str, *, event_key: str) -> Turned:
        """Greet and ask the first question, or show what is open where the thread has a conversation already."""
        conversation = await self._opened(team_id, channel, thread_ts, user)
        return await self._turn(team_id, conversation, user, "hello", event_key=event_key, needs_model=False)

    async def click(
        self,
        team_id: str,
        conversation_id: str,
        user: str,
        *,
        slot: str,
        value: Any,
        question_id: str,
        event_key: str,
    ) -> Turned:
        """Take an answer given on a question card; a stale `question_id` gets a note to `user` alone.

        A value that cannot be read gets such a note too, and the question stays open.

        Args:
            team_id: Slack's team.
            conversation_id: From the card's subject.
            user: Who pressed.
            slot: The slot of the question.
            value: An `Option.value`, a list of them for several, a mapping of `Field.name` to what was typed, a typed
                text such as "20k", or for GPUs a mapping of kind and count.
            question_id: From the card's subject.
            event_key: The inbox key of the event.
        """
        return await self._record(
            team_id, conversation_id, user, {slot: value}, question_id=question_id, event_key=event_key
        )

    async def answer(
        self, team_id: str, conversation_id: str, user: str, *, answers: Mapping[str, Any], event_key: str
    ) -> Turned:
        """Take answers from a form, whatever question is open; values as for `click`."""
        return await self._record(team_id, conversation_id, user, answers, question_id=None, event_key=event_key)

    async def ask(self, team_id: str, conversation_id: str, user: str, *, slot: str, event_key: str) -> Turned:
        """Open the question of `slot`, answered or not ("Change an answer", an optional question)."""
        wanted = Wanted("ask_user", {"slot": slot})
        return await self._press(
            team_id, conversation_id, user, f"Ask me: {short_name(slot)}", wanted, event_key=event_key
        )

    async def delegate(
        self, team_id: str, conversation_id: str, user: str, *, question_id: str, colleague: str, event_key: str
    ) -> Turned:
        """Put a question to a colleague, who is asked in the thread; the interview goes on with the next one."""
        wanted = Wanted("ask_colleague", {"who": colleague, "question_id": question_id})
        return await self._press(team_id, conversation_id, user, f"Ask <@{colleague}>", wanted, event_key=event_key)

    async def show_answers(self, team_id: str, conversation_id: str, user: str, *, event_key: str) -> Turned:
        """Show all answers so that one can be changed."""
        return await self._press(
            team_id, conversation_id, user, "Show answers", Wanted("show_answers"), event_key=event_key
        )

    async def why(
        self, team_id: str, conversation_id: str, user: str, *, event_key: str, slot: str | None = None
    ) -> Turned:
        """Say why the question about a slot, or the open one, is asked, naming the rules."""
        wanted = Wanted("explain_question", {} if slot is None else {"slot": slot})
        return await self._press(team_id, conversation_id, user, "Why?", wanted, event_key=event_key)

    async def show_costs(self, team_id: str, conversation_id: str, user: str, *, event_key: str) -> Turned:
        """Show the cost comparison, or say which figures it lacks and ask for the first of them."""
        return await self._press(
            team_id, conversation_id, user, "Compare costs", Wanted("compare_costs"), event_key=event_key
        )

    async def export(self, team_id: str, conversation_id: str, user: str, *, what: str, event_key: str) -> Turned:
        """Post a file card: `what` is "record" (Markdown) or "costs_csv"."""
        wanted = Wanted("export", {"what": what})
        return await self._press(team_id, conversation_id, user, "Export", wanted, event_key=event_key)

    async def _record(
        self,
        team_id: str,
        conversation_id: str,
        user: str,
        answers: Mapping[str, Any],
        *,
        question_id: str | None,
        event_key: str,
    ) -> Turned:
        conversation = await self._conversation(team_id, conversation_id)
        given = storable_json(answers)
        try:
            read = [read_entered(asked, raw) for asked, raw in given.items()]
            values = {slot: value for reply in read for slot, value in reply.values.items()}
            if question_id is not None:
                await self._decisions.check_open(team_id, conversation_id, question_id, slots=values, source=event_key)
        except UserError as error:
            await self._note(conversation, team_id, user, str(error), event_key)
            return Turned(conversation_id=conversation_id)
        wanted = Wanted("record_facts", {"answers": values, "question_id": question_id})
        said = "; ".join(f"{short_name(slot)}: {value}" for slot, value in values.items())
        turned = await self._turn(team_id, conversation, user, storable(said), event_key=event_key, calls=[wanted])
        if remark := " ".join(reply.remark for reply in read if reply.remark):
            await self._note(conversation, team_id, user, remark, event_key)
        return turned

    async def _note(self, conversation: Conversation, team_id: str, user: str, text: str, event_key: str) -> None:
        await note(
            self._database,
            team_id=team_id,
            channel=conversation.channel,
            thread_ts=conversation.thread_ts,
            user=user,
            event_key=event_key,
            text=text,
        )

    async def _press(
        self, team_id: str, conversation_id: str, user: str, said: str, wanted: Wanted, *, event_key: str
    ) -> Turned:
        conversation = await self._conversation(team_id, conversation_id)
        return await self._turn(team_id, conversation, user, said, event_key=event_key, calls=[wanted])

    async def _opened(self, team_id: str, channel: str, thread_ts: str, user: str) -> Conversation:
        """Return the conversation of a thread; a new one begins with the workspace's defaults on offer."""
        async with self._database.team(team_id) as connection:
            found = await conversations.open_conversation(
                connection, team_id, channel=channel, thread_ts=thread_ts, started_by=user
            )
            if found.is_new and await defaults.all_of(connection, team_id):
                await upsert_card(connection, team_id, offer_card(found))
            return found

    async def _conversation(self, team_id: str, conversation_id: str) -> Conversation:
        async with self._database.team(team_id) as connection:
            return await conversation_of(connection, team_id, conversation_id)

    async def _turn(
        self,
        team_id: str,
        conversation: Conversation,
        user: str,
        text: str,
        *,
        event_key: str,
        calls: Sequence[Wanted] = (),
        source: str | None = None,
        needs_model: bool = True,
    ) -> Turned:
        """Run one turn of the graph, and keep of its checkpoints only the last."""
        pressed: list[ToolCall] = [
            {"id": f"{event_key}:press:{at}", "name": wanted.name, "arguments": dict(wanted.arguments)}
            for at, wanted in enumerate(calls)
        ]
        turn: Turn = {
            "id": event_key,
            "team_id": team_id,
            "conversation_id": conversation.id,
            "channel": conversation.channel,
            "thread_ts": conversation.thread_ts,
            "who": user,
            "text": text,
            "source": source or event_key,
            "calls": pressed,
            "needs_model": needs_model and not pressed,
        }
        thread = thread_id(team_id, conversation.channel, conversation.thread_ts)
        # Every pass is one talk and one act beside the one ingest; the graph's own limit is never to be met.
        config: RunnableConfig = {"configurable": {"thread_id": thread}, "recursion_limit": 2 * MAX_STEPS + 4}
        with self._telemetry.turn(conversation.id) as measured:
            async with self._checkpoints.saver(team_id, thread) as saver:
                graph = self._graph.compile(checkpointer=saver)
                # Each step is saved before the next begins, so that a turn cut off goes on with the very same calls.
                given: Any = {"turn": turn}
                state = await graph.ainvoke(given, config, durability="sync")
                await saver.aprune([thread], strategy="keep_latest")
            _tell(measured, of_turn(state["messages"], turn["id"]))
        return Turned(conversation_id=conversation.id)


def _tell(measured: Measured, of_this_turn: Sequence[Message]) -> None:
    """Say who talked in a turn, and in how many steps."""
    speakers = [message.get("by", "") for message in of_this_turn if message["role"] == "assistant"]
    # "guided, in place of claude" is guided.
    measured.label("cairn.talker", speakers[-1].partition(",")[0] if speakers else "nobody")
    measured.detail("cairn.turn.steps", len(speakers))
