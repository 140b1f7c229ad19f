"""Distillations as every face proposes them: a file read and checked, what it takes, and what is approved with it."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agents.costs.prices.book import ModelPrice, PriceBook
from agents.distillation.data import Data, read_data
from agents.distillation.documents import read_spec, within
from agents.distillation.filtering import reasons_in_words
from agents.distillation.fit import memory_words
from agents.distillation.plan import Plan, plan
from agents.distillation.spec import ClassificationSpec, DistillationSpec, TeacherSpec
from agents.distillation.teaching import base_system, student_system
from agents.errors import UserError
from agents.ports import DataFiles
from agents.runs.views import ProposalView
from agents.services.data_sources import DataSources
from agents.services.prices import PriceBooks
from agents.services.runs import Runs
from agents.services.small_models import compared, small_model, teacher_price_of, with_small_model
from agents.stages.distil.places import no_place
from agents.store import rag
from agents.store.db import Database
from agents.yaml_text import parse_yaml

KIND: Final = "distil"
FILE: Final = "distill.yaml"
"""What a registered source holds that a student can be made from."""

_GB: Final = 10**9
# Outputs of the golden set may be longer than those seen; what is cut is wrong.
_LONGEST_LABEL_TOKENS: Final = 48
_CHARACTERS_PER_TOKEN: Final = 2


class Distillations:
    """The distillation runs of every team.

    Args:
        database: Where their prices are.
        books: Prices of teachers.
        data_files: Reads the files of registered sources.
        sources: Reads the data that a spec names.
        runs: Takes the proposals.
        terms: What whoever approves has to acknowledge, by the teacher's kind.
        small: The small API model of the workspace, which students are held against; None without a key.
    """

    def __init__(
        self,
        database: Database,
        books: PriceBooks,
        data_files: DataFiles,
        sources: DataSources,
        runs: Runs,
        *,
        terms: Mapping[str, str] = MappingProxyType({}),
        small: TeacherSpec | None = None,
    ) -> None:
        self._small = small
        self._terms = terms
        self._database = database
        self._books = books
        self._data_files = data_files
        self._sources = sources
        self._runs = runs

    async def propose(
        self,
        team_id: str,
        document: Mapping[str, Any],
        *,
        requested_by: str,
        channel: str | None = None,
        thread_ts: str | None = None,
        conversation_id: str | None = None,
        event_key: str | None = None,
        unattended: bool = False,
        source: str | None = None,
    ) -> ProposalView:
        """Propose the run that a distillation file describes, with an estimate of what it takes.

        Args:
            team_id: Whose run it would be.
            document: What the file holds.
            requested_by: Who wants it.
            channel: Where its cards go; None for a shell.
            thread_ts: The thread there.
            conversation_id: The conversation it came from.
            event_key: The event it came from; the same event again gets the same proposal.
            unattended: Ask nobody on the way: samples are not looked at, training goes on where something free is good
                enough, and what fails its gate is not deployed.
            source: The registered source that the file came from.

        Raises:
            UserError: They may not, the file or its data cannot be used, or a price is missing.
        """
        await self._runs.require_requester(team_id, requested_by, KIND)
        spec = read_spec(document)
        memory = memory_words(spec)
        async with self._database.team(team_id) as connection:
            book = await self._books.book(connection, team_id)
        texts = await self._sources.texts(team_id, spec)
        data = await asyncio.to_thread(read_data, spec, texts)
        taken = await asyncio.to_thread(
            plan,
            spec,
            golden=data.golden,
            labelled=data.labelled,
            inputs=data.inputs,
            teacher=teacher_price_of(spec.teacher, book) if spec.teacher is not None else None,
        )
        small = small_model(spec, self._small, book)
        taken = await asyncio.to_thread(with_small_model, taken, spec, small, data, book)
        terms = self._terms.get(spec.teacher.kind) if spec.teacher is not None else None
        params = {
            **_params(spec, data, unattended=unattended, terms=terms),
            **compared(small),
            **({"source": source} if source is not None else {}),
        }
        estimate = _estimate(spec, taken) | ({"memory": memory} if memory is not None else {})
        async with self._database.engine() as connection:
            lacking = await no_place(connection, params)
        if lacking is not None:
            estimate["host"] = f"as things stand the run would wait before the teacher is paid: {lacking}"
        await self._sources.keep_results(
            team_id, spec, texts, channel=channel, thread_ts=thread_ts, conversation_id=conversation_id
        )
        return await self._runs.propose(
            team_id,
            kind=KIND,
            params=params,
            estimate=estimate,
            requested_by=requested_by,
            channel=channel,
            thread_ts=thread_ts,
            conversation_id=conversation_id,
            event_key=event_key,
            terms=[terms] if terms is not None else [],
        )

    async def teacher_price(self, team_id: str, teacher: TeacherSpec) -> ModelPrice | None:
        """Return what a teacher costs a team; None where its calls cost nothing, as on a server of one's own.

        Raises:
            UserError: That is not known.
        """
        async with self._database.team(team_id) as connection:
            return teacher_price_of(teacher, await self._books.book(connection, team_id))

    async def book(self, team_id: str) -> PriceBook:
        """Return what a team knows of prices and throughput."""
        async with self._database.team(team_id) as connection:
            return await self._books.book(connection, team_id)

    async def propose_from(
        self,
        team_id: str,
        source: str,
        *,
        requested_by: str,
        channel: str | None = None,
        thread_ts: str | None = None,
        conversation_id: str | None = None,
        event_key: str | None = None,
    ) -> ProposalView:
        """Propose the run that the distillation file of a registered source describes; paths in it are relative to it.

        Raises:
            UserError: They may not, there is no such source, it has no such file, or as of `propose`.
        """
        await self._runs.require_requester(team_id, requested_by, KIND)
        document = await self.document_of(team_id, source)
        return await self.propose(
            team_id,
            document,
            requested_by=requested_by,
            channel=channel,
            thread_ts=thread_ts,
            conversation_id=conversation_id,
            event_key=event_key,
            source=source,
        )

    async def document_of(self, team_id: str, source: str) -> Mapping[str, Any]:
        """Return what the distillation file of a registered source holds, with whole paths.

        Raises:
            UserError: There is no such source, or it has no such file.
        """
        async with self._database.team(team_id) as connection:
            found = await rag.source(connection, team_id, source)
            known = ", ".join(row.name for row in await rag.sources(connection, team_id)) or "none yet"
        if found is None:
            raise UserError(
                f"There is no source {source!r}. Choose one of: {known}; or register a folder with a {FILE} in it: "
                "`cairn sources add NAME FOLDER`."
            )
        folder = found.location
        document = parse_yaml(await asyncio.to_thread(self._data_files.read, f"{folder}/{FILE}", folder))
        if not isinstance(document, dict):
            raise UserError(
                f"{FILE} of the source {source!r} holds no keys with values. `cairn distill --schema` has all."
            )
        return within(document, folder)


def _params(spec: DistillationSpec, data: Data, *, unattended: bool, terms: str | None) -> dict[str, Any]:
    """Return what is approved: in short for people, and in full for the stages."""
    gpus = {"gpus": spec.training.gpus, "gpu_memory_bytes": int(spec.training.gpu_memory_gb * _GB)}
    needs = gpus if spec.training.gpus else {}
    # One GPU is enough to answer with what several have trained, where one holds it.
    answering = {**gpus, "gpus": 1} if spec.training.gpus else {}
    return {
        "name": spec.name,
        "task": _task_words(spec),
        "examples": _data_words(data),
        "golden": f"{len(data.golden):,} examples",
        "teacher": _teacher_words(spec),
        "student": f"{spec.student.base} ({spec.student.kind})",
        "method": spec.student.method,
        "gate": _gate_words(spec),
        "then": f"served as {spec.alias}" if spec.serve.deploy else "not served",
        "spec": spec.model_dump(mode="json"),
        "files": {use: file.document() for use, file in data.files.items()},
        "training": _training(spec),
        "prediction": _prediction(spec, data),
        "baselines": {"kind": spec.task.kind, "seed": spec.training.seed},
        "needs": {"train": needs, "predict": answering} if needs else {},
        "unattended": unattended,
        **({"teacher_terms": terms} if terms is not None else {}),
    }


def _estimate(spec: DistillationSpec, taken: Plan) -> dict[str, Any]:
    basis = "tokens are characters divided by four; the most is every answer as long as it may be"
    # A run spends no more than was approved for it, and asks before it would.
    most = taken.high_usd if spec.budget_usd is None else min(taken.high_usd, spec.budget_usd)
    found: dict[str, Any] = {
        "examples": taken.examples,
        "trained_tokens": taken.trained_tokens,
        "cost_usd": {"low": str(taken.low_usd), "base": str(min(taken.base_usd, most)), "high": str(most)},
        "basis": f"{basis}; training runs on your own host",
    }
    if taken.requests:
        found |= {"requests": taken.requests, "tokens_in": taken.tokens_in, "tokens_out": taken.tokens_out}
    if spec.budget_usd is not None and taken.low_usd > spec.budget_usd:
        raise UserError(
            f"The teacher costs at least ${taken.low_usd:.2f}, and budget_usd is ${spec.budget_usd}. Take fewer "
            "inputs, a cheaper teacher, or raise it."
        )
    return found


def _training(spec: DistillationSpec) -> dict[str, Any]:
    """Return the recipe of the training stage."""
    given = spec.training
    labels = list(spec.task.labels) if isinstance(spec.task, ClassificationSpec) else []
    return {
        "base": spec.student.base,
        "kind": spec.student.kind,
        "method": spec.student.method,
        "rank": given.rank,
        "learning_rate": given.learning_rate,
        "epochs": given.epochs,
        "max_steps": given.max_steps or -1,
        "batch": given.batch,
        "micro_batch": given.micro_batch,
        "sequence": given.sequence,
        "seed": given.seed,
        "save_every": given.save_every,
        "labels": labels if spec.student.kind == "encoder" else [],
    }


def _prediction(spec: DistillationSpec, data: Data) -> dict[str, Any]:
    longest = max(len(each.output) for each in (*data.golden, *data.labelled))
    tokens = _LONGEST_LABEL_TOKENS + longest // _CHARACTERS_PER_TOKEN
    return {
        # An encoder's base has no head that could answer.
        "candidates": ["student"] if spec.student.kind == "encoder" else ["base", "student"],
        "instructions": {"base": base_system(spec), "student": student_system(spec)},
        "max_new_tokens": min(tokens, spec.training.sequence),
        "batch": 16,
    }


def _task_words(spec: DistillationSpec) -> str:
    if isinstance(spec.task, ClassificationSpec):
        return f"classification, {len(spec.task.labels)} labels"
    return spec.task.kind


def _data_words(data: Data) -> str:
    parts = []
    if data.labelled:
        parts.append(f"{len(data.labelled):,} labelled")
    if data.inputs:
        parts.append(f"{len(data.inputs):,} inputs to label")
    if data.leaking:
        parts.append(f"{data.leaking:,} labelled ones are golden too, and dropped")
    if data.not_asked:
        parts.append(f"{len(data.not_asked):,} inputs are not asked for ({reasons_in_words(data.not_asked)})")
    return ", ".join(parts) or "written by the teacher"


def _teacher_words(spec: DistillationSpec) -> str:
    if spec.teacher is None:
        return "none, the outputs are your own"
    how = "in batches" if spec.teacher.is_batched else "one by one"
    return f"{spec.teacher.model}, {how}"


def _gate_words(spec: DistillationSpec) -> str:
    gate = spec.gate
    parts = [f"at most {gate.margin:.1%} below the teacher"] if spec.teacher is not None else []
    if gate.minimum is not None:
        parts.append(f"at least {gate.minimum:.1%}")
    return f"{', '.join(parts)}, at {gate.confidence:.0%} confidence"
