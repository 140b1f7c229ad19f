"""Workers that are killed at every point of every stage: nothing is paid twice, and no student is half served."""

import asyncio
import json
import multiprocessing
import signal
from collections.abc import AsyncIterator
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import pytest

from agents.runs.effects import EFFECT_QUESTION, RESUBMIT
from agents.runs.states import RunState
from agents.runs.views import RunView
from agents.store import students as store
from tests.fakes.messages_api import FakeMessagesApi, say
from tests.fakes.messages_api.script import Turn
from tests.fakes.vllm_adapters import VllmWithAdapters
from tests.integration.distil.desk import INPUT, make_api, make_questions
from tests.integration.distillation.desk import BOB, TEAM, Desk, rows
from tests.integration.distillation.killed_worker import Work, died_at, work

pytestmark = pytest.mark.integration

INPUTS, GOLDEN = 24, 60
STAGES = (
    "prepare", "check", "generate", "filter", "split", "baselines", "prompted", "advise", "train", "predict", "gate",
    "deploy", "verify", "report",
)  # fmt: skip
_PATIENCE_S = 300
_KNOWN = {row["input"]: row["output"] for row in [*rows(GOLDEN), *rows(INPUTS, 100)]}


def knowing(text: str) -> Turn:
    return say(json.dumps({"label": _KNOWN[text]}))


@pytest.fixture(scope="module")
def starting() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.distillation.killed_worker"])
    return context


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    async with make_api(knowing) as running:
        yield running


@pytest.fixture
async def vllm() -> AsyncIterator[VllmWithAdapters]:
    async with VllmWithAdapters().running() as running:
        running.server.answers = dict(_KNOWN)
        yield running


@pytest.fixture
def given(desk: Desk, api: FakeMessagesApi, vllm: VllmWithAdapters, tmp_path: Path) -> Work:
    desk.write("golden.jsonl", rows(GOLDEN))
    desk.write("inputs.jsonl", [{"id": row["id"], "input": row["input"]} for row in rows(INPUTS, 100)])
    return Work(desk.dsn, tmp_path, api.url, vllm.url, tmp_path / "deaths")


async def test_a_run_whose_workers_die_at_every_point_ends_as_if_none_had(
    desk: Desk, given: Work, api: FakeMessagesApi, vllm: VllmWithAdapters, starting: ForkServerContext
) -> None:
    teacher = {"kind": "claude", "model": "claude-sonnet-5-5"}
    small = {"kind": "claude", "model": "claude-haiku-4-5"}
    run_id = await desk.start(
        data={"inputs": str(desk.folder / "inputs.jsonl"), "golden": str(desk.folder / "golden.jsonl")},
        teacher=teacher,
        baselines={"small_model": small},
        gate={"margin": 0.1},
    )

    view, resubmitted = await worked_through(desk, run_id, given, starting)

    assert view.state is RunState.DONE, (view.error, log_of(given))
    assert view.result is not None
    assert view.result["deployment"]["deployed"], view.result["gate"]
    assert {point.partition(":")[0] for point in died_at(given.deaths)} == set(STAGES)
    # One batch holds all that the teacher was asked, each input once; the small model is asked input by input.
    assert len(api.bodies("batches.create")) == 1
    assert sorted(inputs_of(api, "batch")) == sorted(_KNOWN)
    assert len(inputs_of(api, "messages")) <= GOLDEN * (1 + resubmitted)
    assert set(inputs_of(api, "messages")) == {row["input"] for row in rows(GOLDEN)}
    assert view.spend is not None
    assert view.spend.reserved_usd == 0
    await require_served(desk, vllm, versions=1)

    # The next version takes the place of one that is served: more points, at which workers die as well.
    before = len(died_at(given.deaths))
    view, _ = await worked_through(desk, await desk.start(), given, starting)

    assert view.state is RunState.DONE, (view.error, log_of(given))
    swapped = died_at(given.deaths)[before:]
    assert "deploy: after POST /v1/unload_lora_adapter t0local/tickets" in swapped, "between the two nobody answers"
    await require_served(desk, vllm, versions=2)


async def require_served(desk: Desk, vllm: VllmWithAdapters, versions: int) -> None:
    """Require as many students, one move to each, and that no name of the server ever had another's files."""
    students = await desk.students.view(TEAM)
    assert sorted(each.version for each in students.students) == list(range(1, versions + 1))
    (alias,) = students.aliases
    assert (alias.alias, alias.name, alias.version) == ("tickets", "tickets", versions)
    async with desk.database.team(TEAM) as connection:
        assert len(await store.moves(connection, TEAM)) == versions
    served = {f"t0local/tickets@v{version}": f"v{version}" for version in range(1, versions + 1)}
    folders = {name: folder.name for name, folder in vllm.server.folders().items()}
    assert folders == {**served, "t0local/tickets": f"v{versions}"}
    files = {
        f"v{each.version}": {path.partition("/")[2]: digest for path, digest in each.files.items()}
        for each in students.students
    }
    for name, folder, loaded in vllm.loads:
        assert loaded == files[folder], name
        assert served.get(name, folder) == folder
    # Nobody was sent to a name that the server did not have.
    assert vllm.unknown == []


def inputs_of(api: FakeMessagesApi, endpoint: str) -> list[str]:
    return [INPUT.findall(body["messages"][0]["content"])[-1] for body in api.bodies(endpoint)]


def log_of(given: Work) -> str:
    return (given.folder / "worker.log").read_text()[-3000:]


async def worked_through(desk: Desk, run_id: str, given: Work, starting: ForkServerContext) -> tuple[RunView, int]:
    """Start a worker whenever there is none until the run is over; return it, and how often calls were made again."""
    resubmitted = 0
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            process = starting.Process(target=work, args=(given,))
            process.start()
            try:
                while process.is_alive():
                    view = await desk.runs.view(TEAM, run_id)
                    if view.state is RunState.FAILED and "its end" in str(view.error):
                        await desk.runs.retry(TEAM, run_id, BOB)
                    elif view.state.is_over:
                        return view, resubmitted
                    for asked in await desk.questions.open_of(TEAM, run_id):
                        # A batch is looked for and found, or was not taken; a single call cannot be looked for.
                        assert asked.kind == EFFECT_QUESTION, asked
                        await make_questions(desk.database).answer(TEAM, asked.id, RESUBMIT, BOB)
                        resubmitted += 1
                    await asyncio.sleep(0.05)
                assert process.exitcode == -signal.SIGKILL, log_of(given)
            finally:
                await stopped(process)


async def stopped(process: ForkServerProcess) -> None:
    process.terminate()
    await asyncio.to_thread(process.join)
