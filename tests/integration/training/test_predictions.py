"""Answers of base and student in the process of their stage, held against what each model says to an input alone."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.training.child_process import Training
from tests.integration.training.conftest import StartTraining, chats, labelled, lines
from tests.integration.training.forking import Forks

pytestmark = [pytest.mark.integration, pytest.mark.training, pytest.mark.timeout(900)]

MODULE = "agents.adapters.predictors.child"
SAYS = {"base": "Say what is wished for, as one JSON object.", "student": "Say what is wished for."}
MOST = 24
# It learns enough in few steps to write otherwise than its base. On a processor bf16 would leave ties to chance.
QUICKLY = {"max_steps": 40, "save_every": 40, "learning_rate": 5e-3, "dtype": "fp32"}


@dataclass(frozen=True)
class Trained:
    """A training that is done, and the inputs that its student is to answer."""

    recipe: Mapping[str, Any]
    result: Mapping[str, Any]
    kept: Path
    texts: list[str]
    python: Path
    forks: Forks | None = None

    @property
    def golden(self) -> str:
        return lines([{"id": f"g{number}", "input": text, "output": "?"} for number, text in enumerate(self.texts)])

    def prediction(self, folder: Path, **settings: Any) -> Training:
        """Return the stage that follows the training."""
        usual = {"instructions": SAYS, "max_new_tokens": MOST, "batch": 5, "save_every": 10}
        stage = Training(
            self.python,
            folder,
            self.recipe,
            {"golden.jsonl": self.golden},
            prediction={**usual, **settings},
            previous={"train": self.result},
            forks=self.forks,
        )
        for name in self.result["files"]:
            target = stage.kept / name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes((self.kept / name).read_bytes())
        return stage

    def answered_alone(self, folder: Path) -> dict[str, list[str]]:
        """Return what each candidate answers to each input."""
        is_encoder = self.recipe.get("kind") == "encoder"
        spec = folder / "spec.json"
        method = "encoder" if is_encoder else self.recipe["method"]
        document = {"base": self.recipe["base"], "student": str(self.kept / self.result["form"]), "method": method}
        document |= {"texts": self.texts, "base_says": SAYS["base"], "student_says": SAYS["student"], "most": MOST}
        spec.write_text(json.dumps(document))
        script = Path(__file__).with_name("direct_answers.py")
        done = subprocess.run([str(self.python), str(script), str(spec)], check=True, capture_output=True, text=True)
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found


def trained(training: StartTraining, python: Path, bases: Path, **recipe: Any) -> Trained:
    done = training(**recipe)
    result = done.run().result
    if recipe.get("kind") == "encoder":
        texts = [json.loads(line)["input"] for line in labelled(12).splitlines()]
    else:
        texts = [json.loads(line)["messages"][1]["content"] for line in chats(23).splitlines()]
    return Trained(done.recipe, result, done.kept, texts, python, done.forks)


def rows(stage: Training, candidate: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (stage.kept / f"predictions-{candidate}.jsonl").read_text().split("\n") if line
    ]


def outputs(stage: Training, candidate: str) -> list[str]:
    return [row["output"] for row in rows(stage, candidate)]


def test_a_killed_prediction_answers_as_each_model_does_alone(
    training: StartTraining, python: Path, bases: Path, tmp_path: Path
) -> None:
    done = trained(training, python, bases, method="lora", **QUICKLY)
    stage = done.prediction(tmp_path / "killed")
    # 23 answers of the base, and then 15 of the student, of which 10 are kept.
    assert stage.run(module=MODULE, kill_at=38).end is None
    resumed = stage.run(module=MODULE)
    result = resumed.result
    assert next(said["done"] for said in resumed.progress if said["done"] > 23) == 23 + 15, "none is asked twice"

    alone = done.answered_alone(tmp_path)
    assert outputs(stage, "base") == alone["base"]
    assert outputs(stage, "student") == alone["student"]
    assert alone["base"] != alone["student"], "the adapter counts"
    assert [row["id"] for row in rows(stage, "student")] == [f"g{number}" for number in range(23)]
    assert [each["name"] for each in result["candidates"]] == ["base", "student"]
    assert (result["device"], result["gpus"]) == ("cpu", 0)
    for each in result["candidates"]:
        found = rows(stage, each["name"])
        assert each["answers"] == len(found) == 23
        assert each["tokens_out"] == sum(row["tokens_out"] for row in found) <= 23 * MOST
        assert each["cut"] == sum(row.get("cut", False) for row in found)
        assert all(row["tokens_out"] == MOST for row in found if row.get("cut"))
        assert each["seconds"] == pytest.approx(sum(row["latency_s"] for row in found), abs=0.01)


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param({"method": "qlora", **QUICKLY}, id="qlora"),
        pytest.param({"method": "full", **QUICKLY}, id="full"),
    ],
)
def test_a_student_of_another_method_answers_as_it_does_alone(
    training: StartTraining, python: Path, bases: Path, tmp_path: Path, recipe: dict[str, Any]
) -> None:
    done = trained(training, python, bases, **recipe)
    stage = done.prediction(tmp_path / "whole", batch=4)
    assert [each["answers"] for each in stage.run(module=MODULE).result["candidates"]] == [23, 23]
    alone = done.answered_alone(tmp_path)
    assert outputs(stage, "base") == alone["base"]
    assert outputs(stage, "student") == alone["student"]
    assert alone["base"] != alone["student"]


def test_a_classifier_answers_with_the_label_of_a_forward_pass(
    training: StartTraining, python: Path, bases: Path, tmp_path: Path
) -> None:
    done = trained(training, python, bases, kind="encoder", method="lora", max_steps=30, learning_rate=3e-3)
    stage = done.prediction(tmp_path / "whole", candidates=["student"])
    result = stage.run(module=MODULE).result
    assert outputs(stage, "student") == done.answered_alone(tmp_path)["student"]
    assert len(set(outputs(stage, "student"))) > 1, "it tells them apart"
    assert result["candidates"][0]["tokens_out"] == 0


def test_a_student_of_another_base_is_not_asked(
    training: StartTraining, python: Path, bases: Path, tmp_path: Path
) -> None:
    recipe = {"base": str(bases / "llama"), "method": "lora"}
    done = Trained(recipe, {"files": {}, "base_fingerprint": "another"}, tmp_path, ["on"], python)
    said = done.prediction(tmp_path / "other").run(module=MODULE).error
    assert said == (
        f"The model {bases / 'llama'} on this host is not the one that the student was trained on. Put that one there, "
        "or train again."
    )


def test_an_input_longer_than_the_base_takes_is_answered_by_nothing_and_the_others_are_answered(
    python: Path, bases: Path, tmp_path: Path
) -> None:
    recipe = {"base": str(bases / "llama"), "method": "lora", "dtype": "fp32"}
    done = Trained(recipe, {"files": {}}, tmp_path, ["on", "turn it on " * 1_000, "off"], python)
    stage = done.prediction(tmp_path / "long", candidates=["base"])
    result = stage.run(module=MODULE).result
    assert result["candidates"][0]["too_long"] == 1
    assert outputs(stage, "base")[1] == ""
    assert rows(stage, "base")[0]["tokens_out"] > 0


def test_a_base_without_a_chat_template_says_so(python: Path, bases: Path, tmp_path: Path) -> None:
    recipe = {"base": str(bases / "no_template"), "method": "lora"}
    done = Trained(recipe, {"files": {}}, tmp_path, ["on"], python)
    said = done.prediction(tmp_path / "plain", candidates=["base"]).run(module=MODULE).error
    assert "has no chat template" in said
