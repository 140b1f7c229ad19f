"""Base models of the Hugging Face Hub: fetched with the token that is set, or refused with what to do."""

from pathlib import Path

import pytest

from tests.fakes.model_hub import COMMIT, ModelHub
from tests.integration.training.conftest import StartTraining

pytestmark = [pytest.mark.integration, pytest.mark.training, pytest.mark.timeout(600)]
ID = "cairn-tests/tiny-llama"


def reached(hub: ModelHub, cache: Path, **more: str) -> dict[str, str]:
    return {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": hub.url, "HF_HOME": str(cache), **more}


def test_a_base_with_a_licence_is_fetched_with_the_token_and_pinned_to_its_commit(
    training: StartTraining, bases: Path, tmp_path: Path
) -> None:
    started = training(base=ID, max_steps=1)
    with ModelHub(ID, bases / "llama", token="hf_accepted").serving() as hub:
        refused = started.run(environment=reached(hub, tmp_path / "cache")).error
        assert refused == (
            f"The licence of {ID} has to be accepted first: open https://huggingface.co/{ID}, accept it, set HF_TOKEN "
            "to a token of that account for the worker, and retry the run."
        )
        attempt = started.run(environment=reached(hub, tmp_path / "cache", HF_TOKEN="hf_accepted"))
    assert (attempt.result["base"], attempt.result["base_revision"]) == (ID, COMMIT)
    assert any(line.startswith(f"{ID} is downloaded: ") for line in attempt.log)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(hub.fetched)
    assert started.checkpoint["revision"] == COMMIT, "a later attempt starts from the same weights"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cairn-tests/unknown", "The Hugging Face Hub shows no model cairn-tests/unknown here. Correct base, or set"),
        ("no such/id", "is neither a folder nor an id of the Hugging Face Hub such as Qwen/Qwen3-8B."),
    ],
)
def test_an_unknown_base_is_refused(training: StartTraining, bases: Path, tmp_path: Path, name: str, says: str) -> None:
    with ModelHub(ID, bases / "llama").serving() as hub:
        assert says in training(base=name).run(environment=reached(hub, tmp_path / "cache")).error


def test_a_hub_that_does_not_answer_is_said_to_be_so(training: StartTraining, tmp_path: Path) -> None:
    nobody = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    said = training(base=ID).run(environment=nobody).error
    assert f"{ID} is not on this host and cannot be downloaded, since the Hugging Face Hub does not answer." in said


def test_offline_a_base_has_to_be_there(training: StartTraining, tmp_path: Path) -> None:
    said = training(base=ID).run(environment={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}).error
    assert f"{ID} is not on this host and cannot be downloaded, since HF_HUB_OFFLINE is set." in said


def test_a_base_that_the_disk_has_no_room_for_is_not_begun(
    training: StartTraining, bases: Path, tmp_path: Path
) -> None:
    hub = LargeHub(ID, bases / "llama")
    with hub.serving():
        said = training(base=ID).run(environment=reached(hub, tmp_path / "cache")).error
    assert "set HF_HOME for the worker to a folder on a larger disk." in said


class LargeHub(ModelHub):
    """Says that its weights take more than any disk has."""

    def answer(self, path: str, token: str | None) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = super().answer(path, token)
        return status, {**headers, "X-Linked-Size": str(10**16)}, body
