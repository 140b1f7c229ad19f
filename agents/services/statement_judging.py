"""What becomes of something that somebody said, beside the answers that hold; pure.

It is taken where nothing speaks against it, where it answers what was asked, and where its own author corrects it. What
differs otherwise is put beside the answer that holds, for people to choose.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from agents.decision.answers import KNOWLEDGE_BUCKETS, LONG_CONTEXT_LIMIT_TOKENS, PROMPT_LIMIT_TOKENS, Problem
from agents.services.decision_view import Known
from agents.services.decisions import Given
from agents.store.facts import Fact

_BUCKET_ENDS: Final[Mapping[str, tuple[float, float]]] = dict(
    zip(
        KNOWLEDGE_BUCKETS,
        (
            (0, PROMPT_LIMIT_TOKENS),
            (PROMPT_LIMIT_TOKENS, LONG_CONTEXT_LIMIT_TOKENS),
            (LONG_CONTEXT_LIMIT_TOKENS, float("inf")),
        ),
        strict=True,
    )
)


class Fate(StrEnum):
    """What becomes of something said."""

    TAKEN = "taken"
    # It holds already, or an answer tells more.
    HELD = "held"
    # The same person has said something else since.
    OUTDATED = "outdated"
    # "I do not know" against an answer.
    NO_ANSWER = "no_answer"
    # It differs from an answer of somebody else, or from one that its author does not take back.
    CONTRADICTS = "contradicts"
    # Its own message says two things.
    TORN = "torn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One answer in something that was said, as it would be stored; None is "not sure".

    `corrects` is whether its author takes back what they said before, `is_newest` whether it was said in the message
    that is being answered, and `followed_by` the messages and presses after it.
    """

    slot: str
    value: Any
    who: str
    source: str
    corrects: bool = False
    is_newest: bool = True
    followed_by: frozenset[str] = frozenset()


@dataclass(slots=True)
class Judged:
    """What is to be stored, and what became of each reading, in their order."""

    given: dict[str, Given] = field(default_factory=dict)
    fates: list[tuple[Reading, Fate]] = field(default_factory=list)


def judged(known: Known, readings: Sequence[Reading]) -> Judged:
    """Return what becomes of readings, in the order in which they were said."""
    found = Judged()
    merged = list(_merged(readings))
    torn = _torn(merged)
    for reading in merged:
        if (reading.slot, reading.source) in torn:
            found.fates.append((reading, Fate.TORN))
            continue
        held = found.given.get(reading.slot) or known.current.get(reading.slot)
        value, fate = _fate(known, held, reading)
        found.fates.append((reading, fate))
        if fate is Fate.TAKEN:
            found.given[reading.slot] = Given(value, reading.who, reading.source)
    return found


def _merged(readings: Sequence[Reading]) -> Iterable[Reading]:
    """Yield readings, without what another of the same message corrects, and all problems of a message as one."""
    problems: dict[tuple[str, bool], Reading] = {}
    for reading in readings:
        if reading.slot == "problem" and reading.value is not None:
            key = (reading.source, reading.corrects)
            before = problems.get(key)
            problems[key] = reading if before is None else replace(before, value=_union(before.value, reading.value))
    for reading in readings:
        if reading.slot == "problem" and reading.value is not None:
            if (merged := problems.pop((reading.source, reading.corrects), None)) is not None:
                yield merged
            continue
        others = [each for each in readings if (each.slot, each.source) == (reading.slot, reading.source)]
        corrected = not reading.corrects and any(each.corrects for each in others)
        told = reading.value is None and any(each.value is not None for each in others)
        if not corrected and not told:
            yield reading


def _torn(readings: Sequence[Reading]) -> set[tuple[str, str]]:
    """Return slots, with messages, about which a message says two things."""
    values: dict[tuple[str, str], list[Any]] = {}
    for reading in readings:
        if reading.slot != "problem":
            values.setdefault((reading.slot, reading.source), []).append(reading.value)
    return {key for key, said in values.items() if any(each != said[0] for each in said)}


def _fate(known: Known, held: Fact | Given | None, reading: Reading) -> tuple[Any, Fate]:
    """Return what would be stored, and what becomes of it."""
    value = reading.value
    if held is None or (held.value is None and value is not None):
        return value, Fate.TAKEN
    if value == held.value:
        return value, Fate.TAKEN if _answers(known, reading) else Fate.HELD
    if reading.who == held.who:
        if held.source in reading.followed_by or _was_said(known, reading):
            return value, Fate.OUTDATED
        if reading.corrects:
            return value, Fate.TAKEN
    return _beside(known, held, reading)


def _beside(known: Known, held: Fact | Given, reading: Reading) -> tuple[Any, Fate]:
    """Return what would be stored, and what becomes of it, where it differs from what holds and takes nothing back."""
    value = reading.value
    if value is None:
        return value, Fate.NO_ANSWER
    if reading.slot == "problem" and not reading.corrects:
        union = _union(held.value, value)
        return union, Fate.HELD if union == held.value else Fate.TAKEN
    if _answers(known, reading) or _is_finer(reading.slot, held.value, value):
        return value, Fate.TAKEN
    return value, Fate.HELD if _is_finer(reading.slot, value, held.value) else Fate.CONTRADICTS


def _answers(known: Known, reading: Reading) -> bool:
    """Return whether it was said in answer to a question: the open one, or one that its author was asked."""
    if not reading.is_newest:
        return False
    asked = known.open_question is not None and known.open_question.slot == reading.slot
    return asked or any(each.slot == reading.slot and each.asked_of == reading.who for each in known.delegated)


def _was_said(known: Known, reading: Reading) -> bool:
    """Return whether it was taken from the same message before, and replaced since."""
    return any((row.slot, row.source, row.value) == (reading.slot, reading.source, reading.value) for row in known.rows)


def _is_finer(slot: str, coarse: Any, fine: Any) -> bool:
    """Return whether a size lies within the one of a button."""
    if slot != "knowledge_tokens" or coarse not in _BUCKET_ENDS or not isinstance(fine, int | float):
        return False
    low, high = _BUCKET_ENDS[coarse]
    return low <= fine <= high


def _union(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [problem.value for problem in Problem if problem.value in {*one, *other}]
