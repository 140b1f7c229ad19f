"""Decide: a conversation that leads to a verdict, in a thread or in direct messages."""

from collections.abc import Mapping
from typing import Any

from agents.store import inbox
from agents.wiring import Services
from bot.blocks.elements import context, message, person, section
from bot.blocks.help import NEW_DECISION
from bot.blocks.message import Attachment, Message
from bot.blocks.question import CHANGE_SLOT, PICK, SUBMIT, WHY, entered_value, question_message
from bot.blocks.say import SUGGESTION, safe_markup
from bot.blocks.verdict import CHANGE, CHANGE_CHOICE, EXPORT, answers_message, verdict_message
from bot.feature import Feature, Turn
from bot.threads import start_thread


async def hear(turn: Turn) -> None:
    """Take a message to Cairn as a part of the conversation in its thread."""
    event = turn.event
    if event.channel is None or event.thread_ts is None:
        raise ValueError("a message has a channel and a thread")
    if event.kind == "message" and not event.body["is_direct"]:
        # People may talk to each other under a card; only where Cairn leads a conversation is every word for it.
        async with turn.services.database.team(turn.team_id) as connection:
            if await inbox.conversation_of_thread(connection, turn.team_id, event.channel, event.thread_ts) is None:
                return
    await turn.services.conversations.say(
        turn.team_id,
        event.channel,
        event.thread_ts,
        turn.user,
        turn.text,
        source=event.message_ts or event.key,
        event_key=event.key,
    )


async def _command(turn: Turn) -> None:
    """Start a thread for `/cairn decide` or the Home tab's button, and the conversation in it."""
    channel, thread_ts = await start_thread(turn, turn.text or "Which way to adapt a model?")
    conversations = turn.services.conversations
    if turn.text:
        await conversations.say(
            turn.team_id, channel, thread_ts, turn.user, turn.text, source=thread_ts, event_key=turn.event.key
        )
    else:
        await conversations.start(turn.team_id, channel, thread_ts, turn.user, event_key=turn.event.key)


async def _pick(turn: Turn) -> None:
    pressed = turn.action_value()
    await _answer(turn, pressed, pressed["value"])


async def _submit(turn: Turn) -> None:
    value = entered_value(turn.event.body["values"])
    if value is None or value == []:
        await turn.say("Nothing is entered yet. Fill in the field and press Submit, or press “Not sure”.")
        return
    await _answer(turn, turn.action_value(), value)


async def _answer(turn: Turn, pressed: Mapping[str, Any], value: Any) -> None:
    await turn.services.conversations.click(
        turn.team_id,
        pressed["conversation_id"],
        turn.user,
        slot=pressed["slot"],
        value=value,
        question_id=pressed["question_id"],
        event_key=turn.event.key,
    )


async def _why(turn: Turn) -> None:
    pressed = turn.action_value()
    await turn.services.conversations.why(
        turn.team_id, pressed["conversation_id"], turn.user, event_key=turn.event.key, slot=pressed.get("slot")
    )


async def _change_slot(turn: Turn) -> None:
    pressed = turn.action_value()
    await turn.services.conversations.ask(
        turn.team_id, pressed["conversation_id"], turn.user, slot=pressed["slot"], event_key=turn.event.key
    )


async def _change_choice(turn: Turn) -> None:
    conversation_id, _, slot = str(turn.event.body["value"]).partition(":")
    await turn.services.conversations.ask(turn.team_id, conversation_id, turn.user, slot=slot, event_key=turn.event.key)


async def _show_answers(turn: Turn) -> None:
    conversation_id = turn.action_value()["conversation_id"]
    await turn.services.conversations.show_answers(turn.team_id, conversation_id, turn.user, event_key=turn.event.key)


async def _export(turn: Turn) -> None:
    conversation_id = turn.action_value()["conversation_id"]
    await turn.services.conversations.export(
        turn.team_id, conversation_id, turn.user, what="record", event_key=turn.event.key
    )


async def _suggested(turn: Turn) -> None:
    """Take a suggestion's text as if the person had typed it in the thread."""
    turn.text = turn.action_value()["text"]
    await hear(turn)


async def _question(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    conversation_id = subject["conversation_id"]
    question = await services.decisions.question(team_id, conversation_id, subject["question_id"])
    return question_message(conversation_id, question)


async def _verdict(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return verdict_message(await services.decisions.state(team_id, subject["conversation_id"]))


async def _answers(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return answers_message(await services.decisions.state(team_id, subject["conversation_id"]))


async def _opening(_services: Services, _team_id: str, subject: Mapping[str, Any]) -> Message:
    text = safe_markup(subject["text"])
    blocks = [section(f"{person(subject['user'])}: {text}"), context("I answer in this thread.")]
    return message(subject["text"], blocks)


async def _file(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    conversation_id = subject["conversation_id"]
    if subject["what"] == "costs_csv":
        csv = await services.costs.csv(team_id, conversation_id)
        return _attached(csv, "costs.csv", "Cost comparison", "The cost comparison, every figure in a row.")
    record = await services.decisions.decision_record(team_id, conversation_id)
    return _attached(record, "decision.md", "Decision record", "The decision record: answers, verdict and reasons.")


def _attached(content: str, filename: str, title: str, comment: str) -> Message:
    attachment = Attachment(content=content.encode(), filename=filename, title=title, comment=comment)
    return Message(text=title, attachment=attachment)


DECIDE = Feature(
    subcommand="decide",
    usage="decide [what goes wrong]",
    summary="find the way that fits, in a thread of its own",
    command=_command,
    actions={
        PICK: _pick,
        SUBMIT: _submit,
        WHY: _why,
        CHANGE_SLOT: _change_slot,
        CHANGE_CHOICE: _change_choice,
        CHANGE: _show_answers,
        EXPORT: _export,
        SUGGESTION: _suggested,
        NEW_DECISION: _command,
    },
    cards={"question": _question, "verdict": _verdict, "answers": _answers, "opening": _opening, "file": _file},
)
