"""The graph of one turn: ingest, then talk and act by turns until the talker wants nothing more.

The names of the nodes are stored with every checkpoint and must stay. Nothing interrupts: an open question is a row,
and what answers it is the next turn. A turn that was cut off and comes again goes on where its checkpoint stands:
calls that have a result are not made again, and those that have none are safe to repeat.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph

from agents.conversation.compaction import compacted
from agents.conversation.state import (
    Message,
    State,
    ToolCall,
    clean,
    of_turn,
    open_calls,
    storable,
    storable_json,
    with_turn,
)
from agents.conversation.talking import Situation, Talker
from agents.conversation.tools import Tools
from agents.dialogue.speech import Place
from agents.ports import Voice
from agents.services.decisions import Decisions

MAX_STEPS = 8
STOPPED = "I stopped after several steps without coming to an end. Write again to go on."


class _Changed(TypedDict, total=False):
    messages: list[Message]
    steps: int


class Nodes:
    """The graph's nodes with what they work on."""

    def __init__(self, decisions: Decisions, tools: Tools, talker: Talker, voice: Voice) -> None:
        self._decisions = decisions
        self._tools = tools
        self._talker = talker
        self._voice = voice

    async def ingest(self, state: State) -> _Changed:
        """Add the turn's message to the history, once; a long history is made short before."""
        turn = state["turn"]
        return {"messages": with_turn(compacted(state.get("messages", []), turn["id"]), turn), "steps": 0}

    async def talk(self, state: State) -> _Changed:
        """Let the talker speak; what it says is on its way before its calls are made."""
        turn = state["turn"]
        number = sum(message["role"] == "assistant" for message in of_turn(state["messages"], turn["id"]))
        steps = state["steps"] + 1
        place = Place(
            team_id=turn["team_id"], channel=turn["channel"], thread_ts=turn["thread_ts"], user_id=turn["who"]
        )
        speech = self._voice.speech(place, f"say:{turn['id']}:{number}")
        reply = await self._talker.reply(await self._situation(state), speech)
        calls: list[ToolCall] = [
            {
                "id": f"{turn['id']}:{number}:{at}",
                "name": storable(wanted.name),
                "arguments": storable_json(wanted.arguments),
            }
            for at, wanted in enumerate(reply.calls)
        ]
        text = clean(reply.text)
        if calls and steps >= MAX_STEPS:
            text, calls = text or STOPPED, []
        await speech.finish(text, reply.suggestions)
        spoken: Message = {
            "id": f"{turn['id']}:{number}",
            "role": "assistant",
            "text": text,
            "calls": calls,
            "by": reply.by or self._talker.name,
        }
        return {"messages": [*state["messages"], spoken], "steps": steps}

    async def act(self, state: State) -> _Changed:
        """Make the calls that have no result yet, in order."""
        turn = state["turn"]
        results: list[Message] = []
        for call in open_calls(state["messages"], turn["id"]):
            outcome = await self._tools.call(turn, call, state["messages"])
            results.append(
                {
                    "id": f"{call['id']}:result",
                    "role": "tool",
                    "text": outcome.text,
                    "call_id": call["id"],
                    "data": {"tool": call["name"], **outcome.data},
                }
            )
        return {"messages": [*state["messages"], *results]}

    async def _situation(self, state: State) -> Situation:
        turn = state["turn"]
        return Situation(
            turn=turn,
            messages=state["messages"],
            results=_results(state["messages"], turn["id"]),
            is_first=state["messages"][0]["id"] == turn["id"],
            state=await self._decisions.state(turn["team_id"], turn["conversation_id"]),
        )


def conversation_graph(nodes: Nodes) -> StateGraph[State]:
    """Return the graph, to be compiled with the turn's saver."""
    graph: StateGraph[State] = StateGraph(State)
    graph.add_node("ingest", nodes.ingest)
    graph.add_node("talk", nodes.talk)
    graph.add_node("act", nodes.act)
    graph.add_edge(START, "ingest")
    graph.add_conditional_edges("ingest", _where_the_turn_stands, ["talk", "act", END])
    graph.add_conditional_edges("talk", _whether_to_act, ["act", END])
    graph.add_edge("act", "talk")
    return graph


def _where_the_turn_stands(state: State) -> Literal["talk", "act", "__end__"]:
    turn_id = state["turn"]["id"]
    newest = [message["id"] for message in state["messages"] if message["role"] == "human"][-1]
    if newest != turn_id:
        # The replay of a turn that others have followed since.
        return "__end__"
    last = state["messages"][-1]
    if last["role"] == "assistant":
        return _whether_to_act(state)
    return "talk"


def _whether_to_act(state: State) -> Literal["act", "__end__"]:
    return "act" if open_calls(state["messages"], state["turn"]["id"]) else "__end__"


def _results(messages: list[Message], turn_id: str) -> list[Mapping[str, Any]]:
    return [message.get("data", {}) for message in of_turn(messages, turn_id) if message["role"] == "tool"]
