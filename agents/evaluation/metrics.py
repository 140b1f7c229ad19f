"""Scores of answers against golden ones: counts for each example, and each metric as a function of their sums.

Counts are what lets a metric be resampled: a bootstrap sums the counts of the examples it drew and reads no text again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.errors import UserError, quoted
from agents.evaluation.tasks import Classification, Extraction, Generation, Read, Task, read, read_golden

MAIN_METRIC: Final = MappingProxyType(
    {"classification": "accuracy", "extraction": "record_exact_match", "generation": "match"}
)
"""By kind of task: the metric that is the share of examples that are wholly right, which McNemar's test compares."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One score, between 0 and 1.

    `counts` has the shape (examples, columns); `of` takes sums over examples (..., columns) and returns scores (...).
    """

    counts: NDArray[np.float64]
    of: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    @property
    def value(self) -> float:
        """The score over all examples."""
        return float(self.of(self.counts.sum(axis=0)))


@dataclass(frozen=True, slots=True)
class Scores:
    """What a candidate scores on a golden set. `ids` are sorted; every array goes by them.

    `is_right` has the shape (examples,): whether all of the answer is right. `problems` says why answers had no valid
    form, by id; a missing answer is one of them.
    """

    main: str
    ids: tuple[str, ...]
    metrics: Mapping[str, Metric]
    is_right: NDArray[np.bool_]
    problems: Mapping[str, str]

    @property
    def values(self) -> dict[str, float]:
        """The score by each metric, the main one first."""
        return {name: metric.value for name, metric in self.metrics.items()}


def scores(task: Task, golden: Mapping[str, str], answers: Mapping[str, str]) -> Scores:
    """Return how good answers are; both are texts by the id of their example, and a missing answer counts as wrong.

    Raises:
        UserError: There is no golden example, one cannot be read, or an answer belongs to none.
    """
    if not golden:
        raise UserError("The golden set is empty. Put examples with their right outputs into it, 100 at least.")
    stray = sorted(answers.keys() - golden.keys())
    if stray:
        raise UserError(f"There is an answer to {quoted(stray[0])}, which the golden set does not hold. Use its ids.")
    ids = tuple(sorted(golden))
    wanted = [_golden(task, each, golden[each]) for each in ids]
    given = [read(task, answers[each]) if each in answers else Read(problem="no answer") for each in ids]
    is_right = np.array([a.is_valid and same(w.value, a.value) for w, a in zip(wanted, given, strict=True)], bool)
    metrics = {MAIN_METRIC[task.kind]: _share(is_right)}
    valid = _share(np.array([answer.is_valid for answer in given], bool))
    match task:
        case Classification():
            metrics |= {"macro_f1": _macro_f1(wanted, given), "validity": valid}
        case Extraction():
            metrics |= {"field_f1": _field_f1(wanted, given), "schema_validity": valid}
        case Generation():
            metrics |= {"validity": valid}
    problems = {each: answer.problem for each, answer in zip(ids, given, strict=True) if answer.problem is not None}
    return Scores(MAIN_METRIC[task.kind], ids, metrics, is_right, problems)


def fields(record: Any) -> Counter[tuple[str, Any]]:
    """Return the leaves of a record by their path: {"a": {"b": 1}, "c": ["x"]} has a.b = 1 and c[] = x.

    A place in a list does not count, how often a value stands there does. 1 is 1.0 and not true, as in JSON Schema.
    """
    return Counter(_leaves(record, ""))


def same(wanted: Any, given: Any) -> bool:
    """Return whether two values are equal as JSON: true is not 1, as Python has it, and 1.0 is 1."""
    if isinstance(wanted, bool) or isinstance(given, bool):
        return wanted is given
    if isinstance(wanted, Mapping) and isinstance(given, Mapping):
        return wanted.keys() == given.keys() and all(same(held, given[key]) for key, held in wanted.items())
    if isinstance(wanted, list) and isinstance(given, list):
        return len(wanted) == len(given) and all(map(same, wanted, given))
    return bool(wanted == given)


def _golden(task: Task, name: str, text: str) -> Read:
    found = read_golden(task, text)
    if not found.is_valid:
        raise UserError(f"The golden output of {quoted(name)} is no answer to its own task: {found.problem}. Mend it.")
    return found


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, held in value.items():
            yield from _leaves(held, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for held in value:
            yield from _leaves(held, f"{path}[]")
    else:
        yield path, (isinstance(value, bool), value)


def _share(is_so: NDArray[np.bool_]) -> Metric:
    return Metric(np.column_stack((is_so, np.ones(len(is_so)))).astype(np.float64), _of_share)


def _of_share(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = sums[..., 0] / sums[..., 1]
    return share


def _field_f1(wanted: list[Read], given: list[Read]) -> Metric:
    """Return F1 over all fields of all records (micro). An invalid record holds none: nobody could use it."""
    rows = []
    for right, answer in zip(wanted, given, strict=True):
        held, found = fields(right.value), fields(answer.value) if answer.is_valid else Counter[tuple[str, Any]]()
        hits = (held & found).total()
        rows.append((hits, found.total() - hits, held.total() - hits))
    return Metric(np.array(rows, np.float64), _of_micro_f1)


def _of_micro_f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    hits, wrong, missed = sums[..., 0], sums[..., 1], sums[..., 2]
    all_of_it = 2 * hits + wrong + missed
    # Nothing to find and nothing found is right.
    return np.where(all_of_it > 0, 2 * hits / np.where(all_of_it > 0, all_of_it, 1), 1.0)


def _macro_f1(wanted: list[Read], given: list[Read]) -> Metric:
    """Return the mean of F1 over the labels that the golden set holds.

    Others are left out, so that all candidates are averaged over the same labels; an answer of such a label, or of
    none, is a miss of the right one. scikit-learn's f1_score with labels=sorted(set(golden)) is the same figure.
    """
    labels = sorted({right.value for right in wanted})
    place = {label: index for index, label in enumerate(labels)}
    counts = np.zeros((len(wanted), 3, len(labels)))
    for row, (right, answer) in enumerate(zip(wanted, given, strict=True)):
        if answer.value == right.value:
            counts[row, 0, place[right.value]] = 1
            continue
        counts[row, 2, place[right.value]] = 1
        if answer.value in place:
            counts[row, 1, place[answer.value]] = 1
    return Metric(counts.reshape(len(wanted), -1), _of_macro_f1)


def _of_macro_f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    labels = sums.shape[-1] // 3
    hits, wrong, missed = (sums[..., part * labels : (part + 1) * labels] for part in range(3))
    is_held = hits + missed > 0  # a resample may lack a label
    f1 = np.where(is_held, 2 * hits / np.where(is_held, 2 * hits + wrong + missed, 1), 0.0)
    mean: NDArray[np.float64] = f1.sum(axis=-1) / is_held.sum(axis=-1)
    return mean
