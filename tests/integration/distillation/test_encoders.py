"""Runs that make an encoder: served in a slot, asked there, and taken back where it does not answer as it did."""

import datetime as dt
import hashlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agents.adapters.servers.vllm import Vllm
from agents.engine.server_keeper import ServerKeeper
from agents.engine.slots import Slots
from agents.engine.stage import StageContext, Stages
from agents.engine.student_files import StudentFiles
from agents.runs.states import RunState
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, keep_bytes, keep_rows, rows_of, save
from agents.store.db import Database
from tests.fakes.slot_servers import SlotServers, held_back
from tests.integration.distillation.desk import LABELS, TEAM, Desk

pytestmark = pytest.mark.integration

ENCODER = {"base": "base", "kind": "encoder"}


@dataclass(slots=True)
class EncoderDesk(Desk):
    """A desk on a host with slots; its trained encoder answers as the golden set does."""

    served: Path = field(default_factory=Path)
    slots: int = 2
    start_within: dt.timedelta = dt.timedelta(minutes=5)

    def deps(self) -> DistilDeps:
        files = StudentFiles(self.artifacts(), self.served)
        slots = Slots(self.database, files, self.slots, Vllm) if self.slots else None
        return replace(
            Desk.deps(self),
            keeper=ServerKeeper(self.database, self.server, files, slots=slots),
            start_poll=dt.timedelta(seconds=0.05),
            start_within=self.start_within,
        )

    def stages(self) -> Stages:
        return {**Desk.stages(self), ("distil", "train"): _train, ("distil", "predict"): _predict}


async def _train(context: StageContext[Any]) -> Mapping[str, Any]:
    config = {"id2label": dict(enumerate(LABELS))}
    contents = {"model/config.json": json.dumps(config).encode(), "model/model.safetensors": context.run_id.encode()}
    await save(context, {}, *[await keep_bytes(context, name, content) for name, content in contents.items()])
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return {"form": "model", "files": files, "base": "base", "base_fingerprint": "f" * 64, "steps": 3}


async def _predict(context: StageContext[Any]) -> Mapping[str, Any]:
    golden = await rows_of(context, GOLDEN)
    await save(context, {}, await keep_rows(context, "predictions-student.jsonl", golden))
    return {"answered": len(golden)}


@pytest.fixture
async def servers() -> AsyncIterator[SlotServers]:
    # The path of a socket has room for a hundred characters.
    made = SlotServers(Path(tempfile.mkdtemp(prefix="cairn-")))
    async with made.running(2):
        yield made
    shutil.rmtree(made.folder)


@pytest.fixture
def desk(database: Database, dsn: str, tmp_path: Path, servers: SlotServers) -> EncoderDesk:
    made = EncoderDesk(database, dsn, tmp_path, served=servers.folder)
    golden = [json.loads(line) for line in (tmp_path / "golden.jsonl").read_text(encoding="utf-8").splitlines()]
    servers.answers = {row["input"]: row["output"] for row in golden}
    return made


async def aliases(desk: EncoderDesk) -> dict[str, str]:
    return {each.alias: f"{each.name}@v{each.version}" for each in (await desk.students.view(TEAM)).aliases}


async def test_an_encoder_that_passes_is_served_in_a_slot_and_verified_there(
    desk: EncoderDesk, servers: SlotServers
) -> None:
    result = await desk.made(student=ENCODER)

    assert result["deployment"]["served_as"] == "t0local/tickets"
    assert result["deployment"]["server"] == f"unix://{servers.folder}/callers/t0local"
    assert result["deployment"]["verification"]["same_answers"] == 60
    assert await aliases(desk) == {"tickets": "tickets@v1"}


async def test_a_server_that_does_not_start_leaves_the_alias_where_it_was(
    desk: EncoderDesk, servers: SlotServers
) -> None:
    await desk.made(student=ENCODER)
    desk.start_within = dt.timedelta(0)

    with held_back(servers):
        view = await desk.finish(await desk.start(student=ENCODER))

    assert view.state is RunState.FAILED
    assert "tickets@v2 is not served, and tickets is as it was" in str(view.error)
    assert await aliases(desk) == {"tickets": "tickets@v1"}


async def test_an_encoder_that_answers_otherwise_where_it_is_served_is_taken_back(
    desk: EncoderDesk, servers: SlotServers
) -> None:
    servers.answers.clear()

    view = await desk.finish(await desk.start(student=ENCODER))

    assert view.state is RunState.FAILED
    assert "where it is served" in str(view.error)
    assert await aliases(desk) == {}


async def test_without_slots_a_student_is_made_and_it_is_said_what_is_missing(desk: EncoderDesk) -> None:
    desk.slots = 0

    result = await desk.made(student=ENCODER)

    assert result["deployment"]["deployed"] is False
    assert "CAIRN_SERVE_SLOTS" in result["deployment"]["reason"]
    assert await aliases(desk) == {}
