"""What costs money or is visible outside, as values: what was intended, what came of it, what is asked if unknown.

An effect has a key within its run and generations, each of them one call at most. The first is intended by the
stage; another one follows where the last was refused, or where a person approved that it be submitted again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from agents.runs.money import dollars
from agents.runs.questions import Choice, Question

EFFECT_QUESTION = "effect"
ADOPT, LOOK, RESUBMIT = "adopt", "look", "resubmit"
# Candidates that get a button of their own, with the id in its label; any id can be entered.
_BUTTONS, _LONGEST_LABELLED = 4, 60


class EffectState(StrEnum):
    """Where one generation stands; in `INTENT` and `UNCLEAR` the call may or may not have reached the outside."""

    INTENT = "intent"
    UNCLEAR = "unclear"
    DONE = "done"
    REFUSED = "refused"
    ABANDONED = "abandoned"

    @property
    def may_begin_anew(self) -> bool:
        """Whether another generation may follow: this one did nothing, or somebody gave it up."""
        return self in {EffectState.REFUSED, EffectState.ABANDONED}


class Search(StrEnum):
    """How looking outside for what a lost call made went."""

    DONE = "done"
    FAILED = "failed"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Call:
    """One generation of an effect, which is one call at most."""

    team_id: str
    run_id: str
    key: str
    generation: int

    @property
    def idempotency_key(self) -> str:
        """The call's name outside: 32 hexadecimal characters, which every service takes."""
        parts = [self.team_id, self.run_id, self.key, self.generation]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call brought.

    Attributes:
        external_id: What the thing is called outside.
        result: Whatever else the stage will want, as plain JSON; empty where a person entered the id.
        actual_usd: What it cost; None while that is not known, and then all that was reserved counts.
    """

    external_id: str
    result: Mapping[str, Any] = field(default_factory=dict)
    actual_usd: Decimal | None = None

    def __post_init__(self) -> None:
        if not self.external_id:
            raise ValueError("what was made outside needs an id by which it can be found again")


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that was written down and may have been made; what a search outside has to go by.

    Attributes:
        idempotency_key: The same for every attempt at this one call, for services that understand it.
        intended_at: Nothing that this call made is older.
    """

    key: str
    generation: int
    kind: str
    request: Mapping[str, Any]
    idempotency_key: str
    intended_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """Something that exists outside and may be what a lost call made.

    Attributes:
        is_ours: It carries the intent's idempotency key, so that no other call can have made it.
    """

    external_id: str
    result: Mapping[str, Any] = field(default_factory=dict)
    actual_usd: Decimal | None = None
    is_ours: bool = False


def request_hash(kind: str, request: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what is asked for, as canonical JSON.

    Raises:
        ValueError: A number is not finite.
        TypeError: A value is not JSON.
    """
    canonical = json.dumps(
        [kind, dict(request)], sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def adoptable(found: Sequence[Found], claimed: frozenset[str], rivals: int) -> Found | None:
    """Return the one thing that surely is what the lost call made, or None.

    Args:
        found: What exists outside since the intent.
        claimed: Ids among them that another effect has.
        rivals: Other calls of the kind whose outcome is not known either: any of them may have made it.
    """
    free = [each for each in found if each.external_id not in claimed]
    certain = [each for each in free if each.is_ours]
    if certain:
        return certain[0] if len(certain) == 1 else None
    return free[0] if len(free) == 1 and not rivals else None


def effect_question(
    intent: Intent,
    stage: str,
    search: Search,
    candidates: Sequence[Found],
    *,
    cost_usd: Decimal,
    details: Mapping[str, Any],
) -> Question:
    """Return what is asked where nobody knows whether a call was taken.

    Args:
        intent: The call.
        stage: The stage that made it.
        search: Whether Cairn could look for it.
        candidates: What was found outside that no other effect has.
        cost_usd: What was reserved for it.
        details: What the answer is about; the effect and the candidates are added.
    """
    at = intent.intended_at.astimezone(UTC)
    text = (
        f"The stage {stage} sent {intent.key!r} ({intent.kind}) at {at:%Y-%m-%d %H:%M:%S} UTC, and its answer was "
        f"lost: it may have been taken, or not. {_search_words(search, candidates)} Cairn does not send it again by "
        "itself."
    )
    found = [
        {
            "external_id": each.external_id,
            "result": dict(each.result),
            "actual_usd": None if each.actual_usd is None else str(each.actual_usd),
        }
        for each in candidates
    ]
    known = {**details, "effect": intent.key, "generation": intent.generation, "found": found}
    return Question(EFFECT_QUESTION, text, _choices(search, candidates, cost_usd), known)


def chosen_outcome(details: Mapping[str, Any], external_id: str) -> Outcome:
    """Return what a person adopts: one of the candidates of a question's details, or an id of their own."""
    for each in details.get("found", ()):
        if each["external_id"] == external_id:
            actual = each["actual_usd"]
            return Outcome(external_id, each["result"], None if actual is None else Decimal(actual))
    return Outcome(external_id)


def _choices(search: Search, candidates: Sequence[Found], cost_usd: Decimal) -> tuple[Choice, ...]:
    more = f", up to {dollars(cost_usd)} more" if cost_usd else ""
    warning = f"If the first one was taken after all, it happens twice and is paid twice{more}."
    ids = dict.fromkeys(each.external_id for each in candidates if len(each.external_id) <= _LONGEST_LABELLED)
    named = tuple(Choice(f"{ADOPT}:{each}", f"Adopt {each}") for each in list(ids)[:_BUTTONS])
    look = () if search is Search.IMPOSSIBLE else (Choice(LOOK, "Look again"),)
    entered = Choice(ADOPT, "Adopt by id", entry="Its id outside")
    return (*named, entered, *look, Choice(RESUBMIT, "Submit again", is_spend=True, warning=warning))


def _search_words(search: Search, candidates: Sequence[Found]) -> str:
    if search is Search.IMPOSSIBLE:
        return "Cairn cannot look for it there."
    if search is Search.FAILED:
        return "Cairn tried to look for it there and could not."
    if not candidates:
        return "Cairn looked for it there, and nothing was found."
    ids = ", ".join(each.external_id for each in candidates)
    return f"Cairn looked for it there and found what it may be, without being sure: {ids}."
