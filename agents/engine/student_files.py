"""The files of students on a host that serves them, each version in a folder that is there as a whole or not at all."""

import asyncio
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

from agents.distillation.registry import Student
from agents.distillation.serving import ServerError, Target, require_adapter
from agents.distillation.slots import require_model
from agents.ports import Artifacts
from agents.runs.artifacts import artifact_key

_OF_ADAPTER: Final = "adapter_config.json"
_OF_MODEL: Final = "config.json"


class StudentFiles:
    """Brings the files of students to a folder.

    Args:
        artifacts: Where runs have kept them.
        folder: Where servers find them, which this process may write.
    """

    def __init__(self, artifacts: Artifacts, folder: Path) -> None:
        self._artifacts = artifacts
        self.folder = folder

    def place(self, team_id: str, target: Target) -> Path:
        """Return the folder of a version, whether it is there or not."""
        name, version = target
        return self.folder / team_id.lower() / name / f"v{version}"

    async def bring(self, team_id: str, student: Student) -> Path:
        """Return the folder with a student's files.

        Raises:
            UserError: They are missing, damaged, or not the student's.
            OSError, ValueError: They cannot be kept or read here.
        """
        place = self.place(team_id, (student.name, student.version))
        if place.exists():
            return place
        coming = place.with_name(f".{place.name}.coming")
        await asyncio.to_thread(shutil.rmtree, coming, ignore_errors=True)
        await asyncio.to_thread(coming.mkdir, parents=True)
        names = {name.rpartition("/")[2]: name for name in student.files}
        for short, name in names.items():
            sha256 = student.files[name]
            await self._artifacts.get(artifact_key(team_id, sha256), coming / short, sha256)
        await asyncio.to_thread(_require, student, coming, names)
        await asyncio.to_thread(coming.rename, place)
        return place

    async def remove(self, team_id: str, target: Target) -> None:
        """Remove the folder of a version, where it is there."""
        await asyncio.to_thread(shutil.rmtree, self.place(team_id, target), ignore_errors=True)


def _require(student: Student, folder: Path, names: Collection[str]) -> None:
    file, require = (_OF_MODEL, require_model) if student.is_whole else (_OF_ADAPTER, require_adapter)
    config = json.loads((folder / file).read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise ServerError(f"The {file} of {student.label} is no object. Train it anew.")
    require(student, config, names)
