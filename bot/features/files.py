"""Files: tables of examples that people drop where Cairn is are kept, and can be chosen in forms."""

from collections.abc import Mapping
from typing import Any, Final

from agents.errors import UserError
from agents.services.data_sources import MOST_BYTES
from agents.services.distillations import KIND
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.data_file import data_file_message
from bot.blocks.message import Message
from bot.blocks.say import with_mentions
from bot.feature import Feature, Turn

_ENDINGS: Final = (".jsonl", ".ndjson", ".csv")
_MOST: Final = 10


async def _dropped(turn: Turn) -> None:
    """Keep each file that holds examples, and say why not of each other one."""
    files = turn.event.body["files"]
    for file in files[:_MOST]:
        try:
            await _keep(turn, file)
        except UserError as error:
            await turn.say(with_mentions(str(error)))
    if len(files) > _MOST:
        await turn.say(f"Only the first {_MOST} files of a message are looked at. Drop the others in another one.")


async def _keep(turn: Turn, file: Mapping[str, Any]) -> None:
    if file["name"] and not _is_table(file["name"]):
        raise _no_table(file["name"])
    await turn.services.runs.require_requester(turn.team_id, turn.user, KIND)
    name, content = await turn.downloads.read(turn.team_id, file["id"], at_most=MOST_BYTES)
    if not _is_table(name):
        raise _no_table(name)
    channel, thread_ts = turn.place
    _, summary = await turn.services.data_sources.take_file(
        turn.team_id, name, content, channel=channel, thread_ts=thread_ts
    )
    card = Card(f"data:{turn.event.key}:{file['id']}", channel, thread_ts, "data_file", {"name": name, **summary})
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


def _is_table(name: str) -> bool:
    return name.lower().endswith(_ENDINGS)


def _no_table(name: str) -> UserError:
    return UserError(
        f"{name} is not read: from a thread I take examples to learn from ({', '.join(_ENDINGS)}). Documents to answer "
        "from come from a folder that whoever runs Cairn registers: `cairn sources add NAME FOLDER`."
    )


async def _data_file(_services: Services, _team_id: str, subject: Mapping[str, Any]) -> Message:
    return data_file_message(subject["name"], subject)


FILES = Feature(files=_dropped, cards={"data_file": _data_file})
