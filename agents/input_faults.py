"""What is wrong with a file that a person wrote, in words, where pydantic found it."""

import difflib
from collections.abc import Collection
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agents.errors import quoted

_MOST_TOLD: Final = 5
# What people read in place of pydantic's words.
_WORDS: Final = MappingProxyType(
    {
        "Input should be": "It must be",
        "greater than or equal to": "at least",
        "less than or equal to": "at most",
        "a valid tuple": "a list",
        "a valid string": "a text",
        "a valid number": "a number",
        "a valid integer": "a whole number",
        "a valid boolean": "true or false",
        "a valid dictionary": "keys with values",
    }
)


def faults_in_words(
    error: ValidationError, file: str, known: Collection[str] = (), unseen: Collection[str] = ()
) -> str:
    """Return the first few faults of a file in words, one per line.

    Args:
        error: What pydantic found.
        file: What the file is called: "cost file".
        known: Keys to choose from where one is unknown.
        unseen: Names of kinds that pydantic puts between the keys of a place, and that no file holds.
    """
    return "\n".join(fault_in_words(fault, file, known, unseen) for fault in error.errors()[:_MOST_TOLD])


def keys_of(fault: ErrorDetails, unseen: Collection[str] = ()) -> tuple[str, ...]:
    """Return the keys that lead to where a fault is."""
    *above, last = [str(part) for part in fault["loc"]] or [""]
    kept = [part for part in above if not part.startswith("function-") and part not in unseen]
    # The last is a key that the file does hold where it is one too many.
    is_key = fault["type"] == "extra_forbidden" or not (last.startswith("function-") or last in unseen)
    return (*kept, last) if last and is_key else tuple(kept)


def fault_in_words(fault: ErrorDetails, file: str, known: Collection[str] = (), unseen: Collection[str] = ()) -> str:
    """Return one fault in words, as `faults_in_words`."""
    place = ".".join(keys_of(fault, unseen))[:80]
    if fault["type"] == "extra_forbidden":
        above, _, key = place.rpartition(".")
        # One that stands elsewhere in a file is no better name for itself.
        close = difflib.get_close_matches(key, [each for each in known if each != key], n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        return f"Unknown key {quoted(key)}{f' under {above}' if above else ''} in the {file}.{hint}"
    if fault["type"] == "missing":
        return f"{place} is missing from the {file}."
    if fault["type"] == "union_tag_not_found":
        return f"{place}.kind is missing from the {file}."
    reason = fault["msg"].removeprefix("Value error, ")
    for theirs, ours in _WORDS.items():
        reason = reason.replace(theirs, ours)
    if not place:
        return f"The {file} does not add up: {reason}."
    return f"{place}: {quoted(fault['input'])} cannot be used. {reason[0].upper()}{reason[1:]}."
