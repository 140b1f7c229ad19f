"""Who talks: the model with its price, what talking costs and may cost, and the form that sets the limits."""

from collections.abc import Mapping
from typing import Any

from agents.runs.money import dollars
from agents.services.talk_limits import DEFAULTS, TalkScope
from agents.services.talkers import DEFAULT, TalkerView
from agents.services.talking import TalkingView, lapse_words, limit_words, usage_words
from bot.blocks.elements import (
    actions,
    button,
    choice,
    context,
    escaped,
    input_block,
    message,
    modal,
    option,
    person,
    section,
    text_input,
)
from bot.blocks.message import Block, Message
from bot.blocks.words import instant

USE_TALKER, CHANGE_LIMITS, SET_LIMITS = "model_use", "model_limits", "model_limits_form"
_ENTERED = "entered"
_LABELS = {
    TalkScope.THREAD: "One thread",
    TalkScope.USER: "One person in a day (UTC)",
    TalkScope.DAY: "A day (UTC)",
    TalkScope.WORKSPACE: "A calendar month (UTC)",
}
_COUNTED_LABELS = {
    TalkScope.THREAD: "This thread",
    TalkScope.USER: "You today (UTC)",
    TalkScope.DAY: "Everybody today (UTC)",
    TalkScope.WORKSPACE: "Everybody this month (UTC)",
}


def model_message(view: TalkingView, *, may_change: bool) -> Message:
    """Return who talks, at which price, what it cost and what is left; with what changes it for whoever may."""
    blocks = [
        section("\n".join([talker_line(view), *_notes(view)])),
        section("\n".join(cost_lines(view))),
        context(f"This month: {escaped('; '.join(usage_words(view.costs.workspace.month)))}."),
        context("\n".join(_set_by(view))),
    ]
    if may_change:
        chosen = choice(USE_TALKER, "Who talks", _options(view.talker))
        blocks.append(actions(chosen, button("Change limits", CHANGE_LIMITS)))
    return message(f"Who talks here: {view.talker.name}", blocks)


def talker_line(view: TalkingView) -> str:
    """Return who talks and what that is, as markup."""
    if view.spoken is None:
        return "*guided* talks: rules and buttons, without a model."
    return f"*{escaped(view.talker.name)}* talks: `{escaped(view.spoken.model)}`"


def talking_lines(view: TalkingView) -> list[str]:
    """Return who talks, what keeps it from talking, and what it costs, a line of markup each."""
    line = f"{talker_line(view)}  (`/cairn model`)"
    if view.spoken is None and not view.costs.workspace.month.calls:
        return [line]
    shown = [each for each, cap in zip(cost_lines(view), view.costs.caps, strict=True) if cap.scope != TalkScope.THREAD]
    return [line, *warning_lines(view), *shown]


def warning_lines(view: TalkingView) -> list[str]:
    """Return what keeps the model from talking just now, as markup; nothing where nothing does."""
    lines = []
    if view.spoken is not None and view.spoken.is_unpriced:
        lines.append(f"⚠ {escaped(view.spoken.words)}")
    if view.lapse is not None:
        when = instant(view.lapse.ended_at)
        lines.append(f"⚠ It {lapse_words(view.lapse)} ({when}); threads go on by buttons until it answers again.")
    return lines


def cost_lines(view: TalkingView) -> list[str]:
    """Return each limit with what counts against it, as markup."""
    counted = {
        TalkScope.THREAD: view.costs.thread is not None,
        TalkScope.USER: view.costs.person is not None,
        TalkScope.DAY: True,
        TalkScope.WORKSPACE: True,
    }
    lines = []
    for cap in view.costs.caps:
        is_counted = counted[cap.scope]
        label = (_COUNTED_LABELS if is_counted else _LABELS)[cap.scope]
        lines.append(f"*{label}*: {limit_words(cap, is_counted=is_counted)}")
    return lines


def limits_form(view: TalkingView, metadata: Mapping[str, Any]) -> Block:
    """Return the form with the limits as admins set them; an empty field is the limit that Cairn comes with."""
    blocks = [context("In dollars. `none` is no limit, an empty field the limit that Cairn comes with.")]
    for scope in TalkScope:
        budget = view.costs.who_set(scope)
        begun = ""
        if budget is not None:
            begun = "none" if budget.limit_usd is None else f"{budget.limit_usd.normalize():f}"
        amount = text_input(_ENTERED, f"{dollars(DEFAULTS[scope])} unless set", most=20, begun=begun)
        blocks.append(input_block(scope, _LABELS[scope], amount, is_optional=True))
    return modal(SET_LIMITS, "What talking may cost", blocks, submit="Set", metadata=metadata)


def entered_limits(values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what was entered for each limit, `default` for an empty field."""
    return {str(scope): str(values[scope][_ENTERED] or "").strip() or DEFAULT for scope in TalkScope}


def _notes(view: TalkingView) -> list[str]:
    lines = []
    if view.spoken is not None and not view.spoken.is_unpriced:
        lines.append(escaped(view.spoken.words))
    if view.fills is not None:
        lines.append(f"`{escaped(view.fills.model)}` takes what is said into answers: {escaped(view.fills.words)}")
    return [*lines, *warning_lines(view)]


def _set_by(view: TalkingView) -> list[str]:
    talker = view.talker
    lines = [f"{talker.name} is the default of this installation."]
    if talker.choice is not None:
        by = f"chosen by {person(talker.choice.set_by)}, {instant(talker.choice.set_at)}"
        lines = [f"{escaped(talker.choice.name)}: {by}"]
        if talker.choice.name != talker.name:
            lines[0] += f"; it is no longer configured, so {talker.name} talks"
    for scope in TalkScope:
        budget = view.costs.who_set(scope)
        if budget is not None:
            lines.append(f"{_LABELS[scope]}: set by {person(budget.set_by)}, {instant(budget.set_at)}")
    rule = "A call of a model is made only where its most fits under every limit. Admins switch and set limits."
    return [*lines, rule]


def _options(talker: TalkerView) -> list[Block]:
    named = [
        option(f"{name}: {model}" if model else f"{name}: buttons, no model", name)
        for name, model in talker.models.items()
    ]
    return [*named, option(f"The default: {talker.default}", DEFAULT)]
