"""What is looked at before a teacher is paid: the base, its tokenizer and template, and the libraries."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.model_hub import COMMIT, ModelHub
from tests.integration.training.child_process import Attempt, Training
from tests.integration.training.conftest import StartTraining
from tests.integration.training.test_base_downloads import ID, reached

pytestmark = [pytest.mark.integration, pytest.mark.training, pytest.mark.timeout(600)]

CHECK = "agents.adapters.trainers.check"


def checked(started: Training, **options: Any) -> Attempt:
    return started.run(module=CHECK, **options)


def test_a_base_that_can_be_trained_is_named_with_its_fingerprint(training: StartTraining) -> None:
    started = training(max_steps=1)

    found = checked(started).result

    assert found["parameters"] > 100_000
    assert found["base_revision"] == ""
    assert found["base_fingerprint"] == started.run().result["base_fingerprint"]


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("no_template", "has no chat template, by which a prompt is written."),
        ("no_system", "refuses a row: no system role here. Choose another base."),
        ("foreign_tokenizer", "so it is the tokenizer of another model."),
        ("no_tokenizer", "The folder needs the tokenizer files of its model."),
        ("pickled", "has no weights as safetensors"),
        ("nowhere", "does not exist on this host. Correct base."),
    ],
)
def test_a_base_that_cannot_be_trained_is_found_without_loading_it(
    training: StartTraining, bases: Path, base: str, says: str
) -> None:
    assert says in checked(training(base=str(bases / base))).error


def test_a_model_of_a_type_that_the_libraries_do_not_know_is_refused(
    training: StartTraining, bases: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "brand-new"
    shutil.copytree(bases / "llama", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "brandnew"}))

    said = checked(training(base=str(folder))).error

    assert "is a model of type 'brandnew', which cannot be trained to be one that writes." in said


def test_a_python_without_the_libraries_is_found(tmp_path: Path) -> None:
    started = Training(Path(sys.executable), tmp_path, {"base": "some/model"}, {})
    assert "set CAIRN_TRAIN_PYTHON for the worker" in checked(started).error


def test_what_was_fetched_for_the_check_is_what_is_trained(
    training: StartTraining, bases: Path, tmp_path: Path
) -> None:
    started = training(base=ID, max_steps=1)
    hub = ModelHub(ID, bases / "llama", token="hf_accepted")
    with hub.serving():
        assert "has to be accepted first" in checked(started, environment=reached(hub, tmp_path / "cache")).error
        allowed = reached(hub, tmp_path / "cache", HF_TOKEN="hf_accepted")
        found = checked(started, environment=allowed).result
        fetched = list(hub.fetched)
        started.previous = {"check": found}
        trained = started.run(environment=allowed).result

    assert found["base_revision"] == trained["base_revision"] == COMMIT
    assert hub.fetched == fetched, "the training fetches nothing again"
