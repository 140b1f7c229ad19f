"""What came of the requests to a teacher: rows of files, what is asked again, and counts that add up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from agents.dialogue.chat import Usage
from agents.distillation.teaching import FOR_GOOD, TeacherAnswer

MISSING: Final = "missing"
"""The kind of error of a request that nothing came back for."""


def answer_row(answer: TeacherAnswer) -> dict[str, Any]:
    """Return the object of an answer's line."""
    used = answer.usage
    row: dict[str, Any] = {
        "id": answer.id,
        "state": answer.state,
        "text": answer.text,
        "detail": answer.detail,
        "usage": [used.input_tokens, used.cache_read_tokens, used.cache_write_tokens, used.output_tokens],
    }
    row |= {"may_be_paid": True} if answer.may_be_paid else {}
    return row | {"latency_s": answer.latency_s} if answer.latency_s is not None else row


def answer_of(row: Mapping[str, Any]) -> TeacherAnswer:
    """Return the answer of a line."""
    read, cached, written, wrote = row["usage"]
    usage = Usage(input_tokens=read, cache_read_tokens=cached, cache_write_tokens=written, output_tokens=wrote)
    return TeacherAnswer(
        id=row["id"],
        state=row["state"],
        text=row["text"],
        detail=row["detail"],
        usage=usage,
        may_be_paid=bool(row.get("may_be_paid")),
        latency_s=row.get("latency_s"),
    )


def is_settled(answer: TeacherAnswer) -> bool:
    """Return whether asking again would bring nothing else, or something that is there already."""
    if answer.state == "errored":
        return answer.detail in FOR_GOOD
    return answer.state in {"answered", "cut", "refused"}


def added(usages: Iterable[Usage]) -> Usage:
    """Return the tokens of several answers together."""
    total = Counter[str]()
    for each in usages:
        total.update(asdict(each))
    return Usage(**total)


@dataclass(slots=True)
class Tally:
    """How many requests came to which end; each counts once, by what came of it last.

    Attributes:
        asked: All of them.
        refused: By category.
        errored: By kind of error.
        unusable: Answers of which no example can be made, by reason; they are among the answered.
    """

    asked: int = 0
    answered: int = 0
    cut: int = 0
    expired: int = 0
    cancelled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    errored: Counter[str] = field(default_factory=Counter)
    unusable: Counter[str] = field(default_factory=Counter)

    def add(self, answer: TeacherAnswer | None) -> None:
        """Count one request by what came of it last; None where nothing did."""
        self.asked += 1
        if answer is None:
            self.errored[MISSING] += 1
        elif answer.state == "refused":
            self.refused[answer.detail] += 1
        elif answer.state == "errored":
            self.errored[answer.detail] += 1
        else:
            setattr(self, answer.state, getattr(self, answer.state) + 1)

    def as_json(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "asked": self.asked,
            "answered": self.answered,
            "cut": self.cut,
            "refused": dict(self.refused),
            "errored": dict(self.errored),
            "expired": self.expired,
            "cancelled": self.cancelled,
            "unusable": dict(self.unusable),
        }


def of_no_use(tally: Tally, model: str) -> str | None:
    """Return what to tell people where not one answer came; None where some did."""
    if tally.answered or not tally.asked:
        return None
    spent = "What it cost is on the run's card; nothing more is asked of it."
    refused = tally.refused.total()
    if refused == tally.asked:
        kinds = ", ".join(f"{number} as {category}" for category, number in tally.refused.most_common(3))
        return (
            f"The teacher {model} refused all {tally.asked} requests ({kinds}). {spent} Take an open model as the "
            "teacher (teacher.kind: vllm), or say in task.instructions what the outputs are for, and propose it again."
        )
    if tally.cut == tally.asked:
        return (
            f"All {tally.asked} answers of the teacher {model} were longer than they may be. {spent} Raise "
            "teacher.max_tokens, or ask for shorter outputs, and propose it again."
        )
    ends = {"refused": refused, "too long": tally.cut, "expired": tally.expired, "cancelled": tally.cancelled}
    ends |= {f"failed ({kind})": number for kind, number in tally.errored.most_common(3)}
    said = ", ".join(f"{number} {end}" for end, number in ends.items() if number)
    return (
        f"Not one of {tally.asked} requests was answered by the teacher {model}: {said}. {spent} Check teacher.model "
        "and the task's record, or take another teacher, and propose it again."
    )


def new_inputs(written: Iterable[str], taken: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """Return the inputs that a teacher wrote and that are new, and how many are not, by reason.

    Args:
        written: In a fixed order.
        taken: Inputs that are there already, the golden ones among them.
    """
    seen = {_folded(each) for each in taken}
    kept: list[str] = []
    dropped: Counter[str] = Counter()
    for text in written:
        if not is_text(text):
            dropped["not text"] += 1
        elif _folded(text) in seen:
            dropped["duplicate"] += 1
        else:
            seen.add(_folded(text))
            kept.append(text)
    return kept, dropped


def is_text(text: str) -> bool:
    """Return whether a text can be written down: no NUL, and no half of a character of UTF-16."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def no_example(model: str, faults: Counter[str]) -> str:
    """Return what to tell people where answers came and none makes an example; `faults` says why, by reason."""
    reasons = ", ".join(f"{number} {reason}" for reason, number in faults.most_common(3))
    return (
        f"No answer of the teacher {model} makes an example ({reasons or 'none came'}). Check the task's record or "
        "labels, or take another teacher, and propose it again."
    )
