"""Ask a colleague: one question of the interview goes to somebody else, by the list under it or by "ask @ana"."""

from collections.abc import Mapping
from typing import Any

from agents.wiring import Services
from bot.blocks.delegate import ASK_COLLEAGUE, REMIND, TAKE_BACK, delegated_question
from bot.blocks.message import Message
from bot.blocks.question import colleague_message
from bot.blocks.say import with_mentions
from bot.feature import Feature, Turn


async def _ask(turn: Turn) -> None:
    colleague = turn.event.body["value"]
    if colleague is None:
        return
    conversation_id, question_id = delegated_question(turn.event.body["action_id"])
    await turn.services.conversations.delegate(
        turn.team_id,
        conversation_id,
        turn.user,
        question_id=question_id,
        colleague=colleague,
        event_key=turn.event.key,
    )


async def _remind(turn: Turn) -> None:
    done = await turn.services.delegations.remind(turn.team_id, turn.action_value()["delegation_id"])
    await turn.say(with_mentions(done))


async def _take_back(turn: Turn) -> None:
    await turn.services.delegations.take_back(turn.team_id, turn.action_value()["delegation_id"])


async def _card(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    question = await services.delegations.view(team_id, subject["delegation_id"])
    return colleague_message(subject["conversation_id"], question)


DELEGATE = Feature(
    actions={ASK_COLLEAGUE: _ask, REMIND: _remind, TAKE_BACK: _take_back},
    cards={"delegation": _card},
)
