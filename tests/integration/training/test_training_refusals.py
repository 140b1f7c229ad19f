"""What cannot be trained, each with what to do about it, in the words that people see."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.training.child_process import Training
from tests.integration.training.conftest import StartTraining, chats, labelled, lines

pytestmark = [pytest.mark.integration, pytest.mark.training, pytest.mark.timeout(600)]

NO_ANSWER = [{"messages": [{"role": "user", "content": "turn the lights on"}]}]


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("no_template", "has no chat template, by which a prompt is written. Choose a base that was trained to chat"),
        ("foreign_tokenizer", "so it is the tokenizer of another model. Put the right one into the folder."),
        ("no_tokenizer", "The folder needs the tokenizer files of its model."),
        ("pickled", "has no weights as safetensors, and other formats can hold code."),
        ("not_a_number", "its loss is nan. Give a lower learning_rate than 0.0002, and start a new run."),
        ("nowhere", "does not exist on this host. Correct base."),
    ],
)
def test_a_base_that_cannot_be_trained_is_refused(training: StartTraining, bases: Path, base: str, says: str) -> None:
    assert says in training(base=str(bases / base)).run().error


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"train": ""}, "There is nothing to train on: train.jsonl has no rows."),
        ({"sequence": 16}, "Every row of train.jsonl is longer than 16 tokens. Give a longer sequence."),
        ({"train": lines(NO_ANSWER)}, "Row 1 of train.jsonl has no messages that end with one of the assistant."),
        ({"train": chats(2) + "[]\n"}, "Line 3 of train.jsonl is no JSON object, but []."),
        (
            {"kind": "encoder", "labels": ["lights", "music"]},
            "Row 3 of train.jsonl has the label 'heating', which is none of the labels given.",
        ),
        ({"target_modules": ["no_such_layer"]}, "Correct target_modules."),
        ({"batch": 0}, "A training with batch 0 is not possible: give a whole number from 1."),
        ({"lerning_rate": 0.1}, "A training has no setting 'lerning_rate'. Known: base, kind, method"),
    ],
)
def test_what_cannot_be_learned_is_refused(training: StartTraining, given: dict[str, Any], says: str) -> None:
    assert says in training(**given).run().error


def test_a_python_without_the_libraries_says_which_and_where_to_name_another(tmp_path: Path) -> None:
    recipe = {"base": "some/model", "method": "qlora"}
    found = Training(Path(sys.executable), tmp_path, recipe, {}).run().error
    assert found == (
        f"The Python that trains, {sys.executable}, has no torch, transformers, peft, accelerate, datasets, trl, "
        "bitsandbytes. Install them there, or set CAIRN_TRAIN_PYTHON for the worker to one that has them."
    )


def test_rows_that_are_too_long_are_left_out_and_counted(training: StartTraining) -> None:
    long = [{"messages": [{"role": "user", "content": "on " * 400}, {"role": "assistant", "content": "{}"}]}]
    attempt = training(train=chats(16) + lines(long), sequence=128, max_steps=1).run()
    assert attempt.result["steps"] == 1
    assert "left out of train.jsonl, being longer than 128 tokens: 1 rows" in attempt.log


def test_no_validation_rows_leave_its_loss_open(training: StartTraining) -> None:
    assert training(kind="encoder", train=labelled(16), validation="", max_steps=1).run().result["eval_loss"] is None
