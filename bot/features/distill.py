"""Distill: propose to make a student from a registered source that holds a distillation file."""

from agents.errors import UserError
from agents.services.distillations import FILE, KIND
from bot.feature import Feature, Turn
from bot.threads import start_thread


async def _command(turn: Turn) -> None:
    """Propose by `/cairn distill SOURCE`."""
    source = turn.text.strip()
    if not source:
        names = [each.name for each in await turn.services.indexes.sources(turn.team_id)]
        known = ", ".join(names) or "none yet; whoever runs Cairn registers one: `cairn sources add NAME FOLDER`"
        raise UserError(
            f"Which source? Write `/cairn distill SOURCE` with one that holds a {FILE}. There are: {known}."
        )
    # Looked at before the thread is started, which a refusal would leave empty.
    await turn.services.runs.require_requester(turn.team_id, turn.user, KIND)
    await turn.services.distillations.document_of(turn.team_id, source)
    channel, thread_ts = turn.place
    if thread_ts is None:
        channel, thread_ts = await start_thread(turn, f"A student from `{source}`")
    await turn.services.distillations.propose_from(
        turn.team_id,
        source,
        requested_by=turn.user,
        channel=channel,
        thread_ts=thread_ts,
        event_key=turn.event.key,
    )


DISTILL = Feature(
    subcommand="distill",
    usage="distill SOURCE",
    summary=f"propose to train a small model of your own, as {FILE} of a registered source says",
    command=_command,
)
