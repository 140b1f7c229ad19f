"""Workers: which hosts there are, what they have and do, and what waits for one."""

import re

from bot.blocks.workers import workers_text
from bot.feature import Feature, Turn


async def _command(turn: Turn) -> None:
    await turn.say(workers_text(await turn.services.workers.view(turn.team_id)))


WORKERS = Feature(
    subcommand="workers",
    usage="workers",
    summary="the hosts that work on runs, their GPUs, and what waits for one",
    command=_command,
    said=re.compile(r"(?:show |list )?workers[.!?]*", re.IGNORECASE),
)
