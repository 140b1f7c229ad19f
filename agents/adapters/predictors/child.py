"""The stage that has base and student answer the golden inputs: `run`, in a process without Postgres and keys.

Its parameters are those of settings.py under `prediction`, beside the recipe of the training under `training`; the
student's files are those that the stage `train` has named. The golden outputs are not looked at.
"""

import gc
import importlib.util
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from agents.adapters.predictors.batches import AnswerBatch, Place, Prompt, answer_all
from agents.adapters.predictors.settings import PredictionSettings, read_prediction
from agents.adapters.trainers.bases import Base, bring_base
from agents.adapters.trainers.examples import load_tokenizer
from agents.adapters.trainers.recipe import TrainingRecipe, read_recipe
from agents.adapters.trainers.stage import TrainingStage
from agents.adapters.trainers.weights import read_config, read_weights
from agents.distillation.examples import Input, read_inputs
from agents.errors import UserError

GOLDEN = "golden.jsonl"


class PredictionStage(TrainingStage, Protocol):
    """What prediction needs beside that: the results of the earlier stages, by name."""

    previous: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Work:
    """What is answered, by models of which recipe."""

    recipe: TrainingRecipe
    settings: PredictionSettings
    inputs: Sequence[Input]
    stage: PredictionStage


def run(stage: PredictionStage) -> Mapping[str, Any]:
    """Keep the answers of each candidate, and return what they took.

    Raises:
        UserError: Something about parameters, base, student or host has to be put right first.
    """
    recipe = read_recipe(stage.params.get("training"))
    settings = read_prediction(stage.params.get("prediction"), recipe)
    _require_packages(recipe)
    with stage.fetch(GOLDEN).open(encoding="utf-8") as lines:
        work = _Work(recipe, settings, read_inputs(lines, GOLDEN), stage)
    answering = _Classifying(work) if recipe.kind == "encoder" else _Writing(work)
    import transformers  # noqa: PLC0415  # only where it is known to be there

    # The log of a stage is read line by line.
    transformers.utils.logging.disable_progress_bar()
    total = len(work.inputs) * len(settings.candidates)
    for name in settings.candidates[len(stage.checkpoint.get("done", ())) :]:
        place = Place(name, len(work.inputs) * len(stage.checkpoint.get("done", ())), total)
        stage.progress(place.before, total, "answers", f"{name}: loading")
        prompts, answer = answering.candidate(name)
        figures = answer_all(prompts, answer, place, stage, batch=settings.batch, save_every=settings.save_every)
        stage.log(f"{name}: {figures['answers']:,} answers in {figures['seconds']:,.1f} s, {figures['cut']:,} cut")
    return {"candidates": list(stage.checkpoint["done"]), **_devices()}


class _Writing:
    """Candidates that write: both made of the base, unless all weights of the student are its own."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        trained = work.stage.previous.get("train", {})
        self._base = bring_base(work.recipe.base, trained.get("base_revision") or work.recipe.revision, work.stage)
        if trained.get("base_fingerprint", self._base.weights.fingerprint) != self._base.weights.fingerprint:
            raise UserError(
                f"The model {self._base.name} on this host is not the one that the student was trained on. Put that "
                "one there, or train again."
            )
        self._model: Any = None

    def candidate(self, name: str) -> tuple[list[Prompt], AnswerBatch]:
        """Return a candidate's prompts, and what answers them."""
        from agents.adapters.predictors.writers import (  # noqa: PLC0415  # only the training Python has torch
            Writer,
            chat_prompts,
            load_writer,
            with_adapter,
        )

        work, base = self._work, self._base
        if name == "student" and not work.recipe.has_adapter:
            # There is no room for both.
            self._model = None
            gc.collect()
            base = _student(work.stage)
        if self._model is None:
            self._model = load_writer(base, work.recipe)
        if name == "student" and work.recipe.has_adapter:
            self._model = with_adapter(self._model, _student_folder(work.stage))
        tokenizer, cut_at = load_tokenizer(base), work.settings.max_new_tokens
        prompts = chat_prompts(work.inputs, work.settings.instructions[name], tokenizer, base, cut_at)
        return prompts, Writer(self._model, tokenizer, cut_at).answer


class _Classifying:
    """The student that tells labels apart."""

    def __init__(self, work: _Work) -> None:
        self._work = work

    def candidate(self, _: str) -> tuple[list[Prompt], AnswerBatch]:
        """Return its prompts, and what answers them."""
        from agents.adapters.predictors.classifiers import (  # noqa: PLC0415  # only the training Python has torch
            Classifier,
            load_classifier,
            text_prompts,
        )

        work, student = self._work, _student(self._work.stage)
        tokenizer = load_tokenizer(student)
        answer = Classifier(load_classifier(student), tokenizer, work.recipe.labels).answer
        return text_prompts(work.inputs, tokenizer, work.recipe), answer


def _student(stage: PredictionStage) -> Base:
    """Return the student whose weights are all its own."""
    folder = _student_folder(stage)
    return Base("the student", folder, "", read_config(folder), read_weights(folder))


def _student_folder(stage: PredictionStage) -> Path:
    """Return the folder with the files that the training has named."""
    files = stage.previous.get("train", {}).get("files")
    if not files:
        raise UserError("There is no student to ask: the stage train of this run has named no files. Start a new run.")
    folder = stage.scratch / "student"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in files:
        shutil.move(stage.fetch(name), folder / Path(name).name)
    return folder


def _require_packages(recipe: TrainingRecipe) -> None:
    needed = ["torch", "transformers"]
    needed += ["accelerate", "peft"] if recipe.has_adapter else []
    needed += ["bitsandbytes"] if recipe.method == "qlora" else []
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"The Python that answers, {sys.executable}, has no {', '.join(missing)}. Install them there, or set "
            "CAIRN_TRAIN_PYTHON for the worker to one that has them."
        )


def _devices() -> dict[str, Any]:
    """Return what it ran on, as people call it."""
    import torch  # noqa: PLC0415  # only where it is known to be there

    gpus = torch.cuda.device_count()
    return {"device": torch.cuda.get_device_name(0) if gpus else "cpu", "gpus": gpus}
