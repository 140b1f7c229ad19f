"""The people of a Slack workspace, as far as roles need them; asked of Slack once a minute at most.

Slack has no way to ask for the groups of a person, so the members of every group that the roles name are asked for.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agents.runs.roles import Person
from agents.settings import Settings
from bot.client import build_client
from bot.slack_errors import UNKNOWN_OUTCOME, failure_of

FRESH_S = 60.0
# While Slack does not answer, what it said last holds for so long.
KEPT_S = 900.0
# A failure is not asked for again at once: it may be a limit on how often.
_RETRY_S = 5.0
# The forms that a look-up may hold up have to open within three seconds.
_ANSWER_S = 2.0
_MEMBERS_A_PAGE = 999

_log = logging.getLogger(__name__)

ClientOf = Callable[[str], Awaitable[AsyncWebClient]]


@dataclass(frozen=True, slots=True)
class _Known:
    """The last answer, if any, when it was given, and what became of the last try since."""

    answer: Any = None
    answered_at: float = float("-inf")
    failed_at: float = float("-inf")
    failure: str = ""


class SlackDirectory:
    """Looks people up by users.info and usergroups.users.list, and remembers the answers for a while.

    Args:
        client_of: The Web API client of a team.
        groups: The user groups that give roles.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, client_of: ClientOf, groups: Iterable[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client_of = client_of
        self._groups = tuple(sorted(groups))
        self._clock = clock
        self._known: dict[tuple[str, str], _Known] = {}

    async def person(self, team_id: str, user: str) -> Person:
        """Return what Slack says of somebody now, or said lately where it does not answer."""
        account, *groups = await asyncio.gather(
            self._look_up(team_id, user, _account),
            *(self._look_up(team_id, group, _members) for group in self._groups),
        )
        if account.answer is None:
            return Person(user, failure=_unknown("they", account.failure))
        by_group = dict(zip(self._groups, groups, strict=True))
        unknown = [group for group, known in by_group.items() if known.answer is None]
        return Person(
            user,
            is_guest=_any(account.answer, "is_restricted", "is_ultra_restricted"),
            is_foreign=_is_foreign(account.answer, team_id),
            is_bot=_any(account.answer, "is_bot", "is_workflow_bot", "is_connector_bot"),
            is_active=not account.answer.get("deleted"),
            groups=frozenset(group for group, known in by_group.items() if user in (known.answer or ())),
            groups_failure=_unknown(f"the user group {unknown[0]}", by_group[unknown[0]].failure) if unknown else "",
        )

    async def members(self, team_id: str, group: str) -> tuple[str, ...]:
        """Return the people in a user group; nobody where Slack does not say."""
        return (await self.group(team_id, group))[0]

    async def group(self, team_id: str, group: str) -> tuple[tuple[str, ...], str]:
        """Return the people in a user group, and Slack's error where it does not say."""
        known = await self._look_up(team_id, group, _members)
        return ((), known.failure) if known.answer is None else (known.answer, "")

    async def is_in(self, team_id: str, channel: str, user: str) -> bool | None:
        """Return whether somebody is in a channel now; None where Slack does not say."""
        # Not remembered: who is told to invite somebody does so, and asks again at once.
        known = await self._asked(team_id, channel, _channel_members, _Known())
        return None if known.answer is None else user in known.answer

    async def _look_up(self, team_id: str, wanted: str, ask: Callable[[AsyncWebClient, str], Awaitable[Any]]) -> _Known:
        key, now = (team_id, wanted), self._clock()
        known = self._known.get(key, _Known())
        if now - known.answered_at >= FRESH_S and now - known.failed_at >= _RETRY_S:
            known = self._known[key] = await self._asked(team_id, wanted, ask, known)
        is_held = now - known.answered_at < KEPT_S
        return known if is_held else _Known(failure=known.failure)

    async def _asked(
        self, team_id: str, wanted: str, ask: Callable[[AsyncWebClient, str], Awaitable[Any]], known: _Known
    ) -> _Known:
        try:
            async with asyncio.timeout(_ANSWER_S):
                answer = await ask(await self._client_of(team_id), wanted)
        except (SlackApiError, *UNKNOWN_OUTCOME) as error:
            failure = failure_of(error).code
            _log.warning("Slack does not say who %s is: %s", wanted, failure)
            return _Known(known.answer, known.answered_at, self._clock(), failure)
        return _Known(answer, self._clock())


def build_directory(settings: Settings) -> SlackDirectory | None:
    """Return what looks people up in the workspace of the settings; None where they hold no token."""
    if settings.slack_bot_token is None:
        return None
    client = build_client(settings)

    async def only_client(_: str) -> AsyncWebClient:
        return client

    return SlackDirectory(only_client, settings.policy.groups)


async def _account(client: AsyncWebClient, user: str) -> Mapping[str, Any]:
    return dict((await client.users_info(user=user))["user"])


async def _members(client: AsyncWebClient, group: str) -> tuple[str, ...]:
    return tuple((await client.usergroups_users_list(usergroup=group))["users"])


async def _channel_members(client: AsyncWebClient, channel: str) -> frozenset[str]:
    found: set[str] = set()
    cursor = ""
    while True:
        page = await client.conversations_members(channel=channel, cursor=cursor or None, limit=_MEMBERS_A_PAGE)
        found.update(page["members"])
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return frozenset(found)


def _is_foreign(account: Mapping[str, Any], team_id: str) -> bool:
    """Return whether an account belongs to another workspace.

    `is_stranger` is set only for those who share no channel with the app, so the team is compared as well; in an
    organisation an account may be at home in another of its workspaces and a full member of this one.
    """
    if account.get("is_stranger"):
        return True
    homes = {account.get("team_id"), *(account.get("enterprise_user") or {}).get("teams", ())} - {None, ""}
    return bool(homes) and team_id not in homes


def _any(account: Mapping[str, Any], *flags: str) -> bool:
    return any(account.get(flag) for flag in flags)


def _unknown(what: str, failure: str) -> str:
    return f"{what} could not be looked up in Slack, which answered {failure}; try again in a minute"
