"""Examples by a teacher that answers one request at a time: a paid one, and an open model that costs nothing."""

import json
from pathlib import Path

import pytest

from agents.runs import RunState
from agents.runs.effects import RESUBMIT
from agents.store.db import Database
from tests.fakes.chat_completions import FakeChatCompletions, Says, chat_completions
from tests.integration.distil.conftest import StartWorker, finished, settled, working
from tests.integration.distil.desk import APPROVER, INPUT, TEAM, make_questions, make_runs, require_sums, start_run
from tests.integration.engine.conftest import eventually

pytestmark = pytest.mark.integration


def says(text: str) -> Says:
    return Says(json.dumps({"label": "billing" if "billing" in text else "shipping"}))


def asked(api: FakeChatCompletions) -> list[str]:
    return [INPUT.findall(body["messages"][-1]["content"])[-1] for body in api.bodies]


async def test_a_live_teacher_is_asked_in_parts_each_paid_as_it_ends(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with chat_completions(says) as api, working(database, tmp_path, api.url, chunk_requests=4):
        run_id = await start_run(runs, inputs=7, kind="openai", batch=False)
        result = await finished(runs, run_id)

    require_sums(result)
    assert (result["answered"], len(api.bodies)) == (9, 9)
    spend = (await runs.view(TEAM, run_id)).spend
    assert spend is not None
    assert float(spend.spent_usd) == pytest.approx(result["usd"], abs=1e-5)
    assert spend.reserved_usd == 0


async def test_a_paid_part_that_was_cut_off_is_asked_again_only_by_a_person(
    database: Database, start_worker: StartWorker
) -> None:
    runs = make_runs(database)
    async with chat_completions(says) as api:
        api.next.extend([*[says("")] * 4, Says(hangs=True)])
        run_id = await start_run(runs, inputs=7, kind="openai", batch=False)
        killed = start_worker(api.url)

        async def is_at_the_second_part() -> bool:
            return len(api.bodies) >= 8

        await eventually(is_at_the_second_part)
        killed.kill()
        killed.wait()
        start_worker(api.url)
        view = await settled(runs, run_id)
        assert view.state is RunState.NEEDS_ATTENTION
        assert view.question is not None
        assert len(api.bodies) == 8
        await make_questions(database).answer(TEAM, view.question.id, RESUBMIT, APPROVER)
        result = await finished(runs, run_id)

    require_sums(result)
    assert result["answered"] == 9
    assert len(asked(api)[:4]) == len(set(asked(api)[:4]) - set(asked(api)[4:])), "the first part was kept"


async def test_an_open_model_goes_on_by_itself_after_a_kill(database: Database, start_worker: StartWorker) -> None:
    runs = make_runs(database)
    async with chat_completions(says, is_open=True) as api:
        api.next.extend([*[says("")] * 4, Says(hangs=True)])
        run_id = await start_run(runs, inputs=7, kind="vllm", model="qwen", high_usd=0)
        killed = start_worker(api.url)

        async def is_at_the_second_part() -> bool:
            return len(api.bodies) >= 8

        await eventually(is_at_the_second_part)
        killed.kill()
        killed.wait()
        start_worker(api.url)
        result = await finished(runs, run_id)

    require_sums(result)
    assert (result["answered"], result["usd"]) == (9, 0)


async def test_a_worker_that_is_told_to_stop_keeps_what_was_answered(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with chat_completions(says) as api:
        async with working(database, tmp_path, api.url) as stop:
            api.next.extend([*[says("")] * 5, Says(hangs=True)])
            run_id = await start_run(runs, inputs=7, kind="openai", batch=False)

            async def hangs() -> bool:
                return not api.next

            await eventually(hangs)
            stop.set()
        async with working(database, tmp_path, api.url):
            result = await finished(runs, run_id)

    require_sums(result)
    assert result["answered"] == 9
    again = len(api.bodies) - 9
    assert again <= 1, "only what had no answer is asked again"


async def test_a_teacher_that_refuses_everything_is_not_asked_for_the_rest(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    refuses = Says(None, refusal="no")
    async with (
        chat_completions(lambda _: refuses) as api,
        working(database, tmp_path, api.url, chunk_requests=30),
    ):
        view = await settled(runs, await start_run(runs, inputs=200, kind="openai", batch=False))

    assert view.error is not None
    assert "refused all 60 requests" in view.error
    assert len(api.bodies) == 60


async def test_a_key_that_is_turned_down_midway_loses_nothing(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with chat_completions(says) as api, working(database, tmp_path, api.url):
        api.next.extend([*[says("")] * 8, Says(status=401, code="invalid_api_key")])
        run_id = await start_run(runs, inputs=30, kind="openai", batch=False)
        view = await settled(runs, run_id)
        assert view.error is not None
        assert "CAIRN_OPENAI_API_KEY" in view.error
        answered = len(api.bodies) - 1
        await runs.retry(TEAM, run_id, APPROVER)
        result = await finished(runs, run_id)

    require_sums(result)
    assert result["answered"] == 32
    assert len(api.bodies) == 33, f"{answered} were answered before, and no one of them again"
