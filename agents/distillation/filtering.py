"""Which examples a student is trained on, and why each of the others is not.

An example is dropped for the first of these, in this order, each told apart in the counts:

1. schema: its output is no label, record or result of the task.
2. length: its input has too few or too many characters, or its output too many.
3. language: its input is surely in none of the languages asked for; what is too short to tell stays.
4. disagreement: a second output of the teacher for the same input means something else.
5. leakage: its input is the same or nearly the same as a golden one. The golden set always wins.
6. duplicate: its input is the same as that of an example that is kept, but for case, width and blanks.
7. near_duplicate: its input is nearly the same as that of an example that is kept.

Of duplicates the team's own stays before the teacher's and before a synthetic one, then the one with the lesser id: so
the order in which examples come changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import zip_longest
from typing import Final, Literal, get_args

from agents.distillation.examples import Example, Input
from agents.distillation.languages import language_of
from agents.distillation.similarity import Neighbours, fingerprint, folded
from agents.distillation.spec import FilterSpec
from agents.errors import quoted
from agents.evaluation.metrics import same
from agents.evaluation.tasks import Classification, Extraction, Read, Task, canonical_record, read

Reason = Literal["schema", "length", "language", "disagreement", "leakage", "duplicate", "near_duplicate"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

_SOURCES: Final = ("labelled", "teacher", "synthetic")


@dataclass(frozen=True, slots=True)
class Dropped:
    """An example that is not trained on, and why."""

    id: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Filtered:
    """What is kept, in the order it came and with outputs as the student is to write them, and what is dropped."""

    kept: tuple[Example, ...]
    dropped: tuple[Dropped, ...]

    @property
    def counts(self) -> dict[Reason, int]:
        """How many were dropped for each reason, in the order of the checks; all reasons are there."""
        return _counted(self.dropped)


def reasons_in_words(dropped: Iterable[Dropped]) -> str:
    """Return how many were dropped for which reasons, such as "4 duplicate, 1 near_duplicate"."""
    return ", ".join(f"{count:,} {reason}" for reason, count in _counted(dropped).items() if count)


def _counted(dropped: Iterable[Dropped]) -> dict[Reason, int]:
    found = Counter(each.reason for each in dropped)
    return {reason: found[reason] for reason in REASONS}


def filtered(
    task: Task,
    examples: Sequence[Example],
    golden: Iterable[Example],
    settings: FilterSpec,
    *,
    second: Mapping[str, str] | None = None,
    language: Callable[[str], str | None] = language_of,
) -> Filtered:
    """Return which examples are kept and which are dropped.

    Args:
        task: What outputs must answer.
        examples: With ids of their own.
        golden: The examples that nothing may be trained on.
        settings: Lengths, languages and what counts as nearly the same.
        second: Second outputs of the teacher by the id of their example; those without one are not compared.
        language: Tells the language of a text, None where it cannot.
    """
    seen = _Seen(golden, settings.near_duplicate)
    kept: dict[str, Example] = {}
    dropped: dict[str, Dropped] = {}
    for given in sorted(examples, key=lambda each: (_SOURCES.index(each.source), each.id)):
        answer = read(task, given.output)
        example = replace(given, output=_as_written(task, given.output, answer))
        found = (
            _form_fault(answer, example, settings)
            or _language_fault(example.input, settings, language)
            or _disagreement(task, answer, example, (second or {}).get(given.id))
            or seen.fault_else_add(example)
        )
        if found is not None:
            dropped[given.id] = Dropped(given.id, *found)
        else:
            kept[given.id] = example
    return Filtered(
        tuple(kept[each.id] for each in examples if each.id in kept),
        tuple(dropped[each.id] for each in examples if each.id in dropped),
    )


def worth_asking(
    inputs: Iterable[Input],
    before: Iterable[Input],
    golden: Iterable[Example],
    settings: FilterSpec,
    *,
    is_quick: bool = False,
    language: Callable[[str], str | None] = language_of,
) -> tuple[tuple[Input, ...], tuple[Dropped, ...]]:
    """Return the inputs to put to a teacher, and those whose examples would be dropped whatever it answered.

    Args:
        inputs: With ids of their own.
        before: What is there already, and stays.
        golden: The examples that nothing may be trained on.
        settings: Lengths, languages and what counts as nearly the same.
        is_quick: Leave languages and what is only nearly the same aside; a third of a millisecond an input otherwise.
        language: Tells the language of a text, None where it cannot.
    """
    seen = _Seen(golden, settings.near_duplicate, is_quick=is_quick)
    for each in before:
        seen.fault_else_add(Example(each.id, each.text, ""))
    given = tuple(inputs)
    dropped: dict[str, Dropped] = {}
    for each in sorted(given, key=lambda each: each.id):
        found = (
            _length_fault(each.text, settings)
            or (None if is_quick else _language_fault(each.text, settings, language))
            or seen.fault_else_add(Example(each.id, each.text, ""))
        )
        if found is not None:
            dropped[each.id] = Dropped(each.id, *found)
    return (
        tuple(each for each in given if each.id not in dropped),
        tuple(dropped[each.id] for each in given if each.id in dropped),
    )


def samples(task: Task, examples: Sequence[Example], *, count: int = 20, seed: int = 0) -> tuple[Example, ...]:
    """Return some examples for people to look at: as many of each label as of any other, or else of each source.

    The same ones for the same examples and seed, in whatever order the examples come.
    """

    def rank(text: str) -> str:
        return sha256(f"{seed}:{text}".encode()).hexdigest()

    strata: dict[str, list[Example]] = {}
    for example in sorted(examples, key=lambda each: rank(each.id)):
        strata.setdefault(example.output if isinstance(task, Classification) else example.source, []).append(example)
    rounds = zip_longest(*(strata[name] for name in sorted(strata, key=rank)))
    return tuple(each for turn in rounds for each in turn if each is not None)[:count]


class _Seen:
    """What is golden or kept already.

    Args:
        golden: The examples that nothing may be trained on.
        threshold: From which likeness on inputs are nearly the same.
        is_quick: Only the same ones count.
    """

    def __init__(self, golden: Iterable[Example], threshold: float, *, is_quick: bool = False) -> None:
        self._golden, self._kept = Neighbours(threshold), Neighbours(threshold)
        self._same_golden: dict[str, str] = {}
        self._same_kept: dict[str, Example] = {}
        self._is_quick = is_quick
        for example in golden:
            self._same_golden[folded(example.input)] = example.id
            if not is_quick:
                self._golden.add(example.id, fingerprint(example.input))

    def fault_else_add(self, example: Example) -> tuple[Reason, str] | None:
        """Return whether an example is much as another; where it is not, it is kept from now on."""
        plain = folded(example.input)
        print_of = None if self._is_quick else fingerprint(example.input)
        if plain in self._same_golden:
            return "leakage", f"the same input as golden {self._same_golden[plain]}"
        if print_of is not None and (near := self._golden.like(print_of)):
            return "leakage", f"{_percent(near[0][1])} like the input of golden {near[0][0]}"
        if plain in self._same_kept:
            first = self._same_kept[plain]
            also = "" if first.output == example.output else ", with another output"
            return "duplicate", f"the same input as {first.id}{also}"
        if print_of is not None and (near := self._kept.like(print_of)):
            return "near_duplicate", f"{_percent(near[0][1])} like the input of {near[0][0]}"
        self._same_kept[plain] = example
        if print_of is not None:
            self._kept.add(example.id, print_of)
        return None


def _form_fault(answer: Read, example: Example, settings: FilterSpec) -> tuple[Reason, str] | None:
    if answer.problem is not None:
        return "schema", answer.problem
    if (found := _length_fault(example.input, settings)) is not None:
        return found
    if len(example.output) > settings.max_characters:
        return "length", f"an output of {len(example.output):,} characters, more than {settings.max_characters:,}"
    return None


def _length_fault(text: str, settings: FilterSpec) -> tuple[Reason, str] | None:
    characters = len(text.strip())
    if characters < settings.min_characters:
        return "length", f"an input of {characters:,} characters, fewer than {settings.min_characters:,}"
    if characters > settings.max_characters:
        return "length", f"an input of {characters:,} characters, more than {settings.max_characters:,}"
    return None


def _language_fault(
    text: str, settings: FilterSpec, language: Callable[[str], str | None]
) -> tuple[Reason, str] | None:
    found = language(text) if settings.languages else None
    if found is None or found in settings.languages:
        return None
    return "language", f"{found}, not {' or '.join(settings.languages)}"


def _disagreement(task: Task, answer: Read, example: Example, second: str | None) -> tuple[Reason, str] | None:
    if second is None:
        return None
    other = read(task, second)
    if other.is_valid and same(answer.value, other.value):
        return None
    return "disagreement", f"{quoted(example.output)}, then {quoted(second)}"


def _as_written(task: Task, output: str, answer: Read) -> str:
    if isinstance(task, Extraction) and answer.is_valid:
        return canonical_record(answer.value)
    return output.strip()


def _percent(share: float) -> str:
    return f"{int(share * 100)}%"  # rounded down: 99.6% is not said to be all
