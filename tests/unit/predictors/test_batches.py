"""Going through the inputs of a candidate: order, memory, kills, and what is kept."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.adapters.predictors.batches import Place, Prompt, Row, answer_all
from agents.engine.child_stage import HandedOver
from agents.errors import UserError
from tests.fakes.child_stage import FolderStage, Killed

PLACE = Place("student", 10, 30)
# The separator of lines is one that JSON leaves as it is.
PROMPTS = [Prompt(f"g\u2028{number}", range(number % 7 + 1)) for number in range(20)]


class Model:
    """Answers with the length of the input, as far as its memory goes."""

    def __init__(self, most: int = 99) -> None:
        self.asked: list[list[str]] = []
        self._most = most

    def answer(self, prompts: Sequence[Prompt]) -> list[Row]:
        if len(prompts) > self._most:
            raise MemoryError
        self.asked.append([each.id for each in prompts])
        return [
            {"id": each.id, "output": f"\u2028{len(each.tokens)}", "tokens_in": len(each.tokens), "tokens_out": 2}
            for each in prompts
        ]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


def rows(kept: Path) -> list[Row]:
    """Return what is kept, but for how long it took."""
    lines = (kept / "predictions-student.jsonl").read_text().split("\n")
    return [{name: value for name, value in json.loads(line).items() if name != "latency_s"} for line in lines if line]


def test_answers_stand_in_the_order_of_the_inputs_and_the_longest_are_asked_first(kept: Path) -> None:
    stage, model = FolderStage(kept, {}), Model()
    figures = answer_all(PROMPTS, model.answer, PLACE, stage, batch=8, save_every=100)
    assert [row["id"] for row in rows(kept)] == [each.id for each in PROMPTS]
    lengths = [len(next(each.tokens for each in PROMPTS if each.id == asked)) for part in model.asked for asked in part]
    assert lengths == sorted(lengths, reverse=True)
    assert [len(part) for part in model.asked] == [8, 8, 4]
    assert (figures["answers"], figures["tokens_in"], figures["tokens_out"]) == (20, sum(lengths), 40)
    assert stage.told[-1][:2] == (30, 30)


@pytest.mark.parametrize("save", [1, 2, 3])
def test_a_kill_loses_what_was_not_saved_and_nothing_else(kept: Path, save: int) -> None:
    killed = FolderStage(kept, {}, kill_at_save=save)
    with pytest.raises(Killed):
        answer_all(PROMPTS, Model().answer, PLACE, killed, batch=4, save_every=8)
    resumed, model = killed.again(), Model()
    figures = answer_all(PROMPTS, model.answer, PLACE, resumed, batch=4, save_every=8)
    assert sum(map(len, model.asked)) == 20 - 8 * (save - 1)
    resumed_rows = rows(kept)
    whole = FolderStage(kept, {})
    assert answer_all(PROMPTS, Model().answer, PLACE, whole, batch=4, save_every=8)["answers"] == figures["answers"]
    assert resumed_rows == rows(kept)
    assert [each["name"] for each in resumed.checkpoint["done"]] == ["student"]


def test_a_stage_told_to_stop_saves_after_the_batch_in_hand(kept: Path) -> None:
    stopped = FolderStage(kept, {})
    stopped.stopping = True
    with pytest.raises(HandedOver):
        answer_all(PROMPTS, Model().answer, PLACE, stopped, batch=4, save_every=100)
    model = Model()
    answer_all(PROMPTS, model.answer, PLACE, stopped.again(), batch=4, save_every=100)
    assert sum(map(len, model.asked)) == 16


def test_where_memory_ends_batches_are_halved_and_a_later_attempt_knows(kept: Path) -> None:
    stage, model = FolderStage(kept, {}), Model(most=3)
    figures = answer_all(PROMPTS, model.answer, PLACE, stage, batch=16, save_every=100)
    assert figures["batch"] == stage.checkpoint["batch"] == 2
    assert [len(part) for part in model.asked] == [2] * 10
    assert stage.lines[0] == "16 inputs at a time are more than memory holds; it goes on with 8"
    with pytest.raises(UserError, match="not enough to answer a single input"):
        answer_all(PROMPTS, Model(most=0).answer, PLACE, FolderStage(kept, {}), batch=4, save_every=100)


def test_an_input_that_the_model_cannot_take_is_answered_by_nothing_and_counted(kept: Path) -> None:
    model = Model()
    prompts = [Prompt("long", range(9_000), is_too_long=True), *PROMPTS]
    figures = answer_all(prompts, model.answer, PLACE, FolderStage(kept, {}), batch=30, save_every=100)
    assert figures["too_long"] == 1
    assert "long" not in model.asked[0]
    assert rows(kept)[0] == {"id": "long", "output": "", "tokens_in": 9_000, "tokens_out": 0, "too_long": True}
    assert figures["answers"] == 21
