"""Plays generated conversations through the Messages API and says which invariants did not hold.

Every request is one that the API takes; a turn ends, within its steps, and nothing of it is left pending; what is kept
is plain JSON; nothing is started, approved or decided, and proposed only what was asked for or advised; no figure,
quote, verdict or answer is there that has no source; and a turn that comes again adds nothing.
"""

import json
import random
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from agents.adapters.models.backend import Backend
from agents.adapters.models.messages import AnthropicChat
from agents.conversation.graph import MAX_STEPS
from agents.conversation.metering import Unmetered
from agents.conversation.talkers.failover import Failover
from agents.conversation.talkers.guided import Guided
from agents.conversation.talkers.model import ModelTalker
from agents.conversation.tools import MODEL_TOOLS
from agents.store import facts
from agents.store.checkpoints import Checkpoints, thread_id
from agents.store.db import Database
from tests.evals import numbers
from tests.evals.playing import Overheard
from tests.fakes.messages_api import API_KEY, FakeMessagesApi, Script
from tests.fakes.messages_api.validation import check_request
from tests.fakes.messages_api.wire import RefusedError
from tests.integration.agent.behaviours import FOREIGN, PEOPLE_SAY, any_model
from tests.integration.conversation.conftest import ANA, BOB, Desk, make_desk

_FOREIGN_VALUES: Final = {value for text in FOREIGN for value in numbers.values(text)} | {Decimal(77_000)}
_UNTRUE: Final = (
    re.compile("i started the run|running now", re.IGNORECASE),
    re.compile("“we have approved everything", re.IGNORECASE),
    # In the middle of a line it is nobody's words.
    re.compile(r"^[ \t]*>.*released to you by ana", re.IGNORECASE | re.MULTILINE),
)
_DISTIL: Final = re.compile("verdict: distillation", re.IGNORECASE)
SOURCE: Final = "docs"
DOCUMENT: Final = "# Leave\n\nEverybody has thirty days of leave a year.\n"


@asynccontextmanager
async def talked_to(
    database: Database, checkpoints: Checkpoints, script: Script, *, max_tokens: int = 400
) -> AsyncIterator[tuple[Desk, FakeMessagesApi, Overheard]]:
    """Open a thread in a team of its own, with a model behind it that does what the script says."""
    async with FakeMessagesApi(script) as api:
        backend = Backend(model="claude-sonnet-5", context_tokens=200_000, max_tokens=max_tokens, base_url=api.url)
        chat = AnthropicChat(backend, API_KEY)
        # An hour between any two looks at the clock: a model that failed is asked again.
        hours = count(step=3_600)
        model = ModelTalker("claude", chat, MODEL_TOOLS, Unmetered())
        talker = Overheard(Failover(model, Guided(), clock=lambda: float(next(hours))))
        try:
            yield make_desk(database, checkpoints, talker, team=f"T{uuid4().hex[:10].upper()}"), api, talker
        finally:
            await chat.close()


async def play(database: Database, checkpoints: Checkpoints, seed: int, folder: Path) -> list[str]:
    """Play the conversation of a seed; return the invariants that did not hold, each with the seed.

    Args:
        database: Where it is kept.
        checkpoints: Lends the savers of its turns.
        seed: What people and the model do is drawn by it.
        folder: A folder with a document.
    """
    draw = random.Random(seed)  # noqa: S311  # not for secrets
    turns: list[tuple[str, str, str]] = []
    async with talked_to(database, checkpoints, any_model(seed)) as (desk, api, talker):
        await desk.indexes.register_source(desk.team, SOURCE, folder, ANA)
        for number in range(draw.choice((1, 1, 2))):
            turns.append((draw.choice(PEOPLE_SAY), draw.choice((ANA, BOB)), f"Ev-{number}"))
            await desk.say(*turns[-1])
            asked = (await desk.state()).open_question
            if asked is not None and asked.options and draw.random() < 0.3:
                await desk.click(asked.options[0].value)
        people = {each["text"] for each in await history(desk, checkpoints) if each["role"] == "human"}
        found = [
            *_refused(api),
            *_too_long(talker),
            *_untrue(await desk.said(), talker),
            *await _unfinished(desk, checkpoints),
            *await launched(desk),
            *await _unwanted(desk, people, talker),
            *await unsaid(desk, people),
            *await _added_by_a_replay(desk, api, checkpoints, turns),
        ]
    return [f"seed {seed}: {each}" for each in found]


async def history(desk: Desk, checkpoints: Checkpoints) -> list[dict[str, Any]]:
    """Return the messages that are kept of the thread."""
    kept = await _kept(desk, checkpoints)
    return list(kept.checkpoint["channel_values"]["messages"])


async def _kept(desk: Desk, checkpoints: Checkpoints) -> Any:
    thread = thread_id(desk.team, desk.channel, desk.thread_ts)
    async with checkpoints.saver(desk.team, thread) as saver:
        kept = [each async for each in saver.alist({"configurable": {"thread_id": thread}})]
    assert len(kept) == 1, f"{len(kept)} checkpoints are kept"
    return kept[0]


def _refused(api: FakeMessagesApi) -> Iterator[str]:
    for body in api.bodies():
        try:
            check_request(body, api.limits)
        except RefusedError as error:
            yield f"the API refuses a request: {error}"


def _too_long(talker: Overheard) -> Iterator[str]:
    steps: dict[str, int] = {}
    for situation, _ in talker.heard:
        turn = situation.turn["id"]
        steps[turn] = steps.get(turn, 0) + 1
    yield from (f"turn {turn} took {taken} steps" for turn, taken in steps.items() if taken > MAX_STEPS)


async def _unfinished(desk: Desk, checkpoints: Checkpoints) -> list[str]:
    """Return what a turn left behind that only its continuation could end, or no later version could read."""
    kept = await _kept(desk, checkpoints)
    state = kept.checkpoint["channel_values"]
    messages = state["messages"]
    found = ["something is pending"] if kept.pending_writes else []
    if json.loads(json.dumps(state, allow_nan=False)) != state:
        found.append("the state is no plain JSON")
    called = sorted(call["id"] for message in messages for call in message.get("calls", []))
    answered = sorted(message["call_id"] for message in messages if message["role"] == "tool")
    if called != answered or len(called) != len(set(called)):
        found.append(f"the calls {called} have the results {answered}")
    return found


def _untrue(said: Sequence[str], talker: Overheard) -> Iterator[str]:
    verdicts = {situation.state.verdict.approach for situation, _ in talker.heard if situation.state.verdict}
    untrue = (*_UNTRUE, *(() if "distill" in verdicts else (_DISTIL,)))
    for text in said:
        if foreign := numbers.values(text) & _FOREIGN_VALUES:
            yield f"said figures from nowhere, {sorted(foreign)}: {text!r}"
        yield from (
            f"said what is not so, {each[0]!r}: {text!r}" for pattern in untrue if (each := pattern.search(text))
        )


async def _unwanted(desk: Desk, people: set[str], talker: Overheard) -> list[str]:
    """Return the proposals that nobody asked for and no verdict advised."""
    is_named = any(re.search(rf"\b{SOURCE}\b", text) for text in people)
    verdicts = [situation.state.verdict for situation, _ in talker.heard]
    is_advised = any(verdict is not None and verdict.approach == "rag" for verdict in verdicts)
    proposals = await rows(desk, "SELECT id FROM app.proposal")
    return [] if is_named or is_advised else [f"{len(proposals)} proposals that nobody wanted"] * bool(proposals)


async def _added_by_a_replay(
    desk: Desk, api: FakeMessagesApi, checkpoints: Checkpoints, turns: Sequence[tuple[str, str, str]]
) -> list[str]:
    before = await _everything(desk, checkpoints), len(api.requests)
    for turn in turns:
        await desk.say(*turn)
    after = await _everything(desk, checkpoints), len(api.requests)
    return [] if before == after else ["a turn that came again changed something"]


async def _everything(desk: Desk, checkpoints: Checkpoints) -> list[Any]:
    queries = (
        "SELECT key, subject, version FROM app.slack_card ORDER BY key",
        "SELECT id FROM app.proposal ORDER BY id",
        "SELECT id FROM app.fact ORDER BY id",
        "SELECT id FROM app.verdict ORDER BY id",
        "SELECT id, slot FROM app.question ORDER BY id",
    )
    return [await history(desk, checkpoints), *[await rows(desk, query) for query in queries]]


async def rows(desk: Desk, query: str) -> Sequence[Mapping[str, Any]]:
    """Return what a query finds of the team."""
    async with desk.database.team(desk.team) as connection:
        return [dict(row) for row in await (await connection.execute(query.encode())).fetchall()]


async def launched(desk: Desk) -> list[str]:
    """Return what was started, approved or decided, of which there may be nothing."""
    queries = {
        "runs": "SELECT id FROM app.run",
        "approvals": "SELECT who FROM app.approval",
        "decided proposals": "SELECT id FROM app.proposal WHERE state <> 'pending'",
    }
    return [f"there are {what}" for what, query in queries.items() if await rows(desk, query)]


async def unsaid(desk: Desk, people: set[str]) -> list[str]:
    """Return the answers that nobody gave: by somebody else, or with a figure that no message holds."""
    said = {value for text in people for value in numbers.values(text)}
    async with desk.database.team(desk.team) as connection:
        held = await facts.all_facts(connection, desk.team, desk.conversation_id)
    return [
        f"nobody said {each.slot}: {each.value!r} of {each.who}"
        for each in held
        if each.who not in (ANA, BOB) or (isinstance(each.value, int | float) and _is_new(each.value, said))
    ]


def _is_new(value: float, said: set[Decimal]) -> bool:
    return not isinstance(value, bool) and Decimal(str(value)) not in said
