"""Baselines of a run: what they answer, that a kill changes nothing about it, and what they refuse."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.adapters.baselines.child import MODELS, NAMES, run
from agents.distillation.examples import Example, jsonl
from agents.engine.child_stage import HandedOver
from agents.errors import UserError
from agents.evaluation.metrics import scores
from agents.evaluation.tasks import Classification
from tests.fakes.child_stage import FolderStage, Killed
from tests.shared_data import shared

pytestmark = pytest.mark.integration

FILES = [f"predictions-{name}.jsonl" for name in NAMES]
WISHES = {
    "lights": ("switch the lamp on", "it is dark in here", "brighter please", "turn off the lights"),
    "music": ("play a song", "louder please", "stop the music", "next track"),
}


@pytest.fixture(autouse=True)
def _models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One folder for the converted embedder, or each stage would make its own."""
    monkeypatch.setenv(MODELS, str(tmp_path_factory.getbasetemp() / "models"))


StartStage = Callable[..., FolderStage]


@pytest.fixture
def stage(tmp_path: Path) -> StartStage:
    """Makes stages with these examples."""

    def make(
        train: Sequence[Example] | None = None,
        golden: Sequence[Example] | None = None,
        kind: str = "classification",
        *,
        kill_at_save: int | None = None,
        stop_at_save: int | None = None,
    ) -> FolderStage:
        kept = tmp_path / str(len(list(tmp_path.iterdir()))) / "kept"
        kept.mkdir(parents=True)
        for name, rows in {"train-examples.jsonl": train or wishes(), "golden.jsonl": golden or wishes()[::3]}.items():
            (kept / name).write_text(jsonl(each.row() for each in rows))
        params = {"baselines": {"kind": kind, "seed": 7}}
        return FolderStage(kept, params, kill_at_save=kill_at_save, stop_at_save=stop_at_save)

    return make


def wishes() -> list[Example]:
    return [
        Example(f"{label}-{number}", text, label)
        for label, texts in WISHES.items()
        for number, text in enumerate(texts)
    ]


def intents(name: str, per_intent: int) -> list[Example]:
    """Return the first questions of eight intents."""
    with shared(f"data/banking77/{name}.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    labels = sorted({row["category"] for row in rows})[:8]
    found: list[Example] = []
    seen = Counter[str]()
    for number, row in enumerate(rows):
        if row["category"] in labels and seen[row["category"]] < per_intent:
            seen[row["category"]] += 1
            found.append(Example(f"{name}-{number}", row["text"], row["category"]))
    return found


def rows(of: FolderStage, file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (of.kept / file).read_text().splitlines()]


def outputs(of: FolderStage) -> Mapping[str, Mapping[str, str]]:
    """Return what was answered: all that is in the files but how long it took."""
    return {file: {row["id"]: row["output"] for row in rows(of, file)} for file in FILES}


def test_on_real_questions_meaning_beats_words_and_both_beat_the_usual_label(stage: StartStage) -> None:
    train, golden = intents("train", 30), intents("test_half", 20)
    labels = {each.output for each in train}
    asked = stage(train, golden)
    result = run(asked)

    assert [each["name"] for each in result["candidates"]] == list(NAMES)
    assert [each["file"] for each in result["candidates"]] == FILES
    assert result["learned_from"] == len(train) == 240
    right = {each.id: each.output for each in golden}
    accuracy = {}
    for file, answers in outputs(asked).items():
        assert list(answers) == [each.id for each in golden]
        assert set(answers.values()) <= labels
        accuracy[file] = scores(Classification(tuple(sorted(labels))), right, answers).values["accuracy"]
    assert accuracy["predictions-majority.jsonl"] == pytest.approx(1 / 8)
    assert accuracy["predictions-tfidf.jsonl"] > 0.6
    assert accuracy["predictions-embeddings.jsonl"] > 0.8
    for each in result["candidates"]:
        assert 0 <= each["p50_s"] <= each["p95_s"]
        assert sum("latency_s" in row for row in rows(asked, each["file"])) == min(200, len(golden))


@pytest.mark.parametrize("kind", ["classification", "extraction"])
def test_a_stage_killed_anywhere_answers_as_one_that_was_not(stage: StartStage, kind: str) -> None:
    whole = stage(kind=kind)
    expected = run(whole)
    for save in range(1, len(NAMES) + 1):
        killed = stage(kind=kind, kill_at_save=save)
        with pytest.raises(Killed):
            run(killed)
        resumed = killed.again()
        result = run(resumed)
        assert resumed.saved == [[file] for file in FILES[save - 1 :]], "what was done is not done again"
        assert outputs(resumed) == outputs(whole)
        unchanged = ("name", "what", "file")
        assert [[each[key] for key in unchanged] for each in result["candidates"]] == [
            [each[key] for key in unchanged] for each in expected["candidates"]
        ]


def test_a_stage_that_is_done_and_taken_up_again_returns_the_same(stage: StartStage) -> None:
    done = stage()
    expected = run(done)
    again = done.again()
    assert run(again) == expected
    assert again.saved == []


def test_a_stage_told_to_stop_keeps_what_is_done(stage: StartStage) -> None:
    stopped = stage(stop_at_save=1)
    with pytest.raises(HandedOver):
        run(stopped)
    assert stopped.saved == [FILES[:1]]
    assert [each["name"] for each in run(stopped.again())["candidates"]] == list(NAMES)


def test_records_are_those_of_the_nearest_example(stage: StartStage) -> None:
    train = [
        Example("1", "a flight from Oslo to Rome", '{"from": "Oslo", "to": "Rome"}'),
        Example("2", "a table for two in a pizzeria", '{"guests": 2}'),
        Example("3", "two guests want a table", '{"guests": 2}'),
    ]
    golden = [Example("g1", "fly from Oslo to Rome", "-"), Example("g2", "table for two", "-")]
    asked = stage(train, golden, "extraction")
    result = run(asked)
    by_name = dict(zip(NAMES, outputs(asked).values(), strict=True))
    assert set(by_name["majority"].values()) == {'{"guests": 2}'}
    assert by_name["tfidf"] == by_name["embeddings"] == {"g1": train[0].output, "g2": train[1].output}
    assert "nearest example" in result["candidates"][1]["what"]


def test_golden_outputs_change_no_answer(stage: StartStage) -> None:
    golden = wishes()[::3]
    told = stage(golden=golden)
    run(told)
    lied_to = stage(golden=[Example(each.id, each.input, "a lie") for each in golden])
    run(lied_to)
    assert outputs(told) == outputs(lied_to)


def test_labels_with_one_example_and_texts_of_signs_alone_are_learned_from(stage: StartStage) -> None:
    odd = [Example("1", "?!", "signs"), Example("2", "你好", "greeting"), Example("3", "a" * 50_000, "long")]
    asked = stage(odd, [*odd, Example("4", "…", "signs")])
    result = run(asked)
    assert outputs(asked)["predictions-tfidf.jsonl"]["1"] == "signs"
    assert "C = 10" in result["candidates"][1]["what"]


@pytest.mark.parametrize(
    ("train", "kind", "said"),
    [
        ([Example("1", "on", "lights"), Example("2", "off", "lights")], "classification", "the label 'lights'"),
        (wishes(), "translation", "of the kind 'translation'"),
    ],
)
def test_what_cannot_be_learned_from_is_said(stage: StartStage, train: Sequence[Example], kind: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        run(stage(train, kind=kind))


def test_more_examples_than_baselines_need_are_drawn_from_by_lot(stage: StartStage) -> None:
    many = [Example(str(number), f"the answer is {number}", "even") for number in range(20_500)]
    asked = stage([*many, Example("odd", "something else", "odd")], [Example("g", "the answer is 4", "even")])
    asked.stopping = True
    with pytest.raises(HandedOver):
        run(asked)
    assert asked.lines == ["the baselines learn from 20,000 of the 20,501 examples, drawn by lot"]
