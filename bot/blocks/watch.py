"""Watched decisions: the reply that tells a flip, the list of what is watched, and the form for a new volume."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from agents.services.watch_view import FlipView, WatchView
from bot.blocks.elements import (
    actions,
    bullets,
    button,
    context,
    cut,
    escaped,
    header,
    input_block,
    message,
    modal,
    person,
    section,
    text_input,
)
from bot.blocks.message import Block, Message
from bot.blocks.say import with_mentions
from bot.blocks.verdict import COSTS, STOP_WATCH
from bot.blocks.words import instant

UPDATE_VOLUME, VOLUME_ENTERED, VOLUME = "update_volume", "volume_entered", "volume"
_ENTERED = "entered"
_LISTED = 8
_FLIPS_SHOWN = 3


def flip_message(flip: FlipView) -> Message:
    """Return the reply that tells of a flip: what changed, what came of it, and what to do about it."""
    blocks: list[Block] = [header(flip.headline)]
    blocks += [section(escaped(notice)) for notice in flip.notices]
    changed = [_changed(*line) for line in flip.changed]
    if flip.more_changed:
        changed.append(f"and {flip.more_changed} more")
    blocks += bullets("What changed", changed)
    blocks += bullets("What came of it", [_became(*line) for line in flip.became])
    blocks.append(context(f"Checked because {escaped(flip.because)} \u00b7 {instant(flip.at)}"))
    buttons = [button("See costs", COSTS, {"conversation_id": flip.conversation_id}, style="primary")]
    if flip.is_watched:
        buttons.append(button("Stop watching", STOP_WATCH, {"watch_id": flip.watch_id}))
    return message(f"{flip.headline}. {flip.title}", [*blocks, actions(*buttons)])


def watches_message(watches: Sequence[WatchView]) -> Message:
    """Return what is watched, the newest first; a phone shows three or four of them."""
    if not watches:
        text = "No decision is watched. Press \u201cWatch\u201d on a verdict, and I say in its thread when it flips."
        return message(text, [section(escaped(text))])
    blocks: list[Block] = []
    for watch in watches[:_LISTED]:
        blocks += _listed(watch)
    if len(watches) > _LISTED:
        blocks.append(context(f"and {len(watches) - _LISTED} more; `cairn watch` lists all"))
    return message(f"{len(watches)} watched decisions", blocks)


def volume_form(watch: WatchView, metadata: Mapping[str, Any]) -> Block:
    """Return the form for the volume of a watched decision; `metadata` comes back with it."""
    element = text_input(_ENTERED, "2M a month", most=100)
    blocks = [
        section(f"*{escaped(cut(watch.title, 150))}*"),
        input_block(
            VOLUME,
            "Requests now",
            element,
            hint="As you would say it: \u201c20k a day\u201d, \u201c1,5 Mio pro Monat\u201d, \u201c3-5k\u201d.",
        ),
    ]
    return modal(VOLUME_ENTERED, "Update volume", blocks, submit="Update", metadata=metadata)


def entered_volume(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what was typed as the volume; empty where nothing was."""
    return str(values[VOLUME][_ENTERED] or "").strip()


def _listed(watch: WatchView) -> list[Block]:
    cheapest = f" \u00b7 cheapest: {escaped(watch.cheapest)}" if watch.cheapest else ""
    lines = [f"*{escaped(cut(watch.title, 120))}*", f"{escaped(watch.verdict)} since {instant(watch.since)}{cheapest}"]
    lines += [f"\u26a0 {escaped(watch.unpriced)}"] if watch.unpriced else []
    lines += [f"\u2022  {escaped(each)}" for each in watch.outlook[:_FLIPS_SHOWN]]
    identity = {"watch_id": watch.watch_id}
    return [
        section("\n".join(lines)),
        context(_checked(watch)),
        actions(button("Update volume", UPDATE_VOLUME, identity), button("Stop watching", STOP_WATCH, identity)),
    ]


def _checked(watch: WatchView) -> str:
    checked = "not checked yet"
    if watch.checked_at is not None:
        checked = f"checked {instant(watch.checked_at)}, because {escaped(watch.checked_because)}"
    day = dt.date.fromisoformat(watch.prices_of)
    return f"{person(watch.saved_by)} watches it \u00b7 {checked} \u00b7 prices of {day.day} {day:%B %Y}"


def _changed(label: str, was: str, now: str, source: str) -> str:
    origin = f" _({with_mentions(escaped(source))})_" if source else ""
    return f"{escaped(label)}: {escaped(was)} \u2192 *{escaped(now)}*{origin}"


def _became(what: str, was: str, now: str) -> str:
    return (
        f"{escaped(what)}: {escaped(now)}" if was == now else f"{escaped(what)}: {escaped(was)} \u2192 *{escaped(now)}*"
    )
