"""People: what somebody may do here, and why."""

import re

from agents.runs.roles import Role, Standing
from bot.blocks.say import with_mentions
from bot.feature import Feature, Turn

_MAY = {
    Role.VIEWER: "You may look at everything and ask the indexes.",
    Role.REQUESTER: "You may propose runs, and cancel or retry those that you asked for.",
    Role.APPROVER: "You may propose runs, approve and deny proposals, and cancel or retry any run.",
    Role.ADMIN: "You may do all that approvers may, choose who talks, set budgets and stop everything.",
}


def standing_text(standing: Standing) -> str:
    """Return somebody's role, why they have it and what they may do, as they read it."""
    return with_mentions(f"You are *{standing}*. {_MAY[standing.role]}")


async def _command(turn: Turn) -> None:
    people = turn.services.people
    standing = await people.standing(turn.team_id, turn.user)
    lines = [standing_text(standing)]
    if standing.role < Role.APPROVER:
        lines.append(f"Approving is for others. {await people.whom_to_ask(turn.team_id, Role.APPROVER)}")
    await turn.say(with_mentions("\n".join(lines)))


PEOPLE = Feature(
    subcommand="whoami",
    usage="whoami",
    summary="your role here, and why",
    command=_command,
    said=re.compile(r"who ?am ?i[.!?]*", re.IGNORECASE),
)
