"""The first few of many requests, asked one by one before a batch is paid: what would come to nothing ends there."""

import json
from pathlib import Path

import pytest

from agents.runs import RunState
from agents.store.db import Database
from tests.fakes.messages_api import refuse, say
from tests.fakes.messages_api.script import Turn
from tests.integration.distil.conftest import finished, settled, working
from tests.integration.distil.desk import TEAM, asked_texts, labelled, make_api, make_runs, require_sums, start_run

pytestmark = pytest.mark.integration

INPUTS, GOLDEN = 190, 30


async def test_what_is_asked_first_is_not_asked_again_in_a_batch(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        run_id = await start_run(runs, inputs=INPUTS, golden=GOLDEN)
        result = await finished(runs, run_id)

    require_sums(result)
    assert (result["asked"], result["answered"], result["rounds"]) == (220, 220, 1)
    assert [body["messages"][0]["role"] for body in api.bodies("messages")] == ["user"] * 20
    assert [len(body["requests"]) for body in api.bodies("batches.create")] == [200]
    assert sorted(asked_texts(api)) == sorted(set(asked_texts(api)))
    # They came one by one, so it is known how fast.
    assert result["golden"]["latency"]["p50_s"] > 0
    spend = (await runs.view(TEAM, run_id)).spend
    assert spend is not None
    assert float(spend.spent_usd) == pytest.approx(result["usd"], abs=1e-5)
    assert spend.reserved_usd == 0


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (refuse("policy"), "refused all 20 requests (20 as policy)"),
        (
            say(json.dumps({"label": "neither"})),
            "No answer of the teacher claude-sonnet-5-5 makes an example (20 'neither' is no label of",
        ),
    ],
)
async def test_where_nothing_of_use_comes_no_batch_is_paid_also_on_a_retry(
    says: Turn, told: str, database: Database, tmp_path: Path
) -> None:
    runs = make_runs(database)
    async with make_api(lambda _: says) as api, working(database, tmp_path, api.url):
        run_id = await start_run(runs, inputs=INPUTS, golden=GOLDEN)
        first = await settled(runs, run_id)
        await runs.retry(TEAM, run_id, "U0BOB")
        again = await settled(runs, run_id)

    assert (first.state, again.state) == (RunState.FAILED, RunState.FAILED)
    assert told in (first.error or "")
    assert told in (again.error or "")
    assert (len(api.bodies("messages")), api.bodies("batches.create")) == (20, [])


async def test_what_of_the_first_ones_met_an_error_comes_with_the_batch(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    refused = iter([refuse("policy"), refuse("policy")])
    async with (
        make_api(lambda text: next(refused, None) or labelled(text)) as api,
        working(database, tmp_path, api.url),
    ):
        result = await finished(runs, await start_run(runs, inputs=INPUTS, golden=GOLDEN))

    require_sums(result)
    assert result["refused"] == {"policy": 2}
    assert [len(body["requests"]) for body in api.bodies("batches.create")] == [200]


async def test_few_requests_are_handed_in_at_once(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api, working(database, tmp_path, api.url):
        await finished(runs, await start_run(runs, inputs=169, golden=GOLDEN))

    assert (api.bodies("messages"), len(api.bodies("batch"))) == ([], 199)
