"""The guide's tables beside a comparison's figures: one at a time, since a message holds one table."""

from agents.costs.guide_tables.tables import GuideTable
from bot.blocks.elements import actions, choice, context, escaped, message, option, section, table
from bot.blocks.message import Block, Message

GUIDE_TABLE = "guide_table"


def guide_message(conversation_id: str, tables: tuple[GuideTable, ...], chosen: str) -> Message:
    """Return one of the guide's tables, with a list to see another."""
    shown = next((each for each in tables if each.id == chosen), tables[0])
    options = [option(each.title, f"{conversation_id}:{each.id}") for each in tables]
    picker = choice(GUIDE_TABLE, "Another table…", options, chosen=options[tables.index(shown)]["value"])
    blocks: list[Block] = [
        section(f"*Beside the guide: {escaped(shown.title)}*"),
        table([shown.columns, *shown.rows]),
        *([context(escaped(shown.note))] if shown.note else []),
        actions(picker),
    ]
    return message(f"Beside the guide: {shown.title}", blocks)
