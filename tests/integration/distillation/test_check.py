"""What is found wanting before the teacher is paid, and that the run goes on once it is mended."""

import pytest

from agents.runs.states import RunState
from tests.integration.distillation.desk import BOB, TEAM, WHO, Desk, document
from tests.integration.distillation.test_small_model import SMALL, asking

pytestmark = pytest.mark.integration


async def test_a_server_that_does_not_answer_ends_the_run_before_anything_is_paid(desk: Desk) -> None:
    desk.server.is_up = False
    async with asking(desk) as api:
        view = await desk.finish(run_id := await desk.start(baselines=SMALL))

        assert view.state is RunState.FAILED
        assert view.error is not None
        assert view.error.startswith("Nothing is paid yet, and the student could not be served: The server of models")
        assert api.bodies == []

        desk.server.is_up = True
        await desk.runs.retry(TEAM, run_id, BOB)
        assert (await desk.finish(run_id)).state is RunState.DONE


async def test_a_server_that_takes_no_adapters_is_found_before_anything_is_trained(desk: Desk) -> None:
    desk.server.takes_adapters = False

    view = await desk.finish(await desk.start())

    assert view.error is not None
    assert "Start vLLM with --enable-lora" in view.error
    assert [stage.name for stage in view.stages if stage.result is not None] == ["prepare"]


async def test_a_student_that_is_not_to_be_served_needs_no_server(desk: Desk) -> None:
    desk.server.is_up = False
    assert not (await desk.made(serve={"deploy": False}))["deployment"]["deployed"]


async def test_without_a_host_that_can_train_the_run_waits_before_the_teacher_is_paid(desk: Desk) -> None:
    training = {"gpus": 2, "gpu_memory_gb": 80}
    proposal = await desk.distillations.propose(TEAM, document(desk.folder, training=training), requested_by=WHO)
    assert "as things stand the run would wait before the teacher is paid" in proposal.estimate["host"]
    run_id = await desk.start(training=training)
    desk.patience_s = 5

    with pytest.raises(TimeoutError):
        await desk.finish(run_id)

    view = await desk.runs.view(TEAM, run_id)
    assert [stage.name for stage in view.stages if stage.result is not None] == ["prepare"]
    assert "since no worker can train: needs 2x" in str(view.stages[1].error)


async def test_a_run_that_trains_on_the_processor_waits_for_nothing(desk: Desk) -> None:
    view = await desk.finish(await desk.start())
    assert view.state is RunState.DONE
    proposal = await desk.distillations.propose(TEAM, document(desk.folder), requested_by=WHO)
    assert "no worker serves the queue" in proposal.estimate["host"], "its only worker has stopped"
