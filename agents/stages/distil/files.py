"""The files that a stage of a distillation run reads and keeps, as lines."""

import asyncio
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agents.distillation.examples import Example, Input, jsonl, read_examples, read_inputs
from agents.engine.artifacts import Kept
from agents.engine.stage import StageContext

INPUTS, LABELLED, GOLDEN, SYNTHETIC = "inputs.jsonl", "labelled.jsonl", "golden.jsonl", "synthetic.jsonl"
GENERATED, SECOND_SAMPLES, TEACHER_GOLDEN = "generated.jsonl", "second.jsonl", "teacher-golden.jsonl"


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
    """Return the examples in an artifact; none where it is empty or missing."""
    lines = await lines_of(context, name)
    return await asyncio.to_thread(read_examples, lines, name) if lines else ()


async def keep_rows(context: StageContext[Any], name: str, rows: Iterable[Mapping[str, Any]]) -> Kept:
    """Upload rows, for a transaction to make them an artifact of the run."""
    with tempfile.TemporaryDirectory(prefix="cairn-") as folder:
        path = Path(folder) / "file"
        await asyncio.to_thread(lambda: path.write_text(jsonl(rows), encoding="utf-8"))
        return await context.artifacts.keep(name, path)
