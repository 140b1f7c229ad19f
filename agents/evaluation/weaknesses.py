"""What a candidate gets wrong most often, for whoever is to make it better: labels taken for others, fields missed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from agents.evaluation.metrics import fields
from agents.evaluation.tasks import Classification, Extraction, Generation, Task, read, read_golden

NO_FORM: Final = "answers without a valid form"


@dataclass(frozen=True, slots=True)
class Weakness:
    """A sort of error and how many golden examples show it; `what` is a clause for people."""

    what: str
    examples: int


def weaknesses(
    task: Task, golden: Mapping[str, str], answers: Mapping[str, str], *, most: int = 5
) -> tuple[Weakness, ...]:
    """Return the most frequent sorts of error, each example counted once for each sort; both are texts by id."""
    found: Counter[str] = Counter()
    for name, right in golden.items():
        given = read(task, answers[name]) if name in answers else None
        wanted = read_golden(task, right).value
        if given is None or not given.is_valid:
            found[NO_FORM] += 1
        else:
            found.update(set(_errors(task, wanted, given.value)))
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Weakness(what, count) for what, count in ordered[:most])


def _errors(task: Task, wanted: Any, given: Any) -> Iterator[str]:
    match task:
        case Classification():
            if wanted != given:
                yield f"{wanted!r} taken for {given!r}"
        case Extraction():
            held, said = fields(wanted), fields(given)
            for path, _ in held - said:
                yield f"field {path} missed or wrong"
            for path, _ in said - held:
                if path not in {each for each, _ in held}:
                    yield f"field {path} invented"
        case Generation():
            # Texts differ in ways that no count sums up.
            return
