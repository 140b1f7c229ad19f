"""report: everything that the run found, in one object, with a model card."""

from collections.abc import Mapping
from typing import Any

from agents.distillation.model_card import model_card, model_card_inputs
from agents.distillation.run_report import run_report
from agents.distillation.spec import TeacherSpec
from agents.engine.stage import StageContext
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import keep_bytes, save, spec_of


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Keep the model card, and return the run's result."""
    spec, before = spec_of(context), context.previous
    gate, trained = before["gate"], before["train"]
    asked = context.params.get("small_model")
    small = TeacherSpec.model_validate(asked) if asked is not None else None
    book = await context.deps.book_of(context.team_id)
    report = run_report(spec, before, book, context.deps.today(), small=small)
    card = model_card(model_card_inputs(spec, before, report))
    await save(context, {}, await keep_bytes(context, "model-card.md", card.encode()))
    context.log(str(report.step["text"]))
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
        "tests": list(report.tests),
        "gate": {key: gate[key] for key in ("passes", "reasons", "overridden_by")},
        "training": {key: value for key, value in trained.items() if key != "loss_curve"},
        "deployment": {**before["deploy"], "verification": before["verify"]},
        "report": report.document(),
    }
