"""A file of examples that was dropped in a thread: what it holds, and what can be made of it."""

from collections.abc import Mapping
from typing import Any, Final

from bot.blocks.distill_form import OPEN_DISTILL
from bot.blocks.elements import actions, button, context, escaped, message, section
from bot.blocks.message import Message

_LABELS: Final = 12


def data_file_message(name: str, summary: Mapping[str, Any]) -> Message:
    """Return what a kept file holds; `summary` as of `agents.distillation.data.data_summary`."""
    rows, with_output, labels = int(summary["rows"]), int(summary["with_output"]), list(summary["labels"])
    if with_output:
        held = "each with an output" if with_output == rows else f"{with_output:,} of them with an output"
    else:
        held = "without outputs"
    told = f"*{escaped(name)}*: {rows:,} {'row' if rows == 1 else 'rows'}, {held}."
    if labels:
        more = f" and {len(labels) - _LABELS} more" if len(labels) > _LABELS else ""
        told += f"\n{len(labels)} labels: {', '.join(escaped(label) for label in labels[:_LABELS])}{more}"
    use = button("Make a model of it", OPEN_DISTILL, {})
    note = "Kept for this thread as it is now. The form knows it by its name; drop other files beside it."
    return message(f"{name}: {rows:,} rows", [section(told), actions(use), context(note)])
