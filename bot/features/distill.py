"""Distill: propose to make a student, by a form or by the distillation file of a registered source."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.errors import UserError
from agents.services.distill_forms import Beside
from agents.services.distillations import FILE, KIND
from agents.store import inbox
from agents.store.inbox import Event
from agents.store.outbox import upsert_card
from agents.wiring import Services
from bot.blocks.distill_form import (
    DISTILL_FORM,
    OPEN_AGAIN,
    OPEN_DISTILL,
    distill_form_modal,
    entered_distill,
    form_again_message,
)
from bot.blocks.message import Block, Message
from bot.blocks.say import with_mentions
from bot.feature import Feature, Turn, action_value, say_card
from bot.threads import place_of


async def _form(services: Services, event: Event) -> Block:
    """Return the form, filled from the conversation that it is opened from, or the person's newest in the channel."""
    value = action_value(event) if event.kind == "action" else {}
    conversation_id = value.get("conversation_id") or await _conversation(services, event)
    place = {"channel": event.channel, "thread_ts": event.thread_ts, "conversation_id": conversation_id}
    form = await services.distill_forms.form(event.team_id, event.user_id, Beside(**place))
    return distill_form_modal(form, place)


async def _conversation(services: Services, event: Event) -> str | None:
    """Return the conversation of the thread, or the person's newest in the channel where it is in none."""
    if event.channel is None:
        return None
    async with services.database.team(event.team_id) as connection:
        if event.thread_ts is not None:
            return await inbox.conversation_of_thread(connection, event.team_id, event.channel, event.thread_ts)
        return await inbox.newest_conversation(connection, event.team_id, event.channel, event.user_id)


async def _wrong(services: Services, event: Event) -> Mapping[str, str]:
    return await services.distill_forms.wrong(event.team_id, entered_distill(event.body["values"]), _beside(event))


def _beside(event: Event) -> Beside:
    conversation_id = event.body["metadata"].get("conversation_id")
    return Beside(channel=event.channel, thread_ts=event.thread_ts, conversation_id=conversation_id)


async def _submitted(turn: Turn) -> None:
    """Propose what the form stands for; where that cannot be, the form can be opened again as it was sent."""
    try:
        await _propose(turn)
    except UserError as error:
        text = with_mentions(str(error))
        subject = {"text": text, "event": turn.event.key}
        card = replace(say_card(turn.event, "again", text), kind="distill_again", subject=subject)
        async with turn.services.database.team(turn.team_id) as connection:
            await upsert_card(connection, turn.team_id, card)


async def _form_again(services: Services, event: Event) -> Block:
    """Return the form as it was sent before."""
    async with services.database.team(event.team_id) as connection:
        sent = await inbox.body_of(connection, event.team_id, action_value(event)["event"], event.user_id)
    # What was forgotten is empty.
    if not sent:
        raise UserError("That form is not kept any more. Open a new one: `/cairn distill`.")
    place = sent["metadata"]
    form = await services.distill_forms.form(event.team_id, event.user_id, Beside(**place))
    return distill_form_modal(replace(form, texts=entered_distill(sent["values"])), place)


async def _again(_services: Services, _team_id: str, subject: Mapping[str, Any]) -> Message:
    return form_again_message(subject["text"], subject["event"])


async def _propose(turn: Turn) -> None:
    entered = entered_distill(turn.event.body["values"])
    # Asked before the thread is started, which a refusal would leave empty.
    await turn.services.runs.require_requester(turn.team_id, turn.user, KIND)
    document = await turn.services.distill_forms.document(turn.team_id, entered, _beside(turn.event))
    channel, thread_ts = await place_of(turn, f"A student for *{document['name']}*")
    await turn.services.distillations.propose(
        turn.team_id,
        document,
        requested_by=turn.user,
        channel=channel,
        thread_ts=thread_ts,
        conversation_id=turn.event.body["metadata"].get("conversation_id"),
        event_key=turn.event.key,
    )


async def _command(turn: Turn) -> None:
    """Propose by `/cairn distill SOURCE`; without a source the form opens instead."""
    source = turn.text.strip()
    # Looked at before the thread is started, which a refusal would leave empty.
    await turn.services.runs.require_requester(turn.team_id, turn.user, KIND)
    await turn.services.distillations.document_of(turn.team_id, source)
    channel, thread_ts = await place_of(turn, f"A student from `{source}`")
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
    usage="distill [SOURCE]",
    summary=f"propose to train a small model of your own, by a form or as {FILE} of a registered source says",
    command=_command,
    openers={"/distill": _form, OPEN_DISTILL: _form, OPEN_AGAIN: _form_again},
    checks={DISTILL_FORM: _wrong},
    views={DISTILL_FORM: _submitted},
    cards={"distill_again": _again},
)
