"""A team with students whose files are kept, and a keeper beside a server."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from agents.adapters.artifacts import open_artifacts
from agents.distillation.registry import Student
from agents.engine.server_keeper import ServerKeeper
from agents.engine.student_files import StudentFiles
from agents.ports import ModelServer
from agents.runs.artifacts import artifact_key
from agents.runs.roles import Policy
from agents.services.people import People
from agents.services.students import Students
from agents.store import students as store
from agents.store.db import Database
from agents.store.students import NewStudent
from tests.fakes.model_server import FakeModelServer
from tests.people import Members

TEAM, BOB, CAROL = "T0LOCAL", "U0BOB", "U0CAROL"


@dataclass(frozen=True, slots=True)
class Works:
    """Everything that a test of students needs; `files` is where their files are kept, `folder` the server's."""

    database: Database
    students: Students
    server: FakeModelServer
    files: Path
    folder: Path

    def keeper(self, look_again_s: float = 0.05, *, server: ModelServer | None = None) -> ServerKeeper:
        """Return a keeper beside the server, or beside another."""
        files = StudentFiles(open_artifacts(str(self.files), self.files), self.folder)
        return ServerKeeper(self.database, server or self.server, files, look_again_s=look_again_s)

    async def made(
        self,
        name: str = "tickets",
        *,
        passed: bool = True,
        rank: int = 16,
        says_rank: int | None = None,
        files: Mapping[str, bytes] | None = None,
        whole: Literal["causal", "encoder"] | None = None,
    ) -> Student:
        """Add the next version of a student as a run does that ended; of files that no model can load by default.

        It is an adapter, or with `whole` a model of that kind with weights of its own.
        """
        async with self.database.team(TEAM) as connection:
            number = len(await store.all_of(connection, TEAM)) + 1
        run_id = f"r{number}"
        config = json.dumps({"peft_type": "LORA", "r": says_rank or rank, "number": number}).encode()
        made = files or {"adapter_config.json": config, "adapter_model.safetensors": f"weights {number}".encode()}
        if whole is not None and files is None:
            config = json.dumps({"id2label": {"0": "a", "1": "b"}, "number": number}).encode()
            made = {"config.json": config, "model.safetensors": f"weights {number}".encode()}
        contents = {f"{'adapter' if whole is None else 'model'}/{short}": content for short, content in made.items()}
        artifacts = open_artifacts(str(self.files), self.files)
        for content in contents.values():
            path = self.files.parent / "coming"
            path.write_bytes(content)
            sha256 = hashlib.sha256(content).hexdigest()
            await artifacts.put(artifact_key(TEAM, sha256), path, sha256)
        async with self.database.team(TEAM) as connection:
            await connection.execute(
                "INSERT INTO app.proposal (team_id, id, kind, params, params_hash, estimate, requested_by, expires_at) "
                "VALUES (%s, %s, 'distil', '{}', 'h', '{}', 'U', now() + interval '1 day')",
                (TEAM, f"p{number}"),
            )
            await connection.execute(
                "INSERT INTO app.run (team_id, id, proposal_id, kind, params, requested_by, approved_by) "
                "VALUES (%s, %s, %s, 'distil', '{}', 'U', 'V')",
                (TEAM, run_id, f"p{number}"),
            )
            return await store.add(
                connection,
                TEAM,
                NewStudent(
                    name=name,
                    run_id=run_id,
                    task={"kind": "classification", "labels": ["a", "b"]},
                    instructions="Tell a from b.",
                    kind=whole or "causal",
                    method="lora" if whole is None else "full",
                    base="base",
                    base_fingerprint="f",
                    rank=rank if whole is None else None,
                    files={each: hashlib.sha256(content).hexdigest() for each, content in contents.items()},
                    scores={},
                    passed=passed,
                ),
            )


@pytest.fixture
async def works(database: Database, tmp_path: Path) -> Works:
    """A team with nothing yet; bob approves."""
    files = tmp_path / "files"
    await asyncio.to_thread(files.mkdir)
    people = People(Members(), Policy(approvers=frozenset({BOB})))
    return Works(database, Students(database, people), FakeModelServer(), files, tmp_path / "served")
