"""Examples by a teacher that answers in batches of OpenAI's kind: their price, a kill, batches that fail as a whole."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.runs import RunState
from agents.store.db import Database
from tests.fakes.chat_completions import FakeChatCompletions, Says, chat_completions
from tests.integration.distil.conftest import StartWorker, finished, settled, working
from tests.integration.distil.desk import INPUT, REQUESTER, TEAM, make_runs, require_sums, start_run
from tests.integration.engine.conftest import eventually

pytestmark = pytest.mark.integration

OPENAI: dict[str, Any] = {"kind": "openai", "model": "gpt-4o"}


def says(text: str) -> Says:
    return Says(json.dumps({"label": "billing" if "billing" in text else "shipping"}))


def asked(api: FakeChatCompletions) -> list[str]:
    return [INPUT.findall(body["messages"][-1]["content"])[-1] for body in api.batches.asked]


async def test_a_batch_is_paid_at_the_prices_of_batches(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with chat_completions(says) as api, working(database, tmp_path, api.url, shard_requests=4):
        run_id = await start_run(runs, inputs=6, golden=3, **OPENAI)
        result = await finished(runs, run_id)

    require_sums(result)
    assert (result["answered"], api.calls.count("POST /v1/batches"), api.bodies) == (9, 3, [])
    spend = (await runs.view(TEAM, run_id)).spend
    assert spend is not None
    # 60 fresh tokens, 40 from the cache, 20 written, all at half of 4, 0.2 and 20 a million.
    assert float(spend.spent_usd) == pytest.approx(9 * (60 * 4 + 40 * 0.2 + 20 * 20) / 2 / 1e6)
    assert spend.reserved_usd == 0


async def test_a_batch_whose_worker_was_killed_is_found_again(database: Database, start_worker: StartWorker) -> None:
    runs = make_runs(database)
    async with chat_completions(says) as api:
        api.faults["POST /v1/batches"] = (Says(hangs=True), True)
        run_id = await start_run(runs, inputs=7, **OPENAI)
        killed = start_worker(api.url)

        async def has_come() -> bool:
            return "POST /v1/batches" in api.calls

        await eventually(has_come)
        killed.kill()
        killed.wait()
        start_worker(api.url)
        result = await finished(runs, run_id)

    require_sums(result)
    assert (result["answered"], api.calls.count("POST /v1/batches")) == (9, 3)
    assert sorted(asked(api)) == sorted(set(asked(api)))


async def test_a_batch_that_failed_is_not_paid_and_asked_again_on_a_retry(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with chat_completions(says) as api, working(database, tmp_path, api.url):
        api.batches.fails_with += ["billing_hard_limit_reached"] * 4
        run_id = await start_run(runs, **OPENAI)
        # More often than a run asks anything again by itself.
        for _ in range(4):
            view = await settled(runs, run_id)
            assert view.state is RunState.FAILED
            assert "no credit left" in (view.error or "")
            assert view.spend is not None
            assert view.spend.spent_usd == view.spend.reserved_usd == 0
            await runs.retry(TEAM, run_id, REQUESTER)
        result = await finished(runs, run_id)

    require_sums(result)
    assert (result["answered"], len(asked(api))) == (8, 8)


async def test_a_batch_that_finds_no_room_waits_for_some(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with chat_completions(says) as api, working(database, tmp_path, api.url, shard_requests=4):
        api.batches.fails_with += ["token_limit_exceeded"] * 5
        result = await finished(runs, await start_run(runs, **OPENAI))

    require_sums(result)
    assert (result["answered"], len(asked(api))) == (8, 8)
