"""The stage that answers the golden inputs with what is free: `run`, in a process that knows neither Postgres nor keys.

Its parameters stand under `baselines`: the task's `kind` and a `seed`. Its files are `train-examples.jsonl` and
`golden.jsonl`. Nothing is fitted to the golden outputs; they are not even looked at.
"""

import asyncio
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from agents.adapters.baselines.candidates import Answers, Vectors, counted, nearest, regression, usual_output
from agents.adapters.trainers.stage import TrainingStage
from agents.distillation.examples import Example, Input, jsonl, read_examples, read_inputs
from agents.errors import UserError, quoted
from agents.evaluation.speed import latency

TRAIN, GOLDEN = "train-examples.jsonl", "golden.jsonl"
MODELS: Final = "CAIRN_MODELS"
"""The variable with the folder that keeps the converted embedder; without it, each attempt converts it anew."""

NAMES: Final = ("majority", "tfidf", "embeddings")

_KINDS = ("classification", "extraction", "generation")
# Examples that are learned from at most: more take an hour where these take minutes, for a point at best.
_MOST_LEARNED: Final = 20_000
_TIMED: Final = 200
_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate that has answered, as the result of the stage says it."""

    name: str
    what: str
    file: str
    fit_s: float
    p50_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class _Work:
    """What is learned from, what is answered, and how."""

    kind: str
    seed: int
    train: Sequence[Example]
    golden: Sequence[Input]

    @property
    def inputs(self) -> list[str]:
        return [each.input for each in self.train]

    @property
    def outputs(self) -> list[str]:
        return [each.output for each in self.train]


def run(stage: TrainingStage) -> Mapping[str, Any]:
    """Let each candidate answer, keep the answers, and return what the candidates are and how fast they were.

    Raises:
        UserError: The examples cannot be read, or there is nothing to tell apart in them.
    """
    work = _read(stage)
    done = [Candidate(**each) for each in stage.checkpoint.get("candidates", ())]
    for name in NAMES[len(done) :]:
        stage.progress(len(done), len(NAMES), "candidates", name)
        candidate, rows = _candidate(name, work, stage)
        path = stage.scratch / candidate.file
        path.write_text(jsonl(rows), "utf-8")
        done.append(candidate)
        stage.save({"candidates": [asdict(each) for each in done]}, {candidate.file: path})
        stage.log(f"{name}: {candidate.what}, fitted in {candidate.fit_s:,.1f} s, p50 {1000 * candidate.p50_s:.3g} ms")
    stage.progress(len(done), len(NAMES), "candidates")
    return {"candidates": [asdict(each) for each in done], "learned_from": len(work.train)}


def _read(stage: TrainingStage) -> _Work:
    given = stage.params.get("baselines", {})
    kind, seed = given.get("kind"), given.get("seed", 0)
    if kind not in _KINDS:
        raise UserError(f"No baselines for a task of the kind {quoted(kind)}. Give one of: {', '.join(_KINDS)}.")
    with stage.fetch(TRAIN).open(encoding="utf-8") as lines:
        train = read_examples(lines, TRAIN)
    with stage.fetch(GOLDEN).open(encoding="utf-8") as lines:
        golden = read_inputs(lines, GOLDEN)
    if kind == "classification" and len({each.output for each in train}) < 2:
        raise UserError(
            f"All {len(train):,} examples to train on have the label {quoted(train[0].output)}, so there is nothing to "
            "tell apart. Add examples of the other labels, and start a new run."
        )
    if len(train) > _MOST_LEARNED:
        stage.log(f"the baselines learn from {_MOST_LEARNED:,} of the {len(train):,} examples, drawn by lot")
        places = sorted(random.Random(seed).sample(range(len(train)), _MOST_LEARNED))  # noqa: S311  # no secrets
        train = tuple(train[place] for place in places)
    return _Work(kind, seed, train, golden)


def _candidate(name: str, work: _Work, stage: TrainingStage) -> tuple[Candidate, list[dict[str, Any]]]:
    """Return a candidate and its answers."""
    began_s = time.perf_counter()
    with asyncio.Runner() as runner:
        answers, what = _fitted(name, work, stage, runner)
        fit_s = time.perf_counter() - began_s
        inputs = [each.text for each in work.golden]
        found: list[str] = []
        for first in range(0, len(inputs), _AT_ONCE):
            _stop_if_asked(stage)
            stage.progress(NAMES.index(name), len(NAMES), "candidates", f"{name}: {first:,} golden inputs answered")
            found += answers(inputs[first : first + _AT_ONCE])
        taken_s = _timed(answers, work, stage)
    speed = latency(list(taken_s.values()))
    rows = [
        {"id": each.id, "output": output} | ({"latency_s": taken_s[each.id]} if each.id in taken_s else {})
        for each, output in zip(work.golden, found, strict=True)
    ]
    return Candidate(name, what, f"predictions-{name}.jsonl", round(fit_s, 3), speed.p50_s, speed.p95_s), rows


def _fitted(name: str, work: _Work, stage: TrainingStage, runner: asyncio.Runner) -> tuple[Answers, str]:
    """Return what answers, and what it is in words."""
    if name == "majority":
        return usual_output(work.outputs), "the most frequent output"
    is_sparse = name == "tfidf"
    vectors, of = _counted(work) if is_sparse else _embedded(stage, runner)
    matrix = _in_parts(vectors, name, work, stage)
    if work.kind != "classification":
        return nearest(vectors, matrix, work.outputs), f"the output of the nearest example by {of}"
    stage.progress(NAMES.index(name), len(NAMES), "candidates", f"{name}: fitting")
    answers, c = regression(vectors, matrix, work.outputs, is_sparse=is_sparse, seed=work.seed)
    return answers, f"logistic regression on {of} (C = {c:g})"


def _counted(work: _Work) -> tuple[Vectors, str]:
    return counted(work.inputs), "TF-IDF of words and characters"


def _embedded(stage: TrainingStage, runner: asyncio.Runner) -> tuple[Vectors, str]:
    from agents.adapters.embedders.minilm import MiniLm  # noqa: PLC0415  # loads onnxruntime

    embedder = MiniLm(Path(os.environ.get(MODELS) or stage.scratch))
    return lambda texts: runner.run(embedder.embed(texts)), "embeddings of all-MiniLM-L6-v2"


def _in_parts(vectors: Vectors, name: str, work: _Work, stage: TrainingStage) -> Any:
    """Return the vectors of the examples, stopping between parts where the worker is to stop."""
    if name == "tfidf":
        return vectors(work.inputs)
    parts = []
    for first in range(0, len(work.train), _AT_ONCE):
        _stop_if_asked(stage)
        note = f"{name}: {first:,} of {len(work.train):,} examples embedded"
        stage.progress(NAMES.index(name), len(NAMES), "candidates", note)
        parts.append(vectors(work.inputs[first : first + _AT_ONCE]))
    return np.concatenate(parts)


def _timed(answers: Answers, work: _Work, stage: TrainingStage) -> dict[str, float]:
    """Return what some inputs take when each comes alone, in seconds by id."""
    places = range(len(work.golden))
    drawn = sorted(random.Random(work.seed).sample(places, min(_TIMED, len(places))))  # noqa: S311  # no secrets
    # The first one after a pause pays for what the others find in caches.
    answers([work.golden[drawn[0]].text])
    taken_s = {}
    for place in drawn:
        _stop_if_asked(stage)
        began_s = time.perf_counter()
        answers([work.golden[place].text])
        taken_s[work.golden[place].id] = round(time.perf_counter() - began_s, 6)
    return taken_s


def _stop_if_asked(stage: TrainingStage) -> None:
    if stage.stopping:
        # The candidates that are done are kept already, and one that is not takes a minute.
        stage.hand_over()
