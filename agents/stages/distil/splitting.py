"""split: part the examples into those to learn from and those to watch training by, and describe the data set."""

import asyncio
from collections.abc import Mapping
from typing import Any

from agents.distillation.data_card import DataCardInputs, data_card
from agents.distillation.documents import evaluated
from agents.distillation.examples import Example, dataset_sha256
from agents.distillation.filtering import Dropped, Filtered, Reason
from agents.distillation.spec import DistillationSpec
from agents.distillation.splitting import split
from agents.distillation.teaching import chat_row
from agents.engine.stage import StageContext
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import (
    DROPPED,
    GOLDEN,
    KEPT,
    TRAIN,
    TRAIN_EXAMPLES,
    VALIDATION,
    examples_of,
    keep_bytes,
    keep_rows,
    rows_of,
    save,
    spec_of,
)


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Keep the files that training reads, and the data card."""
    spec = spec_of(context)
    kept, golden = await examples_of(context, KEPT), await examples_of(context, GOLDEN)
    parts = await asyncio.to_thread(split, kept, spec.validation_share, seed=spec.training.seed)
    dropped = tuple(_dropped(row) for row in await rows_of(context, DROPPED))
    about = DataCardInputs(
        name=spec.name,
        version=1,
        made_on=context.deps.today(),
        licence=spec.data.licence,
        teacher=spec.teacher.model if spec.teacher is not None else None,
        terms=context.params.get("teacher_terms"),
    )
    card = data_card(about, evaluated(spec), Filtered(kept, dropped), parts, golden)
    files = [
        await keep_rows(context, TRAIN_EXAMPLES, (each.row() for each in parts.train)),
        await keep_rows(context, TRAIN, (_training_row(spec, each) for each in parts.train)),
        await keep_rows(context, VALIDATION, (_training_row(spec, each) for each in parts.validation)),
        await keep_bytes(context, "data-card.md", card.encode()),
    ]
    await save(context, {}, *files)
    return {
        "train": len(parts.train),
        "validation": len(parts.validation),
        "golden": len(golden),
        "sha256": dataset_sha256(kept),
    }


def _training_row(spec: DistillationSpec, example: Example) -> Mapping[str, Any]:
    if spec.student.kind == "encoder":
        return {"id": example.id, "input": example.input, "label": example.output}
    return chat_row(spec, example)


def _dropped(row: Mapping[str, Any]) -> Dropped:
    reason: Reason = row["reason"]
    return Dropped(row["id"], reason, row["detail"])
