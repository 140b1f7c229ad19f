"""What talking costs a workspace and may cost, as every face uses it: look and set."""

from dataclasses import dataclass
from decimal import Decimal

from agents.runs.money import dollars, usd
from agents.runs.roles import Role
from agents.services.people import People
from agents.services.talk_limits import DEFAULTS, Given, TalkCap, TalkScope, talk_cap
from agents.store import audit, talking
from agents.store.db import Database
from agents.store.talking import SetBudget, TalkUsage

_DEFAULTS = {str(scope): limit_usd for scope, limit_usd in DEFAULTS.items()}


@dataclass(frozen=True, slots=True)
class TalkPeriods:
    """What talking used in this day and in this calendar month, both UTC."""

    day: TalkUsage
    month: TalkUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkView:
    """What talking used, and the limits it has.

    `person` and `thread` are there where they were asked for; without them their limits count nothing.
    """

    caps: tuple[TalkCap, ...]
    set: tuple[SetBudget, ...]
    workspace: TalkPeriods
    person: TalkPeriods | None = None
    thread: TalkPeriods | None = None

    def who_set(self, scope: TalkScope) -> SetBudget | None:
        """Return the limit as somebody set it; None where the default holds."""
        return next((each for each in self.set if each.scope == scope), None)

    def cap(self, scope: TalkScope) -> TalkCap:
        """Return the limit of a scope."""
        return next(each for each in self.caps if each.scope is scope)


class TalkBudgets:
    """What talking costs every team; everybody may look, admins set limits.

    Args:
        database: Where it stands.
        people: Who may.
    """

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    async def view(self, team_id: str, *, user_id: str | None = None, conversation_id: str | None = None) -> TalkView:
        """Return what talking used in the workspace, and also with a person and in a thread where they are named."""
        async with self._database.team(team_id) as connection:
            return TalkView(
                caps=tuple(
                    talk_cap(each)
                    for each in await talking.caps(
                        connection, team_id, _DEFAULTS, conversation_id=conversation_id, user_id=user_id
                    )
                ),
                set=tuple(await talking.budgets(connection, team_id)),
                workspace=TalkPeriods(*await talking.usage(connection, team_id)),
                person=TalkPeriods(*await talking.usage(connection, team_id, user_id=user_id)) if user_id else None,
                thread=TalkPeriods(*await talking.usage(connection, team_id, conversation_id=conversation_id))
                if conversation_id
                else None,
            )

    async def require_setter(self, team_id: str, who: str) -> None:
        """Let `who` pass only where they may set limits.

        Raises:
            UserError: They may not; the text says who may.
        """
        await self._people.require(team_id, who, Role.ADMIN, "set budgets")

    async def set(
        self, team_id: str, scope: TalkScope, given: Given, who: str, event_key: str | None = None
    ) -> TalkView:
        """Set a limit, with None remove it, or let the default hold again; it holds for the next call."""
        await self.require_setter(team_id, who)
        limit_usd = DEFAULTS[scope] if given == "default" else given
        async with self._database.team(team_id) as connection:
            before = await talking.caps(connection, team_id, _DEFAULTS, conversation_id=None, user_id=None)
            if given == "default":
                await talking.remove_budget(connection, team_id, scope)
            else:
                await talking.set_budget(connection, team_id, scope, None if given is None else usd(given), who)
            details = {
                "from_usd": _text(next(each.limit_usd for each in before if each.scope == scope)),
                "to_usd": _text(limit_usd),
            }
            entry = audit.Entry(who, "set_budget", f"budget:talk:{scope}", event_key, details=details)
            await audit.add(connection, team_id, entry)
        return await self.view(team_id)

    async def conversation_id(self, team_id: str, channel: str, thread_ts: str) -> str | None:
        """Return the conversation of a thread; None where there is none."""
        async with self._database.team(team_id) as connection:
            return await talking.conversation_of(connection, team_id, channel=channel, thread_ts=thread_ts)


def _text(limit_usd: Decimal | None) -> str | None:
    return None if limit_usd is None else dollars(limit_usd)
