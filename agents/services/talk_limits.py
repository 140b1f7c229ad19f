"""The limits on what talking may cost, as values: their scopes, the defaults, and how people write and read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from agents.errors import UserError
from agents.runs.money import cents_up, dollars, left_words, read_usd
from agents.store.talking import Counted

HALT: Final = "halt"
_NONE = frozenset({"none", "off", "unlimited"})
_DEFAULT: Final = "default"
_HOW = (
    "Write `/cairn model limit day 20`, with `none` in place of the amount for no limit and `default` for the limit "
    "that Cairn comes with."
)


class TalkScope(StrEnum):
    """What a limit on talking holds for; as with other budgets, `DAY` and `WORKSPACE` are of the whole workspace."""

    THREAD = "thread"
    USER = "user"
    DAY = "day"
    WORKSPACE = "workspace"

    @property
    def words(self) -> str:
        """What it covers, as people read it."""
        return {
            TalkScope.THREAD: "for talking in one thread",
            TalkScope.USER: "for talking with one person in a day (UTC)",
            TalkScope.DAY: "for talking in a day (UTC)",
            TalkScope.WORKSPACE: "for talking in a calendar month (UTC)",
        }[self]


# A turn takes two to three calls. At $2 and $10 per million tokens (claude-sonnet-5-5, 2026-11-23), with most of
# 10,000 tokens read from the cache, it costs about 3 cents; a decision takes ten to thirty turns. So a thread has room
# for twice the longest, a person for some threads a day, and the workspace for some people; a month is ten full days.
DEFAULTS: Final[Mapping[TalkScope, Decimal]] = MappingProxyType(
    {
        TalkScope.THREAD: Decimal(2),
        TalkScope.USER: Decimal(5),
        TalkScope.DAY: Decimal(20),
        TalkScope.WORKSPACE: Decimal(200),
    }
)

# An amount, no limit at all, or what Cairn comes with.
Given = Decimal | None | Literal["default"]


@dataclass(frozen=True, slots=True)
class TalkCap:
    """A limit on talking and what counts against it; `limit_usd` is None where there is none."""

    scope: TalkScope
    limit_usd: Decimal | None
    spent_usd: Decimal
    reserved_usd: Decimal

    @property
    def left_usd(self) -> Decimal | None:
        """What may still be reserved, never below zero; None where there is no limit."""
        if self.limit_usd is None:
            return None
        return max(Decimal(0), self.limit_usd - self.spent_usd - self.reserved_usd)

    @property
    def words(self) -> str:
        """What is left under it, and what counts against it."""
        return left_words(self.limit_usd, self.spent_usd, self.reserved_usd)


def talk_cap(counted: Counted) -> TalkCap:
    """Return a limit as people read it."""
    return TalkCap(TalkScope(counted.scope), counted.limit_usd, counted.spent_usd, counted.reserved_usd)


def refusal_words(counted: Counted, most_usd: Decimal) -> str:
    """Return why a call is not made that may cost up to `most_usd`, and what to do."""
    if counted.scope == HALT:
        return "everything in this workspace is stopped; an admin lets it go on with `/cairn resume-all`"
    scope, limit_usd = TalkScope(counted.scope), counted.limit_usd or Decimal(0)
    left_usd = max(Decimal(0), limit_usd - counted.spent_usd - counted.reserved_usd)
    raised = dollars(cents_up(limit_usd + max(limit_usd, most_usd)))
    return (
        f"the limit {scope.words} is {dollars(limit_usd)}, of which {dollars(left_usd)} is left; an admin can raise it "
        f"with `/cairn model limit {scope} {raised}`"
    )


def read_talk_budget(scope: str, amount: str) -> tuple[TalkScope, Given]:
    """Return a limit that a person typed, such as "thread" and "2".

    Raises:
        UserError: It cannot be read; the text says what can.
    """
    known = {str(each): each for each in TalkScope}
    word = scope.strip().lower()
    if word not in known:
        raise UserError(f"There is no limit {word!r} on talking. Choose one of: {', '.join(known)}. {_HOW}")
    typed = amount.strip().lower()
    if typed in _NONE:
        return known[word], None
    if typed == _DEFAULT:
        return known[word], _DEFAULT
    try:
        return known[word], read_usd(amount)
    except ValueError as cause:
        raise UserError(f"{cause} {_HOW}") from cause
