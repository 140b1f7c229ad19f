"""The model card: what a student is, what it was trained on and what it scores, on one page of Markdown."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.distillation.comparisons import comparison_words
from agents.distillation.report import Report, cost_words, latency_words, pays_words
from agents.distillation.spec import DistillationSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCardInputs:
    """What a card says; `candidates` are those of the gate, as `gate.score_document` writes them."""

    label: str
    made_on: dt.date
    base: str
    base_fingerprint: str
    method: str
    instructions: str
    dataset_sha256: str
    examples: int
    licence: str
    teacher: str | None
    candidates: Sequence[Mapping[str, Any]]
    passes: bool
    reasons: Sequence[str]
    overridden_by: str | None
    report: Report


def model_card_inputs(
    spec: DistillationSpec, results: Mapping[str, Mapping[str, Any]], report: Report
) -> ModelCardInputs:
    """Return what the card of a run says, from what its stages have returned."""
    gate, trained, split = results["gate"], results["train"], results["split"]
    return ModelCardInputs(
        label=gate["student"],
        made_on=report.made_on,
        base=trained["base"],
        base_fingerprint=trained["base_fingerprint"],
        method=spec.student.method,
        instructions=spec.task.instructions,
        dataset_sha256=split["sha256"],
        examples=split["train"],
        licence=spec.data.licence,
        teacher=spec.teacher.model if spec.teacher is not None else None,
        candidates=gate["candidates"],
        passes=gate["passes"],
        reasons=gate["reasons"],
        overridden_by=gate["overridden_by"],
        report=report,
    )


def model_card(about: ModelCardInputs) -> str:
    """Return the model card as Markdown."""
    return "\n".join(_lines(about)) + "\n"


def _lines(about: ModelCardInputs) -> Iterator[str]:
    yield f"# Model card: {about.label}"
    yield ""
    base = f"{about.base} (fingerprint {about.base_fingerprint[:16]})"
    yield f"Made on {about.made_on.isoformat()} by {about.method} on {base}."
    yield ""
    yield "## Use"
    yield ""
    yield "Call it with these instructions as the system message, and the input alone as the user's:"
    yield ""
    yield from (f"> {line}" for line in about.instructions.splitlines())
    yield ""
    yield "It was trained and measured for this task only; nothing is known of any other."
    yield ""
    yield "## Data"
    yield ""
    yield f"- {about.examples:,} examples; sha256 of all that were kept: {about.dataset_sha256}"
    yield f"- Teacher: {about.teacher or 'none, outputs are those of the team'}"
    yield f"- Licence: {about.licence}"
    yield ""
    yield "## Scores on the golden set"
    yield ""
    names = list(about.candidates[0]["metrics"]) if about.candidates else []
    yield "| candidate | " + " | ".join(names) + " | invalid |"
    yield "|---|" + "---|" * (len(names) + 1)
    for each in about.candidates:
        cells = [_cell(each["metrics"][name]) for name in names]
        yield (
            f"| {each['name']} ({each['what']}) | "
            + " | ".join(cells)
            + f" | {each['invalid']} of {each['examples']} |"
        )
    yield ""
    if about.report.tests:
        yield "Paired, on the same examples the student is:"
        yield ""
        yield from (f"- {comparison_words(each)}" for each in about.report.tests)
        yield ""
    yield "## Cost and speed"
    yield ""
    yield "| candidate | $ per 1M requests | p50 / p95 | how the cost is known |"
    yield "|---|---|---|---|"
    for row in about.report.rows:
        yield f"| {row.name} | {cost_words(row)} | {latency_words(row)} | {row.basis} |"
    yield ""
    yield from (f"- It pays {pays_words(each)}" for each in about.report.pays)
    if about.report.pays:
        yield ""
    yield "## Gate"
    yield ""
    yield ("Passed." if about.passes else "Did not pass.") + (
        f" {about.overridden_by} let it pass." if about.overridden_by is not None else ""
    )
    yield ""
    yield from (f"- {reason}" for reason in about.reasons)


def _cell(metric: Mapping[str, Any]) -> str:
    return f"{metric['value']:.1%} ({metric['low']:.1%} to {metric['high']:.1%})"
