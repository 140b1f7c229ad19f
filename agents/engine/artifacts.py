"""The files that a stage keeps: content first, then its row in a transaction that holds the attempt.

What was uploaded by an attempt that never came to its row is seen by nobody, and found again by the next attempt that
saves the same content.
"""

import hashlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from agents.ports import Artifacts
from agents.runs.artifacts import Artifact, ArtifactMissingError, artifact_key, checked_name
from agents.store import artifacts as store
from agents.store.db import Connection, Database
from agents.store.stages import Claim
from agents.threads import go_on, in_thread

_BLOCK = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """Content that is at its place, for `add` to say whose it is."""

    name: str
    key: str
    size: int
    sha256: str


class StageArtifacts:
    """The artifacts of a run, as one attempt at one of its stages sees them.

    Args:
        claim: The attempt.
        database: Where their rows are.
        files: Where their content is.
        host: This worker, as shown to people.
        fenced: Refuses a transaction of an attempt that is over.
    """

    def __init__(
        self,
        claim: Claim,
        database: Database,
        files: Artifacts,
        *,
        host: str,
        fenced: Callable[[Connection], Awaitable[None]],
    ) -> None:
        self._claim = claim
        self._database = database
        self._files = files
        self._host = host
        self._fenced = fenced

    async def save(self, name: str, path: Path) -> Artifact:
        """Keep a copy of the file at `path`, as the newest version of `name` in this run.

        Raises:
            ArtifactPlaceError: The place where artifacts are kept does not answer, or refuses.
            Fenced: The attempt is over.
            ValueError: The name is none, or the file changed meanwhile.
        """
        kept = await self.keep(name, path)
        async with self._database.team(self._claim.key.team_id) as connection:
            return await self.add(connection, kept)

    async def keep(self, name: str, path: Path) -> Kept:
        """Upload the file at `path`; it is nobody's until it is given to `add`.

        Raises:
            ArtifactPlaceError: The place where artifacts are kept does not answer, or refuses.
            ValueError: The name is none, or the file changed meanwhile.
        """
        name = checked_name(name)
        sha256 = await in_thread(lambda stop: _sha256(path, stop))
        key = artifact_key(self._claim.key.team_id, sha256)
        return Kept(name, key, await self._files.put(key, path, sha256), sha256)

    async def add(self, connection: Connection, kept: Kept) -> Artifact:
        """Make kept content the newest version of its name, in the caller's transaction.

        With `context.save` in the same transaction, a checkpoint and the file that it speaks of are there together.

        Raises:
            Fenced: The attempt is over; let it roll the transaction back.
        """
        await self._fenced(connection)
        return await store.add(
            connection,
            self._claim,
            name=kept.name,
            place=self._files.place,
            key=kept.key,
            size=kept.size,
            sha256=kept.sha256,
            host=None if self._files.is_shared else self._host,
        )

    async def fetch(self, name: str, to: Path) -> Artifact:
        """Copy the newest version of `name`, of any stage of this run, to `to` and return what it is.

        Raises:
            ArtifactMissingError: There is none, or this worker does not reach it.
            ArtifactDamagedError: It is not what was saved.
            ArtifactPlaceError: The place where artifacts are kept does not answer, or refuses.
        """
        team_id, run_id = self._claim.key.team_id, self._claim.key.run_id
        async with self._database.team(team_id) as connection:
            found = await store.newest(connection, team_id, run_id, name)
        if found is None:
            raise ArtifactMissingError(f"Run {run_id} has saved no file {name!r}. Start a new run.")
        try:
            # By its key alone: the content may have moved to another place since, together with CAIRN_ARTIFACTS.
            await self._files.get(found.key, to, found.sha256)
        except ArtifactMissingError as cause:
            if found.place == self._files.place and found.host in {None, self._host}:
                raise
            where = f"on {found.host}" if found.host else "elsewhere"
            raise ArtifactMissingError(
                f"The file {name!r} of run {run_id} lies {where}, at {found.url}, which {self._host} does not reach. "
                "Set CAIRN_ARTIFACTS to one place for all workers, or retry the run while only a worker there runs."
            ) from cause
        return found

    async def list(self) -> tuple[Artifact, ...]:
        """Return the newest version of each artifact of this run, by stage and name."""
        team_id, run_id = self._claim.key.team_id, self._claim.key.run_id
        async with self._database.team(team_id) as connection:
            return await store.of_run(connection, team_id, run_id)


def _sha256(path: Path, stop: threading.Event) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            go_on(stop)
            digest.update(block)
    return digest.hexdigest()
