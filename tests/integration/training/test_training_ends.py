"""Ends of a training before its time, and ways on from there."""

import sys
from pathlib import Path

import pytest

from tests.integration.training.conftest import StartTraining, lines

pytestmark = [pytest.mark.integration, pytest.mark.training, pytest.mark.timeout(600)]


def test_a_training_told_to_stop_saves_at_once_and_another_process_goes_on(training: StartTraining) -> None:
    whole = training()
    whole.run()
    stopped = training()
    attempt = stopped.run(stop_at=5)
    assert attempt.end == {"say": "handed_over", "reason": None}
    at = stopped.checkpoint["step"]
    assert 5 <= at < 8, "before the next checkpoint would have been due"
    resumed = stopped.run()
    assert resumed.result["steps"] == 12
    assert next(said["done"] for said in resumed.progress if said["unit"] == "steps") == at
    assert stopped.digests("adapter") == whole.digests("adapter")


def test_a_training_killed_after_its_last_step_trains_no_more(training: StartTraining) -> None:
    killed = training(max_steps=4)
    expected = killed.run().result
    killed.checkpoint = next(saved for saved in killed.checkpoints if saved["step"] == 4)
    again = killed.run()
    assert [said["done"] for said in again.progress if said["unit"] == "steps"] == [4]
    assert again.result["files"] == expected["files"]
    assert again.result["loss_curve"] == expected["loss_curve"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_training_that_needs_too_much_memory_goes_on_with_a_smaller_micro_batch(training: StartTraining) -> None:
    # 128 examples of some 500 tokens take more than a gigabyte at once.
    asked = "turn the lights on " * 120
    chat = [{"role": "user", "content": asked}, {"role": "assistant", "content": "lights"}]
    sizes = {"train": lines([{"messages": chat}] * 128), "validation": "", "batch": 128, "max_steps": 1}
    limited = training(**sizes, micro_batch=128)
    first = limited.run(module="tests.integration.training.limited_memory")
    goes_on = "128 examples at a time are more than memory holds; it goes on with 64"
    assert first.end == {"say": "handed_over", "reason": goes_on}
    assert limited.checkpoint == {"micro_batch": 64}
    attempt = limited.run()
    assert attempt.result["micro_batch"] == 64
    expected = training(**sizes, micro_batch=16).run().result
    assert attempt.result["loss_curve"][0][1] == pytest.approx(expected["loss_curve"][0][1], rel=1e-4)
    assert attempt.result["tokens"] == expected["tokens"], "the same batch, in smaller parts"


def test_processes_that_train_together_make_one_student_and_resume_it(training: StartTraining, bases: Path) -> None:
    module = "tests.integration.training.two_processes"
    whole = training(micro_batch=2)
    expected = whole.run(module=module).result
    killed = training(micro_batch=2)
    assert killed.run(module=module, kill_at=7).end is None
    assert killed.checkpoint["step"] == 4
    result = killed.run(module=module).result
    assert result["files"] == expected["files"]
    assert result["loss_curve"] == expected["loss_curve"]
    alone = training(micro_batch=4).run().result
    for (_, loss), (_, same) in zip(result["loss_curve"], alone["loss_curve"], strict=True):
        assert loss == pytest.approx(same, rel=2e-2), "it learns what one process learns"
