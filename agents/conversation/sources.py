"""What a reply may repeat: what tools gave, what the state says, what people of the thread wrote, what documents say.

Neither the talker's own earlier words nor what it passed to a tool is a source. An error repeats what it was passed, so
its figures count only where the call does not hold them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from agents.conversation.context import context_text
from agents.conversation.prompts import instructions
from agents.conversation.state import Message
from agents.conversation.talking import Situation
from agents.dialogue.figures import figures
from agents.dialogue.guard import Guard, Sources

_PASSAGES: Final = frozenset({"ask_index"})
# What tells how runs and proposals stand; "it was approved" in a person's words does not.
_STANDING: Final = frozenset({"run_status", "list_runs", "cancel_request", "propose_distill", "propose_index"})
# Of a state: names and places, no words of anybody.
_NO_WORDS: Final = frozenset({"question_id", "conversation_id", "channel", "thread_ts", "source", "watch_id"})


def guard_of(situation: Situation) -> Guard:
    """Return what checks the reply to a situation."""
    return Guard(sources_of(situation))


def sources_of(situation: Situation) -> Sources:
    """Return what may be repeated in the reply to a situation."""
    state = situation.state
    core: list[str] = [context_text(situation), *_words(state)]
    passages: list[str] = []
    standing: list[str] = []
    passed: dict[str, str] = {}
    for message in situation.messages:
        for call in message.get("calls", []):
            passed[call["id"]] = json.dumps(call["arguments"], ensure_ascii=False)
        if message["role"] == "tool":
            tool = message.get("data", {}).get("tool")
            kind = passages if tool in _PASSAGES else core
            kind.extend(_result(message, passed.get(message.get("call_id", ""), "")))
            if tool in _STANDING and "error" not in message.get("data", {}):
                standing.append(message["text"])
    people = [message["text"] for message in situation.messages if message["role"] == "human" and message.get("who")]
    verdict = state.verdict.approach if state.verdict is not None else None
    people.append(situation.turn["text"])
    return Sources(
        core=core,
        people=people,
        passages=passages,
        verdict=verdict,
        standing=standing,
        instructions=instructions(),
    )


def _result(message: Message, passed: str) -> Iterator[str]:
    """Yield what a tool's result says that the call did not put into its mouth."""
    data = message.get("data", {})
    texts = [message["text"], *_words(data)]
    if "error" not in data:
        yield from texts
        return
    echoed = {figure.readings for figure in figures(passed)}
    for text in texts:
        yield " ; ".join(figure.written for figure in figures(text) if figure.readings not in echoed)


def _words(value: Any, name: str = "") -> Iterator[str]:
    """Yield the texts and figures in a value; what a name says to be USD is an amount of money."""
    if is_dataclass(value):
        for each in fields(value):
            if each.name not in _NO_WORDS:
                yield from _words(getattr(value, each.name), each.name)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _words(item, str(key))
    elif isinstance(value, str):
        yield value
    elif isinstance(value, datetime | date):
        yield value.isoformat()[:10]
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        yield f"{value} USD" if "usd" in name else str(value)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _words(item, name)
