"""gate: score every candidate on the golden set, decide whether the student is good enough, and register it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from agents.distillation.comparisons import paired_tests
from agents.distillation.documents import evaluated
from agents.distillation.gate import (
    Candidate,
    CandidateKind,
    Verdict,
    free_alternative,
    gate_metric,
    judged,
    score_document,
)
from agents.distillation.spec import DistillationSpec
from agents.distillation.teaching import student_system
from agents.engine.stage import StageContext
from agents.evaluation.metrics import Scores, scores
from agents.evaluation.tasks import Task, task_document
from agents.evaluation.weaknesses import weaknesses
from agents.runs.questions import Answer, Choice, Question
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, OF_BASE, OF_STUDENT, TEACHER_GOLDEN, answers_of, spec_of
from agents.store import students
from agents.store.students import NewStudent

GATE: Final = "gate"
OVERRIDE: Final = "override"


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Judge the student; where it does not pass, people say what becomes of it."""
    spec = spec_of(context)
    if "passes" not in context.checkpoint:
        await _judge(context, spec)
    found = context.checkpoint
    answer: Answer | None = None
    if not found["passes"] and not context.params.get("unattended"):
        answer = await context.ask(_question(spec, found["reasons"]))
    is_overridden = answer is not None and answer.choice == OVERRIDE
    trained = context.previous["train"]
    async with context.database.team(context.team_id) as connection:
        student = await students.add(
            connection,
            context.team_id,
            NewStudent(
                name=spec.name,
                run_id=context.run_id,
                task=task_document(evaluated(spec)),
                instructions=student_system(spec),
                kind=spec.student.kind,
                method=spec.student.method,
                base=trained["base"],
                base_fingerprint=trained["base_fingerprint"],
                rank=spec.training.rank if trained["form"] == "adapter" else None,
                files=trained["files"],
                scores={"candidates": found["candidates"], "reasons": found["reasons"]},
                passed=found["passes"],
                overridden_by=answer.who if answer is not None and is_overridden else None,
                override_reason=str(answer.value) if answer is not None and is_overridden else None,
            ),
        )
        await context.save(connection, dict(found))
    return {
        "passes": found["passes"],
        "reasons": found["reasons"],
        "candidates": found["candidates"],
        "tests": found.get("tests", []),
        "weaknesses": found.get("weaknesses", []),
        "student": student.label,
        "may_be_served": student.may_be_served,
        "overridden_by": student.overridden_by,
    }


async def _judge(context: StageContext[DistilDeps], spec: DistillationSpec) -> None:
    task, golden = evaluated(spec), await answers_of(context, GOLDEN)

    async def candidate(name: str, kind: CandidateKind, file: str, what: str) -> Candidate:
        answers = await answers_of(context, file)
        return Candidate(name, kind, await asyncio.to_thread(scores, task, golden, answers), what)

    student = await candidate("student", "student", OF_STUDENT, f"{spec.student.base}, {spec.student.method}")
    free = context.previous["baselines"]["candidates"]
    is_asked = "base" in context.params["prediction"]["candidates"]
    others = [
        *([await candidate("base", "base", OF_BASE, f"{spec.student.base}, prompted")] if is_asked else []),
        *[await candidate(each["name"], "baseline", each["file"], each["what"]) for each in free],
    ]
    small = context.previous.get("prompted", {})
    if small.get("file") is not None:
        others.append(await candidate(small["name"], "api", small["file"], small["what"]))
    teacher = None
    if spec.teacher is not None:
        teacher = await candidate("teacher", "teacher", TEACHER_GOLDEN, spec.teacher.model)
    verdict = await asyncio.to_thread(judged, spec, student, teacher)
    every = [each for each in (teacher, student, *others) if each is not None]
    documents = await asyncio.to_thread(lambda: [score_document(each, seed=spec.training.seed) for each in every])
    beside = [each for each in every if each is not student]
    tests = await asyncio.to_thread(paired_tests, student, beside, gate_metric(spec), seed=spec.training.seed)
    given = await answers_of(context, OF_STUDENT)
    weak = await asyncio.to_thread(weaknesses, task, golden, given)
    context.log(" ".join(verdict.reasons))
    checkpoint = {
        "passes": verdict.passes,
        "reasons": list(verdict.reasons),
        "candidates": documents,
        "tests": [each.document() for each in tests],
        "weaknesses": [asdict(each) for each in weak],
    }
    async with context.database.team(context.team_id) as connection:
        await context.save(connection, checkpoint)


def advice(
    spec: DistillationSpec,
    task: Task,
    golden: Mapping[str, str],
    found: Mapping[str, Mapping[str, str]],
    teacher: Mapping[str, str] | None,
) -> tuple[str, Verdict] | None:
    """Return the name of the best free baseline that is good enough, with why; None where none is.

    Args:
        spec: What is wanted.
        task: The same, as it is evaluated.
        golden: Golden outputs by id.
        found: Each baseline's answers by id.
        teacher: The teacher's.
    """

    def scored(answers: Mapping[str, str]) -> Scores:
        return scores(task, golden, answers)

    baselines: Sequence[Candidate] = [Candidate(name, "baseline", scored(answers)) for name, answers in found.items()]
    held_to = Candidate("the teacher", "teacher", scored(teacher)) if teacher is not None else None
    best = free_alternative(spec, baselines, held_to)
    return None if best is None else (best[0].name, best[1])


def _question(spec: DistillationSpec, reasons: Sequence[str]) -> Question:
    text = f"{spec.name} did not pass its gate, so nothing is deployed. {' '.join(reasons)}"
    choices = (
        Choice("report", "End with the report"),
        Choice(
            OVERRIDE,
            "Deploy it all the same",
            is_spend=True,
            warning="It is served although it is not shown to be good enough. Your name and reason are kept with it.",
            entry="Reason",
        ),
    )
    return Question(GATE, text, choices)
