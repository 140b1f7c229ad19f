"""Choose between two answers that do not go together: keep the one that holds, or use the newer one."""

from collections.abc import Mapping
from typing import Any

from agents.wiring import Services
from bot.blocks.contradiction import KEEP, USE, contradiction_message
from bot.blocks.message import Message
from bot.feature import Feature, Turn


async def _keep(turn: Turn) -> None:
    await turn.services.contradictions.keep(turn.team_id, turn.action_value()["contradiction_id"], turn.user)


async def _use(turn: Turn) -> None:
    """Take the newer answer as one of whoever pressed; that closes the contradiction."""
    shown = await turn.services.contradictions.require_open(
        turn.team_id, turn.action_value()["contradiction_id"], turn.user
    )
    await turn.services.conversations.answer(
        turn.team_id,
        shown.conversation_id,
        turn.user,
        answers={shown.slot: shown.value},
        event_key=turn.event.key,
    )


async def _card(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return contradiction_message(await services.contradictions.view(team_id, subject["contradiction_id"]))


CONTRADICTIONS = Feature(actions={KEEP: _keep, USE: _use}, cards={"contradiction": _card})
