"""Checks of JSON values, composed: each adds what is wrong, with a JSON pointer, to a list of problems.

The wording follows Slack's `response_metadata.messages`, which apps log and people search for.
"""

from collections.abc import Callable, Mapping
from typing import Any

Problems = list[str]
Check = Callable[[Any, str, Problems], None]


def problem(what: str, at: str) -> str:
    """Return a problem as Slack words it."""
    return f"{what} [json-pointer:{at}]"


def text(at_most: int, at_least: int = 0) -> Check:
    """Return a check for a string of so many characters."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, str):
            problems.append(problem("must provide a string", at))
        elif len(value) > at_most:
            problems.append(problem(f"must be less than {at_most + 1} characters", at))
        elif len(value) < at_least:
            problems.append(problem(f"must be more than {at_least - 1} characters", at))

    return check


def flag(value: Any, at: str, problems: Problems) -> None:
    """Check for true or false."""
    if not isinstance(value, bool):
        problems.append(problem("must be a boolean", at))


def integer(at_least: int, at_most: int) -> Check:
    """Return a check for a whole number in a range."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            problems.append(problem("must be an integer", at))
        elif not at_least <= value <= at_most:
            problems.append(problem(f"must be between {at_least} and {at_most}", at))

    return check


def decimal_text(value: Any, at: str, problems: Problems) -> None:
    """Check for a number written as a string."""
    try:
        float(value if isinstance(value, str) else "")
    except ValueError:
        problems.append(problem("must be a number given as a string", at))


def one_of(*allowed: str) -> Check:
    """Return a check for one of some words."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if value not in allowed:
            problems.append(problem(f"must be one of {', '.join(allowed)}", at))

    return check


def anything(_value: Any, _at: str, _problems: Problems) -> None:
    """Check nothing."""


def items(of: Check, at_least: int, at_most: int) -> Check:
    """Return a check for a list of so many values, each of one kind."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.append(problem("must be an array", at))
            return
        if len(value) > at_most:
            problems.append(problem(f"no more than {at_most} items allowed", at))
        if len(value) < at_least:
            problems.append(problem(f"no less than {at_least} items allowed", at))
        for position, one in enumerate(value):
            of(one, f"{at}/{position}", problems)

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Return a check for an object with these properties and no other."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.append(problem("must be an object", at))
            return
        problems.extend(problem(f"missing required field: {name}", at) for name in required if value.get(name) is None)
        for name, one in value.items():
            if name not in known:
                problems.append(problem(f"invalid additional property: {name}", at))
            elif one is not None:
                known[name](one, f"{at}/{name}", problems)

    return check


def by_type(kinds: Mapping[str, Check]) -> Check:
    """Return a check for an object whose `type` says which check applies."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.append(problem("must be an object", at))
            return
        kind = value.get("type")
        if kind is None:
            problems.append(problem("missing required field: type", at))
        elif not isinstance(kind, str) or kind not in kinds:
            problems.append(problem(f"unsupported type: {kind}", f"{at}/type"))
        else:
            kinds[kind](value, at, problems)

    return check


def each(*checks: Check) -> Check:
    """Return a check that applies several in turn."""

    def check(value: Any, at: str, problems: Problems) -> None:
        for one in checks:
            one(value, at, problems)

    return check
