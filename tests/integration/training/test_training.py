"""Training of students in the real process of its stage: what comes out, and that a kill changes nothing about it."""

from typing import Any

import pytest

from tests.integration.training.conftest import StartTraining

pytestmark = [pytest.mark.integration, pytest.mark.training, pytest.mark.timeout(600)]

METHODS = [
    pytest.param({"method": "lora", "dropout": 0.1}, "adapter", id="lora"),
    pytest.param({"method": "qlora", "dropout": 0.1}, "adapter", id="qlora"),
    pytest.param({"method": "full"}, "model", id="full"),
    pytest.param({"kind": "encoder", "method": "lora", "dropout": 0.1}, "model", id="encoder"),
]


@pytest.mark.parametrize(("recipe", "form"), METHODS)
def test_a_training_that_is_killed_ends_in_the_very_same_student(
    training: StartTraining, recipe: dict[str, Any], form: str
) -> None:
    whole = training(**recipe)
    expected = whole.run().result
    killed = training(**recipe)
    assert killed.run(kill_at=7).end is None
    assert killed.checkpoint["step"] == 4, "step 7 was lost with the process"
    resumed = killed.run()
    assert next(said["done"] for said in resumed.progress if said["unit"] == "steps") == 4
    result = resumed.result

    assert result["form"] == form
    assert killed.digests(form) == whole.digests(form) == result["files"]
    same = ("files", "steps", "tokens", "loss_curve", "train_loss", "eval_loss", "base_fingerprint")
    assert {name: result[name] for name in same} == {name: expected[name] for name in same}
    assert [step for step, _ in result["loss_curve"]] == [2, 4, 6, 8, 10, 12]
    assert result["loss_curve"][-1][1] < result["loss_curve"][0][1], "it learns"
    assert all(not name.endswith((".bin", ".pt", ".pth", ".pkl")) for name in result["files"])
