"""filter: drop what is not to be learned from, each with its reason, and let people look at some of the rest."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from agents.distillation.data import FEWEST_EXAMPLES, labelled_id
from agents.distillation.documents import evaluated
from agents.distillation.examples import Example
from agents.distillation.filtering import Dropped, Filtered, filtered, reasons_in_words, samples
from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.runs.questions import TABLE, Choice, Question
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import (
    DROPPED,
    GENERATED,
    GOLDEN,
    KEPT,
    LABELLED,
    NOT_ASKED,
    SECOND_SAMPLES,
    answers_of,
    examples_of,
    keep_bytes,
    keep_rows,
    rows_of,
    save,
    spec_of,
)

REVIEW: Final = "review_samples"
SAMPLES_FILE: Final = "samples.md"
_LONGEST_SHOWN: Final = 160


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Filter, and ask whether the examples look right."""
    spec = spec_of(context)
    if not context.checkpoint.get("filtered"):
        await _filter(context)
    if not context.params.get("unattended"):
        found = context.checkpoint
        dropped = ", ".join(f"{count:,} {reason}" for reason, count in found["dropped"].items()) or "none"
        text = (
            f"{found['kept']:,} examples are kept for {spec.name}; dropped: {dropped}. Look at {found['looked_at']} of "
            f"them before anything is trained on them; {SAMPLES_FILE} of this run has them in full."
        )
        # A run that was filtered by an older version has none, and its question was asked without any.
        details = {TABLE: [["Input", "Output"], *found["rows"]]} if "rows" in found else {}
        await context.ask(Question(REVIEW, text, (Choice("go_on", "They look right"),), details))
    result = {key: context.checkpoint[key] for key in ("given", "kept", "dropped")}
    context.log(f"{result['kept']:,} of {result['given']:,} examples kept")
    return result


async def _filter(context: StageContext[DistilDeps]) -> None:
    spec = spec_of(context)
    golden = await examples_of(context, GOLDEN)
    # Ids of the two files may be the same.
    labelled = [replace(each, id=labelled_id(each.id)) for each in await examples_of(context, LABELLED)]
    generated: Sequence[Example] = ()
    second: Mapping[str, str] = {}
    if spec.teacher is not None:
        generated = await examples_of(context, GENERATED)
        second = await answers_of(context, SECOND_SAMPLES) if spec.teacher.samples > 1 else {}
    task, given = evaluated(spec), [*labelled, *generated]
    await context.progress(0, len(given), "examples")
    found = await asyncio.to_thread(filtered, task, given, golden, spec.filter, second=second)
    await context.progress(len(given), len(given), "examples")
    # What was left out before the teacher was asked is dropped as well.
    not_asked = [Dropped(**row) for row in await rows_of(context, NOT_ASKED)]
    found, of = replace(found, dropped=(*not_asked, *found.dropped)), len(given) + len(not_asked)
    if len(found.kept) < FEWEST_EXAMPLES:
        raise UserError(_too_few(found, of))
    looked_at = samples(task, found.kept, seed=spec.training.seed)
    kept = [
        await keep_rows(context, KEPT, (each.row() for each in found.kept)),
        await keep_rows(
            context,
            DROPPED,
            ({"id": each.id, "reason": each.reason, "detail": each.detail} for each in found.dropped),
        ),
        await keep_bytes(context, SAMPLES_FILE, _samples_text(looked_at).encode()),
    ]
    checkpoint = {
        "filtered": True,
        "given": of,
        "kept": len(found.kept),
        "dropped": {reason: count for reason, count in found.counts.items() if count},
        "looked_at": len(looked_at),
        "rows": [[_short(each.input), _short(each.output)] for each in looked_at],
    }
    await save(context, checkpoint, *kept)


def _too_few(found: Filtered, given: int) -> str:
    told = f"Of {given:,} examples {len(found.kept)} are left, and {FEWEST_EXAMPLES} are needed at least."
    if found.dropped:
        first = found.dropped[0]
        told += f" Dropped: {reasons_in_words(found.dropped)}. The first: {first.id}, {first.detail}."
        told += f" {DROPPED} of this run has each."
    return f"{told} Correct the data or the task, or give more, then propose the run again."


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[: _LONGEST_SHOWN - 1]}…"


def _samples_text(examples: Sequence[Example]) -> str:
    parts = [f"## {each.id} ({each.source})\n\n{each.input}\n\n**Output**\n\n{each.output}\n" for each in examples]
    return "\n".join(parts)
