"""`cairn talk`: the conversation from a shell, without any Slack."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from agents.dialogue.speech import Place, Suggestion
from agents.errors import UserError
from agents.ports import Speech
from agents.services.conversation_cards import conversation_of
from agents.services.decision_state import DecisionState, Question
from agents.store.conversations import SHELL
from bot.shell.session import Session, open_session

_MARGIN = "  "


@click.command()
@click.argument("text", required=False)
@click.option("--conversation", metavar="ID", help="Go on with a conversation that was begun here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per turn: what was said, asked and decided.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def talk(text: str | None, conversation: str | None, as_json: bool, data: Path | None) -> None:
    """Talk about a task until there is a verdict; without TEXT, line by line from standard input.

    Where a question is open, a line may be one of its answers.
    """
    asyncio.run(_talk(text, conversation, as_json, data))


class Aloud:
    """A voice that prints what is said as it is said, and remembers it.

    Args:
        show: Prints a piece of text; None to print nothing.
    """

    def __init__(self, show: Callable[[str], None] | None) -> None:
        self.said: list[str] = []
        self._show = show

    def speech(self, place: Place, key: str) -> Speech:
        """Return a reply to be printed."""
        del place, key
        return _Printed(self.said, self._show)


class _Printed:
    def __init__(self, said: list[str], show: Callable[[str], None] | None) -> None:
        self._said = said
        self._show = show
        self._written = ""

    async def write(self, text: str) -> None:
        """Print the next piece."""
        self._written += text
        if self._show is not None:
            self._show(text)

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """Print what is not printed yet; there are no buttons in a shell."""
        del suggestions
        if not text:
            return
        self._said.append(text)
        if self._show is not None:
            self._show(("" if self._written else text) + "\n")


async def _talk(text: str | None, conversation: str | None, as_json: bool, data: Path | None) -> None:
    voice = Aloud(None if as_json else lambda piece: click.echo(piece, nl=False))
    async with open_session(data, voice=voice) as session:
        thread = uuid4().hex if conversation is None else await _thread(session, conversation)
        if text is not None:
            await _turn(session, voice, thread, text, as_json)
            return
        while line := await asyncio.to_thread(_line, is_prompted=not as_json):
            if line.strip():
                await _turn(session, voice, thread, line, as_json)


def _line(*, is_prompted: bool) -> str:
    """Return the next line of standard input with its end; nothing once there is no more."""
    if is_prompted and sys.stdin.isatty():
        click.echo("> ", nl=False)
    return sys.stdin.readline()


async def _thread(session: Session, conversation_id: str) -> str:
    async with session.services.database.team(session.team_id) as connection:
        found = await conversation_of(connection, session.team_id, conversation_id)
    if found.channel != SHELL:
        raise UserError(f"Conversation {conversation_id} is a thread in Slack. Go on with it there.")
    return found.thread_ts


async def _turn(session: Session, voice: Aloud, thread: str, text: str, as_json: bool) -> None:
    voice.said.clear()
    key = f"shell:{uuid4().hex}"
    turned = await session.services.conversations.say(
        session.team_id, SHELL, thread, session.who, text, source=key, event_key=key
    )
    state = await session.services.decisions.state(session.team_id, turned.conversation_id)
    if as_json:
        click.echo(json.dumps(turn_document(state, voice.said), default=str))
    else:
        click.echo(_for_people(state))


def turn_document(state: DecisionState, said: Sequence[str]) -> dict[str, Any]:
    """Return a turn as plain JSON: what was said, the open question, the answers that hold, and the verdict."""
    asked, verdict = state.open_question, state.verdict
    return {
        "conversation_id": state.conversation_id,
        "said": list(said),
        "open_question": None
        if asked is None
        else {
            "slot": asked.slot,
            "text": asked.text,
            "options": [{"value": each.value, "label": each.label} for each in asked.options],
            "example": asked.example or None,
        },
        "answers": {
            each.slot: {"value": each.value, "shown": each.shown, "who": each.who, "said_at": each.said_at.isoformat()}
            for each in state.answers
        },
        "verdict": None
        if verdict is None
        else {
            "approach": verdict.approach,
            "wanted": verdict.wanted,
            "method": verdict.method,
            "confidence": verdict.confidence,
            "is_provisional": verdict.is_provisional,
            "summary": verdict.summary,
            "rules": [each.rule for each in verdict.reasons],
            "blockers": [each.blocker for each in verdict.blockers],
        },
    }


def _for_people(state: DecisionState) -> str:
    lines = []
    if state.verdict is not None:
        standing = "for now" if state.verdict.is_provisional else "settled"
        lines.append(f"{_MARGIN}Verdict, {standing}: {state.verdict.label}. {state.verdict.summary}")
    if state.open_question is not None:
        lines += _question(state.open_question)
    lines.append(f"{_MARGIN}(conversation {state.conversation_id})")
    return "\n".join(lines)


def _question(asked: Question) -> list[str]:
    choices = ", ".join(each.label for each in asked.options)
    example = f" For example {asked.example}." if asked.example else ""
    return [f"{_MARGIN}Open: {asked.text}{example}", *([f"{_MARGIN}Choices: {choices}"] if choices else [])]
