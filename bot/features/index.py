"""Index: a form that proposes to index a registered source, so that its documents can be asked."""

import re
from collections.abc import Mapping

from agents.errors import UserError
from agents.runs.views import ProposalView
from agents.store.inbox import Event
from agents.wiring import Services
from bot.blocks.index import NAME, PROPOSE, entered, index_form
from bot.blocks.message import Block
from bot.blocks.verdict import INDEX
from bot.feature import Feature, Turn, action_value
from bot.threads import place_of

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_NAME_RULE = "Use lower-case letters, digits, - and _, 63 at most, beginning with a letter or digit."
_NO_SOURCE = (
    "There is no source to index yet. Whoever runs Cairn registers one on its host: `cairn sources NAME FOLDER`."
)


async def _form(services: Services, event: Event) -> Block:
    """Return the form; it remembers where the proposal is to go."""
    await services.runs.require_requester(event.team_id, event.user_id, "index")
    sources = [source.name for source in await services.indexes.sources(event.team_id)]
    if not sources:
        raise UserError(_NO_SOURCE)
    value = action_value(event) if event.kind == "action" else {}
    place = {"channel": event.channel, "thread_ts": event.thread_ts, **value}
    return index_form(sources, place)


async def change_form(services: Services, team_id: str, proposal: ProposalView) -> Block:
    """Return the form filled with a proposal's name and source; submitted, it replaces the proposal by a new one."""
    sources = [source.name for source in await services.indexes.sources(team_id)]
    place = {
        "channel": proposal.channel,
        "thread_ts": proposal.thread_ts,
        "conversation_id": proposal.conversation_id,
        "replaces": proposal.id,
    }
    return index_form(sources, place, name=proposal.params["name"], source=proposal.params["source"])


async def _wrong(_services: Services, event: Event) -> Mapping[str, str]:
    name, _ = entered(event.body["values"])
    return {} if _NAME.fullmatch(name) else {NAME: f"{name!r} cannot be a name. {_NAME_RULE}"}


async def _submitted(turn: Turn) -> None:
    name, source = entered(turn.event.body["values"])
    place = turn.event.body["metadata"]
    await _propose(turn, name, source, place.get("conversation_id"), place.get("replaces"))


async def _command(turn: Turn) -> None:
    """Propose by `/cairn index NAME [SOURCE]`; without a name the form opens instead."""
    name, _, source = turn.text.partition(" ")
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot be the name of an index. {_NAME_RULE}")
    if not source:
        names = [each.name for each in await turn.services.indexes.sources(turn.team_id)]
        if not names:
            raise UserError(_NO_SOURCE)
        if len(names) > 1:
            raise UserError(f"Which source? Write `/cairn index {name} SOURCE` with one of: {', '.join(names)}.")
        source = names[0]
    await _propose(turn, name, source.strip(), None)


async def _propose(
    turn: Turn, name: str, source: str, conversation_id: str | None, replaces: str | None = None
) -> None:
    # Asked before the thread is started, which a refusal would leave empty.
    await turn.services.runs.require_requester(turn.team_id, turn.user, "index")
    channel, thread_ts = await place_of(turn, f"Index `{source}` as *{name}*")
    await turn.services.indexes.propose(
        turn.team_id,
        name,
        source,
        requested_by=turn.user,
        channel=channel,
        thread_ts=thread_ts,
        conversation_id=conversation_id,
        event_key=turn.event.key,
        replaces=replaces,
    )


INDEX_FEATURE = Feature(
    subcommand="index",
    usage="index [NAME SOURCE]",
    summary="index documents, so that a thread can ask them",
    command=_command,
    openers={"/index": _form, INDEX: _form},
    checks={PROPOSE: _wrong},
    views={PROPOSE: _submitted},
)
