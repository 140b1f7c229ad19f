"""What Cairn keeps and how to have it forgotten, and what a thread is told once that was done."""

from collections.abc import Mapping, Sequence
from typing import Any

from agents.services.forgetting import KeptOfPerson, KeptThread
from bot.blocks.defaults import FORGET_DEFAULT
from bot.blocks.elements import button, confirmation, context, message, person, section
from bot.blocks.message import Block, Message
from bot.blocks.words import instant, listed, plural

FORGET_THREAD, FORGET_ME = "forget_thread", "forget_me"
_STAYS = (
    "What stays, since money hangs on it: proposals, approvals, runs, what was spent, what calls of a model cost, and "
    "the audit. What people wrote in Slack, and files that were exported, are Slack's: delete them there."
)
_AS_SOMEBODY = "what you answered in others' threads stays as somebody's, since their decisions rest on it"


def forget_message(
    thread: KeptThread | None, of_person: KeptOfPerson, defaults: Sequence[str], parts: Sequence[str]
) -> Message:
    """Return what is kept, with a button for each part that forgets it after one more question.

    Args:
        thread: The conversation that is meant, where there is one.
        of_person: What is kept of whoever asked.
        defaults: Names of the workspace's defaults that are meant.
        parts: Which to show: "thread", "me", "defaults".
    """
    shown = {"thread": _thread(thread), "me": _person(of_person), "defaults": _defaults(defaults)}
    blocks: list[Block] = [section("*What I keep, and how to have it forgotten*")] if len(parts) > 1 else []
    blocks += [shown[part] for part in parts]
    return message("What I keep, and how to have it forgotten", [*blocks, context(_STAYS)])


def forgotten_message(subject: Mapping[str, Any]) -> Message:
    """Return what a thread is told of having been forgotten."""
    kept = subject["kept"]
    gone = _listed(kept, ("answers", "verdicts", "questions", "comparisons"))
    stays = _listed(kept, ("proposals", "calls"))
    line = f"{person(subject['who'])} had this conversation forgotten: {gone or 'what was said'}, and my messages."
    lines = [line, f"Still kept: {stays}, what came of them, and the audit." if stays else "Still kept: the audit."]
    lines.append("What people wrote here is Slack's; delete it there. Write to me to begin anew.")
    return message("This conversation was forgotten.", [context("\n".join(lines))])


def _thread(thread: KeptThread | None) -> Block:
    if thread is None:
        return section("*This conversation*\nThere is none here. Write `forget this thread` to me in its thread.")
    begun = f"begun by {person(thread.started_by)}, {instant(thread.created_at)}"
    kept = _counts(thread)
    text = f"*This conversation*, {begun}\n{kept}, with all that was said in it. My messages there are taken back."
    ask = confirmation("Forget this conversation?", "It cannot be brought back.", "Forget it")
    value = {"channel": thread.channel, "thread_ts": thread.thread_ts, "since": thread.since}
    return section(text, button("Forget it", FORGET_THREAD, value, style="danger", confirm=ask))


def _person(kept: KeptOfPerson) -> Block:
    counts = {
        "that you began": (kept.conversations, "conversations"),
        "in those of others": (kept.answers_elsewhere, "answers"),
        "of the workspace": (kept.defaults, "defaults"),
        "to me": (kept.messages, "messages"),
    }
    found = [f"{plural(number, unit)} {where}" for where, (number, unit) in counts.items() if number]
    gone = f"Forgotten are the conversations, the defaults and every word; {_AS_SOMEBODY}."
    lines = ["*You*", f"{', '.join(found) or 'Nothing'}.", gone]
    ask = confirmation("Forget what you said?", "Your conversations go as a whole. It cannot be undone.", "Forget me")
    return section("\n".join(lines), button("Forget me", FORGET_ME, {}, style="danger", confirm=ask))


def _defaults(names: Sequence[str]) -> Block:
    if not names:
        return section("*The workspace's defaults*\nThere are none.")
    ask = confirmation("Forget these defaults?", "New threads then offer them no more.", "Forget them")
    value = {"names": list(names), "card": ""}
    text = f"*The workspace's defaults*\n{listed(names)}; `/cairn defaults` says who gave them."
    return section(text, button("Forget them", FORGET_DEFAULT, value, style="danger", confirm=ask))


def _counts(thread: KeptThread) -> str:
    kept = thread.kept
    counts = {"answers": kept.answers, "verdicts": kept.verdicts, "comparisons": kept.comparisons}
    watched = ", a watch" if kept.watches else ""
    return (_listed(counts, tuple(counts)) or "No answer yet") + watched


def _listed(kept: Mapping[str, int], names: Sequence[str]) -> str:
    words = {"comparisons": "cost comparisons", "calls": "calls of a model"}
    found = []
    for name in names:
        if kept[name] == 1 and name == "calls":
            found.append("1 call of a model")
        elif kept[name]:
            found.append(plural(kept[name], words.get(name, name)))
    return ", ".join(found)
