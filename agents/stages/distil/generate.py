"""generate: have the teacher write inputs, where they are wanted, then outputs for all inputs and the golden set."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from agents.dialogue.chat import Usage
from agents.distillation.answers import Tally, added, is_text, new_inputs, no_example
from agents.distillation.data import own_inputs
from agents.distillation.examples import Example, Input
from agents.distillation.filtering import worth_asking
from agents.distillation.spec import DistillationSpec
from agents.distillation.teaching import TeacherAnswer, synthesised, taught
from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.evaluation.speed import latency
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import (
    GENERATED,
    GOLDEN,
    INPUTS,
    LABELLED,
    SECOND_SAMPLES,
    SYNTHETIC,
    TEACHER_GOLDEN,
    examples_of,
    inputs_of,
    keep_rows,
)
from agents.stages.distil.rounds import OF_GOLDEN, SECOND, Rounds

_ARTIFACTS = {"generated": GENERATED, "second": SECOND_SAMPLES, "teacher_golden": TEACHER_GOLDEN}


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Have everything answered and return what came of it."""
    spec = DistillationSpec.model_validate(context.params["spec"])
    if spec.teacher is None:
        await _keep_examples(context, _Examples(spec, (), ()))
        return {**Tally().as_json(), "written": None, "usd": 0.0, "tokens": {}, "rounds": 0, "examples": 0}
    rounds = Rounds(context, spec, spec.teacher)
    if spec.data.synthesis is not None and rounds.written is None:
        await rounds.ask("inputs")
        await _keep_written(context, spec, rounds, spec.data.synthesis.count)
    await rounds.ask("outputs")
    return await _result(context, rounds, spec)


async def _keep_written(context: StageContext[DistilDeps], spec: DistillationSpec, rounds: Rounds, most: int) -> None:
    """Keep the inputs that the teacher wrote, each once and none that is there already."""
    texts: list[str] = []
    async for answer in rounds.answers("inputs"):
        texts += synthesised(answer.text) if answer.state == "answered" else []
    own, golden = await inputs_of(context, INPUTS), await examples_of(context, GOLDEN)
    known = await asyncio.to_thread(own_inputs, spec, await examples_of(context, LABELLED))
    before = [*known, *own]
    new, dropped = new_inputs(texts, [*(each.text for each in before), *(each.input for each in golden)])
    worth, not_asked = await asyncio.to_thread(worth_asking, _numbered(new, own), before, golden, spec.filter)
    dropped.update(each.reason for each in not_asked)
    kept = worth[:most]
    if len(worth) > most:
        dropped["more than wanted"] = len(worth) - most
    if not kept and not own:
        raise UserError(
            f"The teacher {rounds.teacher.model} wrote no input that is of use ({dict(dropped) or 'none at all'}). "
            "Say in task.instructions what inputs look like, or give some in data.inputs, and propose it again."
        )
    rows = [{"id": each.id, "input": each.text} for each in kept]
    rounds.written = {"kept": len(kept), "dropped": dict(dropped)}
    await rounds.save(await keep_rows(context, SYNTHETIC, rows))
    context.log(f"{len(kept)} inputs were written, {dropped.total()} more are of no use")


def _numbered(texts: Sequence[str], own: Sequence[Input]) -> list[Input]:
    """Return texts with ids that none of the team's own inputs has."""
    taken = {each.id for each in own}
    named = (f"synthetic-{number:06d}" for number in range(len(texts) + len(taken)))
    return [Input(each_id, text) for text, each_id in zip(texts, (e for e in named if e not in taken), strict=False)]


async def _result(context: StageContext[DistilDeps], rounds: Rounds, spec: DistillationSpec) -> Mapping[str, Any]:
    """Keep the examples and return what came of all requests for outputs."""
    tally = await rounds.tally("outputs")
    examples = _Examples(spec, await rounds.texts(), await examples_of(context, GOLDEN))
    golden: list[TeacherAnswer] = []
    async for answer in rounds.answers("outputs"):
        fault = examples.take(answer) if answer.state == "answered" else None
        if answer.state == "answered" and answer.id.startswith(f"{OF_GOLDEN}-"):
            golden.append(replace(answer, text=""))
        if fault is not None:
            tally.unusable[fault] += 1
    if not examples.rows[GENERATED]:
        raise UserError(no_example(rounds.teacher.model, tally.unusable))
    await _keep_examples(context, examples)
    used = added(each.usage for each in rounds.shards)
    return {
        **tally.as_json(),
        "written": None if rounds.written is None else dict(rounds.written),
        "usd": float(sum((each.usd for each in rounds.shards), Decimal(0))),
        "tokens": _tokens(used),
        "golden": counted(golden),
        "rounds": max(each.round for each in rounds.of("outputs")),
        "examples": len(examples.rows[GENERATED]),
        "artifacts": _ARTIFACTS,
    }


def counted(answers: Sequence[TeacherAnswer]) -> dict[str, Any]:
    """Return how many answers there are, their tokens, and how fast they came, where each was asked for by itself."""
    taken_s = [each.latency_s for each in answers if each.latency_s is not None]
    found = {"answers": len(answers), "tokens": _tokens(added(each.usage for each in answers))}
    return found | {"latency": asdict(latency(taken_s))} if taken_s else found


def _tokens(used: Usage) -> dict[str, int]:
    return {
        "input": used.input_tokens,
        "cache_read": used.cache_read_tokens,
        "cache_write": used.cache_write_tokens,
        "output": used.output_tokens,
    }


async def _keep_examples(context: StageContext[DistilDeps], examples: "_Examples") -> None:
    kept = [await keep_rows(context, name, rows) for name, rows in examples.rows.items()]
    async with context.database.team(context.team_id) as connection:
        for each in kept:
            await context.artifacts.add(connection, each)


class _Examples:
    """The rows of the files that the stage leaves, by file."""

    def __init__(self, spec: DistillationSpec, texts: Sequence[tuple[Input, bool]], golden: Sequence[Example]) -> None:
        self._spec = spec
        self._texts = texts
        self._golden = golden
        self.rows: dict[str, list[dict[str, Any]]] = {GENERATED: [], SECOND_SAMPLES: [], TEACHER_GOLDEN: []}

    def take(self, answer: TeacherAnswer) -> str | None:
        """Make a row of an answer; return why it cannot be one."""
        told = taught(self._spec, answer.text)
        if told.fault is not None:
            return told.fault
        if not is_text(told.output):
            return "not text"
        kind, _, place = answer.id.partition("-")
        number = int(place)
        if kind == OF_GOLDEN:
            self.rows[TEACHER_GOLDEN].append({"id": self._golden[number].id, "output": told.output})
            return None
        given, is_written = self._texts[number]
        if kind == SECOND:
            self.rows[SECOND_SAMPLES].append({"id": given.id, "output": told.output})
            return None
        rationale = told.rationale if told.rationale is not None and is_text(told.rationale) else None
        example = Example(given.id, given.text, told.output, "synthetic" if is_written else "teacher", rationale)
        self.rows[GENERATED].append(example.row())
        return None
