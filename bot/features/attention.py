"""Attention: what runs ask in their middle, and the buttons that answer."""

from collections.abc import Mapping
from typing import Any

from agents.store.inbox import Event
from agents.wiring import Services
from bot.blocks.attention import ANSWER, ENTER, ENTERED, answer_form, attention_message, entered
from bot.blocks.message import Block, Message
from bot.feature import Feature, Turn, action_value


async def _answer(turn: Turn) -> None:
    pressed = turn.action_value()
    await turn.services.questions.answer(
        turn.team_id, pressed["question_id"], pressed["choice"], turn.user, event_key=turn.event.key
    )


async def _form(services: Services, event: Event) -> Block:
    """Return the form for a choice that needs a value; it remembers what was pressed, and where."""
    value = action_value(event)
    question, choice = await services.questions.choice(event.team_id, value["question_id"], value["choice"])
    return answer_form(question, choice, {"channel": event.channel, "thread_ts": event.thread_ts, **value})


async def _entered(turn: Turn) -> None:
    pressed = turn.event.body["metadata"]
    await turn.services.questions.answer(
        turn.team_id,
        pressed["question_id"],
        pressed["choice"],
        turn.user,
        value=entered(turn.event.body["values"]),
        event_key=turn.event.key,
    )


async def _question(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    question = await services.questions.view(team_id, subject["question_id"])
    return attention_message(question, await services.runs.view(team_id, question.run_id))


ATTENTION = Feature(
    actions={ANSWER: _answer},
    openers={ENTER: _form},
    views={ENTERED: _entered},
    cards={"run_question": _question},
)
