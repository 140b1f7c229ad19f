"""All answers of one candidate: in batches, the longest inputs first, from the last checkpoint on."""

import gc
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agents.adapters.trainers.shrinking import is_out_of_memory
from agents.adapters.trainers.stage import TrainingStage
from agents.distillation.examples import jsonl
from agents.errors import UserError

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """An input as the tokens that a model is given for it; `is_too_long` where the model cannot take them."""

    id: str
    tokens: Sequence[int]
    is_too_long: bool = False


AnswerBatch = Callable[[Sequence[Prompt]], list[Row]]
"""The rows for some prompts, in their order, as they stand in the file but for their latency."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answers of a candidate stand among those of all.

    Attributes:
        name: The candidate's.
        before: Answers of the candidates before it.
        total: Answers of all candidates.
    """

    name: str
    before: int
    total: int

    @property
    def file(self) -> str:
        """Where its answers are kept."""
        return f"predictions-{self.name}.jsonl"


def answer_all(
    prompts: Sequence[Prompt], answer: AnswerBatch, place: Place, stage: TrainingStage, *, batch: int, save_every: int
) -> dict[str, Any]:
    """Keep the answers to all prompts, in their order, and return what they took.

    Args:
        prompts: All that the candidate is asked.
        answer: Answers some of them.
        place: The candidate's place.
        stage: Whom to tell, and where earlier attempts have left their answers.
        batch: Prompts at once, unless an earlier attempt found that too many.
        save_every: Answers between checkpoints.

    Raises:
        UserError: Memory is not enough for a single one.
    """
    rows = _kept(place, stage)
    is_there = {row["id"] for row in rows}
    waiting = sorted((each for each in prompts if each.id not in is_there), key=lambda each: -len(each.tokens))
    # A request that a server would refuse is answered by nothing.
    rows += [_refused(each) for each in waiting if each.is_too_long]
    waiting = [each for each in waiting if not each.is_too_long]
    batch = stage.checkpoint.get("batch", batch)
    saved, began_s, before = len(rows), time.monotonic(), len(rows)
    while waiting:
        answered = _answered(answer, waiting[:batch])
        if answered is None:
            batch = _halved(batch, stage)
            continue
        rows += answered
        waiting = waiting[batch:]
        rate = (len(rows) - before) / max(1e-9, time.monotonic() - began_s)
        stage.progress(place.before + len(rows), place.total, "answers", f"{place.name}: {rate:,.1f} answers/s")
        if waiting and (stage.stopping or len(rows) - saved >= save_every):
            _keep(rows, place, stage, {**stage.checkpoint, "answering": place.name})
            saved = len(rows)
            if stage.stopping:
                stage.hand_over()
    return _finished(prompts, rows, place, stage, batch)


def _finished(
    prompts: Sequence[Prompt], rows: Sequence[Row], place: Place, stage: TrainingStage, batch: int
) -> dict[str, Any]:
    """Keep all answers in the order of the prompts, with their figures; return these."""
    by_id = {row["id"]: row for row in rows}
    figures = {
        "name": place.name,
        "file": place.file,
        "answers": len(rows),
        "cut": sum(row.get("cut", False) for row in rows),
        "too_long": sum(row.get("too_long", False) for row in rows),
        "tokens_in": sum(row["tokens_in"] for row in rows),
        "tokens_out": sum(row["tokens_out"] for row in rows),
        "seconds": round(sum(row.get("latency_s", 0.0) for row in rows), 3),
        "batch": batch,
    }
    checkpoint = {name: value for name, value in stage.checkpoint.items() if name != "answering"}
    done = [*checkpoint.get("done", ()), figures]
    _keep([by_id[each.id] for each in prompts], place, stage, {**checkpoint, "done": done})
    return figures


def _answered(answer: AnswerBatch, prompts: Sequence[Prompt]) -> list[Row] | None:
    """Return the rows of a batch with what each took of its time; None where memory is not enough for it."""
    began_s = time.perf_counter()
    try:
        rows = answer(prompts)
    except Exception as cause:
        if not is_out_of_memory(cause):
            raise
        return None
    each_s = round((time.perf_counter() - began_s) / len(prompts), 6)
    return [{**row, "latency_s": each_s} for row in rows]


def _halved(batch: int, stage: TrainingStage) -> int:
    if batch == 1:
        raise UserError(
            "Memory is not enough to answer a single input. Use a smaller base, shorter inputs or fewer "
            "max_new_tokens, or a host with more memory."
        )
    gc.collect()
    stage.log(f"{batch} inputs at a time are more than memory holds; it goes on with {batch // 2}")
    # A later attempt begins with what is known to fit.
    stage.save({**stage.checkpoint, "batch": batch // 2})
    return batch // 2


def _kept(place: Place, stage: TrainingStage) -> list[Row]:
    """Return the answers of earlier attempts."""
    if stage.checkpoint.get("answering") != place.name:
        return []
    # Not splitlines, which also takes the separators that an answer may hold for ends of a line.
    return [json.loads(line) for line in stage.fetch(place.file).read_text("utf-8").split("\n") if line]


def _keep(rows: Sequence[Row], place: Place, stage: TrainingStage, checkpoint: dict[str, Any]) -> None:
    path = stage.scratch / place.file
    path.write_text(jsonl(rows), "utf-8")
    stage.save(checkpoint, {place.file: path})


def _refused(prompt: Prompt) -> Row:
    return {"id": prompt.id, "output": "", "tokens_in": len(prompt.tokens), "tokens_out": 0, "too_long": True}
