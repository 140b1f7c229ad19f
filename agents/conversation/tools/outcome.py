"""What came of a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: text for a model, and the same as data for code."""

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


def failed(text: str) -> Outcome:
    """Return what says that a call could not be made, and why."""
    return Outcome(text, {"error": text})
