"""People as Slack tells of them, asked seldom, and what holds while Slack does not answer."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from agents.errors import UserError
from agents.runs.roles import Policy, Role
from agents.services.people import People
from bot.directory import FRESH_S, KEPT_S, SlackDirectory
from tests.integration.bot.conftest import ALICE, BOB, BOT, TEAM, Page

CAROL, GWEN = "UCAROL0001", "UGWEN00001"
GROUP = "S0APPROVE"
POLICY = Policy(admins=frozenset({"S0ADMINS"}), approvers=frozenset({GROUP}))


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(client: AsyncWebClient, clock: Clock) -> SlackDirectory:
    async def only_client(_: str) -> AsyncWebClient:
        return client

    return SlackDirectory(only_client, POLICY.groups, clock=clock)


@pytest.fixture
def people(directory: SlackDirectory) -> People:
    return People(directory, POLICY)


async def added(page: Page, name: str, **more: Any) -> str:
    answer = await page.post("person", name=name, **more)
    assert answer["ok"], answer
    return str(answer["user"]["id"])


async def test_members_have_the_roles_of_their_user_groups(people: People) -> None:
    roles = {who: (await people.standing(TEAM, who)).role for who in (ALICE, BOB, CAROL)}
    assert roles == {ALICE: Role.REQUESTER, BOB: Role.APPROVER, CAROL: Role.ADMIN}


async def test_guests_strangers_bots_and_leavers_only_look_though_a_group_names_them(
    people: People, page: Page
) -> None:
    stranger = await added(page, "sven", kind="external")
    leaver = await added(page, "lea")
    everybody = [BOB, GWEN, stranger, leaver]
    assert (await page.post("user_group", id=GROUP, users=everybody))["ok"]
    assert (await page.post("person", id=leaver, deleted=True))["ok"]
    whys = {who: str(await people.standing(TEAM, who)) for who in [*everybody, BOT]}
    assert whys == {
        BOB: f"an approver (in the user group {GROUP}, which CAIRN_APPROVERS names)",
        GWEN: "a viewer (a guest of this workspace)",
        stranger: "a viewer (from another workspace)",
        leaver: "a viewer (a deactivated account)",
        BOT: "a viewer (a bot)",
    }


async def test_a_refusal_names_the_members_of_the_group(people: People) -> None:
    with pytest.raises(UserError, match=rf"Ask one of the approvers: {BOB}, {CAROL}\.|approvers: {CAROL}, {BOB}\."):
        await people.require(TEAM, ALICE, Role.APPROVER, "approve it")


async def test_slack_is_asked_once_a_minute_and_a_change_is_seen_then(people: People, page: Page, clock: Clock) -> None:
    for _ in range(5):
        await people.standing(TEAM, GWEN)
    assert len(await page.calls("users.info")) == 1
    assert len(await page.calls("usergroups.users.list")) == len(POLICY.groups)
    await page.post("person", id=GWEN, kind="member")
    assert (await people.standing(TEAM, GWEN)).role is Role.VIEWER
    clock.now += FRESH_S
    assert (await people.standing(TEAM, GWEN)).role is Role.REQUESTER


async def test_while_slack_does_not_answer_its_last_answer_holds_for_a_quarter_of_an_hour(
    people: People, page: Page, clock: Clock
) -> None:
    assert (await people.standing(TEAM, BOB)).role is Role.APPROVER
    await page.fault("users.info", "error", error="internal_error", times=None)
    await page.fault("usergroups.users.list", "http_500", times=None)
    clock.now += KEPT_S - 1
    assert (await people.standing(TEAM, BOB)).role is Role.APPROVER
    clock.now += 1
    standing = await people.standing(TEAM, BOB)
    assert standing.role is Role.VIEWER
    assert "could not be looked up in Slack, which answered internal_error; try again in a minute" in standing.why


async def test_a_failure_is_not_asked_for_again_at_once_but_soon(people: People, page: Page, clock: Clock) -> None:
    await page.fault("users.info", "ratelimited")
    for _ in range(3):
        assert (await people.standing(TEAM, ALICE)).role is Role.VIEWER
    assert await page.calls("users.info") == [], "the one call was refused, and no other made"
    clock.now += 10
    assert (await people.standing(TEAM, ALICE)).role is Role.REQUESTER


async def test_a_group_that_slack_does_not_know_gives_nobody_a_role_and_is_named(client: AsyncWebClient) -> None:
    async def only_client(_: str) -> AsyncWebClient:
        return client

    policy = Policy(approvers=frozenset({"S0GONE", BOB}))
    people = People(SlackDirectory(only_client, policy.groups), policy)
    assert (await people.standing(TEAM, BOB)).role is Role.APPROVER
    standing = await people.standing(TEAM, CAROL)
    assert standing.role is Role.REQUESTER
    assert "the user group S0GONE could not be looked up in Slack, which answered no_such_subteam" in standing.why
    with pytest.raises(UserError, match=f"{BOB}, the user group S0GONE"):
        await people.require(TEAM, CAROL, Role.APPROVER, "approve it")


async def test_somebody_slack_does_not_know_is_a_viewer(people: People) -> None:
    standing = await people.standing(TEAM, "U0NOBODY01")
    assert standing.role is Role.VIEWER
    assert "which answered user_not_found" in standing.why


async def test_a_slow_slack_is_not_waited_for(people: People, page: Page) -> None:
    await page.fault("users.info", "delay_before", seconds=30)
    assert "which answered TimeoutError" in (await people.standing(TEAM, BOB)).why
