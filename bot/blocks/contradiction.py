"""Two answers that do not go together, side by side, with a button for each; then what was chosen, and by whom."""

from agents.services.decision_state import Answer, Contradiction
from bot.blocks.elements import actions, button, context, cut, escaped, message, person, section
from bot.blocks.message import Message
from bot.blocks.words import instant

KEEP, USE = "keep_answer", "use_newer_answer"
# A button's label is cut at 75 characters; the amount is what tells two apart.
_VALUE_ON_BUTTON = 50


def contradiction_message(shown: Contradiction) -> Message:
    """Return the card of two answers: with buttons while nobody has chosen, a quiet line after."""
    if shown.state != "open":
        return _settled_message(shown)
    held = shown.held
    lines = [
        f"*Two answers: {escaped(shown.question)}*",
        f"•  {_said(held.shown, held.who, held)} · holds now",
        f"•  *{escaped(shown.shown)}*, {person(shown.who)}, {instant(shown.raised_at)}",
        "Which one is right? Nothing changes before somebody chooses.",
    ]
    identity = {"contradiction_id": shown.contradiction_id}
    buttons = actions(
        button(f"Keep {cut(held.shown, _VALUE_ON_BUTTON)}", KEEP, identity),
        button(f"Use {cut(shown.shown, _VALUE_ON_BUTTON)}", USE, identity),
    )
    text = f"Two answers: {shown.question}. {held.shown} holds; {shown.shown} was said since. Which one is right?"
    return message(text, [section("\n".join(lines)), buttons])


def _settled_message(shown: Contradiction) -> Message:
    """Return what came of it, on one line."""
    chosen, other = (shown.held.shown, shown.shown) if shown.state == "kept" else (shown.shown, shown.held.shown)
    by, at = shown.decided_by or "", shown.decided_at
    when = f", {instant(at)}" if at is not None else ""
    if shown.state == "overtaken":
        now = shown.current.shown if shown.current is not None else "not answered"
        line = f"{escaped(shown.question)}: *{escaped(now)}*, answered by {person(by)}{when}"
        text = f"{shown.question}: {now}."
    else:
        verb = "kept" if shown.state == "kept" else "chosen"
        line = f"{escaped(shown.question)}: *{escaped(chosen)}*, {verb} by {person(by)}{when} · not {escaped(other)}"
        text = f"{shown.question}: {chosen}, not {other}."
    return message(text, [context(line)])


def _said(value: str, who: str, answer: Answer) -> str:
    return f"*{escaped(value)}*, {person(who)}, {instant(answer.said_at)}"
