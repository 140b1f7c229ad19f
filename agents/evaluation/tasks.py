"""What a model is asked to do, and what one text that it answered means.

Reading is strict, since whoever calls a student gets its text and no second look: outer blanks go, nothing else does.
"""

import functools
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, get_args

from agents.errors import UserError, quoted

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Match = Literal["exact", "numeric", "regex"]


@dataclass(frozen=True, slots=True)
class Classification:
    """One label of a closed list for each text."""

    kind: ClassVar[Literal["classification"]] = "classification"
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extraction:
    """A record for each text, valid against a JSON Schema."""

    kind: ClassVar[Literal["extraction"]] = "extraction"
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Generation:
    """A text for each text, held against the golden one.

    exact compares all of it, numeric its last number, regex what `pattern` finds last, or the pattern's first group in
    that.
    """

    kind: ClassVar[Literal["generation"]] = "generation"
    match: Match = "exact"
    pattern: str | None = None


Task = Classification | Extraction | Generation


@dataclass(frozen=True, slots=True)
class Read:
    """What a text means: a label, a record, a number or a text; or, where it means nothing, what is wrong with it."""

    value: Any = None
    problem: str | None = None

    @property
    def is_valid(self) -> bool:
        """Whether the text has the form that the task demands."""
        return self.problem is None


def task_of(document: Mapping[str, Any]) -> Task:
    """Return the task that a document describes: `kind`, and `labels`, `record` or `match` with `pattern`.

    Raises:
        UserError: There is no such kind, or what belongs to it is missing or cannot be used.
    """
    kind = document.get("kind")
    if kind == "classification":
        return Classification(_labels(document.get("labels")))
    if kind == "extraction":
        return Extraction(_schema(document.get("record")))
    if kind == "generation":
        return _generation(document.get("match", "exact"), document.get("pattern"))
    raise UserError(f"No task of the kind {quoted(kind)}. Choose one of: classification, extraction, generation.")


def task_document(task: Task) -> dict[str, Any]:
    """Return a task as plain JSON, which `task_of` takes."""
    match task:
        case Classification(labels):
            return {"kind": task.kind, "labels": list(labels)}
        case Extraction(schema):
            return {"kind": task.kind, "record": dict(schema)}
        case Generation(match, pattern):
            return {"kind": task.kind, "match": match, "pattern": pattern}


def read(task: Task, text: str) -> Read:
    """Return what a text means as an answer to a task."""
    match task:
        case Classification(labels):
            label = text.strip()
            return Read(label) if label in labels else Read(problem=f"{quoted(label)} is no label of the task")
        case Extraction():
            return _record(task, text)
        case Generation("exact"):
            return Read(text.strip()) if text.strip() else Read(problem="the text is empty")
        case Generation("numeric"):
            number = last_number(text)
            return Read(number) if number is not None else Read(problem=f"{quoted(text)} holds no number")
        case Generation():
            found = _found(task.pattern or "", text)
            return Read(found) if found is not None else Read(problem=f"{quoted(text)} does not match the pattern")


def read_golden(task: Task, text: str) -> Read:
    """Return what a golden text means: as `read`, but one that a pattern finds nothing in is itself what is looked for.

    So golden texts may be bare results ("18") where models are to write "A: 18".
    """
    found = read(task, text)
    if isinstance(task, Generation) and task.match == "regex" and not found.is_valid and text.strip():
        return Read(text.strip())
    return found


def canonical_record(record: Any) -> str:
    """Return a record as the one text that students are to write for it."""
    return json.dumps(record, sort_keys=True, separators=(", ", ": "), ensure_ascii=False, allow_nan=False)


# The thousands' form comes first, or "1,234" would be two numbers. A hyphen behind a word or a bracket is no sign.
_NUMBER: Final = re.compile(
    r"(?P<sign>(?<![\w)\].])-)?[$€£]?"
    r"(?P<digits>(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
    r"(?P<power>[eE][+-]?[0-9]{1,3}\b)?"
)


def last_number(text: str) -> Decimal | None:
    """Return the last number that a text holds; commas group thousands, currency and percent signs are not read."""
    last = _last(_NUMBER.finditer(text.replace("\u2212", "-")))
    if last is None:
        return None
    number = Decimal(f"{last['digits'].replace(',', '')}{last['power'] or ''}")
    return -number if last["sign"] else number


def _found(pattern: str, text: str) -> str | None:
    last = _last(re.finditer(pattern, text))
    if last is None:
        return None
    found: str | None = last[1] if last.re.groups else last[0]
    return found.strip() if found is not None else None


def _last(matches: Iterator[re.Match[str]]) -> re.Match[str] | None:
    return next(iter(deque(matches, maxlen=1)), None)


def _record(task: Extraction, text: str) -> Read:
    try:
        record = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
        canonical_record(record).encode()
        fault = next(iter(_validator(canonical_record(task.schema)).iter_errors(record)), None)
    except ValueError as error:  # also of a number too large, and of half a character
        return Read(problem=f"no JSON: {error}")
    except RecursionError:
        return Read(problem="no JSON that can be checked: it is nested too deeply")
    if fault is None:
        return Read(record)
    return Read(problem=f"against the schema at {fault.json_path}: {fault.message[:200]}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key stands twice")
    return record


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


@functools.lru_cache(maxsize=16)
def _validator(schema: str) -> "Validator":
    from jsonschema import validators  # noqa: PLC0415 - takes a fifth of a second, and few processes evaluate
    from referencing.jsonschema import EMPTY_REGISTRY  # noqa: PLC0415 - as above

    document = json.loads(schema)
    # With a registry of its own it fetches nothing: by default jsonschema loads a $ref that is a URL.
    return validators.validator_for(document, default=validators.Draft202012Validator)(
        document, registry=EMPTY_REGISTRY
    )


def _labels(labels: Any) -> tuple[str, ...]:
    if not isinstance(labels, list | tuple) or len(labels) < 2 or not all(isinstance(label, str) for label in labels):
        raise UserError(f"A classification needs labels, two or more texts, not {quoted(labels)}.")
    for label in labels:
        if not label or label != label.strip():
            raise UserError(f"The label {quoted(label)} is empty or begins or ends with a blank. Write it without.")
        if labels.count(label) > 1:
            raise UserError(f"The label {quoted(label)} stands twice among the labels. Keep one.")
    return tuple(labels)


def _schema(schema: Any) -> Mapping[str, Any]:
    from jsonschema import exceptions, validators  # noqa: PLC0415 - as above

    if not isinstance(schema, Mapping):
        raise UserError(f"An extraction needs record, the JSON Schema of what is extracted, not {quoted(schema)}.")
    try:
        canonical_record(dict(schema)).encode()
        validators.validator_for(schema, default=validators.Draft202012Validator).check_schema(dict(schema))
    except exceptions.SchemaError as error:
        raise UserError(
            f"The JSON Schema in record cannot be used: at {error.json_path}, {error.message[:200]}. Correct it there."
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"The JSON Schema in record is no JSON: {error}. Write it in JSON's own types.") from error
    _require_references(schema)
    return schema


def _require_references(schema: Mapping[str, Any]) -> None:
    """Refuse a reference that leads outside the schema or to nothing, which would show only at some record."""
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - as above
    from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY  # noqa: PLC0415 - as above

    resolver = EMPTY_REGISTRY.resolver_with_root(DRAFT202012.create_resource(dict(schema)))
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except (Unresolvable, ValueError) as error:
            raise UserError(
                f"The JSON Schema in record refers to {quoted(reference)}, which it does not hold. "
                "Put the definition under $defs and refer to it as '#/$defs/NAME'."
            ) from error


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, held in schema.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(held, str):
                yield held
            else:
                yield from _references(held)
    elif isinstance(schema, list | tuple):
        for held in schema:
            yield from _references(held)


def _generation(match: Any, pattern: Any) -> Generation:
    if match not in get_args(Match):
        raise UserError(f"No match {quoted(match)} for a generation. Choose one of: {', '.join(get_args(Match))}.")
    if (match == "regex") != isinstance(pattern, str):
        raise UserError("match: regex, and no other match, needs a pattern, for example 'A: (.*)'.")
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise UserError(f"The pattern {quoted(pattern)} is no regular expression: {error}. Correct it.") from error
    return Generation(match, pattern)
