"""The form for a distillation: what it begins with, and what is wrong with what was entered."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from agents.distillation import form as fields
from agents.distillation.data import origins, read_data
from agents.distillation.documents import read_spec
from agents.distillation.form import Places, spec_of
from agents.distillation.origins import Query, origin_words
from agents.distillation.spec import DistillationSpec, GateSpec, TrainingSpec
from agents.errors import UserError
from agents.services.cost_edits import CostEdits
from agents.services.data_sources import DataSources
from agents.services.decisions import Decisions
from agents.services.distillations import KIND
from agents.services.runs import Runs
from agents.store import rag
from agents.store.datasets import Copy
from agents.store.db import Database

# Slack gives up on a form after three seconds.
_LOOKED_AT_S: Final = 1.5
# Of Llama 3.1, the usual student.
_BASE: Final = "meta-llama/Llama-3.1-8B-Instruct"
# What names of models begin with, by who is asked.
_TEACHERS: Final = MappingProxyType({"claude": "claude", "gpt": "openai", "o3": "openai", "o4": "openai"})
_TRAINING: Final = TrainingSpec()
_DEFAULTS: Final = MappingProxyType(
    {
        fields.KIND: "classification",
        fields.TEACHER: fields.NO_TEACHER,
        fields.BASE: _BASE,
        fields.METHOD: "lora",
        fields.MARGIN: f"{GateSpec().margin * 100:g} %",
        **{name: f"{getattr(_TRAINING, name):g}" for name in (*fields.WHOLE, "epochs")},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Where a form belongs: a thread and a conversation, each None where there is none yet."""

    channel: str | None = None
    thread_ts: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DistillForm:
    """What the form begins with: `texts` by field, and in words what rows may be taken from."""

    texts: Mapping[str, str]
    places: str


class DistillForms:
    """Forms that become proposals of distillations.

    Args:
        database: Where the sources are.
        runs: Knows who may ask for a run.
        decisions: What was said in a conversation.
        cost_edits: Which models and GPUs it has.
        data_sources: Which databases may be asked.
    """

    def __init__(
        self, database: Database, runs: Runs, decisions: Decisions, cost_edits: CostEdits, data_sources: DataSources
    ) -> None:
        self._database = database
        self._runs = runs
        self._decisions = decisions
        self._cost_edits = cost_edits
        self._data_sources = data_sources

    async def form(self, team_id: str, who: str, beside: Beside) -> DistillForm:
        """Return the form as it begins, filled from the conversation and the files that were dropped in the thread.

        Raises:
            UserError: This person may not ask for a distillation.
        """
        await self._runs.require_requester(team_id, who, KIND)
        texts = dict(_DEFAULTS)
        if beside.conversation_id is not None:
            texts |= await self._said(team_id, beside.conversation_id)
        dropped = await self._dropped(team_id, beside)
        begun = fields.begun_with([(each.name, each.summary) for each in dropped])
        texts |= begun
        if fields.LABELLED in begun and fields.INPUTS not in begun:
            # There is nothing that a teacher could be asked for.
            texts[fields.TEACHER] = fields.NO_TEACHER
        return DistillForm(texts=texts, places=(await self._places(team_id, dropped)).words)

    async def wrong(self, team_id: str, entered: Mapping[str, str], beside: Beside) -> Mapping[str, str]:
        """Return what cannot be taken of a form as entered, by field."""
        document, faults = spec_of(entered, await self._places(team_id, await self._dropped(team_id, beside)))
        return faults or await self._data_faults(team_id, read_spec(document))

    async def document(self, team_id: str, entered: Mapping[str, str], beside: Beside) -> Mapping[str, Any]:
        """Return the distillation file that a form stands for.

        Raises:
            UserError: A field cannot be taken; the form says so before, where nothing else has changed meanwhile.
        """
        document, faults = spec_of(entered, await self._places(team_id, await self._dropped(team_id, beside)))
        if faults:
            raise UserError("\n".join(faults.values()))
        return document

    async def _data_faults(self, team_id: str, spec: DistillationSpec) -> Mapping[str, str]:
        """Return what is wrong with files, read while the form waits; a query runs once, as it is proposed."""
        if any(isinstance(origin, Query) for origin in origins(spec).values()):
            return {}
        try:
            async with asyncio.timeout(_LOOKED_AT_S):
                texts = await self._data_sources.texts(team_id, spec)
                await asyncio.to_thread(read_data, spec, texts)
        except TimeoutError:
            return {}
        except UserError as error:
            words = str(error)
            by_file = {origin_words(origin).rpartition("/")[2]: use for use, origin in origins(spec).items()}
            return {next((use for name, use in by_file.items() if name in words), fields.GOLDEN): words}
        return {}

    async def _said(self, team_id: str, conversation_id: str) -> Mapping[str, str]:
        """Return what a conversation tells of the fields: the kind of task, the model in use, the GPUs."""
        said: dict[str, str] = {}
        state = await self._decisions.state(team_id, conversation_id)
        kind = next((str(each.value) for each in state.answers if each.slot == "task_type" and each.is_known), "")
        if kind in fields.KINDS:
            said[fields.KIND] = kind
        costs = await self._cost_edits.form(team_id, conversation_id)
        if costs.models:
            model = costs.models[0]
            teacher = next((kind for begin, kind in _TEACHERS.items() if model.startswith(begin)), fields.NO_TEACHER)
            said |= {fields.TEACHER: teacher, fields.MODEL: model} if teacher != fields.NO_TEACHER else {}
        if costs.gpu_count.isdigit() and 1 <= int(costs.gpu_count) <= 8:
            said["gpus"] = costs.gpu_count
        memory = costs.gpu_kind.rpartition("-")[2]
        if memory.isdigit():
            said["gpu_memory_gb"] = memory
        return said

    async def _dropped(self, team_id: str, beside: Beside) -> Sequence[Copy]:
        return await self._data_sources.of_thread(team_id, beside.channel, beside.thread_ts, beside.conversation_id)

    async def _places(self, team_id: str, dropped: Sequence[Copy]) -> Places:
        async with self._database.team(team_id) as connection:
            folders = {source.name: source.location for source in await rag.sources(connection, team_id)}
        # Of two with one name the newer one is meant.
        files = {each.name: each.sha256 for each in reversed(dropped)}
        return Places(folders, tuple(await self._data_sources.databases(team_id)), files)
