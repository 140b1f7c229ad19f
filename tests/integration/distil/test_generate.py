"""Examples by a teacher that answers in batches, on the real engine."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from agents.runs import RunState
from agents.store.db import Database
from bot.shell.follow import stage_figures
from tests.fakes.messages_api import Answer, Break, fail, refuse, say
from tests.fakes.messages_api.script import Turn
from tests.integration.distil.conftest import finished, settled, working
from tests.integration.distil.desk import TEAM, asked_texts, labelled, make_api, make_runs, require_sums, start_run
from tests.integration.engine.conftest import eventually

pytestmark = pytest.mark.integration


async def test_every_input_and_every_golden_one_is_answered_once(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url, shard_requests=4):
        run_id = await start_run(runs, inputs=6, golden=3)
        result = await finished(runs, run_id)

    require_sums(result)
    assert (result["asked"], result["answered"], result["rounds"]) == (9, 9, 1)
    assert result["rows"]["generated"][1] == {
        "id": "i1",
        "input": "input 1 about billing",
        "output": "billing",
        "source": "teacher",
    }
    assert result["rows"]["teacher-golden"][0] == {"id": "gold 0", "output": "shipping"}
    assert sorted(asked_texts(api)) == sorted(set(asked_texts(api)))
    assert [len(body["requests"]) for body in api.bodies("batches.create")] == [4, 4, 1]


async def test_what_it_cost_is_on_the_run_and_nothing_stays_reserved(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        run_id = await start_run(runs)
        result = await finished(runs, run_id)

    spend = (await runs.view(TEAM, run_id)).spend
    assert spend is not None
    assert result["usd"] > 0
    assert float(spend.spent_usd) == pytest.approx(result["usd"], abs=2e-6)
    assert spend.reserved_usd == 0
    tokens = result["tokens"]
    charged = tokens["input"] * 4 + tokens["cache_read"] * 0.2 + tokens["cache_write"] * 5 + tokens["output"] * 20
    assert result["usd"] == pytest.approx(charged / 2 / 1e6)


async def test_two_samples_are_two_answers_for_each_input(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        result = await finished(runs, await start_run(runs, inputs=3, golden=1, samples=2))

    require_sums(result)
    assert [row["id"] for row in result["rows"]["second"]] == ["i0", "i1", "i2"]
    assert len(asked_texts(api)) == 7


async def test_a_batch_that_takes_long_holds_no_worker_and_says_how_far_it_is(
    database: Database, tmp_path: Path
) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        api.batches.per_look = 0
        run_id = await start_run(runs)

        async def waits() -> str:
            stage = (await runs.view(TEAM, run_id)).stages[1]
            return stage_figures(stage) if stage.owner is None and stage.attempt > 12 else ""

        assert await eventually(waits) == "waits for batch msgbatch_00000001: 0 of 8 requests are done"
        api.batches.per_look = None
        await finished(runs, run_id)
    assert len(api.bodies("batches.create")) == 1


async def test_what_met_an_error_that_passes_is_asked_again_and_what_was_answered_is_not(
    database: Database, tmp_path: Path
) -> None:
    failed: set[str] = set()

    def flaky(text: str) -> Turn:
        if text.startswith("input") and text not in failed:
            failed.add(text)
            return fail(529)
        return labelled(text)

    runs = make_runs(database)
    async with make_api(flaky) as api, working(database, tmp_path, api.url):
        result = await finished(runs, await start_run(runs, inputs=3, golden=2))

    require_sums(result)
    assert (result["answered"], result["rounds"], result["errored"]) == (5, 2, {})
    assert [len(body["requests"]) for body in api.bodies("batches.create")] == [5, 3]
    assert sum(text.startswith("golden") for text in asked_texts(api)) == 2


async def test_what_expires_is_asked_again(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    stuck = True

    def sticks(text: str) -> Turn:
        return Answer(broken=Break("hang")) if stuck and text.startswith("input 2") else labelled(text)

    async with make_api(sticks) as api, working(database, tmp_path, api.url):
        run_id = await start_run(runs, inputs=3, golden=1)

        async def is_stuck() -> bool:
            return len(asked_texts(api)) == 4

        await eventually(is_stuck)
        stuck = False
        api.clock.advance(dt.timedelta(hours=24))
        result = await finished(runs, run_id)

    require_sums(result)
    assert (result["answered"], result["expired"], result["rounds"]) == (4, 0, 2)


async def test_an_error_that_does_not_pass_ends_after_three_rounds(database: Database, tmp_path: Path) -> None:
    def broken(text: str) -> Turn:
        return fail(500) if text.startswith("input 2") else labelled(text)

    runs = make_runs(database)
    async with make_api(broken) as api, working(database, tmp_path, api.url):
        result = await finished(runs, await start_run(runs, inputs=3, golden=1))

    require_sums(result)
    assert (result["errored"], result["rounds"]) == ({"api_error": 1}, 3)


async def test_a_refusal_is_counted_by_its_category_and_not_asked_again(database: Database, tmp_path: Path) -> None:
    def refuses(text: str) -> Turn:
        return refuse("frontier_llm") if "input 1" in text else labelled(text)

    runs = make_runs(database)
    async with make_api(refuses) as api, working(database, tmp_path, api.url):
        result = await finished(runs, await start_run(runs, inputs=3, golden=1))

    require_sums(result)
    assert (result["refused"], result["answered"], result["rounds"]) == ({"frontier_llm": 1}, 3, 1)
    assert len(asked_texts(api)) == 4


async def test_a_teacher_that_refuses_everything_ends_the_run_with_the_next_step(
    database: Database, tmp_path: Path
) -> None:
    runs = make_runs(database)
    async with make_api(lambda _: refuse("frontier_llm")) as api, working(database, tmp_path, api.url):
        run_id = await start_run(runs, inputs=3, golden=1)
        view = await settled(runs, run_id)
        assert view.state is RunState.FAILED
        assert view.error is not None
        assert "refused all 4 requests (4 as frontier_llm)" in view.error
        assert "teacher.kind: vllm" in view.error
        await runs.retry(TEAM, run_id, "U0BOB")
        again = await settled(runs, run_id)

    assert again.error == view.error
    assert len(asked_texts(api)) == 4, "nothing is spent after the error"


async def test_an_unknown_model_says_so_and_costs_nothing(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        view = await settled(runs, await start_run(runs, inputs=3, golden=1, model="claude-nobody"))

    assert view.error is not None
    assert "4 failed (not_found_error)" in view.error
    assert view.spend is not None
    assert view.spend.spent_usd == 0
    assert len(api.bodies("batches.create")) == 1


async def test_answers_that_cannot_be_used_are_counted_by_reason(database: Database, tmp_path: Path) -> None:
    odd = {"input 0": "no JSON", "input 1": json.dumps({"label": ""}), "input 2": '{"label": "\\ud800"}'}

    def answers(text: str) -> Turn:
        said = next((reply for start, reply in odd.items() if text.startswith(start)), None)
        return labelled(text) if said is None else say(said)

    runs = make_runs(database)
    async with make_api(answers) as api, working(database, tmp_path, api.url):
        result = await finished(runs, await start_run(runs, inputs=5, golden=1))

    require_sums(result)
    assert result["unusable"] == {"not JSON": 1, "empty": 1, "not text": 1}
    assert [row["id"] for row in result["rows"]["generated"]] == ["i3", "i4"]


async def test_inputs_are_written_first_where_there_are_none(database: Database, tmp_path: Path) -> None:
    written = iter(range(1_000))

    def answers(text: str) -> Turn:
        if "new inputs" in text or text == "a labelled one":
            numbers = [next(written) for _ in range(9)]
            return say(json.dumps({"inputs": ["the same", *(f"written {number}" for number in numbers)]}))
        return labelled(text)

    runs = make_runs(database)
    data: dict[str, Any] = {"inputs": None, "synthesis": {"count": 20}}
    async with make_api(answers) as api, working(database, tmp_path, api.url):
        result = await finished(runs, await start_run(runs, inputs=0, golden=1, data=data))

    require_sums(result)
    assert result["written"] == {"kept": 19, "dropped": {"duplicate": 1}}
    assert {row["source"] for row in result["rows"]["generated"]} == {"synthetic"}
    assert len({row["input"] for row in result["rows"]["generated"]}) == 19


async def test_a_budget_that_is_too_small_is_asked_about_before_anything_is_sent(
    database: Database, tmp_path: Path
) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        view = await settled(runs, await start_run(runs, high_usd=0))

    assert view.state is RunState.NEEDS_ATTENTION
    assert api.bodies("batches.create") == []


async def test_a_teacher_that_is_away_is_waited_for(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        for _ in range(3):
            api.fail_next("batches.create", fail(429, retry_after_s=0))
            api.fail_next("batches.retrieve", fail(529))
            api.fail_next("batches.results", Break("cut"))
        result = await finished(runs, await start_run(runs))

    require_sums(result)
    assert (result["answered"], result["rounds"]) == (8, 1)


async def test_a_batch_whose_answer_was_lost_is_found_again(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        api.fail_next("batches.create", Break("cut"), done=True)
        result = await finished(runs, await start_run(runs))

    require_sums(result)
    assert len(api.bodies("batches.create")) == 1
    assert len(asked_texts(api)) == 8
