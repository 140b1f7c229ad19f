"""Help: what can be asked for, made from the features themselves; and the Home tab."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.help import COMMAND, help_text, home_view
from bot.blocks.index import index_line
from bot.blocks.markdown import markdown_message
from bot.blocks.message import Message, Suggestion
from bot.blocks.model import talking_lines
from bot.blocks.run import run_line
from bot.blocks.say import say_message
from bot.blocks.workers import waiting_line, worker_line
from bot.feature import Feature, Handler, Renderer, Turn
from bot.features.people import standing_text
from bot.routing import closest, first_word

_RUNS_SHOWN = 8


def help_feature(others: Iterable[Feature]) -> Feature:
    """Return the feature that explains the others, itself included."""
    commands = [*usages(others), ("help", "this list")]

    async def command(turn: Turn) -> None:
        await turn.say(help_text(commands))

    return Feature(
        subcommand="help",
        usage="help",
        summary="this list",
        command=command,
        said=re.compile(r"(?:help|what can you do)[.!?]*", re.IGNORECASE),
        cards={"say": _say, "home": _home(commands)},
        home=_refresh_home,
    )


def unknown_command(features: tuple[Feature, ...]) -> Handler:
    """Return what answers a subcommand that does not exist, and none at all."""

    async def answer(turn: Turn) -> None:
        word, _ = first_word(turn.text)
        text = help_text(usages(features))
        if word:
            near = closest(word, features)
            guess = f" Did you mean `{COMMAND} {near}`?" if near else ""
            text = f"There is no `{COMMAND} {word[:40]}`.{guess}\n\n{text}"
        await turn.say(text)

    return answer


def usages(features: Iterable[Feature]) -> list[tuple[str, str]]:
    """Return usage and summary of each feature that has a subcommand."""
    return [(feature.usage, feature.summary) for feature in features if feature.subcommand is not None]


async def _say(_services: Services, _team_id: str, subject: Mapping[str, Any]) -> Message:
    suggestions = [Suggestion(label=each["label"], text=each["text"]) for each in subject.get("suggestions") or []]
    shown = markdown_message if subject.get("markdown") else say_message
    return shown(subject["text"], suggestions)


async def _refresh_home(turn: Turn) -> None:
    card = Card(f"home:{turn.user}", turn.user, None, "home", {"user": turn.user})
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


def _home(commands: list[tuple[str, str]]) -> Renderer:
    async def render(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
        # A tab that an earlier version drew names nobody until it is opened again.
        user = subject.get("user")
        standing = standing_text(await services.people.standing(team_id, user)) if user else ""
        talking = await services.talking.view(team_id, user_id=user)
        runs = [run_line(run) for run in await services.runs.newest(team_id, _RUNS_SHOWN)]
        indexes = [index_line(index) for index in await services.indexes.list(team_id)]
        workers = await services.workers.view(team_id)
        lines = [worker_line(worker) for worker in workers.workers]
        waiting = [waiting_line(stage) for stage in workers.waiting]
        home = home_view(commands, runs, indexes, lines, waiting, standing=standing, talking=talking_lines(talking))
        return Message(text="Cairn", home=home)

    return render
