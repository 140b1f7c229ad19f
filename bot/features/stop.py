"""Stop and resume: the switch with which admins stop everything in their workspace at once."""

from bot.blocks.budget import stopped_text
from bot.blocks.words import plural
from bot.feature import Feature, Turn


async def _stop(turn: Turn) -> None:
    stopped = await turn.services.halts.stop_all(turn.team_id, turn.user, turn.text, turn.event.key)
    await turn.say(stopped_text(stopped))


async def _resume(turn: Turn) -> None:
    runs = await turn.services.halts.resume_all(turn.team_id, turn.user, turn.event.key)
    await turn.say(f"{plural(runs, 'runs')} resumed. What is proposed can be approved again.")


STOP = Feature(
    subcommand="stop-all",
    usage="stop-all [reason]",
    summary="stop every run of this workspace at once, for admins",
    command=_stop,
)
RESUME = Feature(
    subcommand="resume-all",
    usage="resume-all",
    summary="let everything go on that was stopped, for admins",
    command=_resume,
)
