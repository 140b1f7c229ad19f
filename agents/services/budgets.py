"""What a workspace may spend, as every face uses it: look, set, and what the answer to a budget's question means."""

from dataclasses import dataclass
from decimal import Decimal

from agents.errors import UserError
from agents.runs.money import MORE, SETTABLE, Cap, Left, Scope, dollars, read_usd
from agents.runs.questions import Answer, QuestionView
from agents.runs.roles import Role
from agents.services.people import People
from agents.store import audit, spend
from agents.store.db import Connection, Database
from agents.store.spend import Budget

_NONE = frozenset({"none", "off", "unlimited"})
_HOW = "Write `/cairn budget day 50`, or `none` in place of the amount for no limit."


@dataclass(frozen=True, slots=True)
class BudgetView:
    """The limits of a workspace: what counts against each, and who set those that are set."""

    caps: tuple[Cap, ...]
    set: tuple[Budget, ...]

    def who_set(self, scope: Scope) -> Budget | None:
        """Return the limit as somebody set it; None where nobody did."""
        return next((each for each in self.set if each.scope is scope), None)


class Budgets:
    """The budgets of every team; everybody may look, admins set.

    Args:
        database: Where they are.
        people: Who may.
    """

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    async def left(self, team_id: str) -> Left:
        """Return what the workspace's limits leave for another run."""
        async with self._database.team(team_id) as connection:
            return Left(await spend.caps(connection, team_id))

    async def view(self, team_id: str) -> BudgetView:
        """Return the limits as they stand."""
        async with self._database.team(team_id) as connection:
            return BudgetView(
                await spend.caps(connection, team_id), tuple(await spend.budgets(connection, team_id))
            )  # fmt: skip

    async def require_setter(self, team_id: str, who: str) -> None:
        """Let `who` pass only where they may set limits.

        Raises:
            UserError: They may not; the text says who may.
        """
        await self._people.require(team_id, who, Role.ADMIN, "set budgets")

    async def set(
        self, team_id: str, scope: Scope, limit_usd: Decimal | None, who: str, event_key: str | None = None
    ) -> BudgetView:
        """Set a limit, or with None remove it; it holds for the next reservation, runs in hand included."""
        await self.require_setter(team_id, who)
        async with self._database.team(team_id) as connection:
            before = next(
                (each.limit_usd for each in await spend.budgets(connection, team_id) if each.scope is scope), None
            )
            if limit_usd is None:
                await spend.remove_budget(connection, team_id, scope)
            else:
                await spend.set_budget(connection, team_id, scope, limit_usd, who)
            details = {"from_usd": _text(before), "to_usd": _text(limit_usd)}
            await audit.add(
                connection, team_id, audit.Entry(who, "set_budget", f"budget:{scope}", event_key, details=details)
            )
        return await self.view(team_id)


def read_budget(scope: str, amount: str) -> tuple[Scope, Decimal | None]:
    """Return a limit that a person typed, such as "day" and "50"; None in place of the amount for no limit.

    Raises:
        UserError: It cannot be read; the text says what can.
    """
    known = {str(each): each for each in SETTABLE}
    if scope.strip().lower() not in known:
        raise UserError(f"There is no budget {scope.strip()!r}. Choose one of: {', '.join(known)}. {_HOW}")
    if amount.strip().lower() in _NONE:
        return known[scope.strip().lower()], None
    try:
        return known[scope.strip().lower()], read_usd(amount)
    except ValueError as cause:
        raise UserError(f"{cause} {_HOW}") from cause


async def budget_answered(connection: Connection, team_id: str, question: QuestionView, answer: Answer) -> None:
    """Carry out the answer to a budget's question: `more` raises what is approved for the run."""
    if answer.choice != MORE:
        return
    more_usd = Decimal(question.details["more_usd"])
    await spend.allow_more(connection, team_id, question.run_id, more_usd)
    details = {"more_usd": str(more_usd), "question": question.id}
    entry = audit.Entry(answer.who, "approve_more", f"run:{question.run_id}", answer.event_key, details=details)
    await audit.add(connection, team_id, entry)


def _text(limit_usd: Decimal | None) -> str | None:
    return None if limit_usd is None else dollars(limit_usd)
