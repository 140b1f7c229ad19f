"""Students: versions, aliases that move and go back, who may do that, and what is refused."""

import pytest

from agents.errors import UserError
from agents.store import audit
from tests.integration.students.conftest import BOB, CAROL, TEAM, Works

pytestmark = pytest.mark.integration


async def test_every_run_makes_the_next_version_of_its_name(works: Works) -> None:
    made = [await works.made(), await works.made("other"), await works.made()]

    assert [each.label for each in made] == ["tickets@v1", "other@v1", "tickets@v2"]


async def test_an_alias_is_pointed_to_a_version_and_rolled_back(works: Works) -> None:
    await works.made()
    await works.made()

    await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    await works.students.point(TEAM, "tickets", "tickets@v2", BOB, reason="better")
    back = await works.students.back(TEAM, "tickets", BOB)

    assert back.label == "tickets@v1"
    view = await works.students.view(TEAM)
    assert [view.aliases_of(each) for each in view.students] == [["tickets"], []]


async def test_a_press_that_comes_twice_moves_once(works: Works) -> None:
    for _ in range(3):
        await works.made()
    for version in (1, 2, 3):
        await works.students.point(TEAM, "tickets", f"tickets@v{version}", BOB)

    first = await works.students.back(TEAM, "tickets", BOB, event_key="Ev1")
    again = await works.students.back(TEAM, "tickets", BOB, event_key="Ev1")

    assert (first.version, again.version) == (2, 2)


async def test_whoever_moves_an_alias_must_be_an_approver(works: Works) -> None:
    await works.made()

    with pytest.raises(UserError, match="approve"):
        await works.students.point(TEAM, "tickets", "tickets@v1", CAROL)

    assert not (await works.students.view(TEAM)).aliases


async def test_what_did_not_pass_is_not_served(works: Works) -> None:
    await works.made(passed=False)

    with pytest.raises(UserError, match="tickets@v1 did not pass its gate"):
        await works.students.point(TEAM, "tickets", "tickets@v1", BOB)


async def test_what_answers_is_not_retired_and_what_is_retired_does_not_answer(works: Works) -> None:
    await works.made()
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v2", BOB)

    with pytest.raises(UserError, match="answers as tickets"):
        await works.students.retire(TEAM, "tickets@v2", BOB)
    await works.students.retire(TEAM, "tickets@v1", BOB)
    with pytest.raises(UserError, match="was retired by U0BOB"):
        await works.students.point(TEAM, "tickets", "tickets@v1", BOB)
    with pytest.raises(UserError, match="nothing else before"):
        await works.students.back(TEAM, "tickets", BOB)


async def test_what_is_not_there_is_said_with_what_is(works: Works) -> None:
    await works.made()

    with pytest.raises(UserError, match=r"no student 'tickets@v9'\. There are: tickets@v1"):
        await works.students.point(TEAM, "tickets", "tickets@v9", BOB)
    with pytest.raises(UserError, match=r"no alias 'tickets'\. There are: none yet"):
        await works.students.back(TEAM, "tickets", BOB)


async def test_every_move_is_audited(works: Works) -> None:
    await works.made()
    await works.students.point(TEAM, "tickets", "tickets@v1", BOB, reason="first", event_key="Ev1")

    async with works.database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, "alias:tickets")

    assert [(each.who, each.action, each.event_key, each.details["to"]) for each in entries] == [
        (BOB, "move_alias", "Ev1", "tickets@v1")
    ]
