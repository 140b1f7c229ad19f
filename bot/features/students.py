"""Students: which there are, what their aliases point to, and the buttons that move them."""

import re
from collections.abc import Mapping
from typing import Any

from agents.distillation.registry import Student
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.elements import escaped
from bot.blocks.message import Message
from bot.blocks.students import BACK, POINT, RETIRE, students_message
from bot.feature import Feature, Turn


async def _command(turn: Turn) -> None:
    channel, thread_ts = turn.place
    card = Card(f"students:{turn.event.key}", channel, thread_ts, "students", {}, turn.user)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _back(turn: Turn) -> None:
    alias = turn.action_value()["alias"]
    student = await turn.services.students.back(turn.team_id, alias, turn.user, event_key=turn.event.key)
    await turn.say(f"*{escaped(alias)}* points to {escaped(student.label)} again; its server follows within a moment.")


async def _point(turn: Turn) -> None:
    value = turn.action_value()
    alias, label = value["alias"], value["label"]
    student = await turn.services.students.point(turn.team_id, alias, label, turn.user, event_key=turn.event.key)
    await turn.say(f"*{escaped(alias)}* points to {escaped(student.label)}; its server follows within a moment.")


async def _retire(turn: Turn) -> None:
    label = turn.action_value()["label"]
    student: Student = await turn.services.students.retire(turn.team_id, label, turn.user, event_key=turn.event.key)
    await turn.say(f"{escaped(student.label)} is retired; its files stay with run `{student.run_id}`.")


async def _students(services: Services, team_id: str, _subject: Mapping[str, Any]) -> Message:
    return students_message(await services.students.view(team_id))


STUDENTS = Feature(
    subcommand="students",
    usage="students",
    summary="the small models of your own: scores, aliases, roll back, retire",
    command=_command,
    said=re.compile(r"(?:show |list |our |the )*students[?!. ]*", re.IGNORECASE),
    actions={BACK: _back, POINT: _point, RETIRE: _retire},
    cards={"students": _students},
)
