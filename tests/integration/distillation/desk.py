"""Distillation runs by a real worker on real Postgres; what needs torch or a model is stood in for by rules.

The stand-ins write what the real stages write: see tests/integration/training for those.
"""

import asyncio
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.adapters.artifacts import open_artifacts
from agents.adapters.sources.data_files import DataFiles
from agents.distillation.examples import jsonl
from agents.distillation.load import ServedLoad
from agents.distillation.spec import TeacherSpec
from agents.engine.server_keeper import ServerKeeper
from agents.engine.stage import StageContext, Stages
from agents.engine.student_files import StudentFiles
from agents.engine.worker import run_worker
from agents.ports import BatchTeacher, LiveTeacher
from agents.runs.questions import QuestionView
from agents.runs.states import RunState
from agents.runs.views import RunView
from agents.services.data_sources import DataSources
from agents.services.distillations import Distillations
from agents.services.measurements import keep_load
from agents.services.prices import PriceBooks
from agents.services.questions import Questions
from agents.services.runs import Runs
from agents.services.students import Students
from agents.stages import STAGES
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, TRAIN, keep_bytes, keep_rows, lines_of, rows_of, save
from agents.stages.distil.places import require_places
from agents.store import measurements
from agents.store.db import Connection, Database
from agents.store.measurements import MeasurementRow
from agents.wiring import prices_today
from tests.fakes.model_server import FakeModelServer
from tests.people import make_people

TEAM, BOB = "T0LOCAL", "U0BOB"
WHO = "shell:tester"
LABELS = ("billing", "shipping")
WORDS = ("invoice", "refund", "charge", "card", "parcel", "courier", "address", "tracking")


def label_of(number: int) -> str:
    return LABELS[(number % len(WORDS)) // 4]


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Return examples that differ; no two are nearly the same."""
    return [
        {
            "id": f"e{number}",
            "input": f"case {_digits(number)} about my {WORDS[number % len(WORDS)]}",
            "output": label_of(number),
        }
        for number in range(first, first + count)
    ]


def _digits(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:24]


def document(folder: Path, **changed: Any) -> dict[str, Any]:
    """Return a distillation file on data in a folder."""
    return {
        "name": "tickets",
        "task": {
            "kind": "classification",
            "instructions": "Tell which team a ticket belongs to.",
            "labels": list(LABELS),
        },
        "data": {"golden": str(folder / "golden.jsonl"), "labelled": str(folder / "labelled.jsonl")},
        "student": {"base": "base"},
        "training": {"gpus": 0},
        "gate": {"minimum": 0.9},
        **changed,
    }


@dataclass(slots=True)
class Desk:
    """What a person does with distillations.

    Attributes:
        student_errors: How many golden inputs the trained student gets wrong.
        baseline_errors: The same of the best free baseline.
        small: The small API model of the workspace.
        teacher_for: Who answers as a teacher does.
        is_begun: Whether the files of its folder are there already.
    """

    database: Database
    dsn: str
    folder: Path
    server: FakeModelServer = field(default_factory=FakeModelServer)
    student_errors: int = 0
    baseline_errors: int = 30
    has_server: bool = True
    serve_gpus: str | None = None
    small: TeacherSpec | None = None
    teacher_for: Callable[[TeacherSpec], BatchTeacher | LiveTeacher] = field(default_factory=lambda: _nobody)
    patience_s: float = 100.0
    dsns: dict[str, str] = field(default_factory=dict)
    query_timeout_s: float = 60.0
    is_begun: bool = False

    def __post_init__(self) -> None:
        if self.is_begun:
            return
        self.write("golden.jsonl", rows(60))
        self.write("labelled.jsonl", rows(80, 100))

    def write(self, name: str, content: Sequence[Mapping[str, Any]] | str) -> None:
        """Put a file into the folder."""
        text = content if isinstance(content, str) else jsonl(content)
        (self.folder / name).write_text(text, encoding="utf-8")

    @property
    def runs(self) -> Runs:
        return Runs(self.database, make_people(approvers={BOB}))

    @property
    def students(self) -> Students:
        return Students(self.database, make_people(approvers={BOB}))

    @property
    def questions(self) -> Questions:
        return Questions(self.database, make_people(approvers={BOB}))

    @property
    def distillations(self) -> Distillations:
        files = DataFiles([str(self.folder)])
        books = PriceBooks(prices_today)
        return Distillations(self.database, books, files, self.sources, self.runs, small=self.small)

    @property
    def sources(self) -> DataSources:
        files = DataFiles([str(self.folder)])
        return DataSources(self.database, files, self.dsns.get, query_timeout_s=self.query_timeout_s)

    async def start(
        self, *, unattended: bool = True, channel: str | None = None, thread_ts: str | None = None, **changed: Any
    ) -> str:
        """Propose and approve a run; return its id."""
        proposal = await self.distillations.propose(
            TEAM,
            document(self.folder, **changed),
            requested_by=WHO,
            unattended=unattended,
            channel=channel,
            thread_ts=thread_ts,
        )
        run_id = await self.runs.approve(TEAM, proposal.id, proposal.params_hash, BOB, terms=proposal.terms)
        assert run_id is not None
        return run_id

    async def finish(self, run_id: str, answers: Mapping[str, str] | None = None, value: str | None = None) -> RunView:
        """Work on the run until it is over, answering what it asks by the kind of question."""
        stop = asyncio.Event()
        worker = asyncio.create_task(
            run_worker(
                self.database, self.dsn, self.stages(), self.deps(),
                queues=["cpu", "gpu"], stop=stop, grace_s=0.2, artifacts=self.artifacts(),
            )
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.patience_s):
                while not (view := await self.runs.view(TEAM, run_id)).state.is_over:
                    if worker.done():
                        worker.result()
                    for asked in await self.questions.open_of(TEAM, run_id):
                        if asked.kind not in (answers or {}):
                            return await self.runs.view(TEAM, run_id)
                        await self._answer(asked, (answers or {})[asked.kind], value)
                    await asyncio.sleep(0.05)
            return view
        finally:
            stop.set()
            await worker

    async def made(self, **changed: Any) -> Mapping[str, Any]:
        """Run to the end and return the result."""
        view = await self.finish(await self.start(**changed))
        assert view.state is RunState.DONE, view.error
        assert view.result is not None
        return view.result

    async def held_measurements(self) -> Sequence[MeasurementRow]:
        """Return what the team's comparisons are priced with."""
        async with self.database.team(TEAM) as connection:
            return await measurements.holding(connection, TEAM)

    async def asked(self, run_id: str) -> QuestionView:
        (asked,) = await self.questions.open_of(TEAM, run_id)
        return asked

    def artifacts(self) -> Any:
        return open_artifacts(str(self.folder / "artifacts"), self.folder)

    def deps(self) -> DistilDeps:
        keeper = ServerKeeper(self.database, self.server, StudentFiles(self.artifacts(), self.folder / "served"))
        return DistilDeps(
            data_files=DataFiles([str(self.folder)]),
            today=lambda: dt.date(2026, 11, 30),
            teacher_for=self.teacher_for,
            price_of=self.distillations.teacher_price,
            book_of=self.distillations.book,
            keep_load=self._keep_load,
            serve_gpus=self.serve_gpus,
            keeper=keeper if self.has_server else None,
        )

    async def _keep_load(self, connection: Connection, team_id: str, load: ServedLoad) -> str:
        return await keep_load(connection, team_id, load, await PriceBooks(prices_today).book(connection, team_id))

    def stages(self) -> Stages:
        """Return the stages, with rules in the place of those that need models."""
        return {
            **STAGES,
            ("distil", "check"): self._check,
            ("distil", "baselines"): self._baselines,
            ("distil", "train"): self._train,
            ("distil", "predict"): self._predict,
        }

    async def _answer(self, asked: QuestionView, choice: str, value: str | None) -> None:
        await self.questions.answer(TEAM, asked.id, choice, BOB, value=value if choice == "override" else None)

    async def _check(self, context: StageContext[Any]) -> Mapping[str, Any]:
        await require_places(context)
        return {"base": context.params["training"]["base"], "base_revision": ""}

    async def _baselines(self, context: StageContext[Any]) -> Mapping[str, Any]:
        golden = await rows_of(context, GOLDEN)
        kept = await keep_rows(context, "predictions-tfidf.jsonl", _with_errors(golden, self.baseline_errors))
        await save(context, {}, kept)
        return {"candidates": [{"name": "tf-idf", "what": "words and logistic regression", "file": kept.name}]}

    async def _train(self, context: StageContext[Any]) -> Mapping[str, Any]:
        # What was learnt from is what the files say.
        assert await lines_of(context, TRAIN)
        config = json.dumps({"peft_type": "LORA", "r": context.params["training"]["rank"]}).encode()
        weights = f"weights of {context.run_id}".encode()
        contents = {"adapter/adapter_config.json": config, "adapter/adapter_model.safetensors": weights}
        await save(context, {}, *[await keep_bytes(context, name, content) for name, content in contents.items()])
        files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        curve = {"loss_curve": [[1, 2.5], [2, 1.5], [3, 0.9]], "eval_loss": 1.1}
        return {"form": "adapter", "files": files, "base": "base", "base_fingerprint": "f" * 64, "steps": 3, **curve}

    async def _predict(self, context: StageContext[Any]) -> Mapping[str, Any]:
        golden = await rows_of(context, GOLDEN)
        student = _with_errors(golden, self.student_errors)
        self.server.answers = {row["input"]: answer["output"] for row, answer in zip(golden, student, strict=True)}
        await save(
            context,
            {},
            await keep_rows(context, "predictions-student.jsonl", student),
            await keep_rows(context, "predictions-base.jsonl", _with_errors(golden, 40)),
        )
        return {"answered": len(golden)}


def _nobody(teacher: TeacherSpec) -> BatchTeacher:
    raise AssertionError(f"no test here has a teacher, and {teacher.model} is asked for")


def _with_errors(golden: Sequence[Mapping[str, Any]], errors: int) -> list[dict[str, Any]]:
    other = {LABELS[0]: LABELS[1], LABELS[1]: LABELS[0]}
    return [
        {"id": row["id"], "output": other[row["output"]] if at < errors else row["output"]}
        for at, row in enumerate(golden)
    ]
