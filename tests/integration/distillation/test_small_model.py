"""A small API model beside the student: asked once for each golden input, paid once, left out where it is silent."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from agents.adapters.teachers import Access, Teachers
from agents.distillation.spec import TeacherSpec
from agents.errors import UserError
from agents.runs.money import cost_band
from agents.runs.states import RunState
from tests.fakes.chat_completions import KEY, FakeChatCompletions, Says, chat_completions
from tests.integration.distil.desk import INPUT
from tests.integration.distillation.desk import TEAM, WHO, Desk, document, rows

pytestmark = pytest.mark.integration

MODEL = "gpt-4o-mini"
SMALL = {"small_model": {"kind": "openai", "model": MODEL}}
WORKSPACE = TeacherSpec(kind="openai", model=MODEL, batch=False)
GOLDEN = {row["input"]: row["output"] for row in rows(60)}


def right(text: str) -> Says:
    return Says(json.dumps({"label": GOLDEN[INPUT.findall(text)[-1]]}))


@asynccontextmanager
async def asking(desk: Desk, script: Says | None = None) -> AsyncIterator[FakeChatCompletions]:
    """Have the desk reach an API that answers all right, or always the same."""
    async with chat_completions(lambda text: script or right(text)) as api:
        teachers = Teachers(Access(openai_key=KEY, openai_url=api.url))
        desk.teacher_for = teachers.of
        yield api
        await teachers.close()


async def test_a_small_model_is_a_candidate_with_cost_latency_and_a_paired_test(desk: Desk) -> None:
    async with asking(desk) as api:
        result = await desk.made(baselines=SMALL)

    assert len(api.bodies) == len(GOLDEN)
    row = next(row for row in result["report"]["rows"] if row["kind"] == "api")
    assert (row["name"], row["what"], row["value"]) == ("small", MODEL, 1)
    assert row["usd_per_million_requests"] > 0
    assert row["p95_s"] >= row["p50_s"] > 0
    assert [test["against"] for test in result["tests"]] == ["base", "small", "tf-idf"]


async def test_what_it_costs_is_approved_before_and_paid_once(desk: Desk) -> None:
    without = await desk.distillations.propose(TEAM, document(desk.folder), requested_by=WHO)
    proposal = await desk.distillations.propose(TEAM, document(desk.folder, baselines=SMALL), requested_by=WHO)
    assert cost_band(without.estimate).high_usd == 0
    assert proposal.params["compared"] == f"{MODEL}, prompted"

    async with asking(desk):
        view = await desk.finish(await desk.start(baselines=SMALL))

    assert view.spend is not None
    assert Decimal(0) < view.spend.spent_usd < cost_band(proposal.estimate).high_usd
    assert view.spend.reserved_usd == 0


async def test_the_small_model_of_the_workspace_is_asked_unless_the_file_says_none(desk: Desk) -> None:
    desk.small = WORKSPACE

    asked = await desk.distillations.propose(TEAM, document(desk.folder), requested_by=WHO)
    not_asked = await desk.distillations.propose(
        TEAM, document(desk.folder, baselines={"small_model": "none"}), requested_by=WHO
    )

    assert asked.params["small_model"]["model"] == MODEL
    assert "small_model" not in not_asked.params


async def test_a_workspace_s_model_without_a_price_is_left_out_and_one_that_is_named_is_refused(desk: Desk) -> None:
    nobody = "nobody-9"
    desk.small = WORKSPACE.model_copy(update={"model": nobody})
    named = {"small_model": {"kind": "openai", "model": nobody}}

    proposal = await desk.distillations.propose(TEAM, document(desk.folder), requested_by=WHO)

    assert "small_model" not in proposal.params
    with pytest.raises(UserError, match="cairn prices set nobody-9"):
        await desk.distillations.propose(TEAM, document(desk.folder, baselines=named), requested_by=WHO)


@pytest.mark.parametrize(
    "script", [Says(status=401, code="invalid_api_key"), Says(refusal="no"), Says("not JSON at all")]
)
async def test_one_that_does_not_answer_ends_no_run(desk: Desk, script: Says) -> None:
    async with asking(desk, script):
        view = await desk.finish(await desk.start(baselines=SMALL))

    assert view.state is RunState.DONE, view.error
    assert view.result is not None
    kinds = {row["kind"]: row["value"] for row in view.result["report"]["rows"]}
    # What answered without an answer scores nothing; what did not answer is no candidate.
    assert kinds.get("api", 0) == 0
    assert kinds["student"] == 1
