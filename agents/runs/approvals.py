"""How many people have to approve a proposal, and whose approvals count towards that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

_ALONE, _TOGETHER = 1, 2


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval of exactly what the proposal says.

    Attributes:
        who: The person.
        at: When.
        role: What they were when they approved: "approver" or "admin".
        terms: What they acknowledged with it.
        lost: Why it does not count, as of the last look at their role; None while it does.
    """

    who: str
    at: datetime
    role: str
    terms: tuple[str, ...] = ()
    lost: str | None = None


def approvals_needed(high_usd: Decimal, second_approver_usd: Decimal) -> int:
    """Return how many people have to approve a run that may cost up to `high_usd`."""
    return _TOGETHER if high_usd > second_approver_usd else _ALONE


def is_excluded(needed: int, requested_by: str, who: str) -> bool:
    """Return whether somebody cannot approve since they asked for it: what takes two takes two others."""
    return needed > _ALONE and who == requested_by


def counting(approvals: Sequence[Approval], needed: int, requested_by: str) -> tuple[Approval, ...]:
    """Return the approvals that count, oldest first."""
    return tuple(
        approval
        for approval in sorted(approvals, key=lambda each: each.at)
        if approval.lost is None and not is_excluded(needed, requested_by, approval.who)
    )
