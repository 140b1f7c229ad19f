"""Two answers side by side in Slack: the card, its buttons, and what it says once somebody has chosen."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents.services.decision_state import DecisionState
from agents.services.statements import Statement, Statements
from agents.store import conversations
from agents.wiring import Services
from bot.localslack import LocalSlack
from tests.integration.bot.conftest import ALICE, BOB, GENERAL, TEAM, Page, eventually
from tests.integration.bot.whole import whole_bot

pytestmark = pytest.mark.integration

CAROL = "UCAROL0001"


class Thread:
    """A thread in which Alice has said 20k a day and Bob 35k since."""

    def __init__(self, services: Services, page: Page, ts: str) -> None:
        self.services = services
        self.page = page
        self.ts = ts

    async def conversation_id(self) -> str:
        async with self.services.database.team(TEAM) as connection:
            found = await conversations.open_conversation(
                connection, TEAM, channel=GENERAL, thread_ts=self.ts, started_by=ALICE
            )
        return found.id

    async def state(self) -> DecisionState:
        return await self.services.decisions.state(TEAM, await self.conversation_id())

    async def shows(self, *words: str, user: str = ALICE) -> dict[str, Any]:
        """Return the newest message that has all these words, waited for."""

        async def look() -> dict[str, Any] | None:
            replies = await self.page.replies(self.ts, user=user)
            return next((each for each in reversed(replies) if all(word in _content(each) for word in words)), None)

        return dict(await eventually(look, within_s=30))


def _content(message: dict[str, Any]) -> str:
    return f"{message['text']} {json.dumps(message.get('blocks'), ensure_ascii=False)}"


@pytest.fixture
async def services(dsn: str, slack: LocalSlack, tmp_path: Path) -> AsyncIterator[Services]:
    """What `cairn serve` runs, and a worker for turns."""
    async with whole_bot(dsn, slack, tmp_path, approvers=()) as opened:
        yield opened


@pytest.fixture
async def thread(services: Services, page: Page) -> Thread:
    ts = await page.say("@cairn too expensive, 20k requests a day")
    begun = Thread(services, page, ts)
    await begun.shows("So far")
    said = Statement(slot="requests_per_day", value="35k a day", who=BOB, source="9.9")
    await Statements(services.database, services.decisions).take(TEAM, await begun.conversation_id(), [said])
    return begun


async def test_both_answers_are_shown_with_who_said_them_and_when(thread: Thread) -> None:
    card = await thread.shows("Two answers: Requests per day")
    shown = _content(card)

    assert f"*20,000 requests a day*, <@{ALICE}>, <!date^" in shown
    assert f"*35,000 requests a day*, <@{BOB}>, <!date^" in shown
    labels = [element["text"]["text"] for block in card["blocks"] for element in block.get("elements", [])]
    assert labels == ["Keep 20,000 requests a day", "Use 35,000 requests a day"]


async def test_a_press_on_the_newer_answer_is_an_answer_of_who_pressed(thread: Thread) -> None:
    await thread.page.press(await thread.shows("Two answers"), "use_newer_answer", user=CAROL)

    card = await thread.shows("*35,000 requests a day*", f"chosen by <@{CAROL}>", "not 20,000")
    assert not [block for block in card["blocks"] if block["type"] == "actions"]
    held = next(each for each in (await thread.state()).answers if each.slot == "requests_per_day")
    assert (held.value, held.who) == (35_000, CAROL)
    assert [each.who for each in held.earlier] == [ALICE]


async def test_a_press_on_the_answer_that_holds_leaves_it(thread: Thread) -> None:
    await thread.page.press(await thread.shows("Two answers"), "keep_answer", user=CAROL)

    await thread.shows("*20,000 requests a day*", f"kept by <@{CAROL}>", "not 35,000")
    held = next(each for each in (await thread.state()).answers if each.slot == "requests_per_day")
    assert (held.value, held.who) == (20_000, ALICE)


async def test_a_press_on_a_card_that_somebody_settled_meanwhile_is_told_what_holds(thread: Thread) -> None:
    card = await thread.shows("Two answers")
    shown = (await thread.state()).disputed[0]
    async with thread.services.database.engine() as connection:
        # The card in Slack is still the old one as the second person presses.
        await connection.execute("UPDATE app.slack_sent SET not_before = now() + interval '5 seconds'")
    await thread.services.contradictions.keep(TEAM, shown.contradiction_id, ALICE)
    await thread.page.press(card, "use_newer_answer", user=BOB)

    await thread.shows("That is settled: requests per day is 20,000 requests a day", user=BOB)
    held = next(each for each in (await thread.state()).answers if each.slot == "requests_per_day")
    assert held.who == ALICE


async def test_an_answer_given_elsewhere_closes_the_card(thread: Thread) -> None:
    await thread.shows("Two answers")
    await thread.services.conversations.answer(
        TEAM, await thread.conversation_id(), CAROL, answers={"requests_per_day": "50k"}, event_key="P1"
    )

    await thread.shows("*50,000 requests a day*", f"answered by <@{CAROL}>")
