"""The files of a distillation run, as its inline stages read and keep them."""

import asyncio
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from agents.distillation.examples import Example, Input, jsonl, read_examples, read_inputs
from agents.distillation.spec import DistillationSpec
from agents.engine.artifacts import Kept
from agents.engine.stage import StageContext

INPUTS, LABELLED, GOLDEN, SYNTHETIC = "inputs.jsonl", "labelled.jsonl", "golden.jsonl", "synthetic.jsonl"
GENERATED, SECOND_SAMPLES, TEACHER_GOLDEN = "generated.jsonl", "second.jsonl", "teacher-golden.jsonl"
NOT_ASKED, KEPT, DROPPED, TRAIN_EXAMPLES = "not-asked.jsonl", "kept.jsonl", "dropped.jsonl", "train-examples.jsonl"
TRAIN, VALIDATION = "train.jsonl", "validation.jsonl"
OF_SMALL = "predictions-small.jsonl"
OF_STUDENT, OF_BASE, OF_SERVED = "predictions-student.jsonl", "predictions-base.jsonl", "predictions-served.jsonl"

_SOURCES: Final = frozenset({"labelled", "teacher", "synthetic"})


def spec_of(context: StageContext[Any]) -> DistillationSpec:
    """Return what the run was approved with."""
    return DistillationSpec.model_validate(context.params["spec"])


async def lines_of(context: StageContext[Any], name: str) -> list[str]:
    """Return the lines of an artifact of the run; none where there is none."""
    if name not in {each.name for each in await context.artifacts.list()}:
        return []
    with tempfile.TemporaryDirectory(prefix="cairn-") as folder:
        path = Path(folder) / "file"
        await context.artifacts.fetch(name, path)
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    # Not by splitlines: a line of JSON may hold other characters that end lines.
    return [line for line in text.split("\n") if line.strip()]


async def inputs_of(context: StageContext[Any], name: str) -> tuple[Input, ...]:
    """Return the inputs in an artifact; none where it is empty or missing."""
    lines = await lines_of(context, name)
    return await asyncio.to_thread(read_inputs, lines, name) if lines else ()


async def examples_of(context: StageContext[Any], name: str) -> tuple[Example, ...]:
    """Return the examples in an artifact, each with whose it is; none where it is empty or missing."""
    lines = await lines_of(context, name)
    return await asyncio.to_thread(_examples, lines, name) if lines else ()


async def rows_of(context: StageContext[Any], name: str) -> list[dict[str, Any]]:
    """Return the objects in an artifact."""
    return [json.loads(line) for line in await lines_of(context, name)]


async def answers_of(context: StageContext[Any], name: str) -> dict[str, str]:
    """Return outputs by the id of what they answer."""
    return {row["id"]: row["output"] for row in await rows_of(context, name)}


async def keep_rows(context: StageContext[Any], name: str, rows: Iterable[Mapping[str, Any]]) -> Kept:
    """Upload rows, for a transaction to make them an artifact of the run."""
    return await keep_bytes(context, name, await asyncio.to_thread(lambda: jsonl(rows).encode()))


async def keep_bytes(context: StageContext[Any], name: str, content: bytes) -> Kept:
    """Upload bytes, for a transaction to make them an artifact of the run."""
    with tempfile.TemporaryDirectory(prefix="cairn-") as folder:
        path = Path(folder) / "file"
        await asyncio.to_thread(path.write_bytes, content)
        return await context.artifacts.keep(name, path)


async def save(context: StageContext[Any], checkpoint: Mapping[str, Any], *kept: Kept) -> None:
    """Make files part of the run and record where the stage stands, in one transaction."""
    async with context.database.team(context.team_id) as connection:
        for each in kept:
            await context.artifacts.add(connection, each)
        await context.save(connection, checkpoint)


def _examples(lines: list[str], name: str) -> tuple[Example, ...]:
    rows = [json.loads(line) for line in lines]
    return tuple(
        replace(each, source=row["source"], rationale=row.get("rationale")) if row.get("source") in _SOURCES else each
        for each, row in zip(read_examples(lines, name), rows, strict=True)
    )
