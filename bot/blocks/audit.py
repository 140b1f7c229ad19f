"""The newest entries of the audit as lines, and the button for all of them."""

from collections.abc import Sequence

from agents.services.audits import Entry
from bot.blocks.elements import actions, button, context, cut, escaped, message, person, section
from bot.blocks.message import Message
from bot.blocks.words import instant

EXPORT = "export_audit"
_DETAILS = 120


def audit_message(entries: Sequence[Entry], subject: str) -> Message:
    """Return the newest entries, newest first; `subject` is what they are about, empty for everything."""
    about = f" of `{escaped(subject)}`" if subject else ""
    if not entries:
        return message(f"No entries in the audit{about}", [section(f"There are no entries in the audit{about}.")])
    lines = [_line(entry) for entry in entries]
    return message(
        "Audit, newest first",
        [
            section(f"*Audit*{about}, newest first"),
            *(section(line) for line in lines),
            context("The export comes as a CSV file into your direct messages."),
            actions(button("Export", EXPORT, {"subject": subject})),
        ],
    )


def _line(entry: Entry) -> str:
    at = f"{instant(entry.at)} · " if entry.at is not None else ""
    details = ", ".join(f"{name} {value}" for name, value in entry.details.items() if value is not None)
    more = f"\n      _{escaped(cut(details, _DETAILS))}_" if details else ""
    return f"{at}{person(entry.who)} · *{escaped(entry.action)}* · `{escaped(entry.subject)}`{more}"
