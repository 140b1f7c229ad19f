"""The form that proposes an index."""

from collections.abc import Mapping, Sequence
from typing import Any

from agents.store.rag import IndexRow
from bot.blocks.elements import OPTIONS, choice, context, escaped, input_block, modal, option, text_input
from bot.blocks.message import Block
from bot.blocks.words import instant, plural

PROPOSE = "propose_index"
NAME, SOURCE = "name", "source"
_ENTERED = "entered"


def index_form(sources: Sequence[str], metadata: Mapping[str, Any], *, name: str = "", source: str = "") -> Block:
    """Return the form with the registered sources to choose from; `metadata` comes back with it.

    Args:
        sources: The names to choose from.
        metadata: Where the proposal is to go.
        name: What the form begins with, where a proposal is changed.
        source: The same.
    """
    options = [option(name, name) for name in sources[:OPTIONS]]
    only = sources[0] if len(sources) == 1 else ""
    chooser = choice(_ENTERED, "Choose a source", options, chosen=source if source in sources else only)
    name_input = text_input(_ENTERED, "handbook", most=63, begun=name)
    replaced = "It takes the place of the proposal that it was opened from. " if name else ""
    blocks = [
        input_block(NAME, "Name", name_input, hint="What people will ask it by: /cairn ask NAME question"),
        input_block(SOURCE, "Source", chooser),
        context(f"This only proposes. {replaced}Nothing is read before somebody with the role approves the proposal."),
    ]
    return modal(PROPOSE, "Index documents", blocks, submit="Propose", metadata=metadata)


def index_line(index: IndexRow) -> str:
    """Return an index as one line of a list."""
    if index.activated_at is None:
        return f"*{escaped(index.name)}* · not filled yet"
    unread = f", {plural(index.failed, 'files')} not read" if index.failed else ""
    size = f"{plural(index.documents or 0, 'documents')}{unread}"
    return f"*{escaped(index.name)}* · {size} · {instant(index.activated_at)}"


def entered(values: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """Return name and source as entered."""
    return (str(values[NAME][_ENTERED] or "").strip(), str(values[SOURCE][_ENTERED] or ""))
