"""Ask: a question to an index, answered with quotes and where they stand."""

import re
from collections.abc import Mapping
from typing import Any

from agents.errors import UserError
from agents.wiring import Services
from bot.blocks.answer import answer_message
from bot.blocks.message import Message
from bot.feature import Feature, Turn
from bot.routing import first_word

_USAGE = "Write `/cairn ask NAME question`, or `ask question` in a thread."


async def _command(turn: Turn) -> None:
    found = await turn.services.indexes.list(turn.team_id)
    names = [index.name for index in found if index.activated_at is not None]
    name, question = _read(turn.text, names)
    channel, thread_ts = turn.place
    await turn.services.indexes.ask(
        turn.team_id, name, question, who=turn.user, channel=channel, thread_ts=thread_ts, event_key=turn.event.key
    )


def _read(text: str, names: list[str]) -> tuple[str, str]:
    """Return index and question; where there is one index only, it need not be named."""
    if not names:
        raise UserError("There is no index to ask yet. `/cairn index` makes one.")
    word, rest = first_word(text)
    if word in names and rest:
        return word, rest
    if len(names) == 1 and text.strip() and word not in names:
        return names[0], text.strip()
    if not text.strip() or word in names:
        raise UserError(f"What is the question? {_USAGE}")
    raise UserError(f"Which index? {_USAGE} There are: {', '.join(names)}.")


async def _answer(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    given = await services.indexes.answer(team_id, subject["answer_id"])
    return answer_message(given.index, given.question, given.asked_by, given.answer)


ASK = Feature(
    subcommand="ask",
    usage="ask [NAME] question",
    summary="ask an index; the answer quotes its documents",
    command=_command,
    # "ask @ana" puts the open question to a colleague.
    said=re.compile(r"ask\b(?![:,]?\s*<?@)[:,]?(?P<text>.*)", re.IGNORECASE | re.DOTALL),
    cards={"answer": _answer},
)
