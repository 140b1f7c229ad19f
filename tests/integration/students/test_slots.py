"""Students with weights of their own: each in a slot of the host, with aliases that lead to it, whatever happens."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from agents.adapters.artifacts import open_artifacts
from agents.adapters.servers.vllm import Vllm
from agents.distillation.serving import ServerError
from agents.engine.server_keeper import ServerKeeper
from agents.engine.slots import Slots
from agents.engine.student_files import StudentFiles
from tests.fakes.slot_servers import SlotServers, held_back
from tests.integration.engine.conftest import eventually
from tests.integration.students.conftest import BOB, TEAM, Works

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Host:
    """A host with slots, and what callers of its students see."""

    works: Works
    folder: Path
    servers: SlotServers

    def keeper(self, slots: int = 2) -> ServerKeeper:
        database = self.works.database
        files = StudentFiles(open_artifacts(str(self.works.files), self.works.files), self.folder)
        return ServerKeeper(database, None, files, slots=Slots(database, files, slots, Vllm))

    async def point(self, version: int, name: str = "tickets") -> None:
        await self.works.students.point(TEAM, name, f"{name}@v{version}", BOB)

    async def settled(self, keeper: ServerKeeper) -> Mapping[str, str]:
        """Return why names are not served once no server is being started any more."""
        errors: Mapping[str, str] = {}

        async def is_so() -> bool:
            nonlocal errors
            errors = await keeper.align(TEAM)
            return not any(keeper.is_starting(TEAM, name) for name in errors)

        await eventually(is_so)
        return errors

    async def answering(self, name: str = "tickets") -> str | None:
        """Return the version that answers callers of a name; None where nothing does."""
        server = Vllm(f"unix://{self.folder}/callers/t0local/{name}.sock")
        try:
            return Path((await server.models())[0].folder or "").name
        except ServerError:
            return None
        finally:
            await server.close()

    def started(self) -> list[str]:
        return ["/".join(Path(each).parts[-2:]) for each in self.servers.starts]


@pytest.fixture
async def host(works: Works) -> AsyncIterator[Host]:
    # The path of a socket has room for a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="cairn-"))
    servers = SlotServers(folder)
    async with servers.running(3):
        yield Host(works, folder, servers)
    shutil.rmtree(folder)


async def test_an_encoder_answers_callers_of_its_alias_and_of_its_version(host: Host) -> None:
    await host.works.made(whole="encoder")
    await host.point(1)
    keeper = host.keeper()

    assert await host.settled(keeper) == {}

    assert [await host.answering(name) for name in ("tickets", "tickets@v1")] == ["v1", "v1"]
    student = (await host.works.students.view(TEAM)).students[0]
    async with keeper.called(TEAM, "tickets", student) as (server, name):
        assert (await server.classify(name, "where is it?")).text == "a"
    served = {each.served_as: each.error for each in (await host.works.students.view(TEAM)).served}
    assert served == {"t0local/tickets": None, "t0local/tickets@v1": None}


async def test_callers_reach_the_old_version_until_the_new_one_answers(host: Host) -> None:
    for _ in range(2):
        await host.works.made(whole="encoder")
    await host.point(1)
    keeper = host.keeper()
    await host.settled(keeper)

    with held_back(host.servers):
        await host.point(2)
        errors = await keeper.align(TEAM)
        assert "does not answer with it yet" in errors["t0local/tickets"]
        assert keeper.is_starting(TEAM, "t0local/tickets")
        assert await host.answering() == "v1"

    assert await host.settled(keeper) == {}
    assert await host.answering() == "v2"


async def test_a_roll_back_starts_no_server(host: Host) -> None:
    for _ in range(2):
        await host.works.made(whole="encoder")
    keeper = host.keeper()
    for version in (1, 2):
        await host.point(version)
        await host.settled(keeper)

    await host.works.students.back(TEAM, "tickets", BOB)

    assert await keeper.align(TEAM) == {}
    assert await host.answering() == "v1"
    assert host.started() == ["tickets/v1", "tickets/v2"]


async def test_a_version_takes_the_slot_of_one_that_nobody_goes_back_to_any_more(host: Host) -> None:
    keeper = host.keeper()
    for version in (1, 2, 3):
        await host.works.made(whole="encoder")
        await host.point(version)
        await host.settled(keeper)

    assert await host.answering() == "v3"
    assert await host.answering("tickets@v2") == "v2"
    assert await host.answering("tickets@v1") is None
    assert sorted(each.name for each in (host.folder / "t0local" / "tickets").iterdir()) == ["v2", "v3"]


async def test_a_worker_that_is_started_anew_leaves_the_servers_as_they_run(host: Host) -> None:
    await host.works.made(whole="encoder")
    await host.point(1)
    await host.settled(host.keeper())

    assert await host.settled(host.keeper()) == {}
    assert host.started() == ["tickets/v1"]


async def test_with_one_slot_a_name_leads_nowhere_while_its_server_is_started_anew(host: Host) -> None:
    for _ in range(2):
        await host.works.made(whole="encoder")
    keeper = host.keeper(slots=1)
    await host.point(1)
    await host.settled(keeper)

    with held_back(host.servers):
        await host.point(2)
        await keeper.align(TEAM)
        # Nothing is to answer for the student but the student.
        assert await host.answering() is None
        assert await host.answering("tickets@v1") is None

    assert await host.settled(keeper) == {}
    assert await host.answering() == "v2"


async def test_what_finds_no_slot_is_told_so_and_takes_none_from_another(host: Host) -> None:
    keeper = host.keeper(slots=1)
    await host.works.made("tickets", whole="encoder")
    await host.works.made("alarms", whole="encoder")
    await host.point(1)
    await host.settled(keeper)
    await host.point(1, "alarms")

    errors = await host.settled(keeper)

    assert set(errors) == {"t0local/alarms", "t0local/alarms@v1"}
    assert "CAIRN_SERVE_SLOTS" in errors["t0local/alarms"]
    assert await host.answering("tickets") == "v1"


async def test_what_is_not_what_was_registered_gets_no_server_and_keeps_no_other_from_one(host: Host) -> None:
    config = {"id2label": {"0": "a", "1": "c"}}
    files = {"config.json": json.dumps(config).encode(), "model.safetensors": b"weights"}
    await host.works.made("tickets", whole="encoder", files=files)
    await host.works.made("tones", whole="encoder")
    await host.works.made("code", whole="causal", files={"config.json": b"{}", "model.safetensors": b"w", "m.py": b""})
    for name in ("tickets", "tones", "code"):
        await host.point(1, name)

    errors = await host.settled(host.keeper(slots=3))

    assert "2 labels apart, which are not the 2" in errors["t0local/tickets"]
    assert "m.py" in errors["t0local/code"]
    assert await host.answering("tones") == "v1"
    assert host.started() == ["tones/v1"]
