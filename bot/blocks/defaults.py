"""What a workspace usually has: the list of it, the offer in a new thread, and the form that asks what to remember."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from agents.services.default_views import NAMES, DefaultView, Rememberable
from agents.services.defaults import Offer
from bot.blocks.elements import (
    CHECKBOXES,
    OPTION,
    actions,
    button,
    confirmation,
    context,
    cut,
    escaped,
    input_block,
    message,
    modal,
    option,
    person,
    section,
)
from bot.blocks.message import Block, Message
from bot.blocks.say import safe_markup
from bot.blocks.words import instant, listed, plural

REMEMBER, REMEMBERED = "remember_values", "values_remembered"
USE, DECLINE, FORGET_DEFAULT = "use_defaults", "decline_defaults", "forget_default"
STANDING = "standing"
_VOLUMES, _PICKED = "volumes", "picked"
_DAY = "{date_short}"


def defaults_message(views: Sequence[DefaultView], card_key: str) -> Message:
    """Return what is remembered, each with who said and who remembered it, and a button that forgets it."""
    how = f"`/cairn defaults set NAME VALUE` sets one by hand, such as `set gpu 2 x H100`. Names: {listed(NAMES)}"
    if not views:
        text = (
            "This workspace has no defaults yet. “Remember…” below a verdict or a cost comparison keeps what "
            "you pick of it, and new threads then offer to use it."
        )
        return message(text, [section(text), context(how)])
    title = "What this workspace usually has"
    blocks: list[Block] = [section(f"*{title}*")]
    blocks += [section(_listed(each), _forget(each, card_key)) for each in views]
    blocks.append(context("New threads offer it; nothing is an answer there before somebody presses. " + how))
    if len(views) > 1:
        ask = confirmation("Forget all of them?", "New threads then offer nothing.", "Forget all")
        value = {"names": None, "card": card_key}
        blocks.append(actions(button("Forget all", FORGET_DEFAULT, value, confirm=ask)))
    return message(f"{title}: " + "; ".join(f"{each.label} {each.shown}" for each in views), blocks)


def offer_message(offer: Offer) -> Message:
    """Return the offer in a thread; once it was used or turned down, a quiet line."""
    if offer.outcome:
        return _outcome(offer.outcome)
    if not offer.fitting:
        text = "What this workspace usually has is answered in this thread already."
        return message(text, [context(text)])
    lines = [f"•  {escaped(each.label)}: *{escaped(each.shown)}* · {_said(each)}{_age(each)}" for each in offer.fitting]
    identity = {"conversation_id": offer.conversation_id, "mark": offer.mark}
    buttons = actions(button("Use these", USE, identity), button("Not here", DECLINE, identity))
    note = context("Remembered from other threads. None of it is an answer here before somebody presses “Use these”.")
    text = "This workspace usually has: " + "; ".join(f"{each.label} {each.shown}" for each in offer.fitting)
    return message(text, [section("\n".join(["*This workspace usually has*", *lines])), note, buttons])


def remember_form(found: Sequence[Rememberable], metadata: Mapping[str, Any]) -> Block:
    """Return the form that asks what to remember; what is of the workspace is ticked, what is of the task is not."""
    blocks: list[Block] = [
        section("New threads of this workspace will offer what you tick, with your name as who had it remembered.")
    ]
    standing = [each for each in found if each.is_standing]
    volumes = [each for each in found if not each.is_standing]
    if standing:
        blocks.append(_boxes(STANDING, "Of the workspace", standing, is_ticked=True))
    if volumes:
        blocks.append(_boxes(_VOLUMES, "Of this task", volumes, is_ticked=False))
    blocks.append(context("`/cairn defaults` lists what is remembered, `/cairn forget defaults` forgets it."))
    return modal(REMEMBERED, "Remember for next time", blocks, submit="Remember", metadata=metadata)


def picked_marks(values: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the marks of what was ticked."""
    return [mark for block in (STANDING, _VOLUMES) for mark in (values.get(block) or {}).get(_PICKED) or ()]


def first_box(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the block of the form that an error stands at."""
    return STANDING if STANDING in values else _VOLUMES


def kept_text(views: Sequence[DefaultView]) -> str:
    """Return in words what is remembered now."""
    shown = "; ".join(f"{each.label}: {each.shown}" for each in views)
    return f"Remembered for this workspace: {escaped(shown)}. `/cairn defaults` shows and forgets it."


def _outcome(outcome: Mapping[str, Any]) -> Message:
    if "declined_by" in outcome:
        text = "The workspace's defaults are not used here"
        return message(f"{text}.", [context(f"{text}: {person(outcome['declined_by'])} left them out.")])
    taken, left = outcome.get("taken") or [], outcome.get("left") or []
    lines = [f"{person(outcome['used_by'])} used the workspace's defaults here: {escaped('; '.join(taken) or 'none')}"]
    lines += [f"Left as it is: {safe_markup(each)}" for each in left]
    return message("The workspace's defaults are used here: " + "; ".join(taken), [context("\n".join(lines))])


def _listed(view: DefaultView) -> str:
    line = f"{escaped(view.label)}: *{escaped(view.shown)}*{_age(view)}\n{_said(view)}"
    # Set by hand it is one and the same.
    if view.said_by == view.consented_by and view.consented_at - view.said_at < timedelta(days=1):
        return line
    return f"{line} · remembered by {person(view.consented_by)}, {instant(view.consented_at, _DAY)}"


def _said(view: DefaultView) -> str:
    return f"said by {person(view.said_by)}, {instant(view.said_at, _DAY)}"


def _age(view: DefaultView) -> str:
    return f" · ⚠ {plural(view.age_days, 'days')} old" if view.is_stale else ""


def _forget(view: DefaultView, card_key: str) -> Block:
    ask = confirmation(f"Forget “{cut(view.label, 60)}”?", f"{escaped(view.shown)} is then offered no more.", "Forget")
    value = {"names": [view.name], "card": card_key}
    return button("Forget", f"{FORGET_DEFAULT}:{view.name}", value, confirm=ask)


def _boxes(block_id: str, label: str, found: Sequence[Rememberable], *, is_ticked: bool) -> Block:
    options = [option(_box(each), each.mark) for each in found[:CHECKBOXES]]
    boxes: Block = {"type": "checkboxes", "action_id": _PICKED, "options": options}
    if is_ticked:
        boxes["initial_options"] = options
    return input_block(block_id, label, boxes, is_optional=True)


def _box(each: Rememberable) -> str:
    instead = f" (now {each.remembered})" if each.remembered else ""
    return cut(f"{each.label}: {each.shown}{instead}", OPTION)
