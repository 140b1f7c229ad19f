"""report: everything that the run found, in one object, with a model card."""

from collections.abc import Mapping
from typing import Any

from agents.distillation.model_card import ModelCardInputs, model_card
from agents.engine.stage import StageContext
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import keep_bytes, save, spec_of


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Keep the model card, and return the run's result."""
    spec, before = spec_of(context), context.previous
    gate, trained = before["gate"], before["train"]
    about = ModelCardInputs(
        label=gate["student"],
        made_on=context.deps.today(),
        base=trained["base"],
        base_fingerprint=trained["base_fingerprint"],
        method=spec.student.method,
        instructions=spec.task.instructions,
        dataset_sha256=before["split"]["sha256"],
        examples=before["split"]["train"],
        licence=spec.data.licence,
        teacher=spec.teacher.model if spec.teacher is not None else None,
        candidates=gate["candidates"],
        passes=gate["passes"],
        reasons=gate["reasons"],
        overridden_by=gate["overridden_by"],
    )
    await save(context, {}, await keep_bytes(context, "model-card.md", model_card(about).encode()))
    return {
        "name": spec.name,
        "student": gate["student"],
        "data": {
            **{use: before["prepare"][use] for use in ("golden", "labelled", "inputs")},
            **{key: before["filter"][key] for key in ("given", "kept", "dropped")},
            **{part: before["split"][part] for part in ("train", "validation", "sha256")},
        },
        "generated": before["generate"],
        "free_baseline_enough": before["advise"]["enough"],
        "scores": gate["candidates"],
        "gate": {key: gate[key] for key in ("passes", "reasons", "overridden_by")},
        "training": {key: value for key, value in trained.items() if key != "loss_curve"},
        "deployment": {**before["deploy"], "verification": before["verify"]},
    }
