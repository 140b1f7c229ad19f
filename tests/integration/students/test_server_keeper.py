"""A server of models serves what the aliases say, whatever happens to it or to whoever keeps it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from agents.distillation.serving import ServerError
from tests.integration.engine.conftest import eventually
from tests.integration.students.conftest import BOB, TEAM, Works

pytestmark = pytest.mark.integration


@contextlib.asynccontextmanager
async def kept(works: Works) -> AsyncIterator[None]:
    stop = asyncio.Event()
    keeping = asyncio.create_task(works.keeper().keep(stop))
    try:
        yield
    finally:
        stop.set()
        await keeping


async def until(is_so: Callable[[], bool]) -> None:
    async def so() -> bool:
        return is_so()

    await eventually(so)


def versions(works: Works) -> dict[str, str]:
    """Return which version each name serves."""
    return {name: folder.name for name, folder in works.server.folders().items()}


async def test_an_alias_that_was_moved_is_served_with_the_version_to_go_back_to(works: Works) -> None:
    await works.made()
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    await works.students.point(TEAM, "tickets", "tickets@v2", BOB)

    assert await works.keeper().align(TEAM) == {}

    assert versions(works) == {"t0local/tickets@v1": "v1", "t0local/tickets@v2": "v2", "t0local/tickets": "v2"}
    assert [(each.served_as, each.error) for each in (await works.students.view(TEAM)).served] == [
        ("t0local/tickets", None),
        ("t0local/tickets@v1", None),
        ("t0local/tickets@v2", None),
    ]


async def test_a_roll_back_moves_one_name_and_loads_no_file(works: Works) -> None:
    await works.made()
    await works.made()
    keeper = works.keeper()
    for version in (1, 2):
        await works.students.point(TEAM, "tickets", f"tickets@v{version}", BOB)
        await keeper.align(TEAM)
    works.server.calls.clear()

    await works.students.back(TEAM, "tickets", BOB)
    await keeper.align(TEAM)

    assert versions(works)["t0local/tickets"] == "v1"
    assert works.server.calls == [("load", "t0local/tickets"), ("unload", "t0local/tickets@v2")]


async def test_a_server_that_was_started_anew_serves_the_same_again(works: Works) -> None:
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    async with kept(works):
        await until(lambda: "t0local/tickets" in versions(works))
        works.server.restart()

        await until(lambda: versions(works) == {"t0local/tickets": "v1", "t0local/tickets@v1": "v1"})


async def test_a_server_that_is_away_is_waited_for(works: Works) -> None:
    await works.made()
    works.server.is_up = False
    async with kept(works):
        await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
        await asyncio.sleep(0.2)
        works.server.is_up = True

        await until(lambda: "t0local/tickets" in versions(works))


async def test_whoever_asks_is_told_that_a_server_is_away(works: Works) -> None:
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    works.server.is_up = False

    with pytest.raises(ServerError, match="does not answer"):
        await works.keeper().align(TEAM)


async def test_an_adapter_that_is_refused_leaves_the_alias_where_it_was(works: Works) -> None:
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    await works.keeper().align(TEAM)
    await works.made(rank=256)
    await works.students.point(TEAM, "tickets", "tickets@v2", BOB)

    errors = await works.keeper().align(TEAM)

    assert set(errors) == {"t0local/tickets", "t0local/tickets@v2"}
    assert "max_lora_rank" in errors["t0local/tickets"]
    assert versions(works)["t0local/tickets"] == "v1"
    served = {each.served_as: each.error for each in (await works.students.view(TEAM)).served}
    assert "max_lora_rank" in (served["t0local/tickets"] or "")


async def test_files_that_are_not_what_was_registered_are_not_loaded(works: Works) -> None:
    await works.made(rank=16, says_rank=8)
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)

    errors = await works.keeper().align(TEAM)

    assert "registered with rank 16, and its files have 8" in errors["t0local/tickets"]
    assert versions(works) == {}


async def test_a_damaged_file_is_not_loaded(works: Works) -> None:
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    for path in (each for each in works.files.rglob("*") if each.is_file()):
        path.write_bytes(path.read_bytes()[:-1] + b"?")

    errors = await works.keeper().align(TEAM)

    assert versions(works) == {}
    assert errors


async def test_files_that_cannot_be_kept_here_are_told_and_keep_no_other_from_being_served(works: Works) -> None:
    await works.made("tickets")
    await works.made("other")
    for name in ("tickets", "other"):
        await works.students.point(TEAM, name, f"{name}@v1", BOB)
    # A file where the folder is to be.
    (works.folder / "t0local").mkdir(parents=True)
    (works.folder / "t0local" / "other").write_text("", encoding="utf-8")

    errors = await works.keeper().align(TEAM)

    assert set(errors) == {"t0local/other", "t0local/other@v1"}
    assert set(versions(works)) == {"t0local/tickets", "t0local/tickets@v1"}


async def test_what_was_cut_off_while_files_came_is_brought_anew(works: Works) -> None:
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    half = works.folder / "t0local" / "tickets" / ".v1.coming"
    half.mkdir(parents=True)
    (half / "adapter_model.safetensors").write_bytes(b"hal")

    assert await works.keeper().align(TEAM) == {}

    folder = works.server.folders()["t0local/tickets"]
    assert (folder / "adapter_model.safetensors").read_bytes() == b"weights 1"


async def test_names_of_others_are_let_be(works: Works) -> None:
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    await works.keeper().align(TEAM)
    folder = works.server.folders()["t0local/tickets"]
    await works.server.load_adapter("somebody-s", folder)

    await works.keeper().align(TEAM)

    assert "somebody-s" in versions(works)
