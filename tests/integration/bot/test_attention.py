"""What a run asks in its thread, as people in Slack see and answer it: real stages, the whole bot, the local Slack."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agents.runs import RunState
from agents.services.runs import Runs
from agents.wiring import Services
from bot.localslack import LocalSlack
from bot.shell.answer import answer as answer_command
from tests.integration.bot.conftest import ALICE, BOB, GENERAL, TEAM, Page, eventually
from tests.integration.bot.whole import whole_bot
from tests.integration.engine.toys import QUEUE, RECIPES, STAGES

pytestmark = pytest.mark.integration


@pytest.fixture
async def services(dsn: str, slack: LocalSlack, tmp_path: Path) -> AsyncIterator[Services]:
    """The bot and a worker of toy stages, on this test's database and Slack."""
    async with whole_bot(dsn, slack, tmp_path, stages=STAGES, queues=("turn", QUEUE)) as opened:
        yield opened


async def start(services: Services, page: Page) -> tuple[str, str]:
    """Start a run that asks, in a thread of its own; return the run and the thread."""
    runs = Runs(services.database, services.people, RECIPES)
    thread_ts = await page.say("something to do")
    proposal = await runs.propose(
        TEAM,
        kind="asking",
        params={"name": "it"},
        estimate={},
        requested_by=ALICE,
        channel=GENERAL,
        thread_ts=thread_ts,
    )
    run_id = await runs.approve(TEAM, proposal.id, proposal.params_hash, BOB)
    assert run_id is not None
    return run_id, thread_ts


async def shown(page: Page, thread_ts: str, *words: str) -> dict[str, Any]:
    """Return the newest message in the thread with all these words, waited for."""

    async def look() -> dict[str, Any] | None:
        replies = await page.replies(thread_ts)
        found = (
            each for each in reversed(replies) if all(word in f"{each['text']} {each['blocks']}" for word in words)
        )
        return next(found, None)

    message: dict[str, Any] = await eventually(look)
    return message


async def over(services: Services, run_id: str) -> RunState:
    async def is_over() -> RunState | None:
        state = (await services.runs.view(TEAM, run_id)).state
        return state if state.is_over else None

    state: RunState = await eventually(is_over)
    return state


async def test_a_question_is_a_message_of_its_own_that_says_in_the_end_who_chose_what(
    services: Services, page: Page
) -> None:
    run_id, thread_ts = await start(services, page)
    card = await shown(page, thread_ts, f"<@{ALICE}>", "waits for an answer", "Shall it go on? (0)")
    await shown(page, thread_ts, "needs attention", "asks: Shall it go on? (0)")
    await page.press(card, "answer_run:0")
    answered = await shown(page, thread_ts, "✓ Shall it go on? (0)", f"*Go on* · <@{ALICE}>")
    assert answered["ts"] == card["ts"], "the same message, without its buttons"
    assert "actions" not in {block["type"] for block in answered["blocks"]}
    assert await over(services, run_id) is RunState.DONE


async def test_a_value_is_entered_in_a_form(services: Services, page: Page) -> None:
    run_id, thread_ts = await start(services, page)
    card = await shown(page, thread_ts, "waits for an answer")
    await page.press(card, "answer_run_form:2", user=BOB)

    async def opened() -> dict[str, Any] | None:
        views = (await page.get("state", user=BOB))["views"]
        return views[-1] if views else None

    view = await eventually(opened)
    assert view["title"]["text"] == "Adopt one"
    answer = await page.post(
        "view_submit",
        user=BOB,
        view_id=view["id"],
        values={"value": {"typed": {"type": "plain_text_input", "value": "b-7"}}},
    )
    assert answer["ok"], answer
    await shown(page, thread_ts, f"*Adopt one: b-7* · <@{BOB}>")
    assert await over(services, run_id) is RunState.DONE
    result = (await services.runs.view(TEAM, run_id)).stages[0].result or {}
    assert result["answers"] == [{"choice": "adopt", "value": "b-7", "who": BOB}]


async def test_somebody_who_may_not_choose_is_told_and_the_question_stays(services: Services, page: Page) -> None:
    run_id, thread_ts = await start(services, page)
    card = await shown(page, thread_ts, "waits for an answer")
    await page.press(card, "answer_run:1")
    await shown(page, thread_ts, f"<@{ALICE}> may not answer 'Pay for it'", "approver")
    assert (await services.runs.view(TEAM, run_id)).state is RunState.NEEDS_ATTENTION
    await page.press(card, "answer_run:abort")
    await shown(page, thread_ts, f"*Abort the run* · <@{ALICE}>")
    assert await over(services, run_id) is RunState.CANCELLED


async def test_a_shell_answers_by_the_beginning_of_an_id(
    services: Services, page: Page, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, thread_ts = await start(services, page)
    await shown(page, thread_ts, "waits for an answer")
    (question,) = await services.questions.open_of(TEAM, run_id)
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("CAIRN_TEAM", TEAM)
    given = [question.id[:6], "adopt", "b-9"]
    told = await asyncio.to_thread(CliRunner().invoke, answer_command, given)
    assert told.output == f"Adopt one: b-9. `cairn runs {run_id}` shows how the run goes on.\n"
    await shown(page, thread_ts, "*Adopt one: b-9*")
    assert await over(services, run_id) is RunState.DONE
